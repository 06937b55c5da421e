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
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import ScopeLogs, SeverityNumber
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from pydantic import JsonValue

from assay.worker.otlp import evaluation_names as names
from assay.worker.otlp.result_events import SAMPLED, Plain, add_attributes, add_event
from assay.worker.otlp.targets import Target, target_of, trace_bytes
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.scores import Score
from assay.worker.records.spans import Span
from assay.worker.store_clients.rows import UNREADABLE

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PARENT_IS_REMOTE = 0x300
_LARGEST_INTEGER = 2**63

_KEYS = {attribute: key for key, attribute in names.PROVENANCE.items()}


def evaluation_spans(scores: Sequence[Score]) -> ExportTraceServiceRequest:
    """One back-dated span for each score, below the judged step or else below the trace's root, and linked to it.

    Raises:
        StoreRejected: a score whose trace or parent has no id of OpenTelemetry's, or that is no score. A span without
            a parent would be a second root of the trace.
    """
    now, request = time.time_ns(), ExportTraceServiceRequest()
    scope = request.resource_spans.add(resource=_resource()).scope_spans.add(scope=_scope())
    for score in scores:
        _fill_span(scope.spans.add(), score, now)
    return request


def evaluation_logs(scores: Sequence[Score]) -> ExportLogsServiceRequest:
    """One event `gen_ai.evaluation.result` for each score, with the trace and span ids of what was judged.

    Raises:
        StoreRejected: a score whose trace has no id of OpenTelemetry's, or that is no score.
    """
    now, request = time.time_ns(), ExportLogsServiceRequest()
    scope = request.resource_logs.add(resource=_resource()).scope_logs.add(scope=_scope())
    for score in scores:
        _add_event(scope, score, now)
    return request


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


def _fill_span(span: SpanMessage, score: Score, now: int) -> None:
    target = target_of(score)
    if not target.span_id:
        raise StoreRejected(
            f"{_where(score)}: neither the judged step nor the root span of the trace is known by an id of "
            "OpenTelemetry's, and a span below nothing would be a second root"
        )
    with _texts_of(score):
        add_attributes(span.attributes, _attributes(score, target))
    span.trace_id, span.parent_span_id = target.trace_id, target.span_id
    span.span_id = _span_id(score, span.attributes)
    span.flags = SAMPLED | _PARENT_IS_REMOTE
    span.name, span.kind = f"evaluate {score.name}", SpanMessage.SPAN_KIND_INTERNAL
    span.start_time_unix_nano = span.end_time_unix_nano = _nanos(score.timestamp)
    span.links.add(trace_id=target.trace_id, span_id=target.span_id, flags=SAMPLED)
    add_attributes(span.attributes, {names.WRITTEN_AT: now})


def _add_event(scope: ScopeLogs, score: Score, now: int) -> None:
    target = target_of(score)
    with _texts_of(score):
        event = add_event(scope, target, _attributes(score, target), at=_nanos(score.timestamp), observed_at=now)
    event.severity_number, event.severity_text = SeverityNumber.SEVERITY_NUMBER_INFO, "INFO"


@contextmanager
def _texts_of(score: Score) -> Iterator[None]:
    """Refuse a score with a text that is none.

    Raises:
        StoreRejected: it has one.
    """
    try:
        yield
    except ValueError as exc:  # a lone surrogate
        raise StoreRejected(f"{_where(score)}: a text in it is no Unicode") from exc


def _attributes(score: Score, target: Target) -> dict[str, Plain]:
    """What is said of one score.

    Raises:
        StoreRejected: a value that is no finite number.
    """
    if isinstance(score.value, float) and not math.isfinite(score.value):
        raise StoreRejected(f"{_where(score)}: {score.value} is no finite number")
    told: dict[str, Plain | None] = {
        names.EVALUATION: score.name,
        names.LABEL if isinstance(score.value, str) else names.VALUE: score.value,
        names.EXPLANATION: score.comment or None,
        names.SCORE_ID: score.id,
        names.JUDGED_TRACE: score.trace_id if score.trace_id != target.trace_id.hex() else None,
        names.JUDGED_SPAN: score.observation_id,
        names.ENVIRONMENT: score.environment,
        **dict(_metadata(score.metadata)),
    }
    return {key: value for key, value in told.items() if value is not None}


def _metadata(metadata: Mapping[str, JsonValue]) -> Iterator[tuple[str, Plain | None]]:
    for key, value in metadata.items():
        if isinstance(value, list | dict) or (isinstance(value, int) and abs(value) >= _LARGEST_INTEGER):
            yield names.NESTED_METADATA + key, json.dumps(value, ensure_ascii=False)
        else:
            yield names.PROVENANCE.get(key, names.METADATA + key), value


def _span_id(score: Score, attributes: Iterable[KeyValue]) -> bytes:
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
