"""Earlier turns of a conversation, in what a root or a model call was sent."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import JsonValue

from assay.judges.schema import Turn
from assay.worker.extraction.calls import arguments_of, is_call
from assay.worker.extraction.fields import plainly
from assay.worker.extraction.literals import decoded
from assay.worker.extraction.messages import Message, messages_of
from assay.worker.extraction.names import HISTORY_KEYS, Role
from assay.worker.extraction.prompts import question_in


def turns_in(value: JsonValue, question: str, *, with_system: bool) -> tuple[Turn, ...]:
    """The messages before the question, which is the user's last.

    Args:
        value: messages, an object or a function's arguments with some, pairs of a question and an answer.
        question: the question that was found.
        with_system: whether instructions and tools' answers are turns, too. In a prompt they are not.
    """
    messages = _messages(value)
    asked = [number for number, message in enumerate(messages) if message.role == "user" and message.text.strip()]
    same = [number for number in asked if question_in(messages[number].text).strip() == question.strip()]
    if same:
        # A prompt goes on after the question with what tools answered, and some roots with the answer itself.
        messages = messages[: same[-1]]
    elif asked and not with_system:
        messages = messages[: asked[-1]]
    roles: set[Role] = {"user", "assistant", *(("system", "tool") if with_system else ())}
    kept = [(message.role, _content(message)) for message in messages if message.role in roles]
    return tuple(Turn(role=role, content=content) for role, content in kept if content.strip())


def _content(message: Message) -> str:
    if message.text or message.role != "tool":
        return message.text
    return message.value if isinstance(message.value, str) else ""


def _messages(value: JsonValue) -> Sequence[Message]:
    read = decoded(value)
    if isinstance(read, dict) and is_call(read):
        positional, named = arguments_of(read)
        inner = [_messages(arg) for arg in positional if isinstance(arg, dict | list)]
        return next((messages for messages in (_messages(named), *inner) if messages), [])
    messages = messages_of(read)
    if messages is not None:
        return messages
    if isinstance(read, dict):
        fields = plainly(read)
        inner_values = (fields[key] for key in HISTORY_KEYS if fields.get(key))
        return next((turns for inner in inner_values if (turns := _messages(inner))), [])
    return _pairs(read) if isinstance(read, list) else []


def _pairs(values: Sequence[JsonValue]) -> list[Message]:
    """Pairs of a question and its answer: Gradio, LangChain's older chains."""
    messages: list[Message] = []
    for value in values:
        if not (isinstance(value, list) and len(value) == 2 and all(isinstance(text, str | None) for text in value)):
            return []
        messages += [
            Message(role="user", text=str(value[0] or "")),
            Message(role="assistant", text=str(value[1] or "")),
        ]
    return messages
