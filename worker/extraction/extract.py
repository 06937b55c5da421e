"""The parts of a sample, found along the selectors of a rubric, each with the place it was found at.

The chain of each part is tried in order. Question, answer and history are taken from the first place that has them;
evidence is gathered from all, except that the prompt is looked at only where nothing else gave any, since it repeats
what retrievers found. What is not found is not found: nothing is invented, and the tried places are told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import Field

from assay.judges.rubric import SamplePaths
from assay.judges.rubric.selectors import Selector, parse_selector
from assay.judges.schema import Record, Turn
from assay.worker.extraction.answers import Reading, answer_of, whole_of
from assay.worker.extraction.gathering import Part, contexts_in
from assay.worker.extraction.history import turns_in
from assay.worker.extraction.kinds import kind_of
from assay.worker.extraction.masks import is_mask
from assay.worker.extraction.prompts import question_in
from assay.worker.extraction.questions import question_of
from assay.worker.extraction.resolve import Place, Source, resolve
from assay.worker.extraction.steps import beside_the_answer
from assay.worker.records.traces import Trace

__all__ = ["Extraction", "Part", "extract"]

_ROOT_OUTPUT = parse_selector("root.output")


class Extraction(Record):
    """What was found in one trace.

    Attributes:
        trace_id: the trace.
        question: what the user asked.
        response: what the application answered.
        contexts: the evidence.
        history: the turns before the question.
        history_source: where they were.
        tried: the selectors of each part, in the order they were tried.
        reasons: why a part is missing although something is there, by the part's name.
        answer_id: the step that gave the answer. None: none did, or nobody knows which.
    """

    trace_id: str
    question: Part | None
    response: Part | None
    contexts: tuple[Part, ...] = ()
    history: tuple[Turn, ...] = ()
    history_source: str = ""
    tried: dict[str, tuple[str, ...]]
    reasons: dict[str, str] = Field(default_factory=dict)
    answer_id: str | None = None


def extract(trace: Trace, paths: SamplePaths) -> Extraction:
    """Find question, history, contexts and response."""
    source = Source(trace)
    question = _question(source, paths.question)
    history, history_source = _history(source, paths.history, question)
    response, why_not = _response(source, paths.response)
    contexts = contexts_in(source, paths.contexts)
    reasons = {"response": why_not} if response is None else {}
    if not contexts and (failed := _failed_steps(source)):
        reasons["contexts"] = failed
    return Extraction(
        trace_id=trace.id,
        question=question,
        response=response,
        contexts=contexts,
        history=history,
        history_source=history_source,
        tried={
            "question": paths.question,
            "response": paths.response,
            "contexts": paths.contexts,
            "history": paths.history,
        },
        reasons=reasons,
        answer_id=source.answer.id if source.answer else None,
    )


def _places(source: Source, paths: Sequence[str]) -> Iterator[tuple[Selector, Place]]:
    for path in paths:
        selector = parse_selector(path)
        yield from ((selector, place) for place in resolve(source, selector))


def _question(source: Source, paths: Sequence[str]) -> Part | None:
    for selector, place in _places(source, paths):
        # A text that an application gave back whole is its answer. Under a path somebody named it may be anything.
        is_output = selector == _ROOT_OUTPUT
        text = whole_of(place.value).text if selector.is_whole else question_of(place.value, is_output=is_output)
        if text is not None and not is_mask(text):
            return Part(text=question_in(text), source=place.source)
    return _asked_of_models(source) if "answer.input" in paths and source.answer is None else None


def _asked_of_models(source: Source) -> Part | None:
    """What the first model call was asked, where none gave an answer: so that a run is shown with its question."""
    for step in source.steps:
        place = source.content(step)["input"]
        text = question_of(place.value) if kind_of(step) == "generation" else None
        if text is not None and not is_mask(text):
            return Part(text=question_in(text), source=place.source)
    return None


def _response(source: Source, paths: Sequence[str]) -> tuple[Part | None, str]:
    """The first selector's answer, of several steps the last one's; and why there is none."""
    reasons: list[str] = []
    for path in paths:
        selector = parse_selector(path)
        for place in reversed(list(resolve(source, selector))):
            reading = whole_of(place.value) if selector.is_whole else _read(source, path, place)
            if reading.text is not None and is_mask(reading.text):
                reading = Reading(reason=f"the application hides its text: {reading.text.strip()}")
            if reading.text is not None:
                return Part(text=reading.text, source=place.source), ""
            reasons.append(f"{place.source}: {reading.reason}")
    return None, reasons[0] if reasons else _silence(source, paths)


def _read(source: Source, path: str, place: Place) -> Reading:
    if path == "root.output":
        return source.shown or Reading()
    hint = source.readings[source.answer.id].text if source.answer else None
    return answer_of(place.value, hint=hint)


def _silence(source: Source, paths: Sequence[str]) -> str:
    """Why there is nothing to read an answer from."""
    if source.trace.root.level == "ERROR":
        return f"nothing at {', '.join(paths)}: the root is marked ERROR"
    unread = [(s, r.reason) for s in source.steps if (r := source.readings.get(s.id)) and r.text is None]
    if unread and len(unread) == len(source.readings):
        step, reason = unread[-1]
        return f"{source.content(step)['output'].source}: {reason}"
    if source.readings and source.readings.keys() <= beside_the_answer(source.steps):
        return f"nothing at {', '.join(paths)}: only calls beside the answer (a guard, a rewriter, a title)"
    if source.readings:
        return f"nothing at {', '.join(paths)}: a step failed after the last model call"
    return f"nothing at {', '.join(paths)}"


def _failed_steps(source: Source) -> str:
    """Which tools and retrievers failed, where no other gave any evidence."""
    names = [s.name for s in source.steps if kind_of(s) in {"tool", "retriever"} and s.level == "ERROR"]
    return f"{len(names)} tool{'' if len(names) == 1 else 's'} or retrievers failed" if names else ""


def _history(source: Source, paths: Sequence[str], question: Part | None) -> tuple[tuple[Turn, ...], str]:
    """Earlier turns: messages before the last of the user, which is the question itself."""
    for _, place in _places(source, paths):
        is_root = place.source.startswith("root.")
        turns = turns_in(place.value, question.text if question else "", with_system=is_root)
        if turns:
            return turns, place.source
    return (), ""
