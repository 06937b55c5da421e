"""What one span holds, in attributes and in events: the input and output of its step, and all the rest as metadata."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from pydantic import JsonValue

from assay.worker.extraction.attributes import recorded
from assay.worker.extraction.names.attributes import INPUT_ATTRIBUTES, OUTPUT_ATTRIBUTES
from assay.worker.extraction.names.columns import METADATA_BEHIND, METADATA_IN, MIME
from assay.worker.otlp.events import told_by_events
from assay.worker.otlp.json_texts import carried, json_in, json_object, written_as_json
from assay.worker.records.spans import Attributes, Span

_INPUT, _OUTPUT = "input.value", "output.value"
_TEXTS = {*INPUT_ATTRIBUTES, *OUTPUT_ATTRIBUTES}
_NUMBERED = re.compile(r"(.+?)\.\d{1,4}\..+")
"""A flattened list: `llm.input_messages.0.message.content`, which is one of `llm.input_messages`."""


class Content(NamedTuple):
    """What a step was given, what it gave back, and its other attributes."""

    input: JsonValue
    output: JsonValue
    rest: Attributes


def content_of(span: Span) -> Content:
    """The content of a span. What became input or output is not among the rest."""
    attributes = span.attributes | told_by_events(span) if span.events else span.attributes
    given, given_in = _text(attributes, is_output=False)
    answered, answered_in = _text(attributes, is_output=True)
    taken = {given_in, answered_in, *(MIME[name] for name in (given_in, answered_in) if name in MIME)}
    rest = {name: value for name, value in attributes.items() if name not in taken and _whole(name) not in taken}
    return Content(given, answered, rest)


def own_metadata(rest: Attributes, taken: Collection[str]) -> Attributes:
    """Attributes as metadata, those left out that became columns; keys of the application's own by their own names."""
    metadata: Attributes = {}
    for name, value in rest.items():
        if name in taken:
            continue
        prefix = next((prefix for prefix in METADATA_BEHIND if name.startswith(prefix)), None)
        if prefix is None:
            metadata.setdefault(name, value)
        else:
            metadata[name.removeprefix(prefix)] = written_as_json(value)
    for name in METADATA_IN:
        inside = json_object(metadata.get(name))
        if inside is not None:
            del metadata[name]
            metadata |= inside
    return metadata


def _text(attributes: Attributes, *, is_output: bool) -> tuple[JsonValue, str]:
    """An input or output, and the attribute that holds it."""
    value, name = recorded(attributes, is_output=is_output)
    if not name:
        name = _OUTPUT if is_output else _INPUT
        return ("", name) if attributes.get(name) == "" else (None, "")
    raw, form = attributes.get(name), attributes.get(MIME.get(name, ""))
    if form == "text/plain" and isinstance(raw, str):
        return raw, name
    if form == "application/json" and isinstance(raw, str) and value == raw:
        return json_in(raw), name
    return carried(value, raw), name


def _whole(name: str) -> str:
    match = _NUMBERED.fullmatch(name)
    return match[1] if match and match[1] in _TEXTS else name
