"""How a span's attributes become an observation's columns."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.servers.langfuse import clock
from tests.servers.langfuse.model_prices import priced
from tests.servers.langfuse.otlp_dialects import is_hidden, name_of, texts_of, type_of
from tests.servers.langfuse.rows import as_text
from tests.servers.langfuse.score_checks import clean_environment

Values = dict[str, Any]

ROOT_MARKS = ("langfuse.internal.as_root", "langfuse.internal.is_app_root")
MODELS = ("langfuse.observation.model.name", "gen_ai.response.model", "gen_ai.request.model", "llm.model_name")
METADATA = re.compile(r"langfuse\.(observation|trace)\.metadata\.(.+)")


def columns_of(resource: Values, scope: Values, span: Values) -> Values:
    """The columns of `rows.make_row` for one OTLP/JSON span.

    Raises:
        KeyError: A field that every span must have is absent.
    """
    around, own = _values(resource.get("attributes")), _values(span.get("attributes"))
    both = {**around, **own}
    parent = span.get("parentSpanId") or None
    given, answered = texts_of(own, _events(span), str(scope.get("name", "")))
    columns: Values = {
        "id": span["spanId"],
        "traceId": span["traceId"],
        "parentObservationId": parent,
        "name": name_of(span["name"], own),
        "type": type_of(own),
        "startTime": _time(span["startTimeUnixNano"]),
        "input": given,
        "output": answered,
        "userId": str(_first(own, ("user.id", "langfuse.user.id")) or ""),
        "sessionId": str(_first(own, ("session.id", "langfuse.session.id")) or ""),
        "version": str(own.get("langfuse.version", "")),
        "release": str(_first(both, ("langfuse.release",)) or ""),
        "environment": clean_environment(_first(both, ("langfuse.environment", "deployment.environment"))) or "default",
        "tags": list(own.get("langfuse.trace.tags", [])),
        "traceName": _first(own, ("langfuse.trace.name",)) or (None if parent else name_of(span["name"], own)),
        "isRootObservation": parent is None or any(own.get(key) is True for key in ROOT_MARKS),
        "metadata": _metadata(around, scope, own),
        **_level(own, span),
        **_generation(own),
    }
    if span.get("endTimeUnixNano") not in (None, "", "0", 0):
        columns["endTime"] = _time(span["endTimeUnixNano"])
    prefix = "langfuse.trace.metadata."
    of_trace = {key.removeprefix(prefix) for key in own if key.startswith(prefix)}
    return columns | {"experiment": _experiment(own), "traceKeys": of_trace}


def _time(nanos: Any) -> str:
    return clock.iso(int(nanos) // 1_000_000)


def _values(attributes: Any) -> Values:
    return {one["key"]: _value(one.get("value", {})) for one in attributes or []}


def _value(value: Values) -> Any:
    if "arrayValue" in value:
        return [_value(one) for one in value["arrayValue"].get("values", [])]
    if "kvlistValue" in value:
        return _values(value["kvlistValue"].get("values"))
    if "intValue" in value:
        return int(value["intValue"])
    return next(iter(value.values()), None)


def _first(values: Values, names: tuple[str, ...]) -> Any:
    return next((values[name] for name in names if values.get(name) is not None), None)


def _events(span: Values) -> list[tuple[str, Values]]:
    return [(str(event.get("name", "")), _values(event.get("attributes"))) for event in span.get("events") or ()]


def _level(own: Values, span: Values) -> Values:
    status = span.get("status") or {}
    failed = status.get("code") in (2, "STATUS_CODE_ERROR")
    level = own.get("langfuse.observation.level") or ("ERROR" if failed else "DEFAULT")
    message = own.get("langfuse.observation.status_message") or status.get("message", "")
    return {"level": level, "statusMessage": message}


def _generation(own: Values) -> Values:
    model = str(_first(own, MODELS) or "")
    usage = _json(own.get("langfuse.observation.usage_details")) or _usage(own)
    given_cost = _json(own.get("langfuse.observation.cost_details")) or {}
    counts = {key: int(value) for key, value in usage.items() if isinstance(value, int | float)}
    found = priced(model, counts, given_cost)
    started = own.get("langfuse.observation.completion_start_time")
    return {
        **found,
        "modelParameters": _json(own.get("langfuse.observation.model.parameters")) or {},
        "completionStartTime": _json(started) if started else None,
        "promptName": str(own.get("langfuse.observation.prompt.name", "")),
        "promptVersion": own.get("langfuse.observation.prompt.version"),
    }


def _usage(own: Values) -> Values:
    found: Values = {}
    for key, names in {
        "input": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt"),
        "output": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion"),
    }.items():
        tokens = _first(own, names)
        if tokens is not None:
            found[key] = int(tokens)
    return found | ({"total": sum(found.values())} if found else {})


def _metadata(around: Values, scope: Values, own: Values) -> Values:
    """Named metadata first, then scope, resource and, where no Langfuse SDK wrote the span, its attributes."""
    found: Values = {}
    for key, value in own.items():
        named = METADATA.fullmatch(key)
        if named:
            found[named.group(2)] = value
    sdk = scope.get("name") == "langfuse-sdk"
    found |= {f"scope.attributes.{key}": value for key, value in _values(scope.get("attributes")).items()}
    found |= {f"scope.{key}": scope[key] for key in ("version", "name") if scope.get(key)}
    found |= {f"resourceAttributes.{key}": value for key, value in around.items()}
    if not sdk:
        kept = {key: value for key, value in own.items() if not is_hidden(key) and not METADATA.fullmatch(key)}
        found |= {f"attributes.{key}": value for key, value in kept.items()}
    return {key: as_text(value) for key, value in found.items()}


def _experiment(own: Values) -> Values:
    prefix = "langfuse.experiment."
    return {key.removeprefix(prefix): value for key, value in own.items() if key.startswith(prefix)}


def _json(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
