"""Values written as text: JSON, JSON in JSON, lines of JSON, event streams, Python's `repr`.

A text that is anything else is itself. What is read is bounded: a text of many megabytes stays a text.
"""

from __future__ import annotations

import json
import re

from pydantic import JsonValue

from assay.worker.extraction.python_repr import read_repr

LONGEST = 4_000_000
"""Characters above which a text is not looked into."""
_MODERATE = 200_000
"""Characters up to which a text is read only to see its form."""
_MOST_LINES = 50_000
_NESTED = 4
"""How often JSON may be wrapped in a JSON string."""
_FENCE = re.compile(
    r"\s*```[ \t]*(?:json[c5l]?|python|py)?[ \t]*\r?\n(?P<inside>[\[{].*[\]}])\s*```\s*", re.DOTALL | re.IGNORECASE
)
"""A text that is one fenced block of data: three backticks, `json`, an object, three backticks."""
_STREAM_LINE = re.compile(r"(?P<kind>[0-9a-z]):(?P<data>[\[{\"].*)")
"""A line of an AI SDK data stream: `0:"A tent"`, `d:{"finishReason":"stop"}`."""
_HALF = re.compile(r"\s*[\[{(]{1,4}\s*(?:\"[^\"\n]{1,80}\"|'[^'\n]{1,80}')\s*:")
"""How data begins, whether or not it ends: `{"answer":`."""
_CUT_REPR = re.compile(r"\s*\[?[A-Z]\w*\(\w+=")
"""How an object begins that `repr` wrote: `StopEvent(result=`."""
_OBJECT = re.compile(
    r"\s*<[A-Z]\w*\(.{1,600}\)>\s*|\s*Document\(id=[^\s,]+, content: (?s:.)*\)\s*|"
    r"\s*(?:<(?:[\w.$]+ )?[\w.$<>]+(?: [\w.$<>]+)* at 0x[0-9a-fA-F]+>|<class '[\w.]+'>"
    r"|@@@\w+:type=[^@\s]{1,200}@@@|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    r"|\[object \w+\]|<[\w.]*(?:Stream|generator)[\w. ]*>|<(?:Client)?Response ?\[[\w. ]{1,40}\]>)\s*"
)
"""An object that was recorded by its address, or by a form for people that leaves its text out or cuts it:
`<app.Bot object at 0x7f3a>`, `[object Object]`, `<NodeWithScore(node=TextNode(id_=1))>`, `<Response [500]>`, and what
only refers to one: an id, a picture that lies elsewhere.
"""


_STREAM = re.compile(r"generator|stream", re.IGNORECASE)


def decoded(value: JsonValue) -> JsonValue:
    """The value that a text holds; any other value, and any other text, as it is."""
    for _ in range(_NESTED):
        if not isinstance(value, str) or len(value) > LONGEST:
            return value
        inner = _decoded_once(value)
        if inner is None:
            return value
        value = inner
    return value


def plain_json(value: JsonValue) -> JsonValue:
    """What a text holds that is JSON of moderate length and nothing else; any other value as it is."""
    if not isinstance(value, str) or value[:1] not in ("{", "[") or len(value) > _MODERATE:
        return value
    inner = _json(value)
    return value if inner is None else inner


def opened(value: JsonValue, depth: int = 12) -> JsonValue:
    """A value with all that JSON texts in it hold, at any depth."""
    if isinstance(value, str):
        value = decoded(value) if value[:1] in ("{", "[", '"') else value
    if depth > 0 and isinstance(value, dict):
        return {key: opened(inner, depth - 1) for key, inner in value.items()}
    if depth > 0 and isinstance(value, list):
        return [opened(inner, depth - 1) for inner in value]
    return value


def _decoded_once(text: str) -> JsonValue:
    """None where a text is only itself."""
    stripped = text.strip().removeprefix("\ufeff")
    if len(stripped) < 2:
        return None
    ends = stripped[0] + stripped[-1]
    if ends in {"{}", "[]", '""'}:
        whole = _json(stripped)
        if whole is not None:
            return whole
    if ends == "{}" or stripped.startswith(("data:", "event:", "id:")):
        lines = _lines(stripped)
        if lines is not None:
            return lines
    if _STREAM_LINE.match(stripped):
        return _data_stream(stripped)
    if stripped.startswith("```"):
        match = _FENCE.fullmatch(stripped)
        return _decoded_once(match["inside"]) if match else None
    return read_repr(stripped) if ends != '""' else None


def _json(text: str) -> JsonValue:
    try:
        parsed: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed


def _data_stream(text: str) -> JsonValue:
    """The text parts of an AI SDK data stream: `0:"A tent"`, then `0:" is light"`; None for anything else."""
    pieces: list[JsonValue] = []
    for line in text.splitlines()[:_MOST_LINES]:
        match = _STREAM_LINE.fullmatch(line)
        if match is None:
            return None
        if match["kind"] == "0":
            pieces.append(_json(match["data"]))
    return pieces or None


def _lines(text: str) -> JsonValue:
    """JSON lines, or the data of an event stream; None where a line is neither."""
    values: list[JsonValue] = []
    lines = text.splitlines()
    if len(lines) > _MOST_LINES:
        return None
    for line in lines:
        data = line.removeprefix("data:").strip()
        if not data or data == "[DONE]" or line.startswith(("event:", "id:", "retry:", ":")):
            continue
        value = _json(data)
        if not isinstance(value, dict):
            return None
        values.append(value)
    return values or None


def is_half_value(text: str) -> bool:
    """Whether a text begins as data that does not end: a recorder cut it."""
    return _HALF.match(text) is not None or _CUT_REPR.match(text) is not None


def is_stream_name(text: str) -> bool:
    """Whether a text only names a stream whose pieces were read later: `<async_generator object chat at 0x7f>`."""
    return is_object_name(text) and _STREAM.search(text) is not None


def is_object_name(text: str) -> bool:
    """Whether a text only names an object of a program: `<generator object stream at 0x7f3a>`."""
    return len(text) < 1_000 and _OBJECT.fullmatch(text) is not None
