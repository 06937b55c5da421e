"""The server of a state that has none."""

from __future__ import annotations

from assay.worker.ports.server_facts import ServerFacts


class NoServer:
    """`assay.worker.ports.server_facts.StateServer` of one process."""

    async def facts(self) -> ServerFacts | None:
        """None."""
        return None
