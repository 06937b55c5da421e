"""An exam that was not passed says which anchors fell, by which sentence, and what a person can do next."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from assay.judges.schema import Claim, ClaimVerdict, Outcome, Sample, Scored, Span
from assay.worker.golden.report.html.page import gate_page
from assay.worker.golden.report.json_report import gate_json
from assay.worker.golden.report.junit import gate_junit
from assay.worker.golden.report.markdown import gate_markdown
from assay.worker.golden.report.terminal import print_gate, print_run
from assay.worker.golden.report.wording.exam import exam_advice, fallen_words
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.run_result import ExamState, JudgeExam
from assay.worker.golden.runs.baseline_approval import approve_baseline
from assay.worker.golden.sets.golden_set import GoldenSet, read_golden_set
from assay.worker.golden.sets.lock import freeze, load_golden_set
from tests.unit.worker.golden.golden_sets import (
    WrittenJudge,
    a_set,
    anchors,
    answers,
    compared,
    exam_of,
    rubric_named,
    run_release,
)

SENTENCE = "The first ferry to Norholm leaves at 05:40."
REASON = "words absent from the evidence: ferry, leaves, first"


class TellingJudge(WrittenJudge):
    """A judge that names the sentence it doubts, and why."""

    async def evaluate(self, sample: Sample) -> Outcome:
        outcome = await super().evaluate(sample)
        if not isinstance(outcome, Scored) or outcome.verdict is None:
            return outcome
        claim = Claim(
            text=SENTENCE,
            span=Span(start=0, end=3),
            verdict=ClaimVerdict.NOT_FOUND if "risk=0.9" in sample.response else ClaimVerdict.SUPPORTED,
            reason=REASON,
            p_supported=0.2,
            source="local",
        )
        return outcome.model_copy(update={"verdict": outcome.verdict.model_copy(update={"claims": (claim,)})})


def below_bar(tmp_path: Path, right: int = 7, wrong: int = 5, **rest: Any) -> GateResult:
    """A gate whose judge is right on 7 of 12 answers of each label."""
    golden = a_set(tmp_path, {"old": answers(), "new": answers()}, labelled=anchors(right, wrong), **rest)
    exam = exam_of(golden, TellingJudge())
    return compared(run_release(golden, "old"), run_release(golden, "new"), golden, exam)


def terminal(result: GateResult) -> str:
    console = Console(width=400, file=io.StringIO(), record=True)
    print_gate(result, console)
    return console.export_text()


def test_every_report_names_the_anchors_that_fell_by_their_sentence(tmp_path: Path) -> None:
    result = below_bar(tmp_path)
    assert result.exit_code == 3
    anchor = f"anchor-0-7 (right, flagged): “{SENTENCE}”, not found (supported with a probability of 0.20): {REASON}"
    text = terminal(result)
    assert "anchors that fell: 5 right answers flagged, 5 hallucinations missed" in text
    assert anchor in text
    assert "anchor-1-7 (hallucination, missed)" not in text  # the sixth of ten
    assert "… and 5 more" in text
    assert anchor in gate_markdown(result).replace("\\", "")
    page = gate_page(result)
    assert page.count(SENTENCE) > 10  # all of them in the exam's section
    _, suite = list(ElementTree.fromstring(gate_junit(result))), ElementTree.fromstring(gate_junit(result))[0]
    assert anchor in (suite.findtext("system-out") or "")
    kept = json.loads(gate_json(result))["exam"]["anchors"]
    told = [anchor for anchor in kept if anchor["sentence"]]
    assert len(told) == 10
    assert told[0]["reason"].startswith("not found")


def test_the_reports_say_what_to_do_next(tmp_path: Path) -> None:
    result = below_bar(tmp_path)
    assert 1 <= len(result.next_steps) <= 2
    for step in result.next_steps:
        assert f"next: {step}" in terminal(result)
        assert step.partition("`")[0] in gate_markdown(result).replace("\\", "")
    assert "What to do next" in gate_page(result)


def advice(exam: JudgeExam) -> str:
    return " | ".join(exam_advice(exam))


def exam_with(golden: GoldenSet, judge: WrittenJudge | None = None) -> JudgeExam:
    return exam_of(golden, judge or TellingJudge())


def test_a_judge_that_looks_good_enough_needs_more_labels(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers()}, labelled=anchors(9, 3))
    exam = exam_with(golden)
    assert exam.state is ExamState.BELOW_BAR
    assert "label more: with 60 wrong and 60 right answers such a judge passes with 90% probability" in advice(exam)
    assert "(now 12 wrong and 12 right ones)" in advice(exam)


def test_a_judge_that_is_a_coin_needs_something_else(tmp_path: Path) -> None:
    exam = exam_with(a_set(tmp_path, {"old": answers()}, labelled=anchors(8, 8)))
    assert "more labels alone will not do" in advice(exam)
    assert "assay calibrate --labels FILE" in advice(exam)


def test_the_local_judge_leads_to_a_model_and_a_model_to_another(tmp_path: Path) -> None:
    exam = exam_with(a_set(tmp_path, {"old": answers()}, labelled=anchors(8, 8)))
    assert "another model or rubric" in advice(exam)  # written-1 served it
    assert "rubric: grounding-llm" in advice(exam.model_copy(update={"models_served": ()}))


@pytest.mark.parametrize(
    ("marked", "unmarked", "words"),
    [
        (3, 20, "label 7 more answers that are wrong (label 1) in anchors.jsonl"),
        (20, 4, "label 6 more answers that are right (label 0) in anchors.jsonl"),
        (1, 0, "9 more answers that are wrong (label 1) and 10 more answers that are right (label 0)"),
    ],
)
def test_too_few_labels_say_how_many_lack(tmp_path: Path, marked: int, unmarked: int, words: str) -> None:
    labelled = [a for a in anchors(20) if int(a["id"].split("-")[2]) < (marked if a["label"] else unmarked)]
    golden = a_set(tmp_path, {"old": answers(), "new": answers()}, labelled=labelled)
    exam = exam_with(golden)
    assert exam.state is ExamState.UNEXAMINED
    assert words in advice(exam)
    result = compared(run_release(golden, "old"), run_release(golden, "new"), golden, exam)
    assert words in result.next_steps[0]
    assert fallen_words(exam) == ()


def test_an_exam_with_failures_names_the_failure_and_not_its_words(tmp_path: Path) -> None:
    broken = [
        *anchors(20),
        {"id": "x", "label": 1, "sample": {"id": "s", "contexts": ["c"], "response": "fail: Jane Doe"}},
    ]
    exam = exam_with(a_set(tmp_path, {"old": answers()}, labelled=broken))
    assert exam.state is ExamState.INCOMPLETE
    assert "judge failed: ModelUnavailable" in advice(exam)
    assert "Jane" not in advice(exam)


def test_a_judge_that_changed_since_the_baseline_is_called_changed(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers()}, labelled=anchors(40))
    run = run_release(golden, "old", repeats=5).model_copy(update={"run_id": "r1", "exam": exam_of(golden)})
    approve_baseline(golden, [run], by="Ada", why="release 1")
    path = golden.directory / "baseline" / "anchors.jsonl"
    freeze(read_golden_set(golden.directory, rubric_named))
    golden = load_golden_set(golden.directory, rubric_named)
    assert path.exists()

    class Changed(TellingJudge):
        async def evaluate(self, sample: Sample) -> Outcome:
            flipped = sample.response.replace("risk=0.9", "risk=0.2") if sample.id == "s" else sample.response
            return await super().evaluate(sample.model_copy(update={"response": flipped}))

    exam = exam_with(golden, Changed("rev-2"))
    assert exam.state is ExamState.BELOW_BASELINE
    assert "its evaluator revision changed" in advice(exam)
    assert "0 right answers flagged, 40 hallucinations missed" in fallen_words(exam)[0]
    assert "(hallucination, missed)" in fallen_words(exam)[1]


def test_an_exam_that_was_passed_needs_no_advice(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers()}, labelled=anchors(20, 1))
    exam = exam_with(golden)
    assert exam.state is ExamState.PASSED
    assert exam_advice(exam) == fallen_words(exam) == ()
    result = compared(run_release(golden, "old"), run_release(golden, "new"), golden, exam)
    assert result.next_steps == ()
    assert "anchors that fell" not in terminal(result)
    assert "Anchors on which the judge was wrong" in gate_page(result)


def test_a_plain_run_tells_it_as_well(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers()}, labelled=anchors(7, 5))
    run = run_release(golden, "old").model_copy(update={"exam": exam_with(golden)})
    console = Console(width=300, file=io.StringIO(), record=True)
    print_run(run, console)
    text = console.export_text()
    assert "anchors that fell: 5 right answers flagged" in text
    assert "next: " in text


def test_an_anchor_that_was_taken_for_a_refusal_has_no_sentence(tmp_path: Path) -> None:
    refused = [
        {"id": f"r{n}", "label": 1, "sample": {"id": "s", "contexts": ["c"], "response": "refuse"}} for n in range(12)
    ]
    golden = a_set(tmp_path, {"old": answers()}, labelled=[*refused, *[a for a in anchors(12) if not a["label"]]])
    words = fallen_words(exam_of(golden, WrittenJudge()))
    assert any("r0 (hallucination, missed)" in line for line in words)


def test_hostile_sentences_stay_text(tmp_path: Path) -> None:
    result = below_bar(tmp_path)
    assert result.exam is not None
    evil = "<script>alert(1)</script> @everyone [x](http://a.example) \x1b[31m | `rm`"
    bad = tuple(
        a.model_copy(update={"sentence": evil, "reason": evil}) if a.sentence else a for a in result.exam.anchors
    )
    hostile = result.model_copy(update={"exam": result.exam.model_copy(update={"anchors": bad})})
    assert "\x1b" not in terminal(hostile)
    assert "<script>alert" not in gate_page(hostile)
    markdown = gate_markdown(hostile)
    for part in ("<script>", "@everyone", "](http", "http://"):
        assert part not in markdown
    ElementTree.fromstring(gate_junit(hostile))
