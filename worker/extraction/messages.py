"""Chat messages in the dialects of the frameworks.

Known: OpenAI (chat, completions, Responses, Agents), Anthropic, Gemini, Bedrock Converse, Cohere, Ollama, LangChain
(plain, serialised, tuples, LangGraph states, `repr`), Haystack, LlamaIndex, Pydantic AI, Vercel AI, AutoGen, Semantic
Kernel, OpenTelemetry GenAI. A message that only calls a tool has no text and is no answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pydantic import JsonValue

from assay.judges.schema import Record
from assay.worker.extraction.failures import is_failure
from assay.worker.extraction.fields import EMPTY, first, plainly
from assay.worker.extraction.literals import decoded
from assay.worker.extraction.message_calls import calls_in, handed_over
from assay.worker.extraction.message_forms import Fields, are_parts, class_role, is_message, is_pair, role_of, wrapped
from assay.worker.extraction.names import (
    ERROR_STATES,
    FIRST_COUNTS,
    MESSAGE_CONTENT,
    MESSAGE_LISTS,
    SERVER_CALLS,
    Role,
    plain,
)
from assay.worker.extraction.parts import Content, is_text_part, joined, read_content
from assay.worker.extraction.python_repr import CLASS

_DEPTH = 12
"""How deep shapes may be nested in one another; what lies deeper is no shape anybody sends."""
_MOST = 5_000
"""Messages that are read of one value, the last ones."""
_PART_MARKS = {
    "type",
    "parts",
    CLASS,
    "tool_call_result",
    "toolCallResult",
    "toolResult",
    "toolUse",
    "functionResponse",
}
"""Keys by which an object is a part of a message, and not data: Haystack, Bedrock, Gemini."""
_PART_ROLES: dict[str, Role] = {"systemprompt": "system", "userprompt": "user", "toolreturn": "tool"}
_PART_ROLES |= {"retryprompt": "tool"}
"""Pydantic AI: one request holds parts of several roles."""


class Message(Record):
    """One message.

    Attributes:
        role: who speaks.
        text: empty where it only calls a tool or shows an image.
        is_call: it asks for a tool, so whatever it says is not the end.
        value: of a tool, what it answered.
        has_failed: of a tool, that this is an error.
        documents: evidence that is a part of the message.
    """

    role: Role
    text: str
    is_call: bool = False
    value: JsonValue = None
    has_failed: bool = False
    documents: tuple[JsonValue, ...] = ()


def messages_of(value: JsonValue, *, depth: int = _DEPTH) -> list[Message] | None:
    """The messages that a value holds, in order; None if it is not made of messages."""
    if depth <= 0:
        return None
    value = decoded(value)
    if isinstance(value, list):
        return _of_list(value, depth)
    return _of_object(plainly(value), depth) if isinstance(value, dict) else None


def _of_object(fields: Fields, depth: int) -> list[Message] | None:
    for key in filter(fields.__contains__, MESSAGE_LISTS):
        inner = decoded(fields[key])
        if isinstance(inner, list) and inner:
            messages = _of_list(inner[:1] if key in FIRST_COUNTS else inner, depth - 1)
            if messages is not None:
                return [*_system(fields), *messages]
    for key in ("input", "output"):  # OpenAI Responses: request and answer
        inner = decoded(fields.get(key))
        if isinstance(inner, list) and any(is_message(plainly(item)) for item in inner if isinstance(item, dict)):
            messages = _of_list(inner, depth - 1)
            return None if messages is None else [*_system(fields), *messages]
    if is_message(fields) or wrapped(fields) is not None:
        return list(_of_one(fields, depth))
    content = decoded(fields.get("content"))
    return _of_list(content, depth - 1) if isinstance(content, list) and are_parts(content) else None


def _of_list(values: Sequence[JsonValue], depth: int) -> list[Message] | None:
    if depth <= 0 or not values:
        return None
    values = [decoded(value) for value in values[-_MOST:]]
    if all(isinstance(value, list) for value in values) and not any(is_pair(value) for value in values):
        return _of_list(values[0], depth - 1) if isinstance(values[0], list) else None  # a batch, as LangChain sends
    if _are_newest_first(values):
        values = values[::-1]
    if are_parts(values):
        return list(_of_one({"role": "assistant", "content": values}, depth - 1))
    messages: list[Message] = []
    for value in values:
        fields = _as_fields(value)
        if fields is None:
            return None
        messages += _of_one(fields, depth - 1)
    return messages or None


def _are_newest_first(values: Sequence[JsonValue]) -> bool:
    """Whether messages are listed from the last to the first, as OpenAI's Assistants list those of a thread."""
    items = [value for value in values if isinstance(value, dict) and value.get("object") == "thread.message"]
    if len(items) < len(values):
        return False
    moments = [moment for item in items if isinstance(moment := item.get("created_at"), int | float)]
    if len(moments) == len(items) > 1 and moments[0] != moments[-1]:
        return moments[0] > moments[-1]
    return len(items) > 1 and items[0].get("role") == "assistant"


