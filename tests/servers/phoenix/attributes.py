"""What Phoenix makes of a span: attributes taken apart at their dots and joined again, JSON text read, kinds lifted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

JSON_TEXTS = ("document.metadata", "llm.prompt_template.variables", "metadata", "tool.parameters")
STATES = ("UNSET", "OK", "ERROR")


def row_of(span: trace_pb2.Span, number: int, project: str) -> dict[str, Any]:
    """A span as `GET /v1/projects/PROJECT/spans` shows it."""
    attributes = dict(_flat(_read(_plain(span.attributes))))
    kind = attributes.pop("openinference.span.kind", "UNKNOWN")
    return {
        "number": number,
        "project": project,
        "id": f"Span:{number}",
        "name": span.name,
        "context": {"trace_id": span.trace_id.hex(), "span_id": span.span_id.hex()},
        "span_kind": kind,
        "parent_id": span.parent_span_id.hex() or None,
        "start_time": _iso(span.start_time_unix_nano),
        "end_time": _iso(span.end_time_unix_nano),
        "status_code": STATES[span.status.code],
        "status_message": span.status.message,
        "attributes": attributes,
        "events": [
            {"name": event.name, "timestamp": _iso(event.time_unix_nano), "attributes": _plain(event.attributes)}
            for event in span.events
        ],
    }


def _plain(pairs: Any) -> dict[str, Any]:
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: AnyValue) -> Any:
    which = value.WhichOneof("value")
    if which == "array_value":
        return [_value(element) for element in value.array_value.values]
    if which == "kvlist_value":
        return {pair.key: _value(pair.value) for pair in _pairs(value)}
    return None if which is None else getattr(value, which)


def _pairs(value: AnyValue) -> list[KeyValue]:
    return list(value.kvlist_value.values)


def _read(attributes: dict[str, Any]) -> dict[str, Any]:
    """JSON text as what it holds; and the output that is made up for a model call which sent none."""
    read = {name: _loaded(value) if name.endswith(JSON_TEXTS) else value for name, value in attributes.items()}
    told = {name: read[f"gen_ai.response.{name}"] for name in ("id", "model") if f"gen_ai.response.{name}" in read}
    if told and "output.value" not in read:
        read |= {"output.value": json.dumps(told, ensure_ascii=False), "output.mime_type": "application/json"}
    return read


def _loaded(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


def _flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, content in value.items():
        name = f"{prefix}{key}"
        if isinstance(content, Mapping):
            yield from _flat(content, f"{name}.")
        elif isinstance(content, list) and any(isinstance(element, Mapping) for element in content):
            for position, element in enumerate(content):
                if isinstance(element, Mapping):
                    yield from _flat(element, f"{name}.{position}.")
                else:
                    yield f"{name}.{position}", element
        elif content is not None:
            yield name, content


def _iso(nanos: int) -> str:
    """Phoenix divides by a float: what is finer than a microsecond is lost."""
    return datetime.fromtimestamp(nanos / 1e9, UTC).isoformat()
