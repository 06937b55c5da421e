"""Whether recent traces can be judged: shares by use case, shapes that lack a part, and lines that would find it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from pydantic import Field

from assay.judges.cpu_executor import in_thread
from assay.judges.rubric import Rubric, SamplePaths
from assay.judges.schema import Record
from assay.worker.extraction.survey import NOTHING_AT, PARTS, PartName, ShapeSurvey, Survey, survey
from assay.worker.ports.capabilities import WithTraceImport
from assay.worker.ports.health import Check
from assay.worker.records.traces import Trace
from assay.worker.setup.proposals import Proposal, Search, propose
from assay.worker.setup.trace_sample import CaseSample, TraceSample, sample_traces
from assay.worker.statistics.intervals import wilson
from assay.worker.wiring.runtime import Runtime

BAR = 0.8
"""Share of traces in which a part should be found: below it, more than one in five is not judged as it could be."""
MOST_SHAPES = 3
WHY = {
    "question": "without it nothing is held against what was asked",
    "response": "without it a trace is skipped",
    "contexts": "without it an answer gets no groundedness",
}
TITLES = {"question": "question", "response": "answer", "contexts": "evidence"}


class TraceSurvey(Record):
    """The proposed lines by rubric, for `--fix`."""

    proposals: dict[str, tuple[Proposal, ...]] = Field(default_factory=dict)


@dataclass
class _Group:
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


class TraceSurveyor:
    """Looks at a sample of the deployment's traces; `survey` is what it came to, once the checks were read."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.survey = TraceSurvey()

    async def checks(self) -> AsyncIterator[Check]:
        """A check for the use cases, then one for each part of each, then the proposed lines.

        Raises:
            StoreUnavailable, StoreRejected
        """
        runtime = self._runtime
        sample = await sample_traces(runtime.store, runtime.deployment, runtime.clock.now())
        yield _use_cases(sample, can_import=isinstance(runtime.store, WithTraceImport))
        proposals: dict[str, list[Proposal]] = {}
        for group in self._groups(sample):
            traces = [trace for case in group.cases for trace in case.traces]
            search = await in_thread(propose, traces, group.paths, group.parts)
            for check in await in_thread(_of_cases, group, search):
                yield check
            if search.proposals:
                yield _lines(group, search)
            for line in search.proposals:
                for rubric in group.needing[line.part]:
                    proposals.setdefault(rubric, []).append(line)
        self.survey = TraceSurvey(proposals={name: tuple(lines) for name, lines in proposals.items()})

    def _groups(self, sample: TraceSample) -> list[_Group]:
        groups: dict[tuple[str, ...], _Group] = {}
        for name, rubric in self._runtime.rubrics.items():
            cases = [case for case in sample.cases if case.traces and name in self._rubrics_of(case.use_case)]
            if not cases:
                continue
            same = (rubric.sample.model_dump_json(), *(case.use_case for case in cases))
            group = groups.setdefault(same, _Group(rubric.sample, cases, {}))
            for part in parts_needed(rubric):
                group.needing.setdefault(part, []).append(name)
        return list(groups.values())

    def _rubrics_of(self, use_case: str) -> Sequence[str]:
        case = self._runtime.deployment.use_case(use_case)
        return self._runtime.deployment.rubrics_of(case) if case else ()


def parts_needed(rubric: Rubric) -> tuple[PartName, ...]:
    """The parts of a sample that a rubric looks at; the answer always."""
    if rubric.method == "grounding":
        return PARTS
    seen = {part for criterion in rubric.criteria for part in criterion.required}
    seen |= {part for check in rubric.checks for part in check.where}
    return tuple(part for part in PARTS if part == "response" or part in seen)


