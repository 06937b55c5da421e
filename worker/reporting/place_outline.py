"""What is at the places where a part of a sample was looked for, and at those where it was not.

Keys, types, lengths, and a short excerpt of texts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from pydantic import JsonValue

from assay.judges.rubric.selectors import Selector, parse_selector
from assay.judges.schema import Record
from assay.worker.extraction.kinds import kind_of
from assay.worker.extraction.literals import plain_json
from assay.worker.extraction.retrievals import retrieving
from assay.worker.extraction.steps import relevant
from assay.worker.records.traces import Observation, Trace
from assay.worker.reporting.terminal.text import clipped
from assay.worker.reporting.terminal.visible import visible

MOST_LINES, MOST_STEPS = 10, 3
"""Lines for one place, and steps shown of one type."""
MOST_UNLOOKED = 8
"""Steps shown to which no selector leads."""
_EXCERPT, _DEPTH, _KEYS = 60, 3, 12
_LONGEST_NAME = 60


class PlaceOutline(Record):
    """A place that was tried: what kind of thing is there, and beneath it what it holds, a line each."""

    selector: str
    summary: str
    lines: tuple[str, ...] = ()


def outlines(trace: Trace, selectors: Sequence[str]) -> list[PlaceOutline]:
    """What is at each of the selectors of a part, in their order."""
    return [outline for text in selectors for outline in _outlines_of(trace, text)]


def unlooked_outlines(trace: Trace, selectors: Sequence[str], field: str, telling: Sequence[str]) -> list[PlaceOutline]:
    """What is in the steps that none of a part's selectors leads to; in full where it looks like the part.

    Args:
        trace: the trace.
        selectors: those of the part.
        field: `input` or `output`, where the part would be.
        telling: selectors of places that look like the part.
    """
    steps = relevant(trace)
    looked_at = {step.id for text in selectors for step in _led_to(parse_selector(text), steps)}
    likely = {step.id for text in telling for step in _led_to(parse_selector(text), steps)}
    rest = [step for step in steps if step.id not in looked_at and getattr(step, field) not in (None, "", [], {})]
    rest.sort(key=lambda step: step.id not in likely)
    shown = [_unlooked(step, field, in_full=step.id in likely) for step in rest[:MOST_UNLOOKED]]
    if len(rest) > MOST_UNLOOKED:
        shown.append(PlaceOutline(selector="…", summary=f"{_count(len(rest) - MOST_UNLOOKED, 'more step')} like these"))
    return shown


def _unlooked(step: Observation, field: str, *, in_full: bool) -> PlaceOutline:
    value = getattr(step, field)
    inner = plain_json(value)
    return PlaceOutline(
        selector=f"{step.type.lower()} {_short(step.name)}".strip() + f", {field}",
        summary=f"no selector leads there; {_form(inner)}",
        lines=tuple(_lines(inner)) if in_full else (),
    )


def _form(value: JsonValue) -> str:
    """What kind of thing a value is, with its keys and without its text."""
    if isinstance(value, dict):
        keys = [_short(key) for key in list(value)[:_KEYS]]
        return f"an object with {', '.join(keys)}{', …' if len(value) > _KEYS else ''}"
    return f"text, {_count(len(value), 'character')}" if isinstance(value, str) else _kind(value)


def _led_to(selector: Selector, steps: Sequence[Observation]) -> list[Observation]:
    """The steps a selector leads to, whatever is in them."""
    if selector.head in {"answer", "prompt"}:
        return _calls(steps)[-1:]
    if selector.head == "retriever" and selector.field == "documents":
        chosen = retrieving(steps)
    else:
        chosen = [step for step in steps if selector.head in {step.type.lower(), kind_of(step)}]
    return [step for step in chosen if selector.name is None or fnmatchcase(step.name, selector.name)]


def _outlines_of(trace: Trace, text: str) -> Iterator[PlaceOutline]:
    selector = parse_selector(text)
    if selector.head == "root":
        fields: dict[str, JsonValue] = {"input": trace.input, "output": trace.output, "metadata": trace.root.metadata}
        if selector.field == "documents":
            whole = Selector(head="root")
            yield from (_outline(text, f"{name} is ", fields[name], whole) for name in ("input", "output"))
        else:
            yield _outline(text, "", fields.get(selector.field), selector)
    elif selector.head == "prompt":
        yield _prompt(trace)
    else:
        yield from _of_steps(trace, text, selector)


def _of_steps(trace: Trace, text: str, selector: Selector) -> Iterator[PlaceOutline]:
    steps = relevant(trace)
    chosen = _led_to(selector, steps)
    named = f" and name {selector.name}" if selector.name else ""
    why = "no model call" if selector.head == "answer" else f"no step of type {selector.head}{named}"
    if not chosen:
        yield PlaceOutline(selector=text, summary=f"{why}; there {_steps_in_words(steps)}")
    for step in chosen[:MOST_STEPS]:
        yield from _of_step(text, selector, step)
    if len(chosen) > MOST_STEPS:
        yield PlaceOutline(selector=text, summary=f"{len(chosen) - MOST_STEPS} more steps like these")


def _of_step(text: str, selector: Selector, step: Observation) -> Iterator[PlaceOutline]:
    where = f"{step.type.lower()} {_short(step.name)}: "
    fields: dict[str, JsonValue] = {"input": step.input, "output": step.output, "metadata": step.metadata}
    if selector.field == "documents":
        name = (
            "input" if selector.head == "answer" else "output"
        )  # a model call is sent documents, a retrieval gives them
        yield _outline(text, f"{where}{name} is ", fields[name], Selector(head=selector.head))
        if step.metadata:
            yield _outline(text, f"{where}metadata is ", step.metadata, Selector(head=selector.head))
        return
    yield _outline(text, where, fields.get(selector.field), selector)


def _prompt(trace: Trace) -> PlaceOutline:
    call = next((call for call in reversed(_calls(relevant(trace))) if call.input), None)
    where, value = ("the last model call's input", call.input) if call else ("root.input", trace.input)
    outline = _outline("prompt", "", value, Selector(head="prompt"))
    return outline.model_copy(update={"summary": f"no passage is marked as evidence in {where}: {outline.summary}"})


def _calls(steps: Sequence[Observation]) -> list[Observation]:
    return [step for step in steps if kind_of(step) == "generation"]


def _outline(text: str, where: str, value: JsonValue, selector: Selector) -> PlaceOutline:
    """What a value is, after the plain keys of a selector; where a key is not there, what is there instead."""
    for number, key in enumerate(selector.keys):
        if not isinstance(value, dict) or key not in value:
            before = ".".join((selector.field, *selector.keys[:number]))
            summary = f"{where}no key {_short(key)}; {before} is {_kind(value)}"
            return PlaceOutline(selector=text, summary=summary, lines=tuple(_lines(value)))
        value = value[key]
    inside = f", and nothing at {_short(selector.path)} in it" if selector.path and value not in (None, "") else ""
    return PlaceOutline(selector=text, summary=f"{where}{_kind(value)}{inside}", lines=tuple(_lines(value)))


def _lines(value: JsonValue) -> list[str]:
    lines: list[str] = []
    for path, inner in _below(value, "", _DEPTH):
        if len(lines) == MOST_LINES:
            return [*lines, "…"]
        lines.append(f"{path}: {_kind(inner)}")
    return lines


def _below(value: JsonValue, at: str, depth: int) -> Iterator[tuple[str, JsonValue]]:
    """What a value holds, with its path; of a list the first and the last item stand for all."""
    if depth <= 0:
        return
    if isinstance(value, dict):
        for key, inner in list(value.items())[:_KEYS]:
            path = f"{at}.{_short(key)}" if at else _short(key)
            yield path, inner
            yield from _below(inner, path, depth - 1)
    elif isinstance(value, list):
        for number in dict.fromkeys((0, len(value) - 1) if value else ()):
            yield f"{at}[{number}]", value[number]
            yield from _below(value[number], f"{at}[{number}]", depth - 1)


def _kind(value: JsonValue) -> str:
    """A value's type and size, and how a text begins."""
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return f"text, {_count(len(value), 'character')}: “{_excerpt(value)}”" if value else "an empty text"
    if isinstance(value, dict):
        return f"an object of {_count(len(value), 'key')}" if value else "an empty object"
    if isinstance(value, list):
        return f"a list of {_count(len(value), 'item')}" if value else "an empty list"
    return f"{'true or false' if isinstance(value, bool) else 'a number'}: {value!s:.20}"


def _steps_in_words(steps: Sequence[Observation]) -> str:
    names = list(dict.fromkeys(f"{step.type.lower()} {_short(step.name)}".strip() for step in steps))
    if not names:
        return "are no steps at all"
    return f"are {', '.join(names[:_KEYS])}{', …' if len(names) > _KEYS else ''}"


def _short(name: str) -> str:
    return clipped(name, _LONGEST_NAME)


def _excerpt(text: str) -> str:
    """How a text begins, on one line."""
    line = " ".join(text[: 4 * _EXCERPT].split())
    return visible(line[:_EXCERPT]) + ("…" if len(line) > _EXCERPT or len(text) > 4 * _EXCERPT else "")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
