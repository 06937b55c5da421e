"""Whole traces: MLflow's spans and their attributes in the words that all traces are read in.

Spans come as OpenTelemetry's protocol has them, or as the file of a trace has them: each attribute as JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from assay.worker.extraction.attributes import kind_in, recorded
from assay.worker.extraction.step_facts import facts_in
from assay.worker.otlp.decoding import spans_in_resource_spans
from assay.worker.otlp.traces import trace_of
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.spans import Attributes, Span
from assay.worker.records.traces import Trace
from assay.worker.stores.mlflow.infos import LINKED, OWN_KEYS, Info, id_of, linked_in, linked_prompt, root_in

_INPUTS, _OUTPUTS, _TYPE = "mlflow.spanInputs", "mlflow.spanOutputs", "mlflow.spanType"
_KIND = "openinference.span.kind"
_NO_KIND = {"", "UNKNOWN"}
_USAGE, _MODEL, _COST = "mlflow.chat.tokenUsage", "mlflow.llm.model", "mlflow.llm.cost"
_PROVIDER = "mlflow.llm.provider"
_COUNTS = {
    "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens",
    "cache_read_input_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_creation_input_tokens": "gen_ai.usage.cache_write.input_tokens",
    "total_tokens": "gen_ai.usage.total_tokens",
}
"""Keys of MLflow's usage, and the attributes that say the same."""


def trace_in(info: Info, spans: Sequence[Mapping[str, Any]]) -> Trace | None:
    """A trace from what MLflow tells of it and its spans; None where none of them is a root.

    Raises:
        StoreRejected: no start, or no span that can be read.
    """
    decoded = spans_in_resource_spans([{"scopeSpans": [{"spans": spans}]}])
    if spans and not decoded.spans:
        raise StoreRejected(f"trace {id_of(info)!a}: none of its spans can be read: {decoded.why}")
    linked = linked_in(info)
    known = {
        span.span_id: span.model_copy(
            update={"attributes": (linked if span.parent_id is None else {}) | in_common_words(span)}
        )
        for span in decoded.spans
    }
    trace = trace_of(list(known.values()))
    if trace is None:
        return None
    return trace.model_copy(update={"root": root_in(info, known[trace.root.observation_id])})


def in_common_words(span: Span) -> Attributes:
    """A span's attributes, with MLflow's own put into the words of OpenTelemetry GenAI.

    MLflow adds its own beside those that an application sent. Where both say the same, the application's count.
    """
    attributes = span.attributes
    common = {name: value for name, value in attributes.items() if not name.startswith(OWN_KEYS)}
    for name, is_output in ((_INPUTS, False), (_OUTPUTS, True)):
        if name in attributes and not recorded(common, is_output=is_output)[1]:
            common[name] = attributes[name]
    kind = attributes.get(_TYPE)
    if isinstance(kind, str) and kind not in _NO_KIND and not kind_in(common):
        common[_KIND] = kind
    told = facts_in(common)
    if told.tokens is None:
        common |= _usage(attributes.get(_USAGE))
    if told.asked is None and told.served is None and isinstance(attributes.get(_MODEL), str):
        common["gen_ai.request.model"] = attributes[_MODEL]
    if told.provider is None and isinstance(attributes.get(_PROVIDER), str):
        common["gen_ai.provider.name"] = attributes[_PROVIDER]
    if told.prompt_name is None:
        common |= linked_prompt(attributes.get(LINKED))
    if told.cost_usd is None and isinstance(cost := attributes.get(_COST), dict):
        common |= {"llm.cost.total": cost["total_cost"]} if "total_cost" in cost else {}
    return common


def _usage(usage: JsonValue) -> Attributes:
    return {_COUNTS[key]: value for key, value in usage.items() if key in _COUNTS} if isinstance(usage, dict) else {}


def spans_of_file(content: Any) -> list[dict[str, Any]]:
    """The spans of a trace's own file, in the form of the protocol."""
    spans = content.get("spans") if isinstance(content, dict) else None
    return [_of_file(span) for span in spans if isinstance(span, dict)] if isinstance(spans, list) else []


def _of_file(span: Mapping[str, Any]) -> dict[str, Any]:
    attributes = span.get("attributes")
    pairs = attributes.items() if isinstance(attributes, dict) else ()
    return {**span, "events": [], "attributes": [{"key": key, "value": _typed(_parsed(text))} for key, text in pairs]}


def _parsed(text: JsonValue) -> JsonValue:
    if not isinstance(text, str):
        return text
    try:
        parsed: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return parsed


def _typed(value: JsonValue) -> dict[str, Any]:
    """A value under its type's name."""
    if isinstance(value, bool):
        return {"bool_value": value}
    if isinstance(value, int):
        return {"int_value": value}
    if isinstance(value, float):
        return {"double_value": value}
    if isinstance(value, list):
        return {"array_value": {"values": [_typed(element) for element in value]}}
    if isinstance(value, dict):
        pairs = [{"key": key, "value": _typed(inner)} for key, inner in value.items()]
        return {"kvlist_value": {"values": pairs}}
    return {"string_value": value} if isinstance(value, str) else {}
