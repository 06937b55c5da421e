"""Evidence in what tools answer: all of it, as it stands.

An object without a telling key is kept as JSON, since a fact beside a text (a price, a status) is evidence, too. Only
a list of documents, a lone text and the messages of a tool are taken out. An error is no evidence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue

from assay.judges.text.blank import is_empty, is_empty_value
from assay.worker.extraction.failures import is_failure
from assay.worker.extraction.fields import EMPTY, keys_of
from assay.worker.extraction.literals import decoded, is_object_name
from assay.worker.extraction.messages import messages_of
from assay.worker.extraction.names import (
    AROUND_KEYS,
    BESIDE_TEXT,
    CONTAINERS,
    PLAIN_KEYS,
    QUESTION_KEYS,
    TEXT_KEYS,
    plain,
)
from assay.worker.extraction.retrieved import MOST_ITEMS, Found, parts_text, retrieved

_HANDOFF = re.compile(
    r"\s*(?:successfully )?(?:transferr(?:ed|ing)|handed off|handing off|handoff|delegat(?:ed|ing))"
    r" (?:(?:back|control|the conversation|over) )*to [\w' -]{1,60}"
    r"(?:, adopting the role of [\w' -]{1,60}[^.]{0,60})?\.?\s*",
    re.IGNORECASE,
)
"""What a tool says that only hands over to another agent: `Successfully transferred to docs`."""


def _is_handoff(value: Mapping[str, JsonValue]) -> bool:
    """Whether an object only names the agent that takes over: `{"assistant": "Support"}`. OpenAI Agents."""
    name = value.get("assistant")
    return len(value) == 1 and isinstance(name, str) and len(name.split()) <= 4 and name[-1:] not in ".!?"


def answered(value: JsonValue, path: str, depth: int) -> Iterator[Found]:
    """Evidence in a tool's answer, with its paths: see `retrieved`."""
    if isinstance(value, str):
        yield from _answered_text(value, path, depth)
    elif isinstance(value, list) and depth > 0:
        yield from _answered_list(value, path, depth)
    elif isinstance(value, dict) and value and depth > 0:
        if not is_failure(value) and not _is_handoff(value):
            yield from _answered_object(value, path, depth)
    elif isinstance(value, bool | int | float):
        yield json.dumps(value), path


def _answered_text(text: str, path: str, depth: int) -> Iterator[Found]:
    """A text as it is, unless it is a list of documents or a message that was written out."""
    if is_empty(text) or is_object_name(text) or is_failure(text) or _HANDOFF.fullmatch(text):
        return
    value = decoded(text) if depth > 0 else text
    if isinstance(value, list | dict) and not is_empty_value(value) and _has_form(value):
        yield from answered(value, path, depth - 1)
    elif isinstance(value, str) or not is_empty_value(value):
        yield text, path


def _has_form(value: JsonValue) -> bool:
    """Whether a value is documents, parts or messages, and not data of its own."""
    if messages_of(value) is not None:
        return True
    if isinstance(value, dict):
        return _telling_key(value, keys_of(value)) is not None
    return isinstance(value, list) and _are_documents(value) and not all(isinstance(item, str) for item in value)


def _answered_list(values: list[JsonValue], path: str, depth: int) -> Iterator[Found]:
    spoken = _spoken(values, path, depth)
    if spoken is not None:
        yield from spoken
    elif len(values) > 1 and all(isinstance(value, bool | int | float) for value in values):
        if len(values) <= 100:  # more are a vector
            yield json.dumps(values), path
    elif not is_failure(values):
        for position, item in enumerate(values[:MOST_ITEMS]):
            yield from answered(item, f"{path}[{position}]", depth - 1)


def _answered_object(value: dict[str, JsonValue], path: str, depth: int) -> Iterator[Found]:
    spoken = _spoken(value, path, depth)
    if spoken is not None:
        yield from spoken
        return
    keys = keys_of(value)
    for name in ("output", "outputs", "result", "message"):  # a recorder's frame around the message of a tool
        inner = decoded(value[keys[name]]) if name in keys else None
        if (isinstance(inner, dict) and messages_of(inner) is not None) or (
            name == "message" and keys.keys() <= {"id", "message"} and isinstance(inner, list)  # Strands
        ):
            yield from answered(inner, f"{path}.{keys[name]}", depth - 1)
            return
    if keys.keys() <= {"type", "value"} and value.get("type") in ("text", "json", "content"):  # Vercel AI
        yield from answered(value.get("value"), f"{path}.value", depth - 1)
        return
    key = _telling_key(value, keys)
    if key is None:
        if not is_empty_value(value):
            yield json.dumps(value, ensure_ascii=False), path
        return
    inner = value[key]
    text = parts_text(inner) if isinstance(inner, list) and plain(key) == "content" else ""
    if not is_empty(text):
        yield from _answered_text(text, f"{path}.{key}", depth - 1)
    elif plain(key) in (*TEXT_KEYS, *PLAIN_KEYS):
        yield from answered(inner, f"{path}.{key}", depth - 1)
    else:
        yield from retrieved(inner, f"{path}.{key}", depth - 1)


def _spoken(value: JsonValue, path: str, depth: int) -> list[Found] | None:
    """What messages say that a tool gave back: those of tools, or the last words of an agent behind the tool."""
    messages = messages_of(value)
    if messages is None:
        return None
    tools = [message for message in messages if message.role == "tool"]
    if tools:
        given = [message.value for message in tools if not message.has_failed]
        return [text for inner in given for text in answered(inner, path, depth - 1)]
    return [(message.text, path) for message in messages[-1:] if message.role == "assistant" and message.text.strip()]


def _telling_key(value: Mapping[str, JsonValue], keys: Mapping[str, str]) -> str | None:
    """The key of a list of documents or of a lone text.

    A tool's answer is the object: nothing else is taken out of it, or facts beside it (a price, a status) would be
    lost as evidence.
    """
    for name in CONTAINERS:
        inner = value[keys[name]] if name in keys else None
        if (isinstance(inner, list) and inner and _are_documents(inner)) or (
            isinstance(inner, dict) and name == "hits"
        ):
            return keys[name]
    texts = [keys[name] for name in (*TEXT_KEYS, *PLAIN_KEYS) if name in keys and value[keys[name]] not in EMPTY]
    telling = {key for name, key in keys.items() if name not in BESIDE_TEXT and value[key] not in (*EMPTY, False)}
    return texts[0] if texts and telling == {texts[0]} else None


def _are_documents(items: Sequence[JsonValue]) -> bool:
    return all(
        isinstance(item, str) or (isinstance(item, dict) and bool(_item_has_text(item))) for item in items[:MOST_ITEMS]
    )


def _item_has_text(item: Mapping[str, JsonValue]) -> bool:
    """Whether an item is a document: text, and nothing that could be a fact beside it but where it is from."""
    keys = keys_of(item)
    if QUESTION_KEYS.keys() & keys.keys():
        return False
    if any(isinstance(item[keys[name]], str) and item[keys[name]] for name in TEXT_KEYS if name in keys):
        return True
    return any(
        isinstance(item[keys[name]], dict) and _item_has_text(item[keys[name]])  # type: ignore[arg-type]
        for name in AROUND_KEYS
        if name in keys
    )
