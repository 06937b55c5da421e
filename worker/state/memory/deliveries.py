"""Within one process there is no broker: nothing waits and nothing is to be renewed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime


class MemoryDeliveries:
    """`assay.worker.ports.deliveries.Deliveries` without a server."""

    async def queue_depth(self, queue: str) -> int:
        """Nothing waits in a queue here."""
        return 0

    async def renew(self, tags: Sequence[str], *, now: datetime) -> None:
        """There are no deliveries to renew."""
