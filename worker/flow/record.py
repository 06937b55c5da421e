"""Record and verify: post kept verdicts as scores, then read them back; only what the store shows is scored.

Writing is its own step, so that a store outage never pays a judge twice.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from assay.judges.cpu_executor import in_thread
from assay.worker.flow.batching import chunks
from assay.worker.flow.retry_policy import backoff_s
from assay.worker.flow.reviews import requests_for
from assay.worker.flow.scores import build_scores, expected_scores
from assay.worker.flow.verdicts import unpack
from assay.worker.ports.clock import Clock
from assay.worker.ports.publish import Publish
from assay.worker.ports.sink import ScoreSink
from assay.worker.ports.source import Project
from assay.worker.ports.state import FleetState
from assay.worker.ports.store_errors import StoreBusy, StoreRejected, StoreUnavailable
from assay.worker.records.ledger import LedgerEntry, LedgerState, Move
from assay.worker.records.messages import RecordMessage
from assay.worker.records.reports import Report
from assay.worker.records.scores import Score

MAX_WRITES = 3
VERIFY_LOCK_TTL_S = 60.0
READ_AT_ONCE = 100

log = structlog.get_logger(__name__)


class RecordReport(Report):
    """How many traces' scores were posted, put off or refused."""

    posted: int = 0
    put_off: int = 0
    refused: int = 0


class VerifyReport(Report):
    """How many traces' scores were seen in the store, are awaited, were written again or given up."""

    scored: int = 0
    awaited: int = 0
    rewritten: int = 0
    parked: int = 0


