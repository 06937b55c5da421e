"""Verify: read posted scores back. Only what the store shows is scored."""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog
from pydantic import Field

from assay.worker.flow.batching import chunks
from assay.worker.flow.copies.asking import CopyRequests
from assay.worker.flow.review_draws import ReviewDraws
from assay.worker.flow.reviews import requests_for
from assay.worker.flow.scores import expected_scores
from assay.worker.ports.clock import Clock
from assay.worker.ports.ledger import Ledger
from assay.worker.ports.locks import Locks
from assay.worker.ports.publish import Publish
from assay.worker.ports.review_list import ReviewList
from assay.worker.ports.sink import ScoreReader
from assay.worker.ports.source import Project
from assay.worker.ports.store_errors import StoreBusy, StoreRejected
from assay.worker.records.ledger import LedgerEntry, LedgerState, Transition
from assay.worker.records.messages import RecordMessage
from assay.worker.records.reports import Report
from assay.worker.records.scores import Score, ScoreKey

MAX_WRITES = 3
"""A trace whose scores were written this often and never shown is parked."""
VERIFY_LOCK_TTL_S = 60.0
LAG_KNOWN = timedelta(days=1)
"""What was selected later after its end, as by a backfill, was not waited for: it has no lag."""
READ_AT_ONCE = 100
"""Scores in one request to the store: as many as every store can show."""

log = structlog.get_logger(__name__)


class VerifyReport(Report):
    """How many traces' scores were seen in the store, are awaited, were written again or given up.

    `put_off`: those that their store, of several, was asked for and did not answer.

    `lags`: of each scored trace its use case, and the seconds from its end to now. They are measured, not logged.
    """

    scored: int = 0
    awaited: int = 0
    rewritten: int = 0
    parked: int = 0
    put_off: int = 0
    lags: tuple[tuple[str, float], ...] = Field(default=(), exclude=True)


class _Awaited(NamedTuple):
    """An entry, and the scores that the store is to show by their keys: names and values."""

    entry: LedgerEntry
    scores: Mapping[ScoreKey, tuple[str, float | str]]


