"""Assess: fetch a batch of traces, judge each, keep every verdict as it arrives, and say what became of each.

Each trace is isolated in its batch: one that fails, hangs or is missing changes nothing for the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import ConfigurationError, EvaluationError, UnjudgeableSample
from assay.judges.evaluate import Evaluator
from assay.judges.rubric import Rubric
from assay.judges.schema import Failed, Outcome, Scored, Skipped
from assay.worker.extraction.samples import build_sample
from assay.worker.flow.retry_policy import Disposition, backoff_s, policy_named
from assay.worker.flow.scores import written_values
from assay.worker.flow.verdicts import KeptVerdict, pack, unpack, verdict_key
from assay.worker.ports.clock import Clock
from assay.worker.ports.publish import Publish
from assay.worker.ports.source import Fetched, TraceReader
from assay.worker.ports.state import FleetState
from assay.worker.ports.store_errors import StoreBusy, StoreError, StoreUnavailable, TraceTooLarge
from assay.worker.records.ledger import Judgement, LedgerEntry, LedgerState, LostSpend, Move, Unanswered
from assay.worker.records.messages import AssessMessage, RecordMessage
from assay.worker.records.reports import Report
from assay.worker.records.traces import TraceKey

SUSPICIOUS_DELIVERIES = 3
"""Traces whose judging began this often without any outcome are judged one by one."""
MAX_ALONE = 3
"""A trace that was judged alone this often and never came to an outcome is parked as poison."""

log = structlog.get_logger(__name__)


class AssessReport(Report):
    """How many traces of one message ended where."""

    judged: int = 0
    skipped: int = 0
    retried: int = 0
    parked: int = 0
    not_ours: int = 0


@dataclass(frozen=True)
class Limits:
    """How long things may take before they are given up."""

    batch_deadline: timedelta
    trace_wait: timedelta
    max_age: timedelta
    verdict_ttl_s: int
    record_deadline: timedelta = timedelta(seconds=60)


@dataclass(frozen=True)
class Assessor:
    """One worker process's way of judging batches."""

    source: TraceReader
    state: FleetState
    evaluator: Callable[[str, str | None], Awaitable[Evaluator | None]]
    publish: Publish
    clock: Clock
    limits: Limits
    may_see: Callable[[str, Rubric], bool]
    """Whether a use case's text may go to the judge a rubric names; False for a use case nobody knows."""

    async def assess(self, message: AssessMessage, *, owner: str) -> AssessReport:
        """Judge the message's traces that are still open and not in other hands; ring for their recording.

        Traces whose judging began several times without an outcome are judged last and one by one: if one of them
        kills its worker, it alone is the suspect.
        """
        started = self.clock.now()
        ids = [item.trace_id for item in message.items]
        entries = await self._begin(message, ids, owner)
        calm = [entry for entry in entries if entry.deliveries < SUSPICIOUS_DELIVERIES]
        done = await self._finish(message, calm)
        for suspect in sorted((e for e in entries if e not in calm), key=lambda entry: entry.deliveries):
            if self.clock.now() - started > self.limits.batch_deadline:
                break  # the rest is in nobody's hands when its time is over, and is published again
            again = await self._begin(message, [suspect.trace_id], owner, alone=True)
            done += await self._finish(message, again)
        return _report(done, len(ids))

    async def _begin(
        self, message: AssessMessage, ids: Sequence[str], owner: str, *, alone: bool = False
    ) -> Sequence[LedgerEntry]:
        now = self.clock.now()
        until = now + self.limits.batch_deadline + timedelta(seconds=30)
        return await self.state.begin(message.rubric, ids, owner=owner, now=now, until=until, alone=alone)

    async def _finish(self, message: AssessMessage, entries: Sequence[LedgerEntry]) -> list[Move]:
        """Judge entries, put the outcomes into the ledger and ring for recording; returns what was applied."""
        if not entries:
            return []
        moves = await self._outcomes(message, entries)
        applied = set(await self.state.move(message.rubric, moves, now=self.clock.now()))
        judged = [m.trace_id for m in moves if m.state is LedgerState.JUDGED and m.trace_id in applied]
        if judged:
            record = RecordMessage(rubric=message.rubric, rubric_hash=message.rubric_hash, trace_ids=tuple(judged))
            await self.publish([record])
        return [move for move in moves if move.trace_id in applied]

    async def _outcomes(self, message: AssessMessage, entries: Sequence[LedgerEntry]) -> list[Move]:
        try:
            evaluator = await self.evaluator(message.rubric_hash, message.calibration_hash)
        except ConfigurationError as exc:
            # This worker lacks a key, or is too old for the rubric; another one may do better.
            return [self._retry(entry, "evaluator_unavailable", str(exc), retry_after_s=None) for entry in entries]
        if evaluator is None:
            return [self._retry(entry, "unknown_rubric_version", "", retry_after_s=None) for entry in entries]
        refused = [move for entry in entries if (move := self._refused(entry, evaluator.rubric)) is not None]
        known = {move.trace_id for move in refused}
        return refused + await self._fetch_and_judge([e for e in entries if e.trace_id not in known], evaluator)

    def _refused(self, entry: LedgerEntry, rubric: Rubric) -> Move | None:
        """Entries that must not be judged here, whatever the message says: poison, and text this judge may not see."""
        if entry.alone > MAX_ALONE:
            return _parked(entry, "poison", f"judged alone {entry.alone - 1} times, its judging never came to an end")
        if not self.may_see(entry.promise.use_case, rubric):
            judges = ", ".join(sorted(rubric.judge.destinations()))
            return _parked(entry, "egress_forbidden", f"{judges} may not all see {entry.promise.use_case!r}")
        return None

    async def _fetch_and_judge(self, entries: Sequence[LedgerEntry], evaluator: Evaluator) -> list[Move]:
        keys = [TraceKey(trace_id=e.trace_id, start=e.promise.start, end=e.promise.end) for e in entries]
        until = self.clock.now() + self.limits.batch_deadline
        try:
            fetched = await self.source.fetch_traces(keys) if keys else {}
        except StoreError as exc:
            return [self._unread(entry, exc) for entry in entries]
        return await self._judge_all(entries, fetched, evaluator, until=until)

    async def _judge_all(
        self, entries: Sequence[LedgerEntry], fetched: Mapping[str, Fetched], evaluator: Evaluator, *, until: datetime
    ) -> list[Move]:
        """Judge concurrently until the batch's deadline; what is unfinished then is cancelled and tried again."""
        tasks = {
            entry.trace_id: asyncio.create_task(self._judge(entry, fetched.get(entry.trace_id), evaluator))
            for entry in entries
        }
        if not tasks:
            return []
        try:
            await asyncio.wait(tasks.values(), timeout=max(0.0, (until - self.clock.now()).total_seconds()))
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)
        return [self._result(entry, tasks[entry.trace_id]) for entry in entries]

    def _result(self, entry: LedgerEntry, task: asyncio.Task[Move]) -> Move:
        if task.cancelled():
            return self._retry(entry, "batch_deadline", "", retry_after_s=None)
        error = task.exception()
        if error is None:
            return task.result()
        log.warning("assess.failed", trace_id=entry.trace_id, error=type(error).__name__)
        # Others' errors may quote the text they stumbled over; only our own are written to say nothing private.
        message = str(error)[:300] if isinstance(error, EvaluationError) else ""
        return self._move(entry, Failed(error=type(error).__name__, message=message))

    async def _judge(self, entry: LedgerEntry, fetched: Fetched | None, evaluator: Evaluator) -> Move:
        if fetched is None:
            return self._missing(entry)
        if isinstance(fetched, StoreError):
            return self._unread(entry, fetched)
        try:
            sample = await in_thread(build_sample, fetched, evaluator.rubric.sample)
        except UnjudgeableSample as exc:
            return self._move(entry, Skipped(reason=exc.reason, detail=exc.detail))
        key = verdict_key(sample, evaluator.revision)
        raw = (await self.state.kept([key])).get(key)
        kept = await in_thread(unpack, raw) if raw is not None else None
        if kept is not None:
            return self._judged(entry, key, kept, evaluator.rubric, cost_usd=kept.cost_for(entry.trace_id))
        outcome = await evaluator.evaluate(sample)
        if not isinstance(outcome, Scored):
            await self._count_spent(entry, outcome)
            unanswered = Unanswered.after(outcome, evaluator.revision)
            return self._move(entry, outcome).model_copy(update={"unanswered": unanswered})
        verdict = KeptVerdict(trace_id=entry.trace_id, outcome=outcome)
        # Two traces with equal content may be judged at once: both take the verdict that was kept first.
        packed = await in_thread(pack, verdict)
        first = await self.state.keep(key, packed, ttl_s=self.limits.verdict_ttl_s, replace=raw is not None)
        winner = await in_thread(unpack, first)
        cost_usd = verdict.cost_for(entry.trace_id)
        return self._judged(entry, key, winner or verdict, evaluator.rubric, cost_usd=cost_usd)

    async def _count_spent(self, entry: LedgerEntry, outcome: Skipped | Failed) -> None:
        """What was paid for no score; the ledger keeps only what scores have cost."""
        calls, cost_usd = outcome.usage.calls, outcome.cost_usd
        if not calls:
            return
        usage = outcome.usage.model_dump()
        log.debug(
            "assess.spent_without_score",
            trace_id=entry.trace_id,
            outcome=outcome.outcome,
            cost_usd=cost_usd,
            **usage,
        )
        unpriced = calls if cost_usd is None else 0
        spend = LostSpend(calls=calls, cost_usd=cost_usd or 0.0, unpriced_calls=unpriced)
        await self.state.add_lost_spend(self.clock.now().date(), spend)

    def _judged(
        self, entry: LedgerEntry, key: str, kept: KeptVerdict, rubric: Rubric, *, cost_usd: float | None
    ) -> Move:
        outcome, verdict = kept.outcome, kept.outcome.verdict
        judgement = Judgement(
            verdict_key=key,
            revision=outcome.revision,
            judge=verdict.judge if verdict else "none",
            state=outcome.state,
            values=written_values(outcome, rubric),
            cost_usd=cost_usd,
            screening=verdict.screening if verdict else None,
            degraded=verdict is not None and verdict.degraded,
            needs_review=verdict is not None and verdict.needs_review,
        )
        due = self.clock.now() + self.limits.record_deadline
        return _move_to(entry, LedgerState.JUDGED, due=due, judgement=judgement)

    def _unread(self, entry: LedgerEntry, error: StoreError) -> Move:
        if isinstance(error, TraceTooLarge):
            return self._move(entry, Skipped(reason="trace_too_large", detail=str(error)))
        wish_s = error.retry_after_s if isinstance(error, StoreUnavailable) else None
        if isinstance(error, StoreBusy):
            # Waiting for room within our own limit costs no attempt: nothing was tried.
            due = self.clock.now() + timedelta(seconds=max(1.0, wish_s or 0.0))
            return _move_to(entry, LedgerState.OPEN, "store_busy", due=due)
        return self._move(entry, Failed(error=type(error).__name__, message=str(error)[:300], retry_after_s=wish_s))

    def _missing(self, entry: LedgerEntry) -> Move:
        """Ingestion lag is waited for by age; a trace that never comes is skipped, not failed."""
        if self.clock.now() - entry.since > self.limits.trace_wait:
            return _move_to(entry, LedgerState.SKIPPED, "trace_not_found")
        due = self.clock.now() + timedelta(seconds=backoff_s(0))
        return _move_to(entry, LedgerState.OPEN, "trace_not_found", due=due)

    def _move(self, entry: LedgerEntry, outcome: Outcome) -> Move:
        """What the ledger does with an outcome that is no score."""
        if isinstance(outcome, Skipped):
            return _move_to(entry, LedgerState.SKIPPED, outcome.reason, outcome.detail)
        assert isinstance(outcome, Failed)  # noqa: S101  # narrows the union; Scored is handled by the caller
        policy = policy_named(outcome.error)
        if policy.disposition is Disposition.SKIP:
            return _move_to(entry, LedgerState.SKIPPED, outcome.error, outcome.message)
        if policy.disposition is Disposition.PARK:
            return _parked(entry, outcome.error, outcome.message)
        if entry.attempts + 1 >= policy.max_attempts:
            return _parked(entry, outcome.error, f"{entry.attempts + 1} attempts: {outcome.message}")
        return self._retry(entry, outcome.error, outcome.message, retry_after_s=outcome.retry_after_s)

    def _retry(self, entry: LedgerEntry, reason: str, detail: str, *, retry_after_s: float | None) -> Move:
        now: datetime = self.clock.now()
        if now - entry.since > self.limits.max_age:
            return _parked(entry, reason, f"too old: {detail}")
        due = now + timedelta(seconds=backoff_s(entry.attempts, retry_after_s))
        return _move_to(entry, LedgerState.OPEN, reason, detail, due=due, failed_attempt=True)


def _move_to(
    entry: LedgerEntry,
    state: LedgerState,
    reason: str = "",
    detail: str = "",
    *,
    due: datetime | None = None,
    judgement: Judgement | None = None,
    failed_attempt: bool = False,
) -> Move:
    return Move(
        trace_id=entry.trace_id,
        expected=(LedgerState.OPEN,),
        state=state,
        reason=reason,
        detail=detail[:300],
        due=due,
        judgement=judgement,
        failed_attempt=failed_attempt,
    )


def _parked(entry: LedgerEntry, reason: str, detail: str) -> Move:
    return _move_to(entry, LedgerState.DEAD, reason, detail)


def _report(applied: Sequence[Move], asked: int) -> AssessReport:
    states = [move.state for move in applied]
    return AssessReport(
        judged=states.count(LedgerState.JUDGED),
        skipped=states.count(LedgerState.SKIPPED),
        retried=states.count(LedgerState.OPEN),
        parked=states.count(LedgerState.DEAD),
        not_ours=asked - len(states),
    )
