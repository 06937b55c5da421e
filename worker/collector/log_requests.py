"""Log records that hold what a model was asked and what it answered. They belong to the span that they name.

A record has what a span has: ids, a moment, attributes. So it is read as a span, by the same reader.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from assay.worker.collector.answers import PROTOBUF, Form
from assay.worker.collector.refusals import not_understood, too_large
from assay.worker.collector.trace_requests import json_groups
from assay.worker.otlp.json_spans import spans_of_groups
from assay.worker.otlp.protobuf_spans import spans_of_body
from assay.worker.otlp.wire_format import pieces
from assay.worker.ports.capabilities import LoggedEvent, SpanKey
from assay.worker.records.spans import Span, SpanEvent

MOST_RECORDS = 20_000
"""Log records of one request."""

MOST_RECORD_BYTES = 8_000_000
"""Of one log record."""

NOT_KEPT = "only GenAI events with the ids of a trace and a span are kept"
"""Why most log records are not taken."""

_RESOURCE_LOGS, _SCOPE_LOGS, _LOG_RECORDS = 1, 2, 2
"""Numbers of the fields that lead to a record."""

_CONTENT = "gen_ai."
_RESULTS = "gen_ai.evaluation."
"""Events that hold content begin so: `gen_ai.user.message`, `gen_ai.client.inference.operation.details`. Results of
evaluations do, too, but say nothing of the application."""

_NAME = "event.name"
"""The attribute that holds an event's name, where the sender is older than the field for it."""

_BODY = "assay.log.body"
"""The attribute that holds a record's body while the record is read as a span."""


class LogRequest(NamedTuple):
    """What a request held: events to keep, and how many other records there were."""

    events: Sequence[LoggedEvent]
    rejected: int


def log_request(form: Form, body: bytes) -> LogRequest:
    """Read a request.

    Raises:
        Refusal: it is none, or holds too many records.
    """
    try:
        read, count = _from_protobuf(body) if form == PROTOBUF else _from_json(body)
        events = [_event(item) for item in read if isinstance(item, Span)]
    except ValueError as exc:
        raise not_understood(f"no OTLP request: {exc}") from None
    return LogRequest(events, count - len(events))


def _is_content(name: str) -> bool:
    return name.startswith(_CONTENT) and not name.startswith(_RESULTS)


def _check_count(count: int) -> None:
    if count > MOST_RECORDS:
        raise too_large(f"more than {MOST_RECORDS:,} log records; send fewer at once")


def _from_protobuf(body: bytes) -> tuple[Iterator[Span | str], int]:
    """Records with content, as spans, and how many records there were in all.

    Each is parsed alone: most are thrown away, and a text that cannot be read takes no other record with it.
    """
    as_spans, count = ExportTraceServiceRequest(), 0
    spans = as_spans.resource_spans.add().scope_spans.add().spans
    for raw in _records(body):
        count += 1
        _check_count(count)
        record = _record(raw)
        if record is not None and record.trace_id and record.span_id:
            span = spans.add(trace_id=record.trace_id, span_id=record.span_id, name=_name(record))
            span.start_time_unix_nano = record.time_unix_nano or record.observed_time_unix_nano
            span.attributes.extend(record.attributes)
            span.attributes.add(key=_BODY).value.CopyFrom(record.body)
    return spans_of_body(as_spans.SerializeToString()), count


def _records(body: bytes) -> Iterator[bytes]:
    groups = 0
    for group in pieces(memoryview(body), _RESOURCE_LOGS):
        groups += 1
        for scoped in pieces(group, _SCOPE_LOGS):
            groups += 1
            _check_count(groups)
            yield from (bytes(record) for record in pieces(scoped, _LOG_RECORDS))
        _check_count(groups)


def _record(raw: bytes) -> LogRecord | None:
    """A record with content; None for any other, and for one that cannot be read."""
    try:
        record = LogRecord.FromString(raw) if len(raw) <= MOST_RECORD_BYTES else None
    except DecodeError:
        return None
    return record if record is not None and _is_content(_name(record)) else None


def _name(record: LogRecord) -> str:
    return record.event_name or _named(record)


def _named(record: LogRecord) -> str:
    return next((pair.value.string_value for pair in record.attributes if pair.key == _NAME), "")


def _from_json(body: bytes) -> tuple[Iterator[Span | str], int]:
    """The same of JSON."""
    spans: list[Any] = []
    count = containers = 0
    groups = json_groups(body, "resourceLogs", "resource_logs")
    _check_count(len(groups))
    for group in groups:
        scopes = _list(group, "scopeLogs", "scope_logs")
        containers += 1 + len(scopes)
        _check_count(containers)
        for scoped in scopes:
            records = _list(scoped, "logRecords", "log_records")
            count += len(records)
            _check_count(count)
            spans += [span for record in records if (span := _plain_span(record)) is not None]
    return spans_of_groups([{"scopeSpans": [{"spans": spans}]}]), count


def _plain_span(record: Any) -> Mapping[str, Any] | None:
    if not isinstance(record, Mapping):
        return None
    pairs = [pair for pair in _list(record, "attributes") if isinstance(pair, Mapping)]
    named = next((_text(pair.get("value")) for pair in pairs if pair.get("key") == _NAME), "")
    name = record.get("eventName", record.get("event_name")) or named
    if not isinstance(name, str) or not _is_content(name):
        return None
    moment = record.get("timeUnixNano", record.get("time_unix_nano"))
    return {
        "traceId": record.get("traceId", record.get("trace_id")),
        "spanId": record.get("spanId", record.get("span_id")),
        "name": name,
        "startTimeUnixNano": moment or record.get("observedTimeUnixNano", record.get("observed_time_unix_nano")),
        "attributes": [*pairs, {"key": _BODY, "value": record.get("body")}],
    }


def _event(span: Span) -> LoggedEvent:
    attributes = {name: value for name, value in span.attributes.items() if name not in (_BODY, _NAME)}
    content = span.attributes.get(_BODY)
    if isinstance(content, Mapping):
        attributes |= content
    elif content is not None:
        attributes["body"] = content
    event = SpanEvent.model_construct(name=span.name, at=span.start, attributes=attributes)
    return LoggedEvent(SpanKey(span.trace_id, span.span_id), event)


def _list(plain: Any, *names: str) -> list[Any]:
    values = (plain.get(name) for name in names) if isinstance(plain, Mapping) else ()
    value = next((each for each in values if each is not None), None)
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    text = value.get("stringValue", value.get("string_value")) if isinstance(value, Mapping) else None
    return text if isinstance(text, str) else ""
