"""The one text a value stands for: a question or an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pydantic import JsonValue

from assay.worker.extraction.messages import Role, messages_of

_KEYS: dict[Role, tuple[str, ...]] = {
    "user": ("question", "query", "prompt", "user_input", "message", "input", "text", "content", "body"),
    "assistant": (
        *("answer", "response", "result", "output", "completion", "output_text", "reply", "generated_text"),
        *("text", "content", "message", "body"),
    ),
}
_DEPTH = 8


def text_of(value: JsonValue, *, role: Role, hint: str | None = None, depth: int = _DEPTH) -> str | None:
    """The text of a question (`role` user) or an answer (assistant); None where a value holds none.

    A string is itself. Messages give the last one of the role. An object gives what lies under a telling key, or its
    only text; else an answer is the object itself as JSON, since extraction is an application, too, unless `hint`
    (what the model said) is one of its texts. An object of several unknown texts is no question.
    """
    if isinstance(value, str):
        return value if value.strip() else None
    if value is None or depth <= 0:
        return None
    messages = messages_of(value)
    if messages is not None:
        return next((m.text for m in reversed(messages) if m.role == role and m.text.strip()), None)
    if isinstance(value, dict):
        return _of_object(value, role, hint, depth)
    if isinstance(value, list):
        return _of_list(value, role)
    return json.dumps(value) if role == "assistant" else None


def _of_object(value: dict[str, JsonValue], role: Role, hint: str | None, depth: int) -> str | None:
    for key in _KEYS[role]:
        if value.get(key) not in (None, "", [], {}):
            text = text_of(value[key], role=role, hint=hint, depth=depth - 1)
            if text is not None:
                return text
    if any(key in value for key in _KEYS[role]):
        # The place for the text is there and empty: what lies beside it is something else.
        return None
    texts = [text for text in _texts(value) if text.strip()]
    if len(texts) == 1 and all(isinstance(inner, str | None) for inner in value.values()):
        return texts[0]
    if hint is not None and hint in texts:
        return hint
    return json.dumps(value, ensure_ascii=False) if value and role == "assistant" else None


def _of_list(values: list[JsonValue], role: Role) -> str | None:
    texts = [value for value in values if isinstance(value, str)]
    texts += [
        str(part["text"])
        for part in values
        if isinstance(part, dict) and isinstance(part.get("text"), str) and part["text"]
    ]
    if texts:
        return "\n".join(texts)
    return json.dumps(values, ensure_ascii=False) if values and role == "assistant" else None


def _texts(value: JsonValue, depth: int = _DEPTH) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif depth > 0 and isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner, depth - 1)
    elif depth > 0 and isinstance(value, list):
        for inner in value:
            yield from _texts(inner, depth - 1)
