"""Evidence in what a model call was sent or gave back: tools' answers, documents as parts, marked passages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from assay.worker.extraction.calls import arguments_of, is_call
from assay.worker.extraction.documents import Found, passages
from assay.worker.extraction.fields import plainly
from assay.worker.extraction.literals import decoded
from assay.worker.extraction.messages import Message, messages_of
from assay.worker.extraction.names import CALLS_BETWEEN, QUESTION_KEYS, QUESTION_WRAPPERS
from assay.worker.extraction.prompts import evidence_in

_DEPTH = 5


def evidence_sent(value: JsonValue, *, with_tools: bool) -> Iterator[Found]:
    """Passages in a prompt or a reply, with where in it they are.

    Args:
        value: the prompt or the reply.
        with_tools: whether messages of tools count. They do not where the tools' own steps say what they gave.
    """
    for message, text, path in _in_value(value, "", _DEPTH):
        if with_tools or message != "tool":
            yield text, path


def _in_value(value: JsonValue, path: str, depth: int) -> Iterator[tuple[str, str, str]]:
    read = decoded(value)
    if depth <= 0:
        return
    if isinstance(read, str):
        yield from (("", text, path) for text in evidence_in(read))
        return
    messages = messages_of(read)
    if messages is not None:
        yield from _in_messages(messages, path)
        yield from _in_value(_calls_between(read), path, depth - 1)
    elif isinstance(read, dict):
        yield from _in_object(read, path, depth)
    elif isinstance(read, list):
        yield from _in_list(read, path, depth)


def _in_object(value: dict[str, JsonValue], path: str, depth: int) -> Iterator[tuple[str, str, str]]:
    if is_call(value):
        positional, named = arguments_of(value)
        for position, arg in enumerate(positional):
            yield from _in_value(arg, f"{path}.args[{position}]", depth - 1)
        yield from _in_value(named, f"{path}.kwargs", depth - 1)
        return
    fields = plainly(value)
    for name in (*QUESTION_KEYS, *QUESTION_WRAPPERS, "system", "systemprompt", "template", "instructions"):
        if fields.get(name):
            yield from _in_value(fields[name], f"{path}.{name}", depth - 1)


def _in_list(values: Sequence[JsonValue], path: str, depth: int) -> Iterator[tuple[str, str, str]]:
    if not _are_states(values):
        yield from _in_parts(values, path)
        return
    for position, item in enumerate(values):
        for name, state in item.items() if isinstance(item, dict) else ():
            yield from _in_value(state, f"{path}[{position}].{name}", depth - 1)


def _are_states(values: Sequence[JsonValue]) -> bool:
    """Whether a list holds the updates of a graph: of each node's name, the messages it gave. LangGraph's stream."""
    states = [next(iter(value.values())) for value in values if isinstance(value, dict) and len(value) == 1]
    return 0 < len(states) == len(values) and all(isinstance(state, dict) and "messages" in state for state in states)


def _calls_between(value: JsonValue) -> JsonValue:
    """Calls that a client made by itself before the reply: google-genai's automatic function calling."""
    return plainly(value).get(CALLS_BETWEEN) if isinstance(value, dict) else None


def _in_parts(values: Sequence[JsonValue], path: str) -> Iterator[tuple[str, str, str]]:
    texts = [
        item["text"] if isinstance(item, dict) else item
        for item in values
        if not isinstance(item, dict) or "text" in item
    ]
    for position, text in enumerate(texts):
        if isinstance(text, str):
            yield from (("", passage, f"{path}[{position}]") for passage in evidence_in(text))


def _in_messages(messages: Sequence[Message], path: str) -> Iterator[tuple[str, str, str]]:
    for number, message in enumerate(messages):
        where = f"{path} message {number} ({message.role})"
        if message.role == "tool":
            if not message.has_failed:
                yield from (
                    (message.role, text, where + inner) for text, inner in passages(message.value, keep_objects=True)
                )
            continue
        for document in message.documents:
            yield from ((message.role, text, where) for text, _ in passages(document, keep_objects=False))
        if message.role in {"system", "user"}:
            yield from ((message.role, text, where) for text in evidence_in(message.text))
