"""Verify: read posted scores back. Only what the store shows is scored."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from assay.worker.flow.batching import chunks
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
from assay.worker.records.scores import Score

MAX_WRITES = 3
"""A trace whose scores were written this often and never shown is parked."""
VERIFY_LOCK_TTL_S = 60.0
READ_AT_ONCE = 100
"""Scores in one request to the store: as many as every store can show."""

log = structlog.get_logger(__name__)


class VerifyReport(Report):
    """How many traces' scores were seen in the store, are awaited, were written again or given up."""

    scored: int = 0
    awaited: int = 0
    rewritten: int = 0
    parked: int = 0


@dataclass(frozen=True)
class Verifier:
    """Makes sure that scores arrived. `review_queues` names each use case's queue, where it has one."""

    project: Project
    sink: ScoreReader
    ledger: Ledger
    locks: Locks
    reviews: ReviewList
    publish: Publish
    clock: Clock
    rewrite_after: timedelta
    review_queues: Mapping[str, str] = field(default_factory=dict)

    async def verify(self) -> VerifyReport:
        """Read back what is posted and due. Rewrite what is missing for too long, park it after three writes.

        One verifier works at a time. What comes due meanwhile is left to the next. A read that fails loses
        nothing that was read before it, and lets the next verifier begin at once.
        """
        total, now, owner = VerifyReport(), self.clock.now(), uuid.uuid4().hex
        try:
            while await self._alone(owner) and (entries := await self._posted(now)):
                project = await self.project.project_id()
                for group in _read_at_once(entries, project):
                    if not await self._alone(owner):
                        return total
                    shown = await self._shown(group, project)
                    total += await self._settle(group, shown)
        except StoreBusy as exc:
            log.info("verify.store_busy", retry_after_s=exc.retry_after_s)
        finally:
            await self.locks.release("verify", owner=owner)
        return total

    async def _alone(self, owner: str) -> bool:
        return await self.locks.acquire("verify", owner=owner, ttl_s=VERIFY_LOCK_TTL_S)

    async def _posted(self, now: datetime) -> Sequence[LedgerEntry]:
        again = self.clock.now() + timedelta(seconds=5)
        return await self.ledger.overdue([LedgerState.POSTED], now=now, limit=READ_AT_ONCE, push_to=again)

    async def _shown(self, entries: Sequence[LedgerEntry], project: str) -> set[str]:
        """Trace ids whose scores the store shows, all of them, with the values they should have."""
        expected = {e.trace_id: expected_scores(e, project) for e in entries}
        ids = [score_id for wanted in expected.values() for score_id in wanted]
        shown: dict[str, Score] = {}
        for chunk in chunks(ids, READ_AT_ONCE):
            shown |= await self._read(chunk)
        return {
            trace_id
            for trace_id, wanted in expected.items()
            if all(_is_same(shown.get(score_id), trace_id, name, value) for score_id, (name, value) in wanted.items())
        }

    async def _read(self, ids: Sequence[str]) -> Mapping[str, Score]:
        try:
            return await self.sink.read_scores(ids)
        except StoreRejected as exc:
            # A store that refuses to show scores has not shown them: they are written again, in the end parked.
            log.warning("verify.store_refused", error=str(exc)[:200])
            return {}

    async def _settle(self, entries: Sequence[LedgerEntry], shown: set[str]) -> VerifyReport:
        now = self.clock.now()
        scored = awaited = parked = 0
        rewrite: dict[tuple[str, str], list[str]] = {}
        # Before anything is final: a crash in between asks again, and asking again changes nothing.
        shown_entries = [entry for entry in entries if entry.trace_id in shown]
        await self.reviews.ask(requests_for(shown_entries, self.review_queues))
        for entry in entries:
            rubric = entry.promise.rubric
            if entry.trace_id in shown:
                reason = entry.judgement.state if entry.judgement else ""
                transition = _from_posted(entry, LedgerState.SCORED, reason=reason)
                scored += len(await self.ledger.apply(rubric, [transition], now=now))
            elif now - entry.changed_at < self.rewrite_after:
                awaited += 1
            elif entry.writes >= MAX_WRITES:
                transition = _from_posted(entry, LedgerState.DEAD, reason="unverified")
                parked += len(await self.ledger.apply(rubric, [transition], now=now))
            else:
                transition = _from_posted(entry, LedgerState.JUDGED, reason="not_shown", due=now)
                await self.ledger.apply(rubric, [transition], now=now)
                rewrite.setdefault((rubric, entry.promise.rubric_hash), []).append(entry.trace_id)
        await self.publish(
            [RecordMessage(rubric=r, rubric_hash=h, trace_ids=tuple(ids)) for (r, h), ids in rewrite.items()]
        )
        return VerifyReport(scored=scored, awaited=awaited, parked=parked, rewritten=sum(map(len, rewrite.values())))


def _read_at_once(entries: Sequence[LedgerEntry], project: str) -> Iterator[list[LedgerEntry]]:
    """Entries in groups whose scores fit into one request. An entry's scores stay together."""
    group: list[LedgerEntry] = []
    taken = 0
    for entry in entries:
        count = len(expected_scores(entry, project))
        if group and taken + count > READ_AT_ONCE:
            yield group
            group, taken = [], 0
        group.append(entry)
        taken += count
    if group:
        yield group


def _is_same(score: Score | None, trace_id: str, name: str, value: float | str) -> bool:
    if score is None or score.trace_id != trace_id or score.name != name:
        return False
    if isinstance(value, str) or isinstance(score.value, str):
        return score.value == value
    return abs(score.value - value) <= 1e-9


def _from_posted(
    entry: LedgerEntry, state: LedgerState, *, reason: str = "", due: datetime | None = None
) -> Transition:
    return Transition(trace_id=entry.trace_id, expected=(LedgerState.POSTED,), state=state, reason=reason, due=due)
