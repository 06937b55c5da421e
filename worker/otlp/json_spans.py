"""Spans as OTLP/JSON writes them: ids in hex, 64-bit numbers as text, enums as numbers, each value under its type.

Writers differ from the letter of it. Ids in base64, numbers as numbers, names of enums and names of fields with
underscores are read, too.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import JsonValue

from assay.worker.otlp.span_parts import (
    KINDS,
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
    text_in,
    trace_id_in,
    with_trace_state,
)
from assay.worker.records.spans import Attributes, Span, SpanEvent

Plain = Mapping[str, Any]
_NO_GROUP = "a group of spans is no object"
_BASE64_LENGTHS = {24: 16, 12: 8}
"""Characters of an id in base64, with its bytes: `W47/95gDgQPSabYzgT/GDA==`."""


def spans_of_groups(groups: Sequence[Any]) -> Iterator[Span | str]:
    """Each span of `resourceSpans`, or the reason why it cannot be taken."""
    for group in groups:
        if not isinstance(group, Mapping):
            yield _NO_GROUP
            continue
        resource = _attributes_or_reason(group.get("resource"))
        for scoped in scopes_in(group):
            if not isinstance(scoped, Mapping):
                yield _NO_GROUP
                continue
            scope = _scope_in(scoped)
            for plain in _list(scoped, "spans"):
                yield resource if isinstance(resource, str) else _span_or_reason(plain, resource, scope)


def scopes_in(group: Plain) -> Sequence[Any]:
    """What lies under a resource, by whichever name: who counts it before it is read counts what is read."""
    return _list(group, "scopeSpans", "scope_spans", "instrumentationLibrarySpans")


def _scope_in(scoped: Plain) -> str:
    scope = scoped.get("scope", scoped.get("instrumentationLibrary"))
    name = scope.get("name") if isinstance(scope, Mapping) else None
    return scope_in(text_in(name)) if isinstance(name, str) else ""


def _attributes_or_reason(resource: Any) -> Attributes | str:
    try:
        return attributes_in(resource.get("attributes")) if isinstance(resource, Mapping) else {}
    except Refused as refused:
        return str(refused)


def _span_or_reason(plain: Any, resource: Attributes, scope: str) -> Span | str:
    try:
        return _span(plain, resource, scope)
    except Refused as refused:
        return str(refused)


def _span(plain: Any, resource: Attributes, scope: str) -> Span:
    if not isinstance(plain, Mapping):
        raise Refused("a span is no object")
    start = start_in(_whole(_field(plain, "startTimeUnixNano", "start_time_unix_nano")))
    status = plain.get("status")
    state = status if isinstance(status, Mapping) else {}
    events = _list(plain, "events")
    check_number(events, "events")
    return Span.model_construct(
        trace_id=trace_id_in(_id(_field(plain, "traceId", "trace_id"))),
        span_id=span_id_in(_id(_field(plain, "spanId", "span_id"))),
        parent_id=parent_id_in(_id(_field(plain, "parentSpanId", "parent_span_id"))),
        name=_text(plain, "name"),
        kind=_enum(plain.get("kind"), KINDS, "SPAN_KIND_"),
        start=start,
        end=end_in(_whole(_field(plain, "endTimeUnixNano", "end_time_unix_nano")), start),
        status=_enum(state.get("code"), STATES, "STATUS_CODE_"),
        status_message=_text(state, "message"),
        attributes=with_trace_state(attributes_in(plain.get("attributes")), _trace_state(plain)),
        events=tuple(_event(event) for event in events),
        resource=resource,
        scope=scope,
    )


def _trace_state(plain: Plain) -> str:
    """The trace state. What is no text tells nothing, and is no reason to refuse a span."""
    text = _field(plain, "traceState", "trace_state")
    return text if isinstance(text, str) else ""


def _event(event: Any) -> SpanEvent:
    if not isinstance(event, Mapping):
        raise Refused("an event is no object")
    return SpanEvent.model_construct(
        name=_text(event, "name"),
        at=moment_in(_whole(_field(event, "timeUnixNano", "time_unix_nano"))),
        attributes=attributes_in(event.get("attributes")),
    )


def attributes_in(pairs: Any, depth: int = 0) -> Attributes:
    """A list of `KeyValue` as a mapping; of two with one key the last counts.

    Raises:
        Refused: it is none, or nested too deeply.
    """
    if pairs is None:
        return {}
    if not isinstance(pairs, Sequence) or isinstance(pairs, str):
        raise Refused("attributes are no list")
    check_number(pairs, "attributes")
    attributes: Attributes = {}
    for pair in pairs:
        if not isinstance(pair, Mapping):
            raise Refused("an attribute is no object")
        attributes[_text(pair, "key")] = value_in(pair.get("value"), depth)
    return attributes


def value_in(value: Any, depth: int = 0) -> JsonValue:
    """What an `AnyValue` holds: the first type that is there.

    Raises:
        Refused: it is none, or nested too deeply.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise Refused("a value does not name its type")
    for name, inner in value.items():
        read = _READERS.get(name)
        if read is not None:
            return read(inner, depth)
    return None


