"""Assess: fetch a batch of traces, judge each, keep every verdict as it arrives, report what became of each.

Each trace is isolated in its batch: one that fails, hangs or is missing changes nothing for the others. An outage of
the shared state is waited out within the batch's time, and costs neither a paid verdict nor an attempt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import structlog

from assay.judges.cpu_executor import Watch
from assay.judges.errors import ConfigurationError
from assay.judges.evaluate import Evaluator
from assay.judges.prices import PriceTable
from assay.judges.redaction.policy import Redaction
from assay.judges.rubric import Rubric
from assay.worker.config.fact_names import FactNames
from assay.worker.flow.assess_report import AssessReport
from assay.worker.flow.at_risk import AtRisk
from assay.worker.flow.batch_calls.desk import BatchDesk
from assay.worker.flow.embedding import Embedding
from assay.worker.flow.judging import Judging
from assay.worker.flow.outbox import Outbox, until_answered
from assay.worker.flow.preparing import Preparing
from assay.worker.flow.rejections import RejectionRuns
from assay.worker.flow.suspicion import MOST_BLAMED, SUSPICIOUS_DELIVERIES, Suspicion
from assay.worker.flow.transitions import AssessLimits, AssessTransitions, parked
from assay.worker.ports.assessment_watch import AssessmentWatch, NoWatch
from assay.worker.ports.clock import Clock
from assay.worker.ports.ledger import Ledger
from assay.worker.ports.publish import Publish
from assay.worker.ports.source import TraceReader
from assay.worker.ports.spend import UnscoredSpending
from assay.worker.ports.state import StateUnavailable
from assay.worker.ports.store_errors import StoreError
from assay.worker.records.ledger import LedgerEntry, LedgerState, Transition
from assay.worker.records.messages import AssessMessage, RecordMessage
from assay.worker.records.traces import TraceKey

STRETCH_S = 5.0
"""What has ended by then is recorded, while the rest of the batch is still judged. Most batches are done sooner, and
one message for all of a batch is cheaper than several."""

APPLY_S = 20.0
"""For so long an outage of the state is waited out where the batch's own time is over."""


log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Assessor:
    """Judges batches in one worker process."""

    source: TraceReader
    ledger: Ledger
    outbox: Outbox
    suspicion: Suspicion
    spend: UnscoredSpending
    evaluator: Callable[[str, str | None], Awaitable[Evaluator | None]]
    publish: Publish
    clock: Clock
    limits: AssessLimits
    may_see: Callable[[str, Rubric], bool | None]
    """Whether a use case's text may go to the judges that a rubric names. False for an unknown use case."""
    redaction: Callable[[str], Redaction]
    """What no judge may see of a use case's text. It raises ConfigurationError for an unknown use case."""
    prices: PriceTable | None = None
    """What models cost, for traces that do not say it."""
    names: FactNames = field(default_factory=FactNames)
    """Where traces hold feature and user tier."""
    at_risk: AtRisk = field(default_factory=AtRisk)
    """How many judgements the process has under way, over all its messages."""
    desk: BatchDesk | None = None
    """Takes the calls of work that may wait for a provider's batch."""
    rejections: RejectionRuns = field(default_factory=RejectionRuns)
    """Texts that the endpoint rejected in a row, over all messages of the process."""
    told: AssessmentWatch = field(default_factory=NoWatch)
    """Is told of each trace that is judged."""
    embedding: Embedding | None = None
    """Has questions and answers embedded while they are judged."""

    async def assess(self, message: AssessMessage, *, owner: str) -> AssessReport:
        """Judge the message's traces that are still open and not in other hands, and publish their recording.

        Of traces that workers vanished with each step is marked. If one of them kills its worker, it alone is blamed.
        Whatever this delivery took and did not finish it gives back.

        Args:
            message: the batch.
            owner: this delivery of it. No other delivery has the same.
        """
        work = _Batch(self, message, owner, ends_at=_now() + self.limits.batch_deadline.total_seconds())
        try:
            await work.judge()
        except (asyncio.CancelledError, StateUnavailable):
            work.give_back()  # no fault of these traces
            raise
        except Exception as exc:
            await work.fail(exc)
            raise
        work.give_back()
        return AssessReport.of(work.applied, len(message.items))


