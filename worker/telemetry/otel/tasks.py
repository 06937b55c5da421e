"""Spans of the fleet's own work: each message or tick that did something is one, in a trace of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from opentelemetry import context as otel_context
from opentelemetry.trace import Span, Status, StatusCode, Tracer, set_span_in_context

from assay.worker.telemetry.observe import TaskRun
from assay.worker.telemetry.otel.names import ERROR, OUTCOME, TASK, Naming

_KEY = otel_context.create_key("assay-task-span")

MOST_COUNTS = 40
"""Counts of a report that go onto a span."""


class TaskSpans:
    """Makes the spans. What runs within one finds it by `task_span`, on the loop too: contexts go along."""

    def __init__(self, tracer: Tracer, naming: Naming) -> None:
        """Keep the tracer."""
        self._tracer = tracer
        self._naming = naming

    @contextmanager
    def around(self, task: str, about: Mapping[str, str | int]) -> Iterator[None]:
        """What a task runs within. The span ends in `ended`, which is told what it came to."""
        attributes = self._naming.of({TASK: task}) | {f"assay.about.{name}": value for name, value in about.items()}
        span = self._tracer.start_span(f"assay.{task}", context=otel_context.Context(), attributes=attributes)
        here = otel_context.set_value(_KEY, span, set_span_in_context(span, otel_context.Context()))
        token = otel_context.attach(here)
        try:
            yield
        finally:
            otel_context.detach(token)

    def ended(self, run: TaskRun) -> None:
        """Called within `around`. A tick that found nothing to do leaves no span: there is one each second."""
        span = task_span()
        if span is None:
            return
        if run.error is not None:
            kind = type(run.error).__name__
            span.set_attributes(self._naming.of({ERROR: kind, OUTCOME: "failed"}))
            span.set_status(Status(StatusCode.ERROR, kind))
            span.end()
        elif run.report is not None and not run.report.is_empty:
            span.set_attributes(self._naming.of({OUTCOME: "done"}) | _counts(run))
            span.end()


def task_span() -> Span | None:
    """The span of the task that runs here; None where none does."""
    span = otel_context.get_value(_KEY)
    return span if isinstance(span, Span) else None


def _counts(run: TaskRun) -> dict[str, int]:
    fields = run.report.model_dump(mode="json", exclude_defaults=True) if run.report is not None else {}
    counts = {f"assay.result.{name}": value for name, value in fields.items() if isinstance(value, int)}
    return dict(list(counts.items())[:MOST_COUNTS])
