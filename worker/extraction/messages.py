"""Chat messages in the shapes of the frameworks, and the text of a value.

Known: OpenAI (chat and responses), Anthropic, Gemini, LangChain (plain, serialised, LangGraph state), OpenTelemetry
GenAI, Vercel AI. A message that only calls a tool has no text and is no answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from pydantic import JsonValue

from assay.judges.schema import Record

Role = Literal["system", "user", "assistant", "tool"]

ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "agent": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "tool": "tool",
    "function": "tool",
}
"""Roles as frameworks call them, in our words."""

_CLASSES: dict[str, Role] = {
    "SystemMessage": "system",
    "HumanMessage": "user",
    "AIMessage": "assistant",
    "AIMessageChunk": "assistant",
    "ToolMessage": "tool",
    "FunctionMessage": "tool",
}
_LISTS = ("messages", "contents", "choices", "candidates", "generations")
_ITEMS = {"message", "function_call", "function_call_output", "reasoning", "web_search_call", "file_search_call"}
_RESULTS = {"tool_result", "function_call_output", "tool_call_response"}
_TEXT_PARTS = {"", "text", "input_text", "output_text"}
_DEPTH = 12
"""How deep shapes may be nested in one another; what lies deeper is no shape anybody sends."""


class Message(Record):
    """One message; `text` is empty where it only calls a tool or shows an image."""

    role: Role
    text: str


def messages_of(value: JsonValue, *, depth: int = _DEPTH) -> list[Message] | None:
    """The messages that a value holds, in order; None if it is not made of messages."""
    if depth <= 0:
        return None
    if isinstance(value, list):
        return _of_list(value, depth)
    if not isinstance(value, dict):
        return None
    for key in _LISTS:
        inner = value.get(key)
        if isinstance(inner, list) and inner:
            messages = _of_list(inner, depth - 1)
            if messages is not None:
                return [*_system(value), *messages]
    for key in ("input", "output"):  # OpenAI's responses: request and answer
        inner = value.get(key)
        if isinstance(inner, list) and any(isinstance(item, dict) and _is_message(item) for item in inner):
            messages = _of_list(inner, depth - 1)
            return None if messages is None else [*_system(value), *messages]
    return list(_of_one(value, depth)) if _is_message(value) or _is_wrapped(value) else None


def _of_list(values: Sequence[JsonValue], depth: int) -> list[Message] | None:
    if values and all(isinstance(value, list) for value in values):  # a batch: LangChain sends messages so
        return _of_list(values[0], depth - 1) if depth > 0 and isinstance(values[0], list) else None
    messages: list[Message] = []
    for value in values:
        if not isinstance(value, dict) or not (_is_message(value) or _is_wrapped(value)):
            return None
        messages += _of_one(value, depth - 1)
    return messages or None


def _is_message(value: Mapping[str, JsonValue]) -> bool:
    if "role" in value and ("content" in value or "parts" in value or "tool_calls" in value):
        return str(value["role"]).lower() in ROLES
    kind = value.get("type")
    if kind in {"human", "ai", "system", "tool", "function"} and ("content" in value or "data" in value):
        return True
    if kind in _ITEMS and ({"content", "call_id", "arguments", "output", "summary", "id"} & value.keys()):
        return True
    return _class_role(value) is not None or (isinstance(value.get("parts"), list) and "text" not in value)


def _is_wrapped(value: Mapping[str, JsonValue]) -> bool:
    """A choice, a candidate or a generation: a message with things around it."""
    inner = value.get("message")
    if isinstance(inner, dict) and _is_message(inner):
        return True
    inner = value.get("content")
    return isinstance(inner, dict) and "parts" in inner


def _of_one(value: Mapping[str, JsonValue], depth: int) -> Iterator[Message]:
    if depth <= 0:
        return
    for key in ("message", "content"):
        inner = value.get(key)
        if isinstance(inner, dict) and (_is_message(inner) or "parts" in inner):
            yield from _of_one({"role": "model", **inner} if key == "content" else inner, depth - 1)
            return
    body = value.get("kwargs") if _class_role(value) else value.get("data", value)
    body = body if isinstance(body, dict) else value
    role = _role(value)
    content = next((body[key] for key in ("content", "parts", "output") if body.get(key) is not None), None)
    # A user's message may carry what tools answered: evidence, and nothing the user said.
    for result in _results(content):
        yield Message(role="tool", text=content_text(result))
    yield Message(role=role, text=content_text(content))


def _role(value: Mapping[str, JsonValue]) -> Role:
    known = _class_role(value)
    if known is not None:
        return known
    kind = str(value.get("type", ""))
    if kind in _RESULTS:
        return "tool"
    for name in (str(value.get("role", "")).lower(), kind):
        if name in ROLES:
            return ROLES[name]
    return "assistant"


def _class_role(value: Mapping[str, JsonValue]) -> Role | None:
    """The role of a message that LangChain serialised by class."""
    path = value.get("id")
    if value.get("lc") is None or not isinstance(path, list) or not path:
        return None
    return _CLASSES.get(str(path[-1]))


def _system(value: Mapping[str, JsonValue]) -> list[Message]:
    """Instructions that lie beside the messages: Anthropic, Gemini, OpenAI's responses."""
    for key in ("system", "systemInstruction", "system_instruction", "instructions"):
        text = content_text(value.get(key))
        if text:
            return [Message(role="system", text=text)]
    return []


def _results(content: JsonValue) -> Iterator[JsonValue]:
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and part.get("type") in _RESULTS:
            yield next((part[key] for key in ("content", "response", "output", "result") if key in part), None)
        elif isinstance(part, dict) and isinstance(part.get("functionResponse"), dict):
            yield part["functionResponse"]


def content_text(content: JsonValue) -> str:
    """The text of a message's content: itself, or its text parts; tool calls, results and images have none."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(filter(None, (_part_text(part) for part in content)))
    if isinstance(content, dict):
        if "parts" in content:
            return content_text(content["parts"])
        own = _part_text(content)
        return own if own or "type" in content else json.dumps(content, ensure_ascii=False)
    return ""


def _part_text(part: JsonValue) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict) or str(part.get("type", "")) not in _TEXT_PARTS or part.get("thought") is True:
        return ""  # what Gemini marks as a thought is no part of its answer
    text = part.get("text", part.get("content"))
    return text if isinstance(text, str) else ""
