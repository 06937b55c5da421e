"""Results under the judged trace's own id: events, and spans for backends that know nothing but spans.

A span that comes late would stretch the trace, and spoil everybody's latency. So it is dated back: it begins and ends
with the end of the judged trace. Its id is made of the score's, so that a repeat is the same span.
"""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Self

from opentelemetry._logs import LogRecord
from opentelemetry.context import Context
from opentelemetry.sdk._logs import (
    LogRecordDroppedAttributesWarning,
    LogRecordLimits,
    LogRecordProcessor,
    ReadWriteLogRecord,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context
from opentelemetry.util.types import AttributeValue
from pydantic import JsonValue

from assay.worker.records.ledger import Promise
from assay.worker.records.scores import Score
from assay.worker.telemetry.otel import names
from assay.worker.telemetry.otel.judged import judged_context, links_to, trace_number
from assay.worker.telemetry.otel.names import Attributes, Name, Naming

LONGEST_EXPLANATION = 1_000
LONGEST_TEXT, MOST_ATTRIBUTES = 10_000, 16
"""More than any attribute of an event, and than all together."""


class _Event(LogRecord):
    """What an event says. The queue copies what it takes. Nobody else keeps this, so it is its own copy."""

    def __copy__(self) -> Self:
        return self


class _Unlimited(ReadWriteLogRecord):
    """The record of an event. The SDK would check each attribute, half of the time. Ours come from one table."""

    def __post_init__(self) -> None:
        """Leave the attributes as they are."""


class EvaluationEvents:
    """Sends `gen_ai.evaluation.result`, parented to the judged span."""

    def __init__(
        self,
        processor: LogRecordProcessor,
        resource: Resource,
        scope: InstrumentationScope,
        naming: Naming,
        *,
        with_explanations: bool,
    ) -> None:
        """Keep the parts.

        Args:
            processor: takes events.
            resource: who speaks.
            scope: what of it speaks.
            naming: how attributes are written.
            with_explanations: whether the score's comment goes along. It may quote the trace.
        """
        self._processor = processor
        self._resource = resource
        self._scope = scope
        self._naming = naming
        self._with_explanations = with_explanations
        self._limits = LogRecordLimits()
        self._kind = ReadWriteLogRecord if _cuts(self._limits) else _Unlimited

    def send(self, score: Score, promise: Promise, root_id: str | None) -> None:
        """Send one result. Where the store's ids are not OpenTelemetry's it stands by itself, with the trace's id."""
        now = time.time_ns()
        event = _Event(
            timestamp=now,
            observed_timestamp=now,
            context=_surroundings(score.trace_id, score.observation_id or root_id),
            event_name=names.EVALUATION_EVENT,
            attributes=evaluation_attributes(
                score, promise, root_id, self._naming, with_explanation=self._with_explanations
            ),
        )
        self._processor.on_emit(self._kind(event, self._resource, self._scope, self._limits))


@lru_cache(maxsize=64)  # the scores of one trace are sent in a row
def _surroundings(trace_id: str, observation_id: str | None) -> Context:
    """The context of the judged span, by which a record has its ids."""
    return set_span_in_context(NonRecordingSpan(judged_context(trace_id, observation_id)), Context())


def _cuts(limits: LogRecordLimits) -> bool:
    """Whether the standard variables limit attributes so that one of ours may be cut or dropped."""
    told: Attributes = {f"attribute_{number}": "x" * LONGEST_TEXT for number in range(MOST_ATTRIBUTES)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LogRecordDroppedAttributesWarning)
        record = ReadWriteLogRecord(LogRecord(attributes=dict(told)), limits=limits)
    return dict(record.log_record.attributes or {}) != told


class EvaluationSpans:
    """Sends each result as a span of its own in the judged trace."""

    def __init__(
        self, processor: SpanProcessor, resource: Resource, naming: Naming, *, with_explanations: bool
    ) -> None:
        """Keep the parts. `processor` takes spans that have ended."""
        self._processor = processor
        self._resource = resource
        self._naming = naming
        self._with_explanations = with_explanations

    def send(self, score: Score, promise: Promise, root_id: str | None) -> None:
        """Send one result; nothing where the store's ids are not OpenTelemetry's."""
        judged = judged_context(score.trace_id, score.observation_id or root_id)
        if judged.is_valid:
            attributes = evaluation_attributes(
                score, promise, root_id, self._naming, with_explanation=self._with_explanations
            )
            self._processor.on_end(
                back_dated_span(score, judged, promise.end or promise.start, attributes, self._resource)
            )


def back_dated_span(
    score: Score, judged: SpanContext, at: datetime, attributes: Attributes, resource: Resource
) -> ReadableSpan:
    """A span that begins and ends at the end of the judged one, below it and linked to it."""
    moment = int(at.timestamp() * 1e9)
    context = SpanContext(
        judged.trace_id, _span_id(score.id), is_remote=False, trace_flags=TraceFlags(TraceFlags.SAMPLED)
    )
    return ReadableSpan(
        name=f"evaluate {score.name}",
        context=context,
        parent=judged,
        resource=resource,
        attributes=attributes,
        links=links_to(judged),
        start_time=moment,
        end_time=moment,
        instrumentation_scope=InstrumentationScope("assay"),
    )


def evaluation_attributes(
    score: Score, promise: Promise, root_id: str | None, naming: Naming, *, with_explanation: bool
) -> Attributes:
    """What is said of one result, and no more: each attribute of each score takes twelve microseconds.

    Rubric, judge and tier follow from the revision and stand on the span of the assessment.
    """
    told: dict[Name, AttributeValue | None] = {
        names.EVALUATION: score.name,
        names.SCORE: None if isinstance(score.value, str) else score.value,
        names.LABEL: score.value if isinstance(score.value, str) else None,
        names.EXPLANATION: score.comment[:LONGEST_EXPLANATION] or None if with_explanation else None,
        names.SCORE_ID: score.id,
        names.USE_CASE: promise.use_case,
        names.REVISION: _text(score.metadata, "revision"),
        names.PI: promise.pi,
    }
    if not trace_number(score.trace_id):  # the store has ids of its own, which no context can carry
        told |= {names.JUDGED_TRACE: score.trace_id, names.JUDGED_SPAN: score.observation_id or root_id}
    return naming.of(told)


def _text(metadata: Mapping[str, JsonValue], key: str) -> str | None:
    value = metadata.get(key)
    return value if isinstance(value, str) else None


def _span_id(score_id: str) -> int:
    """A number that is never 0, the same for the same score."""
    return int.from_bytes(hashlib.sha256(score_id.encode()).digest()[:8], "big") or 1
