"""The ledger in the memory of one process."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from assay.worker.ports.ledger import OWNER_LEASE_S, SOON_S, InFlight
from assay.worker.records.ledger import FINAL_STATES, LedgerEntry, LedgerEvent, LedgerState, Promise, Transition

_Member = tuple[str, str]
LEASE = timedelta(seconds=OWNER_LEASE_S)


class _Hand(NamedTuple):
    """Who has taken an entry, until when at most, and since when."""

    owner: str
    until: datetime
    begun: datetime


class MemoryLedger:
    """`assay.worker.ports.ledger.Ledger`, `Reopening`, `LedgerReader` and `….waking.Waking`."""

    def __init__(self) -> None:
        self._entries: dict[_Member, LedgerEntry] = {}
        self._history: dict[_Member, list[LedgerEvent]] = defaultdict(list)
        self._due: dict[_Member, datetime] = {}
        self._not_before: dict[_Member, datetime] = {}
        self._hands: dict[_Member, _Hand] = {}
        self._untried: set[_Member] = set()
        self._waiting: dict[_Member, datetime] = {}
        self._alive: dict[str, datetime] = {}
        self.unrecorded: set[tuple[str, str]] = set()
        """Rubric and trace of what ended and waits for its row."""
        self.replaced: list[LedgerEntry] = []
        """What ended, and was opened again before its row was written."""

    async def promise(self, promises: Sequence[Promise], *, now: datetime, due: datetime) -> Sequence[Promise]:
        """Open entries for promises that have none yet. Returns the promises that were new."""
        fresh = []
        for promise in promises:
            member = (promise.rubric, promise.trace_id)
            if member not in self._entries:
                self._entries[member] = LedgerEntry(promise=promise, since=now, changed_at=now)
                self._due[member] = due
                self._untried.add(member)
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
            self._untried.add(member)
            if member in self.unrecorded:
                self.unrecorded.discard(member)
                self.replaced.append(entry)
            self._history[member].append(LedgerEvent(at=now, state=LedgerState.OPEN, reason="judged again"))
            opened.append(promise)
        return opened

    async def entries(self, rubric: str, trace_ids: Sequence[str]) -> Mapping[str, LedgerEntry]:
        """Entries by trace id. Missing ones are absent."""
        entries = {trace_id: self._entries.get((rubric, trace_id)) for trace_id in trace_ids}
        return {trace_id: entry for trace_id, entry in entries.items() if entry is not None}

    async def begin(
        self, rubric: str, trace_ids: Sequence[str], *, owner: str, now: datetime, until: datetime
    ) -> Sequence[LedgerEntry]:
        """Take the open entries among these for judging, until a moment."""
        taken = []
        for trace_id in trace_ids:
            member = (rubric, trace_id)
            entry = self._entries.get(member)
            if entry is None or entry.state is not LedgerState.OPEN or self._not_before.get(member, now) > now:
                continue
            hand = self._hands.get(member)
            is_own = hand is not None and hand.owner == owner
            if hand is not None and not is_own and self._is_held(member, now):
                # This message is spent. If the holder is dead, the entry must not wait for its release's deadline.
                if member in self._due:
                    self._due[member] = min(self._due[member], self._alive[hand.owner])
                continue
            self._hands[member] = _Hand(owner, until, begun=now)
            self._due[member] = now + LEASE
            changes = {"deliveries": entry.deliveries + int(not is_own), "since": self._aged(member, entry, now)}
            self._entries[member] = entry.model_copy(update=changes)
            taken.append(self._entries[member])
        if taken:
            self.renew([owner], now=now)
        return taken

    def _is_held(self, member: _Member, now: datetime) -> bool:
        hand = self._hands.get(member)
        return hand is not None and hand.until > now and self._alive.get(hand.owner, now) > now

    def _aged(self, member: _Member, entry: LedgerEntry, now: datetime) -> datetime:
        """When its age began: now if nobody has tried it before, and later by what it waited for leave."""
        waiting = self._waiting.pop(member, None)
        if member in self._untried:
            self._untried.discard(member)
            return now
        return entry.since if waiting is None else entry.since + (now - waiting)

    def renew(self, owners: Sequence[str], *, now: datetime) -> None:
        """These owners live for another lease."""
        self._alive.update(dict.fromkeys(owners, now + LEASE))

    async def give_back(self, rubric: str, trace_ids: Sequence[str], *, owner: str, now: datetime) -> Sequence[str]:
        """Let go of entries that this owner took and did not finish."""
        given = []
        for trace_id in trace_ids:
            member = (rubric, trace_id)
            hand, entry = self._hands.get(member), self._entries.get(member)
            if hand is None or entry is None or hand.owner != owner or entry.state is not LedgerState.OPEN:
                continue
            del self._hands[member]
            self._due[member] = now
            self._entries[member] = entry.model_copy(update={"deliveries": max(0, entry.deliveries - 1)})
            given.append(trace_id)
        return given

    async def wake(self, rubric: str, trace_ids: Sequence[str], *, now: datetime) -> Sequence[str]:
        """Entries that wait for leave may be taken from now on."""
        woken = [t for t in trace_ids if (rubric, t) in self._waiting and (rubric, t) in self._due]
        for trace_id in woken:
            self._not_before.pop((rubric, trace_id), None)
            self._due[rubric, trace_id] = now
        return woken

    async def tell(self, rubric: str, trace_ids: Sequence[str], *, reason: str, detail: str) -> Sequence[str]:
        """Entries that wait for this reason say what keeps them waiting."""
        waiting = [trace_id for trace_id in trace_ids if (rubric, trace_id) in self._waiting]
        told = [trace_id for trace_id in waiting if self._entries[rubric, trace_id].reason == reason]
        for member in ((rubric, trace_id) for trace_id in told):
            self._entries[member] = self._entries[member].model_copy(update={"detail": detail})
        return told

    async def blame(self, rubric: str, trace_id: str, *, owner: str) -> None:
        """If the worker vanishes from now on, it was this trace."""
        self._mark((rubric, trace_id), owner, 1)

    async def absolve(self, rubric: str, trace_id: str, *, owner: str) -> None:
        """The worker lives on."""
        self._mark((rubric, trace_id), owner, -1)

    def _mark(self, member: _Member, owner: str, change: int) -> None:
        hand, entry = self._hands.get(member), self._entries.get(member)
        if hand is not None and entry is not None and hand.owner == owner and entry.state is LedgerState.OPEN:
            self._entries[member] = entry.model_copy(update={"blamed": max(0, entry.blamed + change)})

    async def apply(self, rubric: str, transitions: Sequence[Transition], *, now: datetime) -> Sequence[str]:
        """Apply transitions whose entry is still in an expected state."""
        applied = []
        for transition in transitions:
            member = (rubric, transition.trace_id)
            entry = self._entries.get(member)
            if entry is None or entry.state not in transition.expected:
                continue
            self._entries[member] = _changed(entry, transition, now)
            says_the_same = (entry.state, entry.reason) == (transition.state, transition.reason)
            if not (transition.held and says_the_same):
                self._history[member].append(LedgerEvent(at=now, state=transition.state, reason=transition.reason))
            self._wait(member, transition, now)
            if transition.fresh_start:
                self._untried.add(member)
            self._queue_row(member)
            self._due.pop(member, None)
            self._not_before.pop(member, None)
            if transition.due is not None and transition.state is LedgerState.OPEN:
                self._not_before[member] = transition.due
            if transition.due is not None and transition.state not in FINAL_STATES:
                self._due[member] = transition.due
            applied.append(transition.trace_id)
        return applied

    def _queue_row(self, member: _Member) -> None:
        """What is final waits for its row, what is not does not."""
        if self._entries[member].state in FINAL_STATES:
            self.unrecorded.add(member)
        else:
            self.unrecorded.discard(member)

    def _wait(self, member: _Member, transition: Transition, now: datetime) -> None:
        """Take an entry out of its owner's hands. What is held waits from now on, and its try was no age."""
        hand = self._hands.pop(member, None)
        self._waiting.pop(member, None)
        if transition.held:
            self._waiting[member] = now
            entry = self._entries[member]
            tried = now - hand.begun if hand else timedelta()
            self._entries[member] = entry.model_copy(update={"since": entry.since + tried})

    async def overdue(
        self, states: Sequence[LedgerState], *, now: datetime, limit: int, push_to: datetime
    ) -> Sequence[LedgerEntry]:
        """Entries in these states whose deadline passed, but for those in living hands. It is pushed."""
        for member in [m for m, due in self._due.items() if due <= now and self._is_held(m, now)]:
            self._due[member] = self._alive[self._hands[member].owner]
        late = [m for m, due in self._due.items() if due <= now and self._entries[m].state in states]
        late = sorted(late, key=self._due.__getitem__)[:limit]
        self._due.update(dict.fromkeys(late, push_to))
        return [self._entries[member] for member in late]

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

    async def in_flight(self, now: datetime) -> InFlight:
        """What has not ended, and what gave up."""
        entries = self._entries.values()
        soon = now + timedelta(seconds=SOON_S)
        posted = [m for m, entry in self._entries.items() if entry.state is LedgerState.POSTED]
        return InFlight(
            min((e.promise.selected_at for e in entries if e.state not in FINAL_STATES), default=None),
            sum(self._due[member] <= soon for member in posted if member in self._due),
            Counter(e.promise.rubric for e in entries if e.state is LedgerState.DEAD),
        )

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
            "blamed": 0,
            "writes": 0 if is_fresh else entry.writes + int(transition.wrote),
            "since": now if is_fresh else entry.since,
            "changed_at": now,
            "judgement": transition.judgement or entry.judgement,
            "unanswered": transition.unanswered or entry.unanswered,
            "particulars": transition.particulars or entry.particulars,
        }
    )
