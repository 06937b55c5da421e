"""Spans and requests for tests, as small as they can be; every field can be overridden."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from assay.worker.records.spans import Span, SpanEvent
from tests.otlp_filling import export_request_of

TRACE = "5b8efff798038103d269b633813fc60c"
START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NANOS = 1_795_262_400_000_000_000
"""The same moment in nanoseconds."""


def make_span(number: int = 1, parent: int | None = None, **over: Any) -> Span:
    """A span of a second, begun so many seconds after the others; its parent by number."""
    start = START + timedelta(seconds=number)
    fields = {
        "trace_id": TRACE,
        "span_id": f"{number:016x}",
        "parent_id": None if parent is None else f"{parent:016x}",
        "name": f"span {number}",
        "start": start,
        "end": over.get("start", start) + timedelta(seconds=1),
    }
    return Span.model_validate({**fields, **over})


def make_event(name: str, **attributes: Any) -> SpanEvent:
    """An event; `__` in a name stands for a dot."""
    return SpanEvent(name=name, attributes={key.replace("__", "."): value for key, value in attributes.items()})


def plain_span(**over: Any) -> dict[str, Any]:
    """A span as OTLP/JSON writes it."""
    return {
        "traceId": TRACE,
        "spanId": "eee19b7ec3c1b174",
        "name": "chat",
        "kind": 3,
        "startTimeUnixNano": str(NANOS),
        "endTimeUnixNano": str(NANOS + 10**9),
        **over,
    }


def plain_request(*spans: Any, resource: Any = None, scope: Any = None) -> dict[str, Any]:
    """A request as OTLP/JSON writes it."""
    scoped = {"scope": scope or {}, "spans": list(spans)}
    return {"resourceSpans": [{"resource": resource or {}, "scopeSpans": [scoped]}]}


def request_with(*spans: Span) -> ExportTraceServiceRequest:
    """A request of protobuf messages, for tests that spoil one of them."""
    return export_request_of(spans)
