"""Outcomes in the memory of one process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date

from assay.worker.ports.ledger import LedgerReader
from assay.worker.records.ledger import FINAL_STATES, LedgerEntry
from assay.worker.records.outcomes import Outcome, outcome_of


class MemoryOutcomes:
    """`assay.worker.ports.outcomes.OutcomeReader` without a server."""

    def __init__(self, ledger: LedgerReader) -> None:
        self._ledger = ledger

    async def outcomes(self, first: date, last: date) -> AsyncIterator[Outcome]:
        """Scored, skipped and dead traces that started on one of these UTC days, in order."""
        entries = [entry async for entry in self._ledger.scan(first, last) if entry.state in FINAL_STATES]
        for entry in sorted(entries, key=_place):
            yield outcome_of(entry)


def _place(entry: LedgerEntry) -> tuple[date, str, str]:
    return entry.promise.start.astimezone(UTC).date(), entry.promise.rubric, entry.trace_id
