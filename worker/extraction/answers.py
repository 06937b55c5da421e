"""The answer in a value, or why there is none.

In doubt a value has no answer. What a classifier, a router or a grader decided, a call of a tool, a list of numbers
and an object of several unknown texts are no answer, and `Reading.reason` says which of these it was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from pydantic import JsonValue

from assay.judges.schema import Record
from assay.worker.extraction.chunks import piece_of, streamed
from assay.worker.extraction.decisions import call_in, is_decision, lone_text
from assay.worker.extraction.documents_given import are_documents, is_document
from assay.worker.extraction.failures import is_failure, is_program_error, says_it_failed
from assay.worker.extraction.fields import EMPTY, plainly, shown
from assay.worker.extraction.literals import decoded, is_half_value, is_object_name, opened
from assay.worker.extraction.messages import messages_of
from assay.worker.extraction.names import ANSWER_KEYS, FIRST_COUNTS, RESULT_KEYS, WRAPPER_KEYS
from assay.worker.extraction.parts import is_text_part, joined
from assay.worker.extraction.thoughts import spoken

_DEPTH = 10
_MOST = 5_000
"""Items of a list that are looked at."""


class Reading(Record):
    """A text, or why there is none; `asks_tool` where a tool is asked for in the same breath."""

    text: str | None = None
    reason: str = ""
    asks_tool: bool = False


def whole_of(value: JsonValue) -> Reading:
    """A value as it stands, and as JSON where it is no text: for answers that are JSON. Of messages, the last words."""
    if isinstance(value, str):
        return Reading(text=value) if value.strip() else _NOTHING
    messages = messages_of(value)
    if messages is not None:
        spoken_last = messages[-1].text if messages[-1].role == "assistant" else ""
        return Reading(text=spoken_last) if spoken_last.strip() else Reading(reason="messages without a last answer")
    return Reading(text=json.dumps(value, ensure_ascii=False)) if value not in EMPTY else _NOTHING


_NOTHING = Reading(reason="empty")


def answer_of(value: JsonValue, *, hint: str | None = None, depth: int = _DEPTH) -> Reading:
    """The answer in a value, or why there is none.

    Args:
        value: what an application or a model gave back.
        hint: what the model said, if that is known: an object of which it is one text is taken for it.
        depth: how deep to look.
    """
    value = decoded(value)
    if isinstance(value, str):
        return _spoken(value)
    if value in EMPTY or depth <= 0:
        return _NOTHING
    if isinstance(value, dict):
        return _answer_in_object(value, hint, depth)
    if isinstance(value, list):
        return _answer_in_list(value, hint, depth)
    return Reading(text=json.dumps(value))


def _spoken(text: str) -> Reading:
    if not text.strip():
        return _NOTHING
    if is_object_name(text):
        return Reading(reason="only the name of an object")
    if is_half_value(text):
        return Reading(reason="JSON that was cut or is broken")
    answer, reason = spoken(text)
    if answer is None:
        return Reading(reason=reason)
    inner = decoded(answer) if answer != text else answer
    if not isinstance(inner, str):
        return answer_of(inner)
    return Reading(reason="an error, no answer") if is_program_error(answer) else Reading(text=answer)


def _answer_in_object(value: dict[str, JsonValue], hint: str | None, depth: int) -> Reading:
    fields = plainly(value)
    if is_document(fields):
        return Reading(reason="a document that was retrieved, no answer")
    if says_it_failed(fields):
        return Reading(reason=f"an error, no answer: {shown(value)}")
    final = call_in(fields)
    if final is not None:
        handed = answer_of(final, depth=depth - 1) if final else _of_messages(value)
        return handed if handed and handed.text is not None else Reading(reason="only a call of a tool")
    reasons: list[str] = []
    reading = _first_answer(fields, ANSWER_KEYS, hint, depth, reasons)
    if reading is None:
        reading = _of_messages(value)
    if reading is None:
        if any(key in fields for key in ANSWER_KEYS):
            return Reading(reason=reasons[0] if reasons else f"{shown(value)}: nothing in the place of the answer")
        reading = _other_answer(value, fields, hint, depth, reasons)
    return reading


def _other_answer(
    value: dict[str, JsonValue], fields: Mapping[str, JsonValue], hint: str | None, depth: int, reasons: list[str]
) -> Reading:
    """The answer in an object that does not name it as such."""
    if is_failure(value):
        return Reading(reason=f"an error, no answer: {shown(value)}")
    piece = streamed([value])
    if piece:
        return _spoken(piece)
    if is_decision(fields):
        return Reading(reason=f"JSON of a decision, no answer: {shown(value)}")
    reading = _first_answer(fields, (*RESULT_KEYS, *WRAPPER_KEYS), hint, depth, reasons)
    if reading is None and not any(key in fields for key in (*RESULT_KEYS, *WRAPPER_KEYS)):
        text = lone_text(value, must_be_sentence=True)
        reading = _spoken(text) if text is not None else _of_components(value, depth)
    if reading is not None:
        return reading
    if hint is not None and hint.strip() and hint in _texts(value):
        return Reading(text=hint)
    return Reading(reason=reasons[0] if reasons else f"JSON without a known answer key: {shown(value)}")


def _of_components(value: dict[str, JsonValue], depth: int) -> Reading | None:
    """The answer of the last component of a pipeline that has one: Haystack's `{"llm": {"replies": [...]}}`."""
    if not all(isinstance(inner, dict) for inner in value.values()):
        return None
    readings = (answer_of(inner, depth=depth - 1) for inner in reversed(value.values()))
    return next((reading for reading in readings if reading.text is not None), None)


