"""The same state in the memory of one process: the second implementation of the port, for tests and notebooks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime

from assay.worker.records.ledger import FINAL_STATES, LedgerEntry, LedgerEvent, LedgerState, LostSpend, Move, Promise
from assay.worker.records.windows import WindowRecord
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.state.memory.reviews import MemoryReviews

_Member = tuple[str, str]


class MemoryState:
    """`assay.worker.ports.state.FleetState` without a server; nothing survives the process."""

    def __init__(self) -> None:
        self._epoch: datetime | None = None
        self._windows: dict[datetime, WindowRecord] = {}
        self._entries: dict[_Member, LedgerEntry] = {}
        self._history: dict[_Member, list[LedgerEvent]] = defaultdict(list)
        self._due: dict[_Member, datetime] = {}
        self._not_before: dict[_Member, datetime] = {}
        self._held: dict[_Member, tuple[str, datetime]] = {}
        self._lost: dict[date, list[LostSpend]] = defaultdict(list)
        self._kept: dict[str, bytes] = {}
        self._documents: dict[str, str] = {}
        self._locks: dict[str, str] = {}
        self.limits = MemoryLimits()
        self.reviews = MemoryReviews()

    async def epoch(self, now: datetime) -> datetime:
        """When this state began."""
        self._epoch = self._epoch or now
        return self._epoch

    async def windows(self, start: datetime, end: datetime) -> Sequence[WindowRecord]:
        """Recorded windows with `start <= window.start < end`, in order of time."""
        return [self._windows[at] for at in sorted(self._windows) if start <= at < end]

    async def open_window(self, window: WindowRecord) -> WindowRecord:
        """Write the record unless there is one; add rates that are not stored yet."""
        stored = self._windows.get(window.start, window)
        self._windows[window.start] = stored.model_copy(update={"rates": {**window.rates, **stored.rates}})
        return self._windows[window.start]

    async def put_window(self, window: WindowRecord) -> None:
        """Write or replace one window's record."""
        self._windows[window.start] = window

    async def promise(self, promises: Sequence[Promise], *, now: datetime, due: datetime) -> Sequence[Promise]:
        """Open entries for promises that have none yet; returns those that were new."""
        fresh = []
        for promise in promises:
            member = (promise.rubric, promise.trace_id)
            if member not in self._entries:
                self._entries[member] = LedgerEntry(promise=promise, since=now, changed_at=now)
                self._due[member] = due
                self._history[member].append(LedgerEvent(at=now, state=LedgerState.OPEN, reason="selected"))
                fresh.append(promise)
        return fresh

    async def entries(self, rubric: str, trace_ids: Sequence[str]) -> Mapping[str, LedgerEntry]:
        """Entries by trace id; missing ones are absent."""
        found = {trace_id: self._entries.get((rubric, trace_id)) for trace_id in trace_ids}
        return {trace_id: entry for trace_id, entry in found.items() if entry is not None}

    async def history(self, rubric: str, trace_id: str) -> Sequence[LedgerEvent]:
        """What happened to one entry, oldest first."""
        return list(self._history.get((rubric, trace_id), ()))

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

    async def move(self, rubric: str, moves: Sequence[Move], *, now: datetime) -> Sequence[str]:
        """Apply moves whose entry is still in an expected state."""
        moved = []
        for move in moves:
            member = (rubric, move.trace_id)
            entry = self._entries.get(member)
            if entry is None or entry.state not in move.expected:
                continue
            self._entries[member] = _moved(entry, move, now)
            self._history[member].append(LedgerEvent(at=now, state=move.state, reason=move.reason))
            self._held.pop(member, None)
            self._due.pop(member, None)
            self._not_before.pop(member, None)
            if move.due is not None and move.state is LedgerState.OPEN:
                self._not_before[member] = move.due
            if move.due is not None and move.state not in FINAL_STATES:
                self._due[member] = move.due
            moved.append(move.trace_id)
        return moved

    async def overdue(
        self, states: Sequence[LedgerState], *, now: datetime, limit: int, push_to: datetime
    ) -> Sequence[LedgerEntry]:
        """Entries in these states whose deadline passed; their deadline is pushed."""
        late = [m for m, due in self._due.items() if due <= now and self._entries[m].state in states]
        late = sorted(late, key=self._due.__getitem__)[:limit]
        self._due.update(dict.fromkeys(late, push_to))
        return [self._entries[member] for member in late]

    async def scan(self, first: date, last: date) -> AsyncIterator[LedgerEntry]:
        """Entries whose trace started on one of these UTC days, in no order."""
        for entry in list(self._entries.values()):
            if first <= entry.promise.start.astimezone(UTC).date() <= last:
                yield entry

    async def dead_letters(self) -> Sequence[LedgerEntry]:
        """Everything that gave up, oldest first."""
        dead = (entry for entry in self._entries.values() if entry.state is LedgerState.DEAD)
        return sorted(dead, key=lambda entry: entry.changed_at)

    async def counts(self, first: date, last: date) -> Mapping[tuple[str, str, LedgerState, str], int]:
        """Number of entries by (use case, rubric, state, reason)."""
        total: dict[tuple[str, str, LedgerState, str], int] = defaultdict(int)
        async for entry in self.scan(first, last):
            total[entry.promise.use_case, entry.promise.rubric, entry.state, entry.reason] += 1
        return total

    async def promised(self, first: date, last: date) -> Mapping[tuple[str, str], int]:
        """Number of promises ever made by (use case, rubric)."""
        total: dict[tuple[str, str], int] = defaultdict(int)
        async for entry in self.scan(first, last):
            total[entry.promise.use_case, entry.promise.rubric] += 1
        return total

    async def add_lost_spend(self, day: date, spend: LostSpend) -> None:
        """Count what was paid on a UTC day for no score."""
        self._lost[day].append(spend)

    async def lost_spend(self, first: date, last: date) -> LostSpend:
        """What was paid for no score on these UTC days together."""
        found = [one for day, spent in self._lost.items() if first <= day <= last for one in spent]
        return LostSpend(
            calls=sum(one.calls for one in found),
            cost_usd=sum(one.cost_usd for one in found),
            unpriced_calls=sum(one.unpriced_calls for one in found),
        )

    async def keep(self, key: str, value: bytes, *, ttl_s: int, replace: bool = False) -> bytes:
        """Keep a verdict under its content key unless one is there (or replace it); returns the one that is kept."""
        if replace:
            self._kept[key] = value
        return self._kept.setdefault(key, value)

    async def kept(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Kept values by key."""
        return {key: self._kept[key] for key in keys if key in self._kept}

    async def put_document(self, digest: str, content: str) -> None:
        """Publish a rubric under its hash."""
        self._documents[digest] = content

    async def document(self, digest: str) -> str | None:
        """A published document, or None."""
        return self._documents.get(digest)

    async def acquire(self, name: str, *, owner: str, ttl_s: float) -> bool:
        """Take a named lock, or hold one's own for longer."""
        return self._locks.setdefault(name, owner) == owner

    async def release(self, name: str, *, owner: str) -> None:
        """Give a lock back if this owner still holds it."""
        if self._locks.get(name) == owner:
            del self._locks[name]

    async def queue_depth(self, queue: str) -> int:
        """Nothing waits in a queue here."""
        return 0

    async def renew_deliveries(self, tags: Sequence[str], *, now: datetime) -> None:
        """There are no deliveries to renew."""

    async def ping(self) -> None:
        """Memory always answers."""

    async def close(self) -> None:
        """Nothing to release."""


def _moved(entry: LedgerEntry, move: Move, now: datetime) -> LedgerEntry:
    return entry.model_copy(
        update={
            "state": move.state,
            "reason": move.reason,
            "detail": move.detail,
            "attempts": 0 if move.fresh_start else entry.attempts + int(move.failed_attempt),
            "deliveries": 0,
            "alone": 0,
            "writes": 0 if move.fresh_start else entry.writes + int(move.wrote),
            "since": now if move.fresh_start else entry.since,
            "changed_at": now,
            "judgement": move.judgement or entry.judgement,
            "unanswered": move.unanswered or entry.unanswered,
        }
    )
