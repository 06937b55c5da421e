"""The parts of a sample, found along the selectors of a rubric, each with the place it was found at.

The chain of each part is tried in order. Question, answer and history are taken from the first place that has them;
evidence is gathered from all, except that the prompt is looked at only where nothing else gave any, since it repeats
what retrievers found. What is not found is not found: nothing is invented, and the tried places are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import JsonValue

from assay.judges.rubric import SamplePaths
from assay.judges.rubric.selectors import parse_selector
from assay.judges.schema import Record, Turn
from assay.judges.text.blank import is_empty
from assay.worker.extraction import documents
from assay.worker.extraction.messages import Role, messages_of
from assay.worker.extraction.prompts import evidence_in, question_in
from assay.worker.extraction.resolve import Place, Source, resolve
from assay.worker.extraction.texts import text_of
from assay.worker.records.traces import Trace


class Part(Record):
    """A text and where in the trace it was found, e.g. `retriever 'search' (2e88c1d0).output[0].text`."""

    text: str
    source: str


class Extraction(Record):
    """What was found in one trace; `tried` names the selectors of each part in the order they were tried."""

    trace_id: str
    question: Part | None
    response: Part | None
    contexts: tuple[Part, ...] = ()
    history: tuple[Turn, ...] = ()
    history_source: str = ""
    tried: dict[str, tuple[str, ...]]


def extract(trace: Trace, paths: SamplePaths) -> Extraction:
    """Find question, history, contexts and response."""
    source = Source(trace)
    question = _question(source, paths.question)
    history, history_source = _history(source, paths.history, question)
    return Extraction(
        trace_id=trace.id,
        question=question,
        response=_response(source, paths.response),
        contexts=_contexts(source, paths.contexts),
        history=history,
        history_source=history_source,
        tried={
            "question": paths.question,
            "response": paths.response,
            "contexts": paths.contexts,
            "history": paths.history,
        },
    )


def _places(source: Source, paths: Sequence[str]) -> Iterator[Place]:
    for path in paths:
        yield from resolve(source, parse_selector(path))


def _question(source: Source, paths: Sequence[str]) -> Part | None:
    for place in _places(source, paths):
        text = text_of(place.value, role="user")
        if text is not None:
            return Part(text=question_in(text), source=place.source)
    return None


def _response(source: Source, paths: Sequence[str]) -> Part | None:
    """The first selector's answer; where it leads to several steps, the last one's."""
    answer = text_of(source.answer.output, role="assistant") if source.answer else None
    for path in paths:
        for place in reversed(list(resolve(source, parse_selector(path)))):
            text = text_of(place.value, role="assistant", hint=answer)
            if text is not None:
                return Part(text=text, source=place.source)
    return None


def _contexts(source: Source, paths: Sequence[str]) -> tuple[Part, ...]:
    contexts: dict[str, Part] = {}
    for path in paths:
        if path == "prompt":
            parts = [] if contexts else [part for part in _in_prompt(source) if not is_empty(part.text)]
        else:
            parts = [part for place in resolve(source, parse_selector(path)) for part in _passages(place)]
        for part in parts:
            contexts.setdefault(part.text, part)
    return tuple(contexts.values())


def _passages(place: Place) -> Iterator[Part]:
    for text, path in documents.passages(place.value, keep_objects=True if place.is_tool else _is_fact(place)):
        yield Part(text=text, source=place.source + path)


def _is_fact(place: Place) -> bool:
    """Whether an object without a telling key is evidence as it stands: unless a retriever gave it."""
    return not place.source.startswith("retriever ")


def _in_prompt(source: Source) -> Iterator[Part]:
    """Evidence in what the answering model call, or else the root, was sent: tools' answers and marked passages."""
    at, value = _prompt(source)
    messages = messages_of(value)
    if messages is None:
        if isinstance(value, str):
            yield from (Part(text=text, source=at) for text in evidence_in(value))
        return
    for number, message in enumerate(messages):
        where = f"{at} message {number} ({message.role})"
        if message.role == "tool" and message.text.strip():
            yield Part(text=message.text, source=where)
        elif message.role in {"system", "user"}:
            yield from (Part(text=text, source=where) for text in evidence_in(message.text))


def _prompt(source: Source) -> tuple[str, JsonValue]:
    step = source.answer
    if step is not None and step.input is not None:
        return f"generation {step.name!r} ({step.id[:8]}).input", step.input
    return "root.input", source.trace.input


def _history(source: Source, paths: Sequence[str], question: Part | None) -> tuple[tuple[Turn, ...], str]:
    """Earlier turns: messages before the last of the user, which is the question itself."""
    for place in _places(source, paths):
        turns = _turns(place.value, question.text if question else "", with_system=place.source.startswith("root."))
        if turns:
            return turns, place.source
    return (), ""


def _turns(value: JsonValue, question: str, *, with_system: bool) -> tuple[Turn, ...]:
    messages = messages_of(value) or []
    if messages and messages[-1].role == "user" and question_in(messages[-1].text) in {question, question.strip()}:
        messages = messages[:-1]
    elif any(message.role == "user" for message in messages) and not with_system:
        # A prompt goes on after the question with what tools answered: evidence, not history.
        last = max(number for number, message in enumerate(messages) if message.role == "user")
        messages = messages[:last]
    roles: set[Role] = {"user", "assistant", *(("system", "tool") if with_system else ())}
    kept = [message for message in messages if message.role in roles and message.text.strip()]
    return tuple(Turn(role=message.role, content=message.text) for message in kept)
