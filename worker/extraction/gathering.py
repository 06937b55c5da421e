"""The evidence of a trace, gathered along the selectors of a rubric, each passage with the place it was found at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from assay.judges.rubric.selectors import Selector, parse_selector
from assay.judges.schema import Record
from assay.judges.text.blank import is_empty
from assay.worker.extraction import documents
from assay.worker.extraction.answers import answer_of, whole_of
from assay.worker.extraction.documents_given import are_documents
from assay.worker.extraction.evidence import evidence_under_keys
from assay.worker.extraction.kinds import kind_of
from assay.worker.extraction.literals import decoded
from assay.worker.extraction.masks import is_mask
from assay.worker.extraction.names import plain
from assay.worker.extraction.resolve import Place, Source, resolve
from assay.worker.extraction.retrievals import calls_a_model
from assay.worker.extraction.sent import evidence_sent
from assay.worker.records.traces import Observation


class Part(Record):
    """A text and where in the trace it was found, e.g. `retriever 'search' (2e88c1d0).output[0].text`."""

    text: str
    source: str


def contexts_in(source: Source, paths: Sequence[str]) -> tuple[Part, ...]:
    """The passages along the selectors of `contexts`, each text once."""
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
        parts += [part for part in own if name != "output" or _may_be_retrieved(source, part)]
    return [part for part in parts if part.text != answer]


def _may_be_retrieved(source: Source, part: Part) -> bool:
    """Whether a text in an output may be evidence: not what a model wrote, and no article that was asked for."""
    is_written = plain(part.source.rsplit(".", 1)[-1]) in {"article", "document"}
    return not is_written and part.text.strip() not in source.written


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
    given = [*(source.content(step)["output"] for step in steps), source.root_fields["output"]]
    return [part for place in given if _gives_documents(place) for part in _parts(_documents(place), place)]


def _gives_documents(place: Place) -> bool:
    value = decoded(place.value)
    return isinstance(value, list) and are_documents(value)


def _documents(place: Place) -> Iterable[documents.Found]:
    """Documents that a step without a telling name gave back, or a run that only retrieves."""
    return documents.passages(place.value, keep_objects=False)
