"""The ledger in the memory of one process."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime

from assay.worker.records.ledger import FINAL_STATES, LedgerEntry, LedgerEvent, LedgerState, Promise, Transition

_Member = tuple[str, str]


class MemoryLedger:
    """`assay.worker.ports.ledger.Ledger`, `Reopening` and `LedgerReader` without a server."""

    def __init__(self) -> None:
        self._entries: dict[_Member, LedgerEntry] = {}
        self._history: dict[_Member, list[LedgerEvent]] = defaultdict(list)
        self._due: dict[_Member, datetime] = {}
        self._not_before: dict[_Member, datetime] = {}
        self._held: dict[_Member, tuple[str, datetime]] = {}

    async def promise(self, promises: Sequence[Promise], *, now: datetime, due: datetime) -> Sequence[Promise]:
        """Open entries for promises that have none yet. Returns the promises that were new."""
        fresh = []
        for promise in promises:
            member = (promise.rubric, promise.trace_id)
            if member not in self._entries:
                self._entries[member] = LedgerEntry(promise=promise, since=now, changed_at=now)
                self._due[member] = due
                self._history[member].append(LedgerEvent(at=now, state=LedgerState.OPEN, reason="selected"))
                fresh.append(promise)
        return fresh

    async def reopen(self, promises: Sequence[Promise], *, now: datetime, due: datetime) -> Sequence[Promise]:
        """Open final entries again whose promise names another version of rubric or calibration than these."""
        opened = []
        for promise in promises:
            member = (promise.rubric, promise.trace_id)
            entry = self._entries.get(member)
            if entry is None or entry.state not in FINAL_STATES or entry.promise.version == promise.version:
                continue
            self._entries[member] = LedgerEntry(promise=promise, since=now, changed_at=now)
            self._due[member] = due
            self._history[member].append(LedgerEvent(at=now, state=LedgerState.OPEN, reason="judged again"))
            opened.append(promise)
        return opened

    async def entries(self, rubric: str, trace_ids: Sequence[str]) -> Mapping[str, LedgerEntry]:
        """Entries by trace id. Missing ones are absent."""
        entries = {trace_id: self._entries.get((rubric, trace_id)) for trace_id in trace_ids}
        return {trace_id: entry for trace_id, entry in entries.items() if entry is not None}

    async def begin(
        self, rubric: str, trace_ids: Sequence[str], *, owner: str, now: datetime, until: datetime, alone: bool = False
    ) -> Sequence[LedgerEntry]:
        """Take the open entries among these for judging, until a moment."""
        taken = []
        for trace_id in trace_ids:
            member = (rubric, trace_id)
            entry = self._entries.get(member)
            holder, held_until = self._held.get(member, (owner, now))
            if entry is None or entry.state is not LedgerState.OPEN or (holder != owner and held_until > now):
                continue
            if self._not_before.get(member, now) > now:
                continue
            self._held[member] = (owner, until)
            self._due[member] = until
            counts = {"deliveries": entry.deliveries + 1, "alone": entry.alone + int(alone)}
            self._entries[member] = entry.model_copy(update=counts)
            taken.append(self._entries[member])
        return taken

    async def apply(self, rubric: str, transitions: Sequence[Transition], *, now: datetime) -> Sequence[str]:
        """Apply transitions whose entry is still in an expected state."""
        applied = []
        for transition in transitions:
            member = (rubric, transition.trace_id)
            entry = self._entries.get(member)
            if entry is None or entry.state not in transition.expected:
                continue
            self._entries[member] = _changed(entry, transition, now)
            self._history[member].append(LedgerEvent(at=now, state=transition.state, reason=transition.reason))
            self._held.pop(member, None)
            self._due.pop(member, None)
            self._not_before.pop(member, None)
            if transition.due is not None and transition.state is LedgerState.OPEN:
                self._not_before[member] = transition.due
            if transition.due is not None and transition.state not in FINAL_STATES:
                self._due[member] = transition.due
            applied.append(transition.trace_id)
        return applied

    async def overdue(
        self, states: Sequence[LedgerState], *, now: datetime, limit: int, push_to: datetime
    ) -> Sequence[LedgerEntry]:
        """Entries in these states whose deadline passed. It is pushed."""
        late = [m for m, due in self._due.items() if due <= now and self._entries[m].state in states]
        late = sorted(late, key=self._due.__getitem__)[:limit]
        self._due.update(dict.fromkeys(late, push_to))
        return [self._entries[member] for member in late]

    async def dead_letters(self) -> Sequence[LedgerEntry]:
        """Everything that gave up, oldest first."""
        dead = (entry for entry in self._entries.values() if entry.state is LedgerState.DEAD)
        return sorted(dead, key=lambda entry: entry.changed_at)

    async def history(self, rubric: str, trace_id: str) -> Sequence[LedgerEvent]:
        """What happened to one entry, oldest first."""
        return list(self._history.get((rubric, trace_id), ()))

    async def scan(self, first: date, last: date) -> AsyncIterator[LedgerEntry]:
        """Entries whose trace started on one of these UTC days, in no order."""
        for entry in self._between(first, last):
            yield entry

    async def counts(self, first: date, last: date) -> Mapping[tuple[str, str, LedgerState, str], int]:
        """Number of entries by (use case, rubric, state, reason)."""
        entries = self._between(first, last)
        return Counter((e.promise.use_case, e.promise.rubric, e.state, e.reason) for e in entries)

    async def promised(self, first: date, last: date) -> Mapping[tuple[str, str], int]:
        """Number of promises ever made by (use case, rubric)."""
        return Counter((entry.promise.use_case, entry.promise.rubric) for entry in self._between(first, last))

    def _between(self, first: date, last: date) -> list[LedgerEntry]:
        return [e for e in self._entries.values() if first <= e.promise.start.astimezone(UTC).date() <= last]


def _changed(entry: LedgerEntry, transition: Transition, now: datetime) -> LedgerEntry:
    is_fresh = transition.fresh_start
    return entry.model_copy(
        update={
            "state": transition.state,
            "reason": transition.reason,
            "detail": transition.detail,
            "attempts": 0 if is_fresh else entry.attempts + int(transition.failed_attempt),
            "deliveries": 0,
            "alone": 0,
            "writes": 0 if is_fresh else entry.writes + int(transition.wrote),
            "since": now if is_fresh else entry.since,
            "changed_at": now,
            "judgement": transition.judgement or entry.judgement,
            "unanswered": transition.unanswered or entry.unanswered,
        }
    )