def _string(inner: Any, depth: int) -> JsonValue:
    return text_in(inner) if isinstance(inner, str) else _other(inner)


def _bool(inner: Any, depth: int) -> JsonValue:
    return inner if isinstance(inner, bool) else inner == "true"


def _int(inner: Any, depth: int) -> JsonValue:
    return None if inner is None else _whole(inner)


def _double(inner: Any, depth: int) -> JsonValue:
    if inner is None:
        return None
    try:
        return number_in(float(inner))
    except (TypeError, ValueError, OverflowError):
        raise Refused("a doubleValue is no number") from None


def _array(inner: Any, depth: int) -> JsonValue:
    check_depth(depth)
    values = _list(inner, "values") if isinstance(inner, Mapping) else ()
    check_number(values, "elements in a list")
    return [value_in(value, depth + 1) for value in values]


def _mapping(inner: Any, depth: int) -> JsonValue:
    check_depth(depth)
    return attributes_in(inner.get("values") if isinstance(inner, Mapping) else None, depth + 1)


_READERS = {
    "stringValue": _string,
    "intValue": _int,
    "boolValue": _bool,
    "doubleValue": _double,
    "arrayValue": _array,
    "kvlistValue": _mapping,
    "bytesValue": _string,
    "string_value": _string,
    "int_value": _int,
    "bool_value": _bool,
    "double_value": _double,
    "array_value": _array,
    "kvlist_value": _mapping,
    "bytes_value": _string,
}


def _other(inner: Any) -> JsonValue:
    if inner is None or isinstance(inner, bool | int):
        return inner
    raise Refused("a stringValue is no text")


def _field(plain: Plain, name: str, with_underscores: str) -> Any:
    value = plain.get(name)
    return plain.get(with_underscores) if value is None else value


def _list(plain: Plain, *names: str) -> Sequence[Any]:
    value = next((plain[name] for name in names if plain.get(name) is not None), ())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return value
    return (None,)  # one thing that is not what it should be: told as such


def _text(plain: Plain, name: str) -> str:
    value = plain.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused(f"{name} is no text")
    return text_in(value)


def _whole(value: Any) -> int:
    """A whole number, also in text; 0 where there is none."""
    if value is None or value == "":
        return 0
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        raise Refused("a time or a count is no whole number") from None
    if not -(2**63) <= number < 2**64:
        raise Refused("a number has more than 64 bits")
    return number


def _id(value: Any) -> str:
    """An id in hex and small letters. Bytes in base64 are told by their length."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Refused("an id is no text")
    if len(value) in _BASE64_LENGTHS:
        try:
            raw = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return value.lower()
        return raw.hex() if len(raw) == _BASE64_LENGTHS[len(value)] else value.lower()
    return value.lower()


def _enum(value: Any, names: tuple[str, ...], prefix: str) -> str:
    """A name by its number, or by its own name in the protocol: `3`, `SPAN_KIND_CLIENT`."""
    if isinstance(value, str):
        if value.isdecimal() and len(value) < 4:
            return name_at(names, int(value))
        name = value.removeprefix(prefix)
        return name if name in names else ""
    return name_at(names, value)
