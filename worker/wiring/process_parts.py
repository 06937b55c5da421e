"""What a process has one of, and opens when it is first asked for, however often its files are edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from assay.worker.ports.history import History

if TYPE_CHECKING:
    from assay.worker.flow.batch_calls.desk import BatchDesk
    from assay.worker.wiring.assessing import OpenEmbedder


class ProcessParts(NamedTuple):
    """Parts that a runtime hands on to its successor. Each list is empty, or has the one there is; of embedders it has
    one for each setting that was in force.
    """

    desks: list[BatchDesk]
    records: list[History]
    embedders: list[OpenEmbedder]

    async def close(self) -> None:
        """Close connections."""
        for embedder in self.embedders:
            await embedder.model.close()
        for record in self.records:
            await record.close()