class _Batch:
    """One delivery of a message: what it holds, and what became of it so far."""

    def __init__(self, parts: Assessor, message: AssessMessage, owner: str, *, ends_at: float) -> None:
        self._parts = parts
        self._message = message
        self._owner = owner
        self._ends_at = ends_at
        self._transitions = AssessTransitions(clock=parts.clock, limits=parts.limits)
        self._entries: dict[str, LedgerEntry] = {}
        self._held: set[str] = set()
        self.applied: list[Transition] = []

    async def judge(self) -> None:
        await self._finish(await self._begin([item.trace_id for item in self._message.items]))

    async def fail(self, error: Exception) -> None:
        """A bug ended the batch as a whole: its traces are tried again, within attempts and age."""
        entries = [entry for entry in self._entries.values() if entry.trace_id in self._held]
        await self._apply([self._transitions.retry(entry, f"Bug:{type(error).__name__}") for entry in entries])

    def give_back(self) -> None:
        """Let go of what was not finished, as soon as the state can be told. No worker died over it."""
        if not self._held:
            return
        parts, unfinished = self._parts, tuple(self._held)
        give = partial(parts.ledger.give_back, self._message.rubric, unfinished, owner=self._owner)
        parts.outbox.owe(lambda: give(now=parts.clock.now()))

    async def _begin(self, ids: Sequence[str]) -> Sequence[LedgerEntry]:
        now = self._parts.clock.now()
        until = now + self._parts.limits.batch_deadline + timedelta(seconds=30)
        entries = await self._parts.ledger.begin(self._message.rubric, ids, owner=self._owner, now=now, until=until)
        self._entries |= {entry.trace_id: entry for entry in entries}
        self._held |= {entry.trace_id for entry in entries}
        return entries

    async def _finish(self, entries: Sequence[LedgerEntry]) -> None:
        """Judge entries, apply the outcomes to the ledger and publish."""
        if not entries:
            return
        message = self._message
        try:
            evaluator = await self._parts.evaluator(message.rubric_hash, message.calibration_hash)
        except ConfigurationError as exc:
            # This worker lacks a key, or is too old for the rubric; another one may do better.
            await self._apply([self._transitions.retry(e, "evaluator_unavailable", str(exc)) for e in entries])
            return
        if evaluator is None:
            await self._apply([self._transitions.retry(entry, "unknown_rubric_version") for entry in entries])
            return
        parking = {entry.trace_id: self._refused(entry, evaluator.rubric) for entry in entries}
        await self._apply([transition for transition in parking.values() if transition is not None])
        await self._fetch_and_judge([entry for entry in entries if parking[entry.trace_id] is None], evaluator)

    def _refused(self, entry: LedgerEntry, rubric: Rubric) -> Transition | None:
        """Hold back an entry that must not be judged here: poison, or a text that this judge may not see."""
        if entry.blamed > MOST_BLAMED:
            return parked(entry, "poison", f"{entry.blamed} workers vanished while they worked on it")
        allowed = self._parts.may_see(entry.promise.use_case, rubric)
        if allowed is None:
            return self._transitions.without_use_case(entry)
        if not allowed:
            judges = ", ".join(sorted(rubric.judge.destinations()))
            return parked(entry, "egress_forbidden", f"{judges} may not all see {entry.promise.use_case!r}")
        return None

    async def _fetch_and_judge(self, entries: Sequence[LedgerEntry], evaluator: Evaluator) -> None:
        keys = [TraceKey(trace_id=e.trace_id, start=e.promise.start, end=e.promise.end) for e in entries]
        if not keys:
            return
        parts = self._parts
        judging = Judging(
            evaluator,
            Preparing(evaluator.rubric, evaluator.revision, parts.redaction, parts.prices, parts.names),
            parts.outbox,
            parts.spend,
            self._transitions,
            parts.at_risk,
            self._watches(entries),
            parts.desk,
            rejections=parts.rejections,
            told=parts.told,
            embedding=parts.embedding,
        )
        try:
            async with asyncio.timeout_at(self._ends_at):
                fetched = await parts.source.fetch_traces(keys)
                started = await until_answered(lambda: judging.start(entries, fetched), ends_at=self._ends_at)
        except StoreError as exc:
            await self._apply([self._transitions.unread(entry, exc) for entry in entries])
            return
        except TimeoutError:
            await self._apply([self._transitions.retry(entry, "batch_deadline") for entry in entries])
            return
        await self._collect(judging, *started)

    def _watches(self, entries: Sequence[LedgerEntry]) -> Mapping[str, Watch]:
        """What the steps of those run within that a worker has vanished with before."""
        suspects = [entry.trace_id for entry in entries if entry.deliveries >= SUSPICIOUS_DELIVERIES]
        watch = self._parts.suspicion.watch
        return {trace_id: watch(self._message.rubric, trace_id, self._owner) for trace_id in suspects}

    async def _collect(
        self, judging: Judging, ended: list[Transition], started: Mapping[str, asyncio.Task[Transition]]
    ) -> None:
        """Apply what ended, in stretches, until the batch's deadline. What is unfinished then is tried again."""
        tasks, entries = dict(started), self._entries
        try:
            while tasks and (left_s := self._ends_at - _now()) > 0:
                await asyncio.wait(tasks.values(), timeout=min(left_s, STRETCH_S))
                done = {trace_id: tasks.pop(trace_id) for trace_id in list(tasks) if tasks[trace_id].done()}
                ended += [judging.result(entries[trace_id], task) for trace_id, task in done.items()]
                if tasks and ended:
                    await self._apply(ended)
                    ended = []
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)
        await self._apply([*ended, *(judging.result(entries[trace_id], task) for trace_id, task in tasks.items())])

    async def _apply(self, transitions: Sequence[Transition]) -> None:
        """Apply transitions to the ledger and publish what is to be recorded."""
        if not transitions:
            return
        parts, message = self._parts, self._message
        changed = set(
            await until_answered(
                lambda: parts.ledger.apply(message.rubric, transitions, now=parts.clock.now()),
                ends_at=max(self._ends_at, _now() + APPLY_S),
            )
        )
        self._held -= {transition.trace_id for transition in transitions}
        applied = [transition for transition in transitions if transition.trace_id in changed]
        self.applied += applied
        judged = tuple(transition.trace_id for transition in applied if transition.state is LedgerState.JUDGED)
        if judged:
            record = RecordMessage(rubric=message.rubric, rubric_hash=message.rubric_hash, trace_ids=judged)
            try:
                await parts.publish([record])
            except StateUnavailable as exc:  # the ledger knows that they are judged, and the reconciler tells it again
                log.warning("assess.record_not_published", traces=len(judged), error=str(exc)[:200])


def _now() -> float:
    return asyncio.get_running_loop().time()
