"""Dead letters in the memory of one process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date

from assay.worker.ports.ledger import LedgerReader
from assay.worker.records.dead_letters import DeadChoice, DeadLetter
from assay.worker.records.ledger import LedgerState


class MemoryDeadLetters:
    """`assay.worker.ports.dead_letters.DeadLetters` without a server."""

    def __init__(self, ledger: LedgerReader) -> None:
        self._ledger = ledger

    async def scan(self, choice: DeadChoice) -> AsyncIterator[DeadLetter]:
        """Those that are meant, oldest first."""
        dead = [e async for e in self._ledger.scan(date.min, date.max) if e.state is LedgerState.DEAD]
        for entry in sorted(dead, key=lambda e: (e.changed_at, e.promise.rubric, e.trace_id)):
            letter = DeadLetter(
                trace_id=entry.trace_id,
                rubric=entry.promise.rubric,
                use_case=entry.promise.use_case,
                reason=entry.reason,
                detail=entry.detail,
                attempts=entry.attempts,
                gave_up_at=entry.changed_at,
            )
            if choice.takes(letter):
                yield letter
