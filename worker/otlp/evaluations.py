"""Results as OpenTelemetry's messages: spans and events under the judged trace's own id, and back.

A span that comes late would stretch the trace. So it is dated back: it begins and ends with the score's timestamp,
which is the trace's start. Its id is made of the score's id and of what the score says. So a repeat is the same span,
and a rewrite is another one: a backend that keeps one span of each id never keeps the older result instead.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs, SeverityNumber
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from pydantic import JsonValue

from assay.worker.otlp import evaluation_names as names
from assay.worker.otlp.targets import Target, target_of, trace_bytes
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.scores import Score
from assay.worker.records.spans import Span
from assay.worker.store_clients.rows import UNREADABLE

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SAMPLED, _PARENT_IS_REMOTE = 0x001, 0x300
_LARGEST_INTEGER = 2**63

_KEYS = {attribute: key for key, attribute in names.PROVENANCE.items()}


def evaluation_spans(scores: Sequence[Score]) -> ExportTraceServiceRequest:
    """One back-dated span for each score, below the judged step or else below the trace's root, and linked to it.

    Raises:
        StoreRejected: a score whose trace or parent has no id of OpenTelemetry's, or that is no score. A span without
            a parent would be a second root of the trace.
    """
    now = time.time_ns()
    spans = ScopeSpans(scope=_scope(), spans=[_span(score, now) for score in scores])
    return ExportTraceServiceRequest(resource_spans=[ResourceSpans(resource=_resource(), scope_spans=[spans])])


def evaluation_logs(scores: Sequence[Score]) -> ExportLogsServiceRequest:
    """One event `gen_ai.evaluation.result` for each score, with the trace and span ids of what was judged.

    Raises:
        StoreRejected: a score whose trace has no id of OpenTelemetry's, or that is no score.
    """
    now = time.time_ns()
    records = ScopeLogs(scope=_scope(), log_records=[_record(score, now) for score in scores])
    return ExportLogsServiceRequest(resource_logs=[ResourceLogs(resource=_resource(), scope_logs=[records])])


def scores_in(spans: Iterable[Span]) -> list[Score]:
    """The scores that spans of ours carry. Of several spans of one score the last written counts.

    The root below which a span hangs is not told apart from a judged step: `root_id` stays None.
    """
    newest: dict[str, tuple[int, Score]] = {}
    for span in spans:
        try:
            score = _score_of(span)
        except UNREADABLE:  # somebody else's span with names of ours
            continue
        if score is not None:
            written = span.attributes.get(names.WRITTEN_AT)
            at = written if isinstance(written, int) else 0
            if score.id not in newest or at >= newest[score.id][0]:
                newest[score.id] = (at, score)
    return [score for _, score in newest.values()]


def _span(score: Score, now: int) -> SpanMessage:
    target = target_of(score)
    if not target.span_id:
        raise StoreRejected(
            f"{_where(score)}: neither the judged step nor the root span of the trace is known by an id of "
            "OpenTelemetry's, and a span below nothing would be a second root"
        )
    attributes = _attributes(score, target)
    moment = _nanos(score.timestamp)
    return SpanMessage(
        trace_id=target.trace_id,
        span_id=_span_id(score, attributes),
        parent_span_id=target.span_id,
        flags=_SAMPLED | _PARENT_IS_REMOTE,
        name=f"evaluate {score.name}",
        kind=SpanMessage.SPAN_KIND_INTERNAL,
        start_time_unix_nano=moment,
        end_time_unix_nano=moment,
        attributes=[*attributes, KeyValue(key=names.WRITTEN_AT, value=AnyValue(int_value=now))],
        links=[SpanMessage.Link(trace_id=target.trace_id, span_id=target.span_id, flags=_SAMPLED)],
    )


def _record(score: Score, now: int) -> LogRecord:
    target = target_of(score)
    return LogRecord(
        time_unix_nano=_nanos(score.timestamp),
        observed_time_unix_nano=now,
        severity_number=SeverityNumber.SEVERITY_NUMBER_INFO,
        severity_text="INFO",
        event_name=names.EVENT,
        attributes=_attributes(score, target),
        flags=_SAMPLED,
        trace_id=target.trace_id,
        span_id=target.span_id,
    )


def _attributes(score: Score, target: Target) -> list[KeyValue]:
    """What is said of one score.

    Raises:
        StoreRejected: a value that is no finite number, or a text that is none.
    """
    if isinstance(score.value, float) and not math.isfinite(score.value):
        raise StoreRejected(f"{_where(score)}: {score.value} is no finite number")
    told: dict[str, JsonValue] = {
        names.EVALUATION: score.name,
        names.LABEL if isinstance(score.value, str) else names.VALUE: score.value,
        names.EXPLANATION: score.comment or None,
        names.SCORE_ID: score.id,
        names.JUDGED_TRACE: score.trace_id if score.trace_id != target.trace_id.hex() else None,
        names.JUDGED_SPAN: score.observation_id,
        names.ENVIRONMENT: score.environment,
        **dict(_metadata(score.metadata)),
    }
    try:
        return [KeyValue(key=key, value=_any(value)) for key, value in told.items() if value is not None]
    except ValueError as exc:  # a lone surrogate
        raise StoreRejected(f"{_where(score)}: a text in it is no Unicode") from exc


def _metadata(metadata: Mapping[str, JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    for key, value in metadata.items():
        if isinstance(value, list | dict) or (isinstance(value, int) and abs(value) >= _LARGEST_INTEGER):
            yield names.NESTED_METADATA + key, json.dumps(value, ensure_ascii=False)
        else:
            yield names.PROVENANCE.get(key, names.METADATA + key), value


def _any(value: JsonValue) -> AnyValue:
    if isinstance(value, bool):
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    return AnyValue(string_value=str(value))


def _span_id(score: Score, attributes: Sequence[KeyValue]) -> bytes:
    """Eight bytes, never all zeros: the same for the same result of a score."""
    digest = hashlib.sha256(score.id.encode())
    for attribute in attributes:
        digest.update(attribute.SerializeToString(deterministic=True))
    return digest.digest()[:8] if any(digest.digest()[:8]) else b"\x01" * 8


def _score_of(span: Span) -> Score | None:
    """The score that a span carries; None where it is no span of ours, or an attribute of it was lost on the way."""
    told = span.attributes
    score_id, name = told.get(names.SCORE_ID), told.get(names.EVALUATION)
    number, label = told.get(names.VALUE), told.get(names.LABEL)
    if not isinstance(score_id, str) or not isinstance(name, str):
        return None
    if isinstance(number, int | float):
        value: float | str = float(number)
    elif isinstance(label, str):
        value = label
    else:
        return None
    return Score(
        id=score_id,
        trace_id=_text(told.get(names.JUDGED_TRACE)) or span.trace_id,
        observation_id=_text(told.get(names.JUDGED_SPAN)) or None,
        name=name,
        value=value,
        comment=_text(told.get(names.EXPLANATION)),
        environment=_text(told.get(names.ENVIRONMENT)) or "default",
        timestamp=span.start,
        metadata=dict(_metadata_in(told)),
    )


def _metadata_in(told: Mapping[str, JsonValue]) -> Iterator[tuple[str, JsonValue]]:
    for attribute, value in told.items():
        if attribute in _KEYS:
            yield _KEYS[attribute], value
        elif attribute.startswith(names.METADATA):
            yield attribute.removeprefix(names.METADATA), value
        elif attribute.startswith(names.NESTED_METADATA):
            try:
                yield attribute.removeprefix(names.NESTED_METADATA), json.loads(_text(value))
            except (ValueError, RecursionError):  # a backend cut it
                continue


def same_trace(key_trace_id: str, span_trace_id: str) -> bool:
    """Whether two forms of a trace id name one trace."""
    return key_trace_id == span_trace_id or trace_bytes(key_trace_id) == trace_bytes(span_trace_id) is not None


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""


def _nanos(moment: datetime) -> int:
    """Nanoseconds since 1970, exact to the microsecond that a datetime holds."""
    return max(0, (moment - _EPOCH) // timedelta(microseconds=1) * 1000)


def _where(score: Score) -> str:
    return f"score {score.name!a} of trace {score.trace_id[:100]!a}"


def _resource() -> Resource:
    return Resource(attributes=[KeyValue(key="service.name", value=AnyValue(string_value=names.SERVICE))])


def _scope() -> InstrumentationScope:
    return InstrumentationScope(name=names.SERVICE)
