"""Spans as the protocol's own messages carry them.

Most requests are parsed as a whole. One bad text makes that fail, because the parser checks every byte: then each
span is parsed alone, so that the others are kept.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2
from pydantic import JsonValue

from assay.worker.otlp.span_parts import (
    KINDS,
    MOST_RESOURCE_BYTES,
    MOST_SPAN_BYTES,
    STATES,
    Refused,
    check_depth,
    check_number,
    end_in,
    moment_in,
    name_at,
    number_in,
    parent_id_in,
    scope_in,
    span_id_in,
    start_in,
    trace_id_in,
    with_trace_state,
)
from assay.worker.otlp.wire_format import BadWire, pieces
from assay.worker.records.spans import Attributes, Span, SpanEvent

_RESOURCE_SPANS, _RESOURCE, _SCOPE_SPANS, _SCOPE, _SPANS = 1, 1, 2, 1, 2
"""Numbers of the fields that lead to a span."""
_LARGE = 1_000_000
"""Bytes of a request from which on it is parsed span by span: the parser makes fifty bytes of each empty span."""


def spans_of_request(request: ExportTraceServiceRequest) -> Iterator[Span | str]:
    """Each span of a request, or the reason why it cannot be taken."""
    for group in request.resource_spans:
        resource = _attributes_or_reason(group.resource.attributes)
        for scoped in group.scope_spans:
            scope = scope_in(scoped.scope.name)
            for message in scoped.spans:
                yield _span_or_reason(message, resource, scope)


def spans_of_body(body: bytes) -> Iterator[Span | str]:
    """The same of a body.

    Raises:
        ValueError: the body is no request.
    """
    if len(body) > _LARGE:
        yield from _one_by_one(body)
        return
    try:
        request = ExportTraceServiceRequest.FromString(body)
    except DecodeError:
        yield from _one_by_one(body)
        return
    yield from spans_of_request(request)


def _one_by_one(body: bytes) -> Iterator[Span | str]:
    """The same of a request that the parser refuses as a whole, or would need too much memory for."""
    try:
        for group in pieces(memoryview(body), _RESOURCE_SPANS):
            resource = _resource_alone(group)
            for scoped in pieces(group, _SCOPE_SPANS):
                scope = _scope_alone(scoped)
                for raw in pieces(scoped, _SPANS):
                    yield _span_alone(raw, resource, scope)
    except BadWire as bad:
        raise ValueError(f"the body is no export request: {bad}") from None


def _resource_alone(group: memoryview) -> Attributes | str:
    raw = b"".join(pieces(group, _RESOURCE))
    if len(raw) > MOST_RESOURCE_BYTES:
        return f"the resource has more than {MOST_RESOURCE_BYTES:,} bytes"
    try:
        resource = Resource.FromString(raw)
    except DecodeError:
        return "the resource cannot be read: a text that is no UTF-8, or values nested too deeply"
    return _attributes_or_reason(resource.attributes)


def _scope_alone(scoped: memoryview) -> str:
    raw = b"".join(pieces(scoped, _SCOPE))
    try:
        name: str = InstrumentationScope.FromString(raw).name if len(raw) <= MOST_RESOURCE_BYTES else ""
    except DecodeError:
        return ""
    return scope_in(name)


def _span_alone(raw: memoryview, resource: Attributes | str, scope: str) -> Span | str:
    if len(raw) > MOST_SPAN_BYTES:
        return f"the span has more than {MOST_SPAN_BYTES:,} bytes"
    try:
        message = trace_pb2.Span.FromString(bytes(raw))
    except DecodeError:
        return "the span cannot be read: a text that is no UTF-8, or values nested too deeply"
    return _span_or_reason(message, resource, scope)


def _attributes_or_reason(pairs: Collection[KeyValue]) -> Attributes | str:
    try:
        return attributes_in(pairs)
    except Refused as refused:
        return str(refused)


def _span_or_reason(message: trace_pb2.Span, resource: Attributes | str, scope: str) -> Span | str:
    if isinstance(resource, str):
        return resource
    try:
        return _span(message, resource, scope)
    except Refused as refused:
        return str(refused)


def _span(message: trace_pb2.Span, resource: Attributes, scope: str) -> Span:
    start = start_in(message.start_time_unix_nano)
    status = message.status
    check_number(message.events, "events")
    return Span.model_construct(
        trace_id=trace_id_in(message.trace_id.hex()),
        span_id=span_id_in(message.span_id.hex()),
        parent_id=parent_id_in(message.parent_span_id.hex()),
        name=message.name,
        kind=name_at(KINDS, message.kind),
        start=start,
        end=end_in(message.end_time_unix_nano, start),
        status=name_at(STATES, status.code),
        status_message=status.message,
        attributes=with_trace_state(attributes_in(message.attributes), message.trace_state),
        events=tuple(_event(event) for event in message.events) if message.events else (),
        resource=resource,
        scope=scope,
    )


def _event(message: trace_pb2.Span.Event) -> SpanEvent:
    return SpanEvent.model_construct(
        name=message.name, at=moment_in(message.time_unix_nano), attributes=attributes_in(message.attributes)
    )


def attributes_in(pairs: Collection[KeyValue], depth: int = 0) -> Attributes:
    """A list of `KeyValue` as a mapping; of two with one key the last counts.

    Raises:
        Refused: there are too many, or a value is nested too deeply.
    """
    check_number(pairs, "attributes")
    return {pair.key: value_in(pair.value, depth) for pair in pairs}


def value_in(value: AnyValue, depth: int = 0) -> JsonValue:
    """What an `AnyValue` holds; bytes in base64, and None where it holds nothing.

    Raises:
        Refused: it is nested too deeply.
    """
    kind = value.WhichOneof("value")
    if kind in _NESTED:
        check_depth(depth)
        nested = getattr(value, kind).values
        check_number(nested, "elements in a list")
        return attributes_in(nested, depth + 1) if kind == "kvlist_value" else [value_in(v, depth + 1) for v in nested]
    if kind == "double_value":
        return number_in(value.double_value)
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode("ascii")
    as_it_is: JsonValue = getattr(value, kind) if kind in _AS_THEY_ARE else None
    return as_it_is


_AS_THEY_ARE = {"string_value", "int_value", "bool_value"}
_NESTED = {"array_value", "kvlist_value"}
