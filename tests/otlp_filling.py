"""Traces as the spans that an application would have sent, so that stores which keep spans can be filled with them.

The names are those of OpenInference, which has one for nearly all that a trace holds. What it has none for goes under
OpenTelemetry's or Logfire's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from itertools import groupby

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1 import trace_pb2
from pydantic import JsonValue

from assay.worker.otlp.span_parts import KINDS, STATES
from assay.worker.records.spans import Attributes, Span, SpanEvent
from assay.worker.records.traces import Observation, Tokens, Trace, TraceRoot

KINDS_OF_STEPS = {"generation": "LLM", "span": ""}
SEVERITIES = {"DEBUG": 5, "WARNING": 13}


def spans_of(trace: Trace) -> list[Span]:
    """The spans of a trace, its root first. A step without a step above it hangs under the root."""
    root = trace.root
    at_root = next((step for step in trace.observations if step.id == root.observation_id), None)
    attributes = {
        **({} if at_root is None else _of_step(at_root)),
        **_texts(trace.input, trace.output),
        **_of_root(root),
    }
    first = Span(
        trace_id=root.trace_id,
        span_id=root.observation_id,
        name=root.name,
        kind="SERVER",
        start=root.start,
        end=root.end,
        status="ERROR" if root.level == "ERROR" else "",
        attributes=attributes,
    )
    return [first, *(_span(step, root) for step in trace.observations if step is not at_root)]


def _span(step: Observation, root: TraceRoot) -> Span:
    return Span(
        trace_id=root.trace_id,
        span_id=step.id,
        parent_id=step.parent_id or root.observation_id,
        name=step.name,
        kind="INTERNAL",
        start=step.start,
        end=step.end,
        status="ERROR" if step.level == "ERROR" else "",
        attributes=_of_step(step),
    )


def _of_root(root: TraceRoot) -> Attributes:
    columns: Attributes = {
        "deployment.environment.name": root.environment,
        "release": root.release,
        "service.version": root.version,
        "user.id": root.user_id,
        "session.id": root.session_id,
        "tag.tags": list(root.tags) or None,
        "logfire.level_num": SEVERITIES.get(root.level),
        "metadata": _json(root.metadata),
    }
    return _said(columns)


def _of_step(step: Observation) -> Attributes:
    usage = step.usage or Tokens()
    first = None if step.first_token is None else (step.first_token - step.start).total_seconds()
    columns: Attributes = {
        "openinference.span.kind": KINDS_OF_STEPS.get(step.type, step.type.upper()) or None,
        "llm.model_name": step.model,
        "llm.token_count.prompt": usage.input,
        "llm.token_count.prompt_details.cache_read": usage.cached,
        "llm.token_count.prompt_details.cache_write": usage.cache_write,
        "llm.token_count.completion": usage.output,
        "llm.token_count.completion_details.reasoning": usage.reasoning,
        "llm.cost.total": step.cost_usd,
        "gen_ai.response.time_to_first_chunk": first,
        "logfire.level_num": SEVERITIES.get(step.level),
        "metadata": _json(step.metadata),
    }
    return _texts(step.input, step.output) | _said(columns)


def _texts(given: JsonValue, answered: JsonValue) -> Attributes:
    attributes: Attributes = {}
    for side, value in (("input", given), ("output", answered)):
        if isinstance(value, str):
            attributes |= {f"{side}.value": value, f"{side}.mime_type": "text/plain"}
        elif value is not None:
            attributes |= {f"{side}.value": json.dumps(value), f"{side}.mime_type": "application/json"}
    return attributes


def _json(metadata: dict[str, JsonValue]) -> str | None:
    return json.dumps(metadata) if metadata else None


def _said(columns: Attributes) -> Attributes:
    return {name: value for name, value in columns.items() if value is not None}


def export_request_of(spans: Iterable[Span]) -> ExportTraceServiceRequest:
    """Spans as an SDK exports them: grouped by the process and the instrumentation that they come from."""
    request = ExportTraceServiceRequest()
    for _, group in groupby(spans, key=lambda span: (json.dumps(span.resource), span.scope)):
        members = list(group)
        around = request.resource_spans.add(resource=Resource(attributes=_pairs(members[0].resource)))
        scoped = around.scope_spans.add()
        scoped.scope.name = members[0].scope
        scoped.spans.extend(_message(span) for span in members)
    return request


def _message(span: Span) -> trace_pb2.Span:
    return trace_pb2.Span(
        trace_id=bytes.fromhex(span.trace_id),
        span_id=bytes.fromhex(span.span_id),
        parent_span_id=bytes.fromhex(span.parent_id or ""),
        name=span.name,
        kind=KINDS.index(span.kind),  # type: ignore[arg-type]  # a number of the enum
        start_time_unix_nano=_nanos(span.start),
        end_time_unix_nano=_nanos(span.end),
        attributes=_pairs(span.attributes),
        events=[_event(event) for event in span.events],
        status=trace_pb2.Status(code=STATES.index(span.status), message=span.status_message),  # type: ignore[arg-type]
    )


def _event(event: SpanEvent) -> trace_pb2.Span.Event:
    return trace_pb2.Span.Event(name=event.name, time_unix_nano=_nanos(event.at), attributes=_pairs(event.attributes))


def _nanos(moment: datetime | None) -> int:
    """Whole microseconds: a float would lose some."""
    if moment is None:
        return 0
    whole = moment.replace(microsecond=0)
    return int(whole.timestamp()) * 10**9 + moment.microsecond * 1000


def _pairs(attributes: Attributes) -> list[KeyValue]:
    return [KeyValue(key=name, value=_value(value)) for name, value in attributes.items()]


def _value(value: JsonValue) -> AnyValue:
    message = AnyValue()
    if isinstance(value, bool):
        message.bool_value = value
    elif isinstance(value, int):
        message.int_value = value
    elif isinstance(value, float):
        message.double_value = value
    elif isinstance(value, str):
        message.string_value = value
    elif isinstance(value, list):
        message.array_value.values.extend(_value(element) for element in value)
        message.array_value.SetInParent()
    elif isinstance(value, dict):
        message.kvlist_value.values.extend(_pairs(value))
        message.kvlist_value.SetInParent()
    return message
