"""JSON that stands in the text of an attribute. What no store could write again stays the text it is."""

from __future__ import annotations

import json

from pydantic import JsonValue

from assay.worker.otlp.span_parts import text_in
from assay.worker.records.spans import Attributes

_DEEPEST = 100
"""Levels of lists and objects in a text. Writers of JSON give up at a few hundred."""
_HALF = r"\ud"
"""How half of a surrogate pair begins in JSON, as any pair does."""


def json_in(text: str) -> JsonValue:
    """What a text holds that is JSON by its own word, also a number or `true`; else the text."""
    try:
        value: JsonValue = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text
    return carried(value, text)


def carried(value: JsonValue, text: JsonValue) -> JsonValue:
    """A value that was read from a text: the text itself where it is too deep, and without halves of pairs."""
    if not isinstance(text, str) or value == text:
        return value
    if _is_deep(value):
        return text
    if _HALF in text.lower():
        whole: JsonValue = json.loads(text_in(json.dumps(value, ensure_ascii=False)))
        return whole
    return value


def written_as_json(value: JsonValue) -> JsonValue:
    """What SDKs write as JSON into an attribute: an object, a list, or a text between quotes."""
    ends = value[:1] + value[-1:] if isinstance(value, str) and len(value) > 1 else ""
    return json_in(value) if isinstance(value, str) and ends in {"{}", "[]", '""'} else value


def json_object(value: JsonValue) -> Attributes | None:
    """An object, also one as JSON; None for anything else."""
    inner = json_in(value) if isinstance(value, str) and value[:1] == "{" else value
    return inner if isinstance(inner, dict) else None


def _refuse(constant: str) -> None:
    """`NaN` is a word here: it equals nothing, not even itself."""
    raise ValueError(constant)


def _is_deep(value: JsonValue) -> bool:
    """Whether lists and objects lie in one another more levels than may be."""
    level: list[JsonValue] = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
