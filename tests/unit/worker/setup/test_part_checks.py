"""What doctor says of each part of each use case: lines below only where they gain, and else where to look."""

from __future__ import annotations

from typing import Any

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.survey import PARTS
from assay.worker.ports.health import Check
from assay.worker.records.traces import Trace
from assay.worker.setup.part_checks import MOST_PLAUSIBLE, RubricGroup, line_check, part_checks
from assay.worker.setup.proposals import Search, propose
from assay.worker.setup.trace_sample import CaseSample
from tests.unit.worker.setup.foreign_shapes import ROWS, Row, german_kwargs, trace_of, traces_of
from tests.unit.worker.setup.refused_shapes import JUDGEMENTS, around


def unknown_key(row: Row, n: int) -> dict[str, Any]:
    """No model call is recorded: only a place of its own tells of the answer, and of the evidence a step's name."""
    step = {"type": "span", "name": "stage-7", "output": {"bundle": [{"zz": row.passages[0]}]}}
    return {"input": row.question, "output": {"res": {"speech_md": row.answer, "ms": n}}, "steps": [step]}


def grader(row: Row, n: int) -> dict[str, Any]:
    return around(JUDGEMENTS["label"](row), row, has_call=True, is_wrapped=False)


def looked_at(**cases: list[Trace]) -> tuple[dict[str, Check], RubricGroup, Search]:
    """The checks of some use cases, by part and use case."""
    samples = [CaseSample(use_case=n, recent=len(t), traces=tuple(t)) for n, t in cases.items()]
    group = RubricGroup(SamplePaths(), samples, {part: ["grounding"] for part in PARTS})
    search = propose([trace for traces in cases.values() for trace in traces], group.paths)
    checks = {check.name.replace(", grounding)", ")"): check for check in part_checks(group, search)}
    return checks, group, search


def of(shape: Any) -> list[Trace]:
    return [trace for trace, _ in traces_of(shape)]


def test_only_the_use_case_that_gains_is_sent_to_the_lines_below() -> None:
    checks, group, search = looked_at(shop=of(german_kwargs), graders=of(grader))
    assert "see the proposed lines below" in checks["evidence (shop)"].remedy
    assert "see the proposed lines below" not in checks["evidence (graders)"].remedy
    assert "no other place in these traces looks like it" in checks["answer (graders)"].remedy
    assert "sample.contexts" in line_check(group, search).lines[0]


def test_a_plausible_place_is_told_and_not_proposed() -> None:
    checks, _, search = looked_at(all=of(unknown_key))
    told = checks["answer (all)"]
    selector = "root.output.res.speech_md"
    assert f"unsure: look at {selector}   in {len(ROWS)} of the {len(ROWS)} traces that lack it" in told.lines
    assert "too little speaks for the places above" in told.remedy
    assert ROWS[0].answer[:40] in told.excerpts[told.lines.index(next(li for li in told.lines if selector in li))]
    assert selector not in {line.selector for line in search.proposals}
    assert "assay rubrics preview grounding --trace" in told.remedy


def test_the_texts_of_plausible_places_are_in_no_data() -> None:
    checks, _, search = looked_at(all=of(unknown_key))
    assert checks["answer (all)"].details["plausible"] == [
        {"selector": "root.output.res.speech_md", "traces": len(ROWS)}
    ]
    for data in (checks["answer (all)"].model_dump_json(), search.model_dump_json(), repr(search.plausible)):
        assert not any(row.answer in data for row in ROWS)


def test_only_a_few_places_are_told_and_those_of_other_use_cases_are_not() -> None:
    def many(row: Row, n: int) -> dict[str, Any]:
        return {"input": row.question, "output": {f"zq{key}": f"{row.answer} {key}" for key in "abcdef"}, "steps": []}

    checks, _, _ = looked_at(all=of(many), other=of(unknown_key))
    unsure = [line for line in checks["answer (all)"].lines if line.startswith("unsure")]
    assert len(unsure) == MOST_PLAUSIBLE
    assert not any("speech_md" in line for line in unsure)
    assert not any(line.startswith("unsure") for line in checks["question (all)"].lines), "it was found"


def test_the_same_text_in_every_run_and_a_judgement_are_not_told() -> None:
    def card(row: Row, n: int) -> dict[str, Any]:
        return {"input": row.question, "output": {"imprint": "We wish you a nice day.", "zq": row.answer}, "steps": []}

    checks, _, _ = looked_at(all=of(card), graders=of(grader))
    (line,) = [line for line in checks["answer (all)"].lines if line.startswith("unsure")]
    assert "root.output.zq" in line
    assert not any(line.startswith("unsure") for line in checks["answer (graders)"].lines)


def test_without_time_it_is_not_said_that_nothing_is_there() -> None:
    traces = [trace_of(unknown_key, row, number)[0] for number, row in enumerate(ROWS)]
    group = RubricGroup(
        SamplePaths(), [CaseSample(use_case="all", recent=8, traces=tuple(traces))], {"response": ["r"]}
    )
    (check,) = part_checks(group, propose(traces, group.paths, group.parts, budget_s=0.0))
    assert "no other place" not in check.remedy
    assert "time was up" in check.remedy
