"""A span for each assessment, in a trace of its own that is linked to the judged one, and results where they belong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import structlog
from opentelemetry import context as otel_context
from opentelemetry.trace import Span, Status, StatusCode, Tracer, set_span_in_context

from assay.judges.schema import Failed, Outcome, Scored
from assay.worker.ports.assessment_watch import Told
from assay.worker.records.ledger import LedgerEntry, Promise
from assay.worker.records.scores import Score
from assay.worker.telemetry.otel import names
from assay.worker.telemetry.otel.judged import judged_context, links_to
from assay.worker.telemetry.otel.names import Naming
from assay.worker.telemetry.otel.tasks import task_span

log = structlog.get_logger(__name__)


class EvaluationWay(Protocol):
    """A way for results to go."""

    def send(self, score: Score, promise: Promise, root_id: str | None) -> None:
        """Send one."""
        ...


class OtelWatch:
    """`assay.worker.ports.assessment_watch.AssessmentWatch` by OpenTelemetry."""

    def __init__(self, tracer: Tracer | None, naming: Naming, ways: Sequence[EvaluationWay]) -> None:
        """Keep the parts.

        Args:
            tracer: of assessments' spans; None: none are sent.
            naming: how attributes are written.
            ways: where results go.
        """
        self._tracer = tracer
        self._naming = naming
        self._ways = ways

    @contextmanager
    def judging(self, entry: LedgerEntry, root_id: str) -> Iterator[Told]:
        """The span of an assessment; judge calls made within stand below it."""
        if self._tracer is None:
            yield lambda _outcome: None
            return
        span = self._begun(self._tracer, entry.promise, root_id)
        token = otel_context.attach(set_span_in_context(span))
        try:
            yield lambda outcome: self._tell(span, outcome)
        except BaseException as exc:
            span.set_status(Status(StatusCode.ERROR, type(exc).__name__))
            raise
        finally:
            otel_context.detach(token)
            span.end()

    def posted(self, judged: Sequence[tuple[LedgerEntry, Sequence[Score]]]) -> None:
        """Send the results that the store took. What breaks here is logged: the scores are written all the same."""
        try:
            for entry, scores in judged:
                for score in scores:
                    for way in self._ways:
                        way.send(score, entry.promise, entry.particulars.root_id)
        except Exception:
            log.exception("otel.results_not_sent")

    def _begun(self, tracer: Tracer, promise: Promise, root_id: str) -> Span:
        judged = judged_context(promise.trace_id, promise.observation_id or root_id)
        task = task_span()
        return tracer.start_span(
            f"assess {promise.rubric}",
            context=otel_context.Context(),  # a trace of its own
            links=links_to(judged, *([task.get_span_context()] if task is not None else [])),
            attributes=self._naming.of(
                {
                    names.USE_CASE: promise.use_case,
                    names.RUBRIC: promise.rubric,
                    names.JUDGED_TRACE: promise.trace_id,
                    names.JUDGED_SPAN: promise.observation_id or root_id,
                    names.PI: promise.pi,
                    names.STRATUM: promise.stratum,
                }
            ),
        )

    def _tell(self, span: Span, outcome: Outcome) -> None:
        if isinstance(outcome, Scored):
            verdict = outcome.verdict
            told = {
                names.OUTCOME: "scored",
                names.REASON: outcome.state.value,
                names.REVISION: outcome.revision,
                names.JUDGE: verdict.judge if verdict else None,
                names.TIER: verdict.tier.value if verdict else None,
                names.COST: verdict.cost_usd if verdict else None,
            }
        elif isinstance(outcome, Failed):
            told = {names.OUTCOME: "failed", names.ERROR: outcome.error, names.COST: outcome.cost_usd}
            span.set_status(Status(StatusCode.ERROR, outcome.error))
        else:
            told = {names.OUTCOME: "skipped", names.REASON: outcome.reason, names.COST: outcome.cost_usd}
        span.set_attributes(self._naming.of(told))
