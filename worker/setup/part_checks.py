"""What doctor says of a part in the traces of a use case: its share, where it is not, and what would find it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.survey import NOTHING_AT, PARTS, PartName, ShapeSurvey, Survey, survey
from assay.worker.ports.health import Check
from assay.worker.setup.proposals import PlausiblePlace, Search
from assay.worker.setup.trace_sample import CaseSample
from assay.worker.statistics.intervals import wilson

BAR = 0.8
"""Share of traces in which a part should be found: below it, more than one in five is not judged as it could be."""
MOST_SHAPES, MOST_PLAUSIBLE = 3, 5
WHY = {
    "question": "without it nothing is held against what was asked",
    "response": "without it a trace is skipped",
    "contexts": "without it an answer gets no groundedness",
}
TITLES = {"question": "question", "response": "answer", "contexts": "evidence"}


@dataclass
class RubricGroup:
    """Rubrics that look at the same places in the same use cases: they are examined once.

    Attributes:
        needing: the names of the rubrics that need each part.
    """

    paths: SamplePaths
    cases: list[CaseSample]
    needing: dict[PartName, list[str]]

    @property
    def parts(self) -> tuple[PartName, ...]:
        """The parts that any of them needs."""
        return tuple(part for part in PARTS if part in self.needing)


@dataclass(frozen=True)
class _CasePart:
    """One part in the traces of one use case.

    Attributes:
        ids: the traces.
        rubrics: those that need the part.
        seen: where the parts of these traces were found.
        search: what would find more, over the traces of all use cases.
    """

    part: PartName
    use_case: str
    ids: frozenset[str]
    rubrics: Sequence[str]
    seen: Survey
    search: Search

    @property
    def count(self) -> int:
        """In how many of the traces the part was found."""
        return self.seen.count(self.part)

    @property
    def is_low(self) -> bool:
        """Whether it is in fewer traces than it should be."""
        return self.count < BAR * self.seen.traces

    @property
    def lacking(self) -> list[ShapeSurvey]:
        """The shapes without it that are told."""
        shapes = [shape for shape in self.seen.shapes if shape.missing.get(self.part)]
        return shapes[: MOST_SHAPES if self.is_low else 1]

    @property
    def gains(self) -> bool:
        """Whether a proposed line finds it in any of these traces."""
        return any(line.part == self.part and line.gained & self.ids for line in self.search.proposals)

    @property
    def plausible(self) -> list[tuple[str, dict[str, str]]]:
        """Selectors of places for a person to look at, each with what is there by trace."""
        places = ((place.selector, self._own(place)) for place in self.search.plausible if place.part == self.part)
        return [(selector, own) for selector, own in places if own][:MOST_PLAUSIBLE] if self.is_low else []

    def _own(self, place: PlausiblePlace) -> dict[str, str]:
        return {trace: text for trace, text in place.excerpts.items() if trace in self.ids}


def part_checks(group: RubricGroup, search: Search) -> list[Check]:
    """A check for each part of each use case."""
    return [_share(own) for case in group.cases for own in _parts_of(case, group, search)]


def _parts_of(case: CaseSample, group: RubricGroup, search: Search) -> Iterator[_CasePart]:
    seen = survey(case.traces, group.paths, search.buried)
    ids = frozenset(trace.id for trace in case.traces)
    for part in group.parts:
        yield _CasePart(part, case.use_case, ids, group.needing[part], seen, search)


def _share(own: _CasePart) -> Check:
    part, seen, count = own.part, own.seen, own.count
    places = seen.places.get(part, {})
    interval = wilson(count, seen.traces)
    low, high = (interval.low, interval.high) if interval else (0.0, 1.0)
    by = ", ".join(f"{path} {n}" for path, n in list(places.items())[:4])
    message = f"in {count} of {seen.traces} traces ({count / seen.traces:.0%}, 95% interval {low:.0%}–{high:.0%})"
    lines = tuple(_part_lines(own.lacking, part))
    return Check(
        name=f"{TITLES[part]} ({own.use_case}, {', '.join(own.rubrics)})",
        status="warn" if own.is_low else "ok",
        message=message + (f": {by}" if by else ""),
        lines=(*lines, *(_unsure(selector, at, seen.traces - count) for selector, at in own.plausible)),
        excerpts=(*("" for _ in lines), *(_excerpt(at) for _, at in own.plausible)),
        remedy=_remedy(own) if own.is_low else "",
        details={
            "use_case": own.use_case,
            "rubrics": list(own.rubrics),
            "part": part,
            "n": seen.traces,
            "found": count,
            "share": count / seen.traces,
            "interval": [low, high],
            "bar": BAR,
            "places": dict(places),
            "shapes": [_shape_data(shape, part) for shape in seen.shapes if shape.missing.get(part)],
            "plausible": [{"selector": selector, "traces": len(at)} for selector, at in own.plausible],
        },
    )


def _unsure(selector: str, at: Mapping[str, str], lacking: int) -> str:
    return f"unsure: look at {selector}   in {len(at)} of the {lacking} traces that lack it"


def _excerpt(texts: Mapping[str, str]) -> str:
    trace, text = next(iter(texts.items()))
    return f"trace {trace}: {text}"


def _part_lines(lacking: Sequence[ShapeSurvey], part: PartName) -> Iterator[str]:
    """Where was looked, once, and a line for each shape that has nothing there."""
    nothing = next((s.reasons[part] for s in lacking if s.reasons[part].startswith(NOTHING_AT)), "")
    if nothing:
        yield f"looked at {nothing.removeprefix(NOTHING_AT)}"
    for shape in lacking:
        missing, reason = shape.missing[part], shape.reasons[part]
        share = f"{missing} of {shape.traces}" if missing < shape.traces else f"{missing}"
        why = "nothing there" if reason == nothing else reason
        yield f"{share} × {shape.shape}: {why}; e.g. trace {shape.examples[part]}"


def _shape_data(shape: ShapeSurvey, part: PartName) -> dict[str, str | int]:
    return {
        "shape": shape.shape,
        "traces": shape.traces,
        "missing": shape.missing[part],
        "reason": shape.reasons[part],
        "trace": shape.examples[part],
    }


def _remedy(own: _CasePart) -> str:
    why = f"less than {BAR:.0%}: {WHY[own.part]}"
    if own.gains:
        return f"{why}; see the proposed lines below"
    if not own.search.is_whole:
        why += "; time was up before all places were looked at"
    elif own.plausible:
        why += "; too little speaks for the places above to write one of them"
    else:
        why += "; no other place in these traces looks like it"
    why += "; answers that need no evidence have none" if own.part == "contexts" else ""
    example = own.lacking[0].examples[own.part]
    return (
        f"{why}. Look at one: `assay rubrics preview {own.rubrics[0]} --trace {example}`, "
        f"then name the place under sample.{own.part} in the rubric"
    )


def line_check(group: RubricGroup, search: Search) -> Check:
    """The proposed lines, with what each of them finds."""
    proposals = search.proposals
    rubrics = list(dict.fromkeys(name for line in proposals for name in group.needing[line.part]))
    count = "one more line finds" if len(proposals) == 1 else f"{len(proposals)} more lines find"
    return Check(
        name=f"selectors ({', '.join(rubrics)})",
        status="warn",
        message=f"{count} what is missing" + ("" if search.is_whole else "; time was up before all was looked at"),
        lines=tuple(
            f"sample.{line.part}: {line.selector}   {line.before} → {line.after} of {line.traces} traces"
            for line in proposals
        ),
        excerpts=tuple(f"trace {line.example}: {line.excerpt}" for line in proposals),
        remedy=f"`assay doctor --fix` shows the difference and writes them into {', '.join(rubrics)}",
        details={
            "rubrics": list(rubrics),
            "proposals": [line.model_dump(mode="json", exclude={"excerpt"}) for line in proposals],
        },
    )