def _use_cases(sample: TraceSample, *, can_import: bool) -> Check:
    if not sample.recent:
        remedy = (
            "`assay import FILE` takes traces in" if can_import else "check which project your application writes to"
        )
        return Check(name="traces", status="warn", message=f"none in {_duration(sample.hours)}", remedy=remedy)
    taken = [f"{case.use_case} {case.recent:,}" for case in sample.cases if case.recent]
    looked_at = sum(len(case.traces) for case in sample.cases)
    message = f"{', '.join(taken) or 'no use case has any'}; {looked_at} of them are looked at"
    without = [case.use_case for case in sample.cases if not case.recent]
    problems = []
    if sample.unmatched:
        problems.append(f"{sample.unmatched:,} of {sample.recent:,} traces match no use case")
    if sample.unread:
        problems.append(f"{sample.unread} could not be read: {sample.why_unread}")
    if sample.is_cut:
        problems.append("not all of the sample was read in time")
    if without:
        message += f"; {', '.join(without[:8])} without any in {_duration(sample.hours)}"
    remedy = "add a use case without `match` at the end, if these should be judged" if sample.unmatched else ""
    return Check(
        name="traces",
        status="warn" if problems else "ok",
        message="; ".join([message, *problems]),
        remedy=remedy or ("run it again; what is too large is never judged" if sample.unread else ""),
        details={
            "hours": sample.hours,
            "unmatched": sample.unmatched,
            "unread": sample.unread,
            "use_cases": [
                {"use_case": case.use_case, "recent": case.recent, "looked_at": len(case.traces)}
                for case in sample.cases
            ],
        },
    )


def _of_cases(group: _Group, search: Search) -> list[Check]:
    return [check for case in group.cases for check in _of_case(case.use_case, case.traces, group, search)]


def _of_case(use_case: str, traces: Sequence[Trace], group: _Group, search: Search) -> Iterator[Check]:
    seen = survey(traces, group.paths, search.buried)
    for part in group.parts:
        yield _share(use_case, group.needing[part], part, seen, search)


def _share(use_case: str, rubrics: Sequence[str], part: PartName, seen: Survey, search: Search) -> Check:
    count, places = seen.count(part), seen.places.get(part, {})
    interval = wilson(count, seen.traces)
    low, high = (interval.low, interval.high) if interval else (0.0, 1.0)
    by = ", ".join(f"{path} {n}" for path, n in list(places.items())[:4])
    is_low = count < BAR * seen.traces
    lacking = [shape for shape in seen.shapes if shape.missing.get(part)][: MOST_SHAPES if is_low else 1]
    message = f"in {count} of {seen.traces} traces ({count / seen.traces:.0%}, 95% interval {low:.0%}–{high:.0%})"
    return Check(
        name=f"{TITLES[part]} ({use_case}, {', '.join(rubrics)})",
        status="warn" if is_low else "ok",
        message=message + (f": {by}" if by else ""),
        lines=tuple(_part_lines(lacking, part)),
        remedy=_remedy(part, rubrics, lacking, search) if is_low else "",
        details={
            "use_case": use_case,
            "rubrics": list(rubrics),
            "part": part,
            "n": seen.traces,
            "found": count,
            "share": count / seen.traces,
            "interval": [low, high],
            "bar": BAR,
            "places": dict(places),
            "shapes": [_shape_data(shape, part) for shape in seen.shapes if shape.missing.get(part)],
        },
    )


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


def _remedy(part: PartName, rubrics: Sequence[str], lacking: Sequence[ShapeSurvey], search: Search) -> str:
    why = f"less than {BAR:.0%}: {WHY[part]}"
    if any(proposal.part == part for proposal in search.proposals):
        return f"{why}; see the proposed lines below"
    example = lacking[0].examples[part]
    none_needed = "; answers that need no evidence have none" if part == "contexts" else ""
    return (
        f"{why}; no other place in these traces looks like it{none_needed}. Look at one: "
        f"`assay rubrics preview {rubrics[0]} --trace {example}`, then name the place under sample.{part} in the rubric"
    )


def _lines(group: _Group, search: Search) -> Check:
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


def _duration(hours: float) -> str:
    if hours > 24 * 366:
        return "the store"
    return "the last hour" if hours <= 1 else f"the last {hours / 24:.0f} days" if hours >= 48 else "the last day"
