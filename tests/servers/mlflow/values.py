"""Values of OTLP as MLflow gives them back: a text that holds JSON comes back as what it holds."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

_CODES = {0: {}, 1: {"code": "STATUS_CODE_OK"}, 2: {"code": "STATUS_CODE_ERROR"}}
_TYPES = {"LLM": "CHAT_MODEL"}
"""OpenInference's kinds that MLflow has another word for."""


def span_row(span: trace_pb2.Span, trace_id: str) -> dict[str, Any]:
    """A span as `batchGet` gives it: ids in base64, and beside the sender's attributes those that MLflow adds."""
    attributes = {key: parsed(value) for key, value in plain_attributes(span.attributes).items()}
    attributes["mlflow.traceRequestId"] = trace_id
    for key, own in (("input.value", "mlflow.spanInputs"), ("output.value", "mlflow.spanOutputs")):
        if key in attributes:
            attributes.setdefault(own, attributes[key])
    if isinstance(kind := attributes.get("openinference.span.kind"), str):
        attributes.setdefault("mlflow.spanType", _TYPES.get(kind, kind))
    row = {
        "trace_id": base64.b64encode(span.trace_id).decode(),
        "span_id": base64.b64encode(span.span_id).decode(),
        "name": span.name,
        "start_time_unix_nano": span.start_time_unix_nano,
        "end_time_unix_nano": span.end_time_unix_nano,
        "attributes": [{"key": key, "value": attribute_of(value)} for key, value in attributes.items()],
        "status": _CODES[span.status.code],
    }
    parent = {"parent_span_id": base64.b64encode(span.parent_span_id).decode()} if span.parent_span_id else {}
    return {**row, **parent}


def plain_attributes(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    return {pair.key: _plain(pair.value) for pair in pairs}


def _plain(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_plain(element) for element in value.array_value.values]
    if kind == "kvlist_value":
        return plain_attributes(value.kvlist_value.values)
    return getattr(value, kind) if kind else None


def parsed(value: Any) -> Any:
    """What MLflow makes of a text that is an object or a list in JSON."""
    if not isinstance(value, str) or value[:1] not in {"{", "["}:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def attribute_of(value: Any) -> dict[str, Any]:
    """A value under its type's name."""
    if isinstance(value, bool):
        return {"bool_value": value}
    if isinstance(value, int):
        return {"int_value": value}
    if isinstance(value, float):
        return {"double_value": value}
    if isinstance(value, list):
        return {"array_value": {"values": [attribute_of(element) for element in value]}}
    if isinstance(value, dict):
        return {
            "kvlist_value": {"values": [{"key": key, "value": attribute_of(inner)} for key, inner in value.items()]}
        }
    return {"string_value": value} if isinstance(value, str) else {}
