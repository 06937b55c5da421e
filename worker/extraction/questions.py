"""The user's question in a value: a text, messages, a function's arguments, an object with a telling key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pydantic import JsonValue

from assay.worker.extraction.calls import arguments_of, is_call, is_object, question_among
from assay.worker.extraction.decisions import is_sentence, lone_text
from assay.worker.extraction.fields import EMPTY, plainly
from assay.worker.extraction.literals import decoded, is_object_name, plain_json
from assay.worker.extraction.messages import Message, messages_of
from assay.worker.extraction.names import QUESTION_KEYS, QUESTION_WRAPPERS
from assay.worker.extraction.parts import is_text_part

_DEPTH = 10
_MOST = 5_000
"""Items of a list that are looked at."""


def question_of(value: JsonValue, *, is_output: bool = False, depth: int = _DEPTH) -> str | None:
    """The user's question in a value; None where it holds none.

    Args:
        value: a text, messages, a function's arguments, an object with a telling key.
        is_output: it is what an application gave back: only a key that says "question" counts there, and messages.
        depth: how deep to look.
    """
    value = decoded(value)
    if isinstance(value, str):
        return None if is_output or not value.strip() or is_object_name(value) else value
    if depth <= 0 or not isinstance(value, dict | list) or not value:
        return None
    if is_call(value):
        return _of_arguments(*arguments_of(value), depth)  # type: ignore[arg-type]  # `is_call` says it is an object
    if isinstance(value, dict):
        return _question_in_object(value, depth, is_output=is_output)
    messages = messages_of(value)
    if messages is not None:
        return last_asked(messages)
    return None if is_output else _question_in_list(value, depth)


def _is_open(messages: Sequence[Message]) -> bool:
    """Whether the assistant has not answered the user's last words: else they are history, beside a new question."""
    spoken = [message.role for message in messages if message.role in {"user", "assistant"} and message.text.strip()]
    return not spoken or spoken[-1] == "user"


def last_asked(messages: Iterable[Message]) -> str | None:
    """The user's last words."""
    asked = [message.text for message in messages if message.role == "user" and message.text.strip()]
    if not asked:
        return None
    inner = plain_json(asked[-1].strip())  # a request to a model that is an object: `{"question": "…", "locale": "en"}`
    named = _first_question(plainly(inner), QUESTION_KEYS, 2) if isinstance(inner, dict) else None
    return named if named is not None and is_sentence(named) else asked[-1]


def _question_in_object(value: dict[str, JsonValue], depth: int, *, is_output: bool) -> str | None:
    fields = plainly(value)
    text = _first_question(fields, QUESTION_KEYS, depth)
    if text is not None:
        return text
    messages = messages_of(value)
    if messages is not None and (is_output or _is_open(messages)):
        return last_asked(messages)
    if is_output:
        return None
    text = _first_question(fields, QUESTION_WRAPPERS, depth)
    if text is None and messages is not None:
        return last_asked(messages)
    if text is not None or any(key in fields for key in (*QUESTION_KEYS, *QUESTION_WRAPPERS)):
        return text  # the place for the text is there: what lies beside it is something else
    text = lone_text(value, must_be_sentence=False)
    return text if text is not None else _question_in_components(value, depth)


def _question_in_components(value: dict[str, JsonValue], depth: int) -> str | None:
    """The question among the inputs of a pipeline's components: Haystack's `{"retriever": {"query": ...}}`."""
    if not all(isinstance(inner, dict) for inner in value.values()):
        return None
    asked = (question_of(inner, is_output=True, depth=depth - 1) for inner in value.values())
    return next((text for text in asked if text is not None), None)


def _first_question(fields: Mapping[str, JsonValue], names: Iterable[str], depth: int) -> str | None:
    for name in names:
        if fields.get(name) not in EMPTY:
            text = question_of(fields[name], depth=depth - 1)
            if text is not None:
                return text
    return None


def _question_in_list(values: list[JsonValue], depth: int) -> str | None:
    """Parts of a message, or positional arguments."""
    texts = [str(value["text"]) for value in values[:_MOST] if isinstance(value, dict) and is_text_part(value)]
    own = [value for value in values[:_MOST] if isinstance(value, str) and value.strip()]
    if texts or (own and len(own) == len(values)):
        return "\n".join([*own, *texts])
    return _of_arguments([value for value in values if not is_object(value)], {}, depth)


def _of_arguments(args: list[JsonValue], kwargs: dict[str, JsonValue], depth: int) -> str | None:
    text = _question_in_object(kwargs, depth - 1, is_output=False) if kwargs else None
    if text is not None:
        return text
    read = [decoded(arg) for arg in args[:_MOST]]
    talks = [talk for arg in read if isinstance(arg, dict | list) and (talk := messages_of(arg)) is not None]
    open_talk = next((talk for talk in talks if _is_open(talk)), None)
    if open_talk is not None:
        return last_asked(open_talk)
    text = question_among([arg for arg in read if isinstance(arg, str) and arg.strip()])
    if text is not None:
        return text
    if talks:
        return last_asked(talks[0])
    inner = (question_of(arg, depth=depth - 1) for arg in read if isinstance(arg, dict))
    return next((text for text in inner if text is not None), None)
