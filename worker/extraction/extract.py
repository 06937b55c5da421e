"""The parts of a sample, found along the selectors of a rubric, each with the place it was found at.

The chain of each part is tried in order. Question, answer and history are taken from the first place that has them;
evidence is gathered from all, except that the prompt is looked at only where nothing else gave any, since it repeats
what retrievers found. What is not found is not found: nothing is invented, and the tried places are told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pydantic import Field

from assay.judges.rubric import SamplePaths
from assay.judges.rubric.selectors import Selector, parse_selector
from assay.judges.schema import Record, Turn
from assay.judges.text.blank import is_empty
from assay.worker.extraction import documents
from assay.worker.extraction.answers import Reading, answer_of, whole_of
from assay.worker.extraction.evidence import evidence_under_keys
from assay.worker.extraction.history import turns_in
from assay.worker.extraction.kinds import kind_of
from assay.worker.extraction.masks import is_mask
from assay.worker.extraction.prompts import question_in
from assay.worker.extraction.questions import question_of
from assay.worker.extraction.resolve import Place, Source, resolve
from assay.worker.extraction.retrievals import calls_a_model
from assay.worker.extraction.sent import evidence_sent
from assay.worker.records.traces import Observation, Trace

_ROOT_OUTPUT = parse_selector("root.output")


class Part(Record):
    """A text and where in the trace it was found, e.g. `retriever 'search' (2e88c1d0).output[0].text`."""

    text: str
    source: str


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
    """

    trace_id: str
    question: Part | None
    response: Part | None
    contexts: tuple[Part, ...] = ()
    history: tuple[Turn, ...] = ()
    history_source: str = ""
    tried: dict[str, tuple[str, ...]]
    reasons: dict[str, str] = Field(default_factory=dict)


def extract(trace: Trace, paths: SamplePaths) -> Extraction:
    """Find question, history, contexts and response."""
    source = Source(trace)
    question = _question(source, paths.question)
    history, history_source = _history(source, paths.history, question)
    response, why_not = _response(source, paths.response)
    contexts = _contexts(source, paths.contexts)
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
    if source.readings:
        return f"nothing at {', '.join(paths)}: a step failed after the last model call"
    return f"nothing at {', '.join(paths)}"


def _contexts(source: Source, paths: Sequence[str]) -> tuple[Part, ...]:
    contexts: dict[str, Part] = {}
    for path in paths:
        selector = parse_selector(path)
        if path == "prompt":
            parts = [] if contexts else _sent(source)
        elif selector.field == "documents" and selector.head in {"root", "answer"}:
            parts = _recorded(source, selector, is_strict=bool(contexts))
        else:
            places = resolve(source, selector)
            parts = [p for place in places for p in _passages(source, place, is_whole=selector.is_whole)]
        for part in parts:
            if not is_mask(part.text):
                contexts.setdefault(part.text, part)
    return tuple(contexts.values())


def _passages(source: Source, place: Place, *, is_whole: bool) -> Iterator[Part]:
    if is_whole:
        text = whole_of(place.value).text
        yield from [Part(text=text, source=place.source)] if text is not None else []
        return
    if place.has_failed or (place.is_tool and place.step is not None and _is_the_answer(source, place.step)):
        return
    is_retrieved = place.source.startswith("retriever ") and not place.is_tool
    for text, path in documents.passages(place.value, keep_objects=not is_retrieved):
        yield Part(text=text, source=place.source + path)


def _is_the_answer(source: Source, step: Observation) -> bool:
    """Whether a tool is the application itself, or a model call of it that a framework calls a function."""
    application = source.application.id if source.application else source.trace.root.observation_id
    if step.id in {application, source.trace.root.observation_id}:
        return True
    shown = source.shown.text if source.shown else None
    return shown is not None and calls_a_model(step, source.steps) and answer_of(step.output).text == shown


def _recorded(source: Source, selector: Selector, *, is_strict: bool) -> list[Part]:
    """Evidence under telling keys in what the root, or the answering call, recorded of itself."""
    if selector.head == "root":
        fields = source.root_fields
    elif source.answer is not None:
        fields = source.content(source.answer)
    else:
        return []
    answer = source.shown.text if source.shown else None
    parts: list[Part] = []
    for name in ("metadata", "output", "input"):
        place = fields[name]
        own = _parts(evidence_under_keys(place.value, strict=is_strict), place)
        parts += [part for part in own if name != "output" or part.text.strip() not in source.written]
    return [part for part in parts if part.text != answer]


def _parts(texts: Iterable[documents.Found], place: Place) -> list[Part]:
    return [Part(text=text, source=place.source + path) for text, path in texts if not is_empty(text)]


def _sent(source: Source) -> list[Part]:
    """Evidence in the prompt of the answering call, or else in what was recorded around it, the nearest first."""
    answer = source.content(source.answer) if source.answer else None
    nearest = [answer["input"], answer["instructions"]] if answer else []
    nearest += [source.root_fields["input"]]
    nearest += [answer["output"]] if answer else []
    nearest += [source.root_fields["output"]]
    for place in nearest:
        parts = _parts(evidence_sent(place.value, with_tools=not source.knows_tools), place)
        if not parts and place in nearest[:1]:
            parts = _parts(evidence_under_keys(place.value), place)
        if parts:
            return parts
    return _of_other_steps(source)


def _of_other_steps(source: Source) -> list[Part]:
    """Evidence that other steps were given or gave back under keys that say so: nodes of a graph, functions."""
    steps = [
        step for step in source.steps if kind_of(step) not in {"embedding", "generation"} and step.level != "ERROR"
    ]
    for field in ("output", "input"):
        places = [source.content(step)[field] for step in steps]
        parts = [part for place in places for part in _parts(evidence_under_keys(place.value, strict=True), place)]
        if parts:
            return parts
    return []


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