@dataclass(frozen=True)
class Verifier:
    """Makes sure that scores arrived.

    Attributes:
        review_queues: each use case's queue, where it has one.
        draws: which answers beside the flagged ones go there. None: none.
        copies: is told of scores that are shown, for the further places of their use case.
        lock: what keeps a second verifier of the same store away.
    """

    project: Project
    sink: ScoreReader
    ledger: Ledger
    locks: Locks
    reviews: ReviewList
    publish: Publish
    clock: Clock
    rewrite_after: timedelta
    review_queues: Mapping[str, str] = field(default_factory=dict)
    draws: ReviewDraws | None = None
    copies: CopyRequests = field(default_factory=CopyRequests)
    lock: str = "verify"

    async def verify(self) -> VerifyReport:
        """Read back what is posted and due. Rewrite what is missing for too long, park it after three writes.

        One verifier works at a time. What comes due meanwhile is left to the next. A read that fails loses
        nothing that was read before it, and lets the next verifier begin at once.
        """
        total, now, owner = VerifyReport(), self.clock.now(), uuid.uuid4().hex
        try:
            while await self.alone(owner) and (entries := await self.posted(now)):
                total += await self.look_for(entries, owner)
        except StoreBusy as exc:
            log.info("verify.store_busy", retry_after_s=exc.retry_after_s)
        finally:
            await self.release(owner)
        return total

    async def alone(self, owner: str) -> bool:
        """Take the lock, or hold it for longer. False: another verifier has it."""
        return await self.locks.acquire(self.lock, owner=owner, ttl_s=VERIFY_LOCK_TTL_S)

    async def release(self, owner: str) -> None:
        """Give the lock back."""
        await self.locks.release(self.lock, owner=owner)

    async def look_for(self, entries: Sequence[LedgerEntry], owner: str) -> VerifyReport:
        """Read the scores of posted entries back while the lock is held, and settle what is known by then.

        Raises:
            StoreUnavailable, StateUnavailable
        """
        total, project = VerifyReport(), await self.project.project_id()
        for group in _read_at_once([_Awaited(e, expected_scores(e, project)) for e in entries]):
            if not await self.alone(owner):
                break
            total += await self._settle([awaited.entry for awaited in group], await self._shown(group))
        return total

    async def posted(self, now: datetime) -> Sequence[LedgerEntry]:
        """Entries that are due to be read back. For five seconds nobody else gets them."""
        again = self.clock.now() + timedelta(seconds=5)
        return await self.ledger.overdue([LedgerState.POSTED], now=now, limit=READ_AT_ONCE, push_to=again)

    async def _shown(self, group: Sequence[_Awaited]) -> set[str]:
        """Trace ids whose scores the store shows, all of them, with the values they should have."""
        keys = [key for awaited in group for key in awaited.scores]
        shown: dict[str, Score] = {}
        for chunk in chunks(keys, READ_AT_ONCE):
            shown |= await self._read(chunk)
        return {entry.trace_id for entry, scores in group if _are_shown(entry.trace_id, scores, shown)}

    async def _read(self, keys: Sequence[ScoreKey]) -> Mapping[str, Score]:
        try:
            return await self.sink.read_scores(keys)
        except StoreRejected as exc:
            # A store that refuses to show scores has not shown them: they are written again, in the end parked.
            log.warning("verify.store_refused", error=str(exc)[:200])
            return {}

    async def _settle(self, entries: Sequence[LedgerEntry], shown: set[str]) -> VerifyReport:
        # Before anything is final: a crash in between asks again, and asking again changes nothing.
        shown_entries = [entry for entry in entries if entry.trace_id in shown]
        draws = await self.draws.known() if self.draws and shown_entries else {}
        await self.reviews.ask(requests_for(shown_entries, self.review_queues, draws))
        await self.copies.ask(shown_entries, self.clock.now())
        now = self.clock.now()
        changes: dict[str, list[Transition]] = defaultdict(list)
        rewrite: dict[tuple[str, str], list[str]] = defaultdict(list)
        for entry in entries:
            change = self._change(entry, now, is_shown=entry.trace_id in shown)
            if change is not None:
                changes[entry.promise.rubric].append(change)
            if change is not None and change.state is LedgerState.JUDGED:
                rewrite[entry.promise.rubric, entry.promise.rubric_hash].append(entry.trace_id)
        states = Counter[LedgerState]()
        scored: set[tuple[str, str]] = set()
        for rubric, transitions in changes.items():
            changed = set(await self.ledger.apply(rubric, transitions, now=now))
            ended = [change for change in transitions if change.trace_id in changed]
            states.update(change.state for change in ended)
            scored.update((rubric, change.trace_id) for change in ended if change.state is LedgerState.SCORED)
        await self.publish(
            [RecordMessage(rubric=r, rubric_hash=h, trace_ids=tuple(ids)) for (r, h), ids in rewrite.items()]
        )
        return VerifyReport(
            scored=states[LedgerState.SCORED],
            awaited=len(entries) - sum(map(len, changes.values())),
            parked=states[LedgerState.DEAD],
            rewritten=sum(map(len, rewrite.values())),
            lags=_lags(entries, scored, now),
        )

    def _change(self, entry: LedgerEntry, now: datetime, *, is_shown: bool) -> Transition | None:
        """What becomes of a posted entry. None: its scores may still come to be shown."""
        if is_shown:
            reason = entry.judgement.state if entry.judgement else ""
            return _from_posted(entry, LedgerState.SCORED, reason=reason)
        if now - entry.changed_at < self.rewrite_after:
            return None
        if entry.writes >= MAX_WRITES:
            return _from_posted(entry, LedgerState.DEAD, reason="unverified")
        return _from_posted(entry, LedgerState.JUDGED, reason="not_shown", due=now)


def _lags(entries: Sequence[LedgerEntry], scored: set[tuple[str, str]], now: datetime) -> tuple[tuple[str, float], ...]:
    """Use case, and seconds since the trace's end, of those that are scored by now; without those of the past."""
    promises = (e.promise for e in entries if (e.promise.rubric, e.trace_id) in scored)
    ended = ((p.use_case, p.end or p.start, p.selected_at) for p in promises)
    return tuple(
        (case, max(0.0, (now - end).total_seconds())) for case, end, selected in ended if selected - end <= LAG_KNOWN
    )


def _read_at_once(entries: Sequence[_Awaited]) -> Iterator[list[_Awaited]]:
    """Entries in groups whose scores fit into one request. An entry's scores stay together."""
    group: list[_Awaited] = []
    taken = 0
    for awaited in entries:
        if group and taken + len(awaited.scores) > READ_AT_ONCE:
            yield group
            group, taken = [], 0
        group.append(awaited)
        taken += len(awaited.scores)
    if group:
        yield group


def _are_shown(trace_id: str, wanted: Mapping[ScoreKey, tuple[str, float | str]], shown: Mapping[str, Score]) -> bool:
    return all(is_same(shown.get(key.id), trace_id, name, value) for key, (name, value) in wanted.items())


def is_same(score: Score | None, trace_id: str, name: str, value: float | str) -> bool:
    """Whether a score that a store shows is the one that was written."""
    if score is None or score.trace_id != trace_id or score.name != name:
        return False
    if isinstance(value, str) or isinstance(score.value, str):
        return score.value == value
    return abs(score.value - value) <= 1e-9


def _from_posted(
    entry: LedgerEntry, state: LedgerState, *, reason: str = "", due: datetime | None = None
) -> Transition:
    return Transition(trace_id=entry.trace_id, expected=(LedgerState.POSTED,), state=state, reason=reason, due=due)
