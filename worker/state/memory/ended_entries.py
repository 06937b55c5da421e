"""Ended entries that wait for their row in the record, in the memory of one process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from assay.worker.ports.ended_entries import Ended, Unrecorded
from assay.worker.records.ledger import FINAL_STATES, LedgerEntry
from assay.worker.state.memory.ledger import MemoryLedger


class MemoryEndedEntries:
    """`assay.worker.ports.ended_entries.EndedEntries` without a server."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger

    async def ended(self, *, limit: int, skip: int = 0) -> Ended:
        """Those that ended first. They stay until `recorded`."""
        return Ended((await self._waiting())[skip : skip + limit])

    async def recorded(self, entries: Sequence[LedgerEntry]) -> None:
        """Let go of entries whose row is written. One that has ended anew meanwhile stays."""
        for entry in entries:
            rubric = entry.promise.rubric
            present = (await self._ledger.entries(rubric, [entry.trace_id])).get(entry.trace_id)
            if present is not None and present.changed_at == entry.changed_at:
                self._ledger.unrecorded.discard((rubric, entry.trace_id))
        written = {(entry.promise.rubric, entry.trace_id, entry.changed_at) for entry in entries}
        self._ledger.replaced = [
            each
            for each in self._ledger.replaced
            if (each.promise.rubric, each.trace_id, each.changed_at) not in written
        ]

    async def unrecorded(self) -> Unrecorded:
        """What waits."""
        waiting = await self._waiting()
        return Unrecorded(len(waiting), waiting[0].changed_at if waiting else None)

    async def enqueue_all(self, first: date, last: date) -> int:
        """Queue every final entry whose trace started on one of these UTC days."""
        before = len(self._ledger.unrecorded)
        async for entry in self._ledger.scan(first, last):
            if entry.state in FINAL_STATES:
                self._ledger.unrecorded.add((entry.promise.rubric, entry.trace_id))
        return len(self._ledger.unrecorded) - before

    async def _waiting(self) -> list[LedgerEntry]:
        entries = list(self._ledger.replaced)
        for rubric, trace_id in self._ledger.unrecorded:
            entries += (await self._ledger.entries(rubric, [trace_id])).values()
        return sorted(entries, key=lambda e: (e.changed_at, e.promise.rubric, e.trace_id))
