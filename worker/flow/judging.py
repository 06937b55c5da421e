"""Judging the traces of one batch: each from what was fetched to the transition of its ledger entry.

A batch's samples are prepared in one piece of work off the loop, and their kept verdicts are asked for in one request.
Then each trace goes its own way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial

import structlog

from assay.judges.cpu_executor import Watch, in_thread, watched_steps
from assay.judges.errors import EvaluationError
from assay.judges.evaluate import Evaluator
from assay.judges.models.call_context import call_context
from assay.judges.schema import Failed, Scored, Skipped
from assay.worker.flow.at_risk import AtRisk
from assay.worker.flow.batch_calls.desk import BatchDesk
from assay.worker.flow.batch_calls.terms import Terms
from assay.worker.flow.embedding import Embedding, Vectors, with_vectors
from assay.worker.flow.outbox import Outbox
from assay.worker.flow.preparing import Prepared, Preparing
from assay.worker.flow.rejections import RejectionRuns
from assay.worker.flow.retry_policy import BACKOFF_FIRST_S
from assay.worker.flow.transitions import AssessTransitions
from assay.worker.flow.verdict_notes import note_of
from assay.worker.flow.verdicts import KeptVerdict
from assay.worker.ports.assessment_watch import AssessmentWatch, NoWatch
from assay.worker.ports.source import Fetched
from assay.worker.ports.spend import UnscoredSpending
from assay.worker.ports.store_errors import StoreError
from assay.worker.records.batch_jobs import Subject
from assay.worker.records.facts import TraceFacts
from assay.worker.records.ledger import LedgerEntry, Transition, Unanswered, UnscoredSpend
from assay.worker.records.particulars import Particulars, Spent

LONGEST_ID = 200
"""Characters of a root's id that are kept. A longer one is no id of any tracer."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Judging:
    """Turns fetched traces into transitions, with one evaluator."""

    evaluator: Evaluator
    preparing: Preparing
    outbox: Outbox
    spend: UnscoredSpending
    transitions: AssessTransitions
    at_risk: AtRisk
    watches: Mapping[str, Watch] = field(default_factory=dict)
    """What the steps of traces that a worker has vanished with run within."""
    desk: BatchDesk | None = None
    """Takes the calls that may wait for a provider's batch."""
    paid: set[str] = field(default_factory=set)
    """Traces with a verdict that the state may not have yet."""
    rejections: RejectionRuns = field(default_factory=RejectionRuns)
    """Texts that the endpoint rejected in a row, over all messages of the process."""
    told: AssessmentWatch = field(default_factory=NoWatch)
    """Is told of each trace that is judged."""
    embedding: Embedding | None = None
    """Has questions and answers embedded meanwhile. None: hashed vectors are all there are."""

    async def start(
        self, entries: Sequence[LedgerEntry], fetched: Mapping[str, Fetched]
    ) -> tuple[list[Transition], Mapping[str, asyncio.Task[Transition]]]:
        """Prepare a batch and begin to judge all of it at once.

        Returns:
            What needs no judge, and the judgements under way by trace id. They are the caller's to end.

        Raises:
            StateUnavailable: whether there are kept verdicts is not known.
        """
        ready = await in_thread(self._prepare_all, [e for e in entries if e.trace_id not in self.watches], fetched)
        for suspect in (entry for entry in entries if entry.trace_id in self.watches):
            with watched_steps(self.watches[suspect.trace_id]):
                ready += await in_thread(self._prepare_all, [suspect], fetched)
        prepared = [item for item in ready if isinstance(item, Prepared)]
        ended = [item for item in ready if isinstance(item, Transition)]
        kept = await self.outbox.kept([item.key for item in prepared]) if prepared else {}
        vectors = self.embedding.begin(prepared) if self.embedding else None
        return ended, {
            item.entry.trace_id: asyncio.create_task(self._with_vectors(item, kept, vectors)) for item in prepared
        }

    def result(self, entry: LedgerEntry, task: asyncio.Task[Transition]) -> Transition:
        """What the judging of a trace came to, also where it was cut off."""
        if task.cancelled() and entry.trace_id in self.paid:
            return self.transitions.held(entry, "held_state", wait_s=BACKOFF_FIRST_S)
        if task.cancelled():
            return self.transitions.retry(entry, "batch_deadline")
        error = task.exception()
        return self._failed(entry, error) if error is not None else task.result()

    def _failed(self, entry: LedgerEntry, error: BaseException) -> Transition:
        log.warning("assess.failed", trace_id=entry.trace_id, error=type(error).__name__)
        # A library's error may quote the text that it failed on. Our own errors say nothing private.
        message = str(error)[:300] if isinstance(error, EvaluationError) else ""
        return self.transitions.without_scores(entry, Failed(error=type(error).__name__, message=message))

    def _prepare_all(
        self, entries: Sequence[LedgerEntry], fetched: Mapping[str, Fetched]
    ) -> list[Prepared | Transition]:
        return [self._prepare(entry, fetched.get(entry.trace_id)) for entry in entries]

    def _prepare(self, entry: LedgerEntry, fetched: Fetched | None) -> Prepared | Transition:
        if fetched is None:
            return self.transitions.missing(entry)
        if isinstance(fetched, StoreError):
            return self.transitions.unread(entry, fetched)
        try:
            prepared = self.preparing.prepare(entry, fetched)
        except Exception as exc:  # noqa: BLE001  # a trace that breaks our reading changes nothing for its neighbours
            return self._failed(entry, exc)
        if isinstance(prepared, Prepared):
            return prepared
        return _told(self.transitions.without_scores(entry, prepared.outcome), entry, prepared.facts)

    async def _with_vectors(
        self, trace: Prepared, kept: Mapping[str, KeptVerdict | None], vectors: asyncio.Task[Vectors] | None
    ) -> Transition:
        return await with_vectors(await self._judge(trace, kept), vectors)

    async def _judge(self, trace: Prepared, kept: Mapping[str, KeptVerdict | None]) -> Transition:
        """Take the verdict that is kept for this content, or ask the judge."""
        entry, known = trace.entry, kept.get(trace.key)
        if known is not None:
            return self._judged(trace, known, paid=known)
        async with self.at_risk.judging(entry.promise.use_case):
            if entry.promise.by_batch and self.desk is not None:
                use_case = entry.promise.use_case
                call_context().desk = self.desk.for_sample(
                    Subject(rubric=entry.promise.rubric, trace_id=entry.trace_id),
                    use_case=use_case,
                    purpose=self.evaluator.revision,
                    terms=Terms(use_case, self.evaluator.rubric, self.preparing.redaction(use_case)),
                )
            return await self._ask(trace, kept)

    async def _ask(self, trace: Prepared, kept: Mapping[str, KeptVerdict | None]) -> Transition:
        """Ask the judge, and keep what it says."""
        entry, watch = trace.entry, self.watches.get(trace.entry.trace_id)
        with watched_steps(watch) if watch else nullcontext(), self.told.judging(entry, trace.root_id) as tell:
            outcome = await self.evaluator.evaluate(trace.shown.sample)
            tell(outcome)
        outcome = self.rejections.heard(self.evaluator.revision, entry.trace_id, outcome)
        if not isinstance(outcome, Scored):
            self._count_spent(entry, outcome)
            change = _told(self.transitions.without_scores(entry, outcome), entry, trace.facts, _spent_on(outcome))
            return change.model_copy(update={"unanswered": Unanswered.after(outcome, self.evaluator.revision)})
        verdict = KeptVerdict(trace_id=entry.trace_id, outcome=outcome)
        self.paid.add(entry.trace_id)
        # Two traces with equal content may be judged at once: both take the verdict that was kept first.
        first = await self.outbox.keep(trace.key, verdict, replace=trace.key in kept)
        return self._judged(trace, first, paid=verdict)

    def _judged(self, trace: Prepared, kept: KeptVerdict, *, paid: KeptVerdict) -> Transition:
        entry, rubric, verdict = trace.entry, self.evaluator.rubric, kept.outcome.verdict
        return self.transitions.judged(
            entry,
            trace.key,
            kept,
            rubric,
            cost_usd=paid.cost_for(entry.trace_id),
            seen=Particulars(
                facts=trace.facts,
                note=note_of(verdict, rubric, trace.shown) if verdict else None,
                spent=(entry.particulars.spent or Spent()) + paid.spent_for(entry.trace_id),
                root_id=trace.root_id[:LONGEST_ID] or None,
            ),
            session_id=trace.session_id,
        )

    def _count_spent(self, entry: LedgerEntry, outcome: Skipped | Failed) -> None:
        """Count what was paid for no score. The ledger keeps only what scores have cost."""
        calls, cost_usd = _spent_on(outcome).calls, outcome.cost_usd
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
        self.outbox.owe(partial(self.spend.add, self.transitions.clock.now().date(), spend))


def _spent_on(outcome: Skipped | Failed) -> Spent:
    """What was paid for no score. The answers of a batch are kept, and count when they come to something."""
    if isinstance(outcome, Failed) and outcome.held == "batch":
        return Spent()
    return Spent.of(outcome.usage, outcome.cost_usd)


def _told(change: Transition, entry: LedgerEntry, facts: TraceFacts, spent: Spent | None = None) -> Transition:
    """A transition without scores, with what the record is told of the trace."""
    before = entry.particulars.spent or Spent()
    return change.model_copy(update={"particulars": Particulars(facts=facts, spent=before + (spent or Spent()))})