def _first_answer(
    fields: Mapping[str, JsonValue], names: Iterable[str], hint: str | None, depth: int, reasons: list[str]
) -> Reading | None:
    for name in names:
        if fields.get(name) not in EMPTY:
            inner = decoded(fields[name])
            inner = inner[:1] if name in FIRST_COUNTS and isinstance(inner, list) else inner
            reading = answer_of(inner, hint=hint, depth=depth - 1)
            if reading.text is not None:
                return reading
            reasons.append(reading.reason)
    return None


def _of_messages(value: JsonValue) -> Reading | None:
    """The last words of the assistant, unless a tool or the user comes after them; None for what is no messages."""
    messages = messages_of(value)
    if messages is None:
        return None
    for message in reversed(messages):
        if message.role == "user":
            return Reading(reason="messages that end with the user's")
        if message.role != "assistant" or message.text.strip() == "TERMINATE":
            continue
        if message.is_call and (len(messages) > 1 or not message.text.strip()):
            return Reading(reason="only a call of a tool")
        if message.text.strip():
            return answer_of(message.text).model_copy(update={"asks_tool": message.is_call})
    return Reading(reason="messages without the assistant's words")


def _answer_in_list(values: list[JsonValue], hint: str | None, depth: int) -> Reading:
    if are_documents(values):
        return Reading(reason="documents that were retrieved, no answer")
    piece = streamed(values)
    if piece is not None:
        return _spoken(piece) if piece.strip() else Reading(reason="a stream without text")
    reading = _of_messages(values)
    if reading is not None:
        return reading
    if all(isinstance(value, int | float) for value in values):
        return Reading(reason="a list of numbers")
    if all(isinstance(value, str) for value in values):
        return _of_texts([value for value in values if isinstance(value, str)])
    return _of_objects([value for value in values if value not in EMPTY], hint, depth)


def _of_texts(texts: list[str]) -> Reading:
    """Chunks of an answer; a list of single words is tags or labels."""
    pieces = [text for text in texts if text]
    is_chunked = any(text[0].isspace() or text[-1].isspace() for text in pieces)
    if len(pieces) > 1 and not is_chunked and all(len(text.split()) == 1 and text.isascii() for text in pieces):
        return Reading(reason="a list of single words")
    return _spoken("".join(texts) if is_chunked else joined(texts))


def _of_objects(values: list[JsonValue], hint: str | None, depth: int) -> Reading:
    """Parts of a message; the only object; or states of a graph, of which the last holds the answer."""
    if all(isinstance(value, str) or (isinstance(value, dict) and is_text_part(value)) for value in values):
        return _spoken(joined([str(value["text"]) if isinstance(value, dict) else str(value) for value in values]))
    if all(_is_event(value) for value in values):
        values = [value[1] for value in values if isinstance(value, list)]
        readings = (answer_of(value, depth=depth - 1) for value in reversed(values[-_MOST:]))
        return next((reading for reading in readings if reading.text is not None), Reading(reason="events of a graph"))
    objects = [value for value in values if isinstance(value, dict)]
    if len(objects) == 1 and len(values) == 1:
        return answer_of(objects[0], hint=hint, depth=depth - 1)
    is_states = bool(objects) and len(objects) == len(values) and all(_is_state(item) for item in objects)
    for item in reversed(objects[-_MOST:]) if is_states else ():
        reading = answer_of(item, depth=depth - 1)
        if reading.text is not None:
            return reading
    return Reading(reason=f"a list of JSON objects: {shown(objects[0]) if objects else 'of several kinds'}")


def _is_event(value: JsonValue) -> bool:
    """An event of a graph's stream: its mode, and what it says. LangGraph: `["values", {"messages": [...]}]`."""
    return isinstance(value, list) and len(value) == 2 and value[0] in ("values", "updates", "messages", "custom")


def _is_state(value: Mapping[str, JsonValue]) -> bool:
    """An update of a graph: one node's name, and the state it gave. LangGraph's stream."""
    return len(value) == 1 and isinstance(next(iter(value.values())), dict) and piece_of(dict(value)) is None


def _texts(value: JsonValue) -> set[str]:
    """The texts in an object, those in JSON inside its texts as well."""
    texts: set[str] = set()
    stack: list[tuple[JsonValue, int]] = [(opened(value, _DEPTH), _DEPTH)]
    while stack and len(texts) < _MOST:
        node, depth = stack.pop()
        if isinstance(node, str):
            texts.add(node)
        elif depth > 0 and isinstance(node, dict | list):
            stack += [(inner, depth - 1) for inner in (node.values() if isinstance(node, dict) else node)]
    return texts
