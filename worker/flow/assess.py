"""Assess: fetch a batch of traces, judge each, keep every verdict as it arrives, report what became of each.

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
from assay.judges.schema import Failed, Sample, Scored, Skipped
from assay.worker.extraction.facts import facts_of
from assay.worker.extraction.samples import build_sample
from assay.worker.flow.transitions import AssessLimits, AssessTransitions, parked
from assay.worker.flow.verdicts import KeptVerdict, pack, unpack, verdict_key
from assay.worker.ports.clock import Clock
from assay.worker.ports.ledger import Ledger
from assay.worker.ports.publish import Publish
from assay.worker.ports.source import Fetched, TraceReader
from assay.worker.ports.spend import UnscoredSpending
from assay.worker.ports.store_errors import StoreError
from assay.worker.ports.verdicts import VerdictCache
from assay.worker.records.facts import TraceFacts
from assay.worker.records.ledger import LedgerEntry, LedgerState, Transition, Unanswered, UnscoredSpend
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
class Assessor:
    """Judges batches in one worker process."""

    source: TraceReader
    ledger: Ledger
    verdicts: VerdictCache
    spend: UnscoredSpending
    evaluator: Callable[[str, str | None], Awaitable[Evaluator | None]]
    publish: Publish
    clock: Clock
    limits: AssessLimits
    may_see: Callable[[str, Rubric], bool | None]
    """Whether a use case's text may go to the judges that a rubric names. False for an unknown use case."""

    @property
    def _transitions(self) -> AssessTransitions:
        return AssessTransitions(clock=self.clock, limits=self.limits)

    async def assess(self, message: AssessMessage, *, owner: str) -> AssessReport:
        """Judge the message's traces that are still open and not in other hands, and publish their recording.

        Traces whose judging began several times without an outcome are judged last and one by one. If one of
        them kills its worker, it alone is the suspect.

        Args:
            message: the batch.
            owner: who takes it; a redelivered message has the same owner.
        """
        started = self.clock.now()
        ids = [item.trace_id for item in message.items]
        entries = await self._begin(message, ids, owner)
        healthy = [entry for entry in entries if entry.deliveries < SUSPICIOUS_DELIVERIES]
        done = await self._finish(message, healthy)
        for suspect in sorted((e for e in entries if e not in healthy), key=lambda entry: entry.deliveries):
            if self.clock.now() - started > self.limits.batch_deadline:
                break  # nobody holds the rest once its time is over, and the reconciler publishes it again
            again = await self._begin(message, [suspect.trace_id], owner, alone=True)
            done += await self._finish(message, again)
        return _report(done, len(ids))

    async def _begin(
        self, message: AssessMessage, ids: Sequence[str], owner: str, *, alone: bool = False
    ) -> Sequence[LedgerEntry]:
        now = self.clock.now()
        until = now + self.limits.batch_deadline + timedelta(seconds=30)
        return await self.ledger.begin(message.rubric, ids, owner=owner, now=now, until=until, alone=alone)

    async def _finish(self, message: AssessMessage, entries: Sequence[LedgerEntry]) -> list[Transition]:
        """Judge entries, apply the outcomes to the ledger and publish. Returns what was applied."""
        if not entries:
            return []
        transitions = await self._outcomes(message, entries)
        changed = set(await self.ledger.apply(message.rubric, transitions, now=self.clock.now()))
        applied = [transition for transition in transitions if transition.trace_id in changed]
        judged = tuple(transition.trace_id for transition in applied if transition.state is LedgerState.JUDGED)
        if judged:
            record = RecordMessage(rubric=message.rubric, rubric_hash=message.rubric_hash, trace_ids=judged)
            await self.publish([record])
        return applied

    async def _outcomes(self, message: AssessMessage, entries: Sequence[LedgerEntry]) -> list[Transition]:
        try:
            evaluator = await self.evaluator(message.rubric_hash, message.calibration_hash)
        except ConfigurationError as exc:
            # This worker lacks a key, or is too old for the rubric; another one may do better.
            return [self._transitions.retry(entry, "evaluator_unavailable", str(exc)) for entry in entries]
        if evaluator is None:
            return [self._transitions.retry(entry, "unknown_rubric_version") for entry in entries]
        parking = {entry.trace_id: self._refused(entry, evaluator.rubric) for entry in entries}
        refused = [transition for transition in parking.values() if transition is not None]
        allowed = [entry for entry in entries if parking[entry.trace_id] is None]
        return refused + await self._fetch_and_judge(allowed, evaluator)

    def _refused(self, entry: LedgerEntry, rubric: Rubric) -> Transition | None:
        """Hold back an entry that must not be judged here: poison, or a text that this judge may not see."""
        if entry.alone > MAX_ALONE:
            return parked(entry, "poison", f"judged alone {entry.alone - 1} times, its judging never came to an end")
        allowed = self.may_see(entry.promise.use_case, rubric)
        if allowed is None:
            return self._transitions.without_use_case(entry)
        if not allowed:
            judges = ", ".join(sorted(rubric.judge.destinations()))
            return parked(entry, "egress_forbidden", f"{judges} may not all see {entry.promise.use_case!r}")
        return None

    async def _fetch_and_judge(self, entries: Sequence[LedgerEntry], evaluator: Evaluator) -> list[Transition]:
        keys = [TraceKey(trace_id=e.trace_id, start=e.promise.start, end=e.promise.end) for e in entries]
        until = self.clock.now() + self.limits.batch_deadline
        try:
            fetched = await self.source.fetch_traces(keys) if keys else {}
        except StoreError as exc:
            return [self._transitions.unread(entry, exc) for entry in entries]
        return await self._judge_all(entries, fetched, evaluator, until=until)

    async def _judge_all(
        self, entries: Sequence[LedgerEntry], fetched: Mapping[str, Fetched], evaluator: Evaluator, *, until: datetime
    ) -> list[Transition]:
        """Judge concurrently until the batch's deadline. What is unfinished is cancelled and tried again."""
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

    def _result(self, entry: LedgerEntry, task: asyncio.Task[Transition]) -> Transition:
        if task.cancelled():
            return self._transitions.retry(entry, "batch_deadline")
        error = task.exception()
        if error is None:
            return task.result()
        log.warning("assess.failed", trace_id=entry.trace_id, error=type(error).__name__)
        # A library's error may quote the text that it failed on. Our own errors say nothing private.
        message = str(error)[:300] if isinstance(error, EvaluationError) else ""
        return self._transitions.without_scores(entry, Failed(error=type(error).__name__, message=message))

    async def _judge(self, entry: LedgerEntry, fetched: Fetched | None, evaluator: Evaluator) -> Transition:
        if fetched is None:
            return self._transitions.missing(entry)
        if isinstance(fetched, StoreError):
            return self._transitions.unread(entry, fetched)
        try:
            sample = await in_thread(build_sample, fetched, evaluator.rubric.sample)
        except UnjudgeableSample as exc:
            skipped = Skipped(reason=exc.reason, detail=exc.detail)
            return self._transitions.without_scores(entry, skipped)
        return await self._judge_sample(entry, sample, evaluator, facts_of(fetched))

    async def _judge_sample(
        self, entry: LedgerEntry, sample: Sample, evaluator: Evaluator, facts: TraceFacts
    ) -> Transition:
        """Take the verdict that is kept for this content, or ask the judge and keep what it says."""
        key = verdict_key(sample, evaluator.revision)
        raw = (await self.verdicts.kept([key])).get(key)
        kept = await in_thread(unpack, raw) if raw is not None else None
        if kept is not None:
            cost_usd = kept.cost_for(entry.trace_id)
            return self._transitions.judged(entry, key, kept, evaluator.rubric, cost_usd=cost_usd, facts=facts)
        outcome = await evaluator.evaluate(sample)
        if not isinstance(outcome, Scored):
            await self._count_spent(entry, outcome)
            unanswered = Unanswered.after(outcome, evaluator.revision)
            return self._transitions.without_scores(entry, outcome).model_copy(update={"unanswered": unanswered})
        verdict = KeptVerdict(trace_id=entry.trace_id, outcome=outcome)
        # Two traces with equal content may be judged at once: both take the verdict that was kept first.
        packed = await in_thread(pack, verdict)
        first = await self.verdicts.keep(key, packed, ttl_s=self.limits.verdict_ttl_s, replace=raw is not None)
        winner = await in_thread(unpack, first) or verdict
        cost_usd = verdict.cost_for(entry.trace_id)
        return self._transitions.judged(entry, key, winner, evaluator.rubric, cost_usd=cost_usd, facts=facts)

    async def _count_spent(self, entry: LedgerEntry, outcome: Skipped | Failed) -> None:
        """Count what was paid for no score. The ledger keeps only what scores have cost."""
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
        spend = UnscoredSpend(calls=calls, cost_usd=cost_usd or 0.0, unpriced_calls=unpriced)
        await self.spend.add(self.clock.now().date(), spend)


def _report(applied: Sequence[Transition], asked: int) -> AssessReport:
    states = [transition.state for transition in applied]
    return AssessReport(
        judged=states.count(LedgerState.JUDGED),
        skipped=states.count(LedgerState.SKIPPED),
        retried=states.count(LedgerState.OPEN),
        parked=states.count(LedgerState.DEAD),
        not_ours=asked - len(states),
    )