def _as_fields(value: JsonValue) -> Fields | None:
    """One message's fields; None where it is no message."""
    if isinstance(value, list) and is_pair(value):
        return {"role": value[0], "content": value[1]}  # LangGraph: ("user", "text")
    if not isinstance(value, dict):
        return None
    fields = plainly(value)
    return fields if is_message(fields) or wrapped(fields) is not None else None


def _of_one(fields: Fields, depth: int) -> Iterator[Message]:
    if depth <= 0:
        return
    inside = None if is_message(fields) and not isinstance(fields.get("message"), dict) else wrapped(fields)
    if inside is not None:
        yield from _of_one(inside, depth - 1)
        return
    inner = fields.get("kwargs" if class_role(fields) else "data")
    body: Fields = {**fields, **plainly(inner)} if isinstance(inner, dict) else fields
    if plain(str(body.get("type", ""))) in SERVER_CALLS:
        yield from _server_call(body)
        return
    content = first(body, MESSAGE_CONTENT)
    if isinstance(content, list) and any(_part_role(part) for part in content):
        yield from _by_parts(content)
        return
    role = role_of(fields)
    if _is_definition(content):
        return
    if role == "tool" and not _is_parts(content) and isinstance(content, dict | list):
        yield Message(role="tool", text="", value=content, has_failed=_has_failed(body, content))
        return
    read = read_content(_unpacked(content))
    parts = body.get("parts")
    if isinstance(content, str) and isinstance(parts, list):  # Vercel AI: the text, and once more with its tools
        also = read_content(parts)
        read.results, read.documents = also.results, also.documents
    yield from _messages(body, role, read)


def _is_parts(content: JsonValue) -> bool:
    parts = content if isinstance(content, list) else [content]
    return bool(parts) and all(
        isinstance(p, str) or (isinstance(p, dict) and bool(_PART_MARKS & p.keys())) for p in parts
    )


def _is_definition(content: JsonValue) -> bool:
    """Whether this is the definition of a tool, which some recorders put among the messages."""
    function = content.get("function") if isinstance(content, dict) else None
    return isinstance(function, dict) and "name" in function and bool(function.keys() & {"parameters", "description"})


def _unpacked(content: JsonValue) -> JsonValue:
    """Content that is written as text is its parts only where it holds parts: an answer in JSON stays an answer."""
    value = decoded(content)
    is_parts = isinstance(value, list) and bool(value) and all(isinstance(p, dict) and _is_part(p) for p in value)
    return value if is_parts else content


def _is_part(part: Mapping[str, JsonValue]) -> bool:
    return bool(_PART_MARKS & part.keys()) or is_text_part(part)


def _messages(body: Fields, role: Role, content: Content) -> Iterator[Message]:
    # A user's message may carry what tools answered: evidence, and nothing the user said.
    for result in content.results:
        yield Message(role="tool", text="", value=result.value, has_failed=result.has_failed)
    text = joined(content.texts) if role == "assistant" else "\n".join(filter(None, content.texts))
    if role == "tool":
        if text or not content.results:
            value: JsonValue = text or first(body, MESSAGE_CONTENT)
            yield Message(role="tool", text=text, value=value, has_failed=_has_failed(body, value))
        return
    is_call = content.is_call or calls_in(body)
    handed = handed_over(body) if is_call and role == "assistant" and not text.strip() else ""
    yield Message(
        role=role,
        text=handed or text,
        is_call=is_call and not handed,
        documents=tuple(content.documents),
    )


def _has_failed(body: Fields, value: JsonValue) -> bool:
    return body.get("iserror") is True or plain(str(body.get("status", ""))) in ERROR_STATES or is_failure(value)


def _server_call(body: Fields) -> Iterator[Message]:
    """A tool that the endpoint ran: what it answered. OpenAI Responses: file search, MCP, code."""
    value = first(body, ("results", "output", "outputs"))
    if value not in EMPTY:
        yield Message(role="tool", text="", value=value, has_failed=body.get("error") not in EMPTY)


def _part_role(part: JsonValue) -> Role | None:
    kind = part.get("part_kind") if isinstance(part, dict) else None
    return _PART_ROLES.get(plain(kind)) if isinstance(kind, str) else None


def _by_parts(parts: Sequence[JsonValue]) -> Iterator[Message]:
    for part in parts:
        role = _part_role(part) or "assistant"
        yield from _messages({}, role, read_content(part))


def _system(fields: Fields) -> list[Message]:
    """Instructions that lie beside the messages: Anthropic, Gemini, OpenAI's responses."""
    for key in ("system", "systeminstruction", "systeminstructions", "instructions"):
        content = read_content(decoded(fields.get(key)))
        text = "\n".join(content.texts)
        if text:
            return [Message(role="system", text=text, documents=tuple(content.documents))]
    return []