@dataclass(frozen=True)
class Recorder:
    """Posts scores and makes sure that they arrived; `review_queues` names each use case's queue, where it has one."""

    project: Project
    sink: ScoreSink
    state: FleetState
    publish: Publish
    clock: Clock
    rewrite_after: timedelta
    read_lag: timedelta = timedelta(seconds=1)
    review_queues: Mapping[str, str] = field(default_factory=dict)

    async def record(self, message: RecordMessage) -> RecordReport:
        """Post the scores of the message's traces whose verdicts are kept and not yet posted."""
        found = await self.state.entries(message.rubric, message.trace_ids)
        entries = [e for e in found.values() if e.state is LedgerState.JUDGED and e.judgement is not None]
        kept = await self.state.kept([e.judgement.verdict_key for e in entries if e.judgement])
        project = await self.project.project_id()
        scores: dict[str, list[Score]] = {}
        expired: list[str] = []
        for entry in entries:
            raw = kept.get(entry.judgement.verdict_key) if entry.judgement else None
            verdict = await in_thread(unpack, raw) if raw is not None else None
            if verdict is None:
                expired.append(entry.trace_id)
            else:
                scores[entry.trace_id] = build_scores(entry, verdict.outcome, project)
        attempts = max((entry.attempts for entry in entries), default=0)
        again = _from_judged(LedgerState.OPEN, "verdict_expired", due=self.clock.now())
        await self._move(message, expired, again.model_copy(update={"fresh_start": True}))
        return await self._post(message, scores, attempts)

    async def _post(self, message: RecordMessage, scores: Mapping[str, Sequence[Score]], attempts: int) -> RecordReport:
        if not scores:
            return RecordReport()
        try:
            await self.sink.write_scores([score for group in scores.values() for score in group])
        except StoreBusy as exc:
            due = self.clock.now() + timedelta(seconds=max(1.0, exc.retry_after_s or 0.0))
            await self._move(message, scores, _from_judged(LedgerState.JUDGED, "store_busy", due=due))
            return RecordReport(put_off=len(scores))
        except StoreUnavailable as exc:
            log.warning("record.store_unavailable", traces=len(scores), error=str(exc)[:200])
            due = self.clock.now() + timedelta(seconds=backoff_s(attempts, exc.retry_after_s))
            later = _from_judged(LedgerState.JUDGED, "store_down", due=due)
            await self._move(message, scores, later.model_copy(update={"failed_attempt": True}))
            return RecordReport(put_off=len(scores))
        except StoreRejected as exc:
            return await self._isolate(message, scores, attempts, exc)
        posted = _from_judged(LedgerState.POSTED, due=self.clock.now() + self.read_lag)
        await self._move(message, scores, posted.model_copy(update={"wrote": True}))
        return RecordReport(posted=len(scores))

    async def _isolate(
        self, message: RecordMessage, scores: Mapping[str, Sequence[Score]], attempts: int, refused: StoreRejected
    ) -> RecordReport:
        """The store refused the lot: post trace by trace, so that only the refused one is parked."""
        if len(scores) == 1:
            dead = _from_judged(LedgerState.DEAD, "StoreRejected")
            await self._move(message, scores, dead.model_copy(update={"detail": str(refused)[:300]}))
            return RecordReport(refused=1)
        reports = [await self._post(message, {trace_id: group}, attempts) for trace_id, group in scores.items()]
        return sum(reports, RecordReport())

    async def verify(self) -> VerifyReport:
        """Read back what is posted and due; rewrite what is missing for too long, park it after three writes.

        One verifier at a time; what comes due while it works is the next one's. A read that fails loses nothing of
        what was read before it, and lets the next verifier begin at once.
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
            await self.state.release("verify", owner=owner)
        return total

    async def _alone(self, owner: str) -> bool:
        return await self.state.acquire("verify", owner=owner, ttl_s=VERIFY_LOCK_TTL_S)

    async def _posted(self, now: datetime) -> Sequence[LedgerEntry]:
        again = self.clock.now() + timedelta(seconds=5)
        return await self.state.overdue([LedgerState.POSTED], now=now, limit=READ_AT_ONCE, push_to=again)

    async def _shown(self, entries: Sequence[LedgerEntry], project: str) -> set[str]:
        """Trace ids whose scores the store shows, all of them, with the values they should have."""
        expected = {e.trace_id: expected_scores(e, project) for e in entries}
        ids = [score for wanted in expected.values() for score in wanted]
        found: dict[str, Score] = {}
        for chunk in chunks(ids, READ_AT_ONCE):
            found |= await self._read(chunk)
        return {
            trace_id
            for trace_id, wanted in expected.items()
            if all(_is_same(found.get(i), trace_id, name, value) for i, (name, value) in wanted.items())
        }

    async def _read(self, ids: Sequence[str]) -> Mapping[str, Score]:
        try:
            return await self.sink.read_scores(ids)
        except StoreRejected as exc:
            # A store that refuses to show scores has not shown them: they are written again and in the end parked.
            log.warning("verify.store_refused", error=str(exc)[:200])
            return {}

    async def _settle(self, entries: Sequence[LedgerEntry], shown: set[str]) -> VerifyReport:
        now = self.clock.now()
        scored = awaited = parked = 0
        rewrite: dict[tuple[str, str], list[str]] = {}
        # Before anything is final: a crash in between asks again, and asking again changes nothing.
        shown_entries = [entry for entry in entries if entry.trace_id in shown]
        await self.state.reviews.ask(requests_for(shown_entries, self.review_queues))
        for entry in entries:
            rubric = entry.promise.rubric
            if entry.trace_id in shown:
                reason = entry.judgement.state if entry.judgement else ""
                move = _from_posted(entry, LedgerState.SCORED, reason=reason)
                scored += len(await self.state.move(rubric, [move], now=now))
            elif now - entry.changed_at < self.rewrite_after:
                awaited += 1
            elif entry.writes >= MAX_WRITES:
                move = _from_posted(entry, LedgerState.DEAD, reason="unverified")
                parked += len(await self.state.move(rubric, [move], now=now))
            else:
                move = _from_posted(entry, LedgerState.JUDGED, reason="not_shown", due=now)
                await self.state.move(rubric, [move], now=now)
                rewrite.setdefault((rubric, entry.promise.rubric_hash), []).append(entry.trace_id)
        await self.publish(
            [RecordMessage(rubric=r, rubric_hash=h, trace_ids=tuple(ids)) for (r, h), ids in rewrite.items()]
        )
        return VerifyReport(scored=scored, awaited=awaited, parked=parked, rewritten=sum(map(len, rewrite.values())))

    async def _move(self, message: RecordMessage, trace_ids: Iterable[str], change: Move) -> None:
        """Apply one change to many traces that are judged and not yet posted."""
        moves = [change.model_copy(update={"trace_id": trace_id}) for trace_id in trace_ids]
        await self.state.move(message.rubric, moves, now=self.clock.now())


def _read_at_once(entries: Sequence[LedgerEntry], project: str) -> Iterator[list[LedgerEntry]]:
    """Entries in groups whose scores one request can ask for; an entry's scores stay together."""
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


def _from_judged(state: LedgerState, reason: str = "", *, due: datetime | None = None) -> Move:
    """A change to be applied to many traces; the trace id is filled in where it is applied."""
    return Move(trace_id="", expected=(LedgerState.JUDGED,), state=state, reason=reason, due=due)


def _from_posted(entry: LedgerEntry, state: LedgerState, *, reason: str = "", due: datetime | None = None) -> Move:
    return Move(trace_id=entry.trace_id, expected=(LedgerState.POSTED,), state=state, reason=reason, due=due)
