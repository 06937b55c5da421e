"""Within one process there is no broker: nothing waits. Owners of ledger entries are renewed all the same."""

from __future__ import annotations

from collections.abc import Sequence

from assay.worker.ports.clock import Clock
from assay.worker.state.memory.ledger import MemoryLedger


class MemoryDeliveries:
    """`assay.worker.ports.deliveries.Deliveries` without a server."""

    def __init__(self, ledger: MemoryLedger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def queue_depth(self, queue: str) -> int:
        """Nothing waits in a queue here."""
        return 0

    async def in_hand(self) -> int:
        """Nothing is held here."""
        return 0

    async def renew(self, tags: Sequence[str], *, owners: Sequence[str] = ()) -> None:
        """Owners live for another lease. There are no deliveries."""
        self._ledger.renew(owners, now=self._clock.now())
