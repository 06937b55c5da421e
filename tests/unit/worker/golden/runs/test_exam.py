"""The judge's exam on anchors: passed, below the bar, unexamined, incomplete."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from assay.worker.golden.results.run_result import ExamState, JudgeExam
from assay.worker.golden.runs.concurrency import limit_of
from assay.worker.golden.runs.exam import examine_judge
from assay.worker.golden.runs.run import RunPlan
from tests.unit.worker.golden.golden_sets import WrittenJudge, anchors, frozen_set, item


def exam_of(
    tmp_path: Path, labelled: list[dict[str, Any]], judge: WrittenJudge | None = None, **manifest: Any
) -> JudgeExam:
    golden = frozen_set(tmp_path / "set", [item("a")], labelled=labelled, **manifest)
    return asyncio.run(examine_judge(golden, judge or WrittenJudge(), concurrency=4))


def test_a_good_judge_passes_its_exam(tmp_path: Path) -> None:
    exam = exam_of(tmp_path, anchors(right=18, wrong=2))
    assert exam.state is ExamState.PASSED
    assert (exam.positives, exam.negatives, exam.missing) == (20, 20, 0)
    assert exam.sensitivity is not None
    assert exam.sensitivity.value == pytest.approx(0.9)
    assert exam.informedness == pytest.approx(0.8)
    assert exam.informedness_low is not None
    assert 0.2 < exam.informedness_low < 0.8
    assert exam.usage.calls == 40


@pytest.mark.parametrize(("right", "wrong"), [(10, 10), (12, 8), (0, 20)])
def test_a_coin_fails_its_exam(tmp_path: Path, right: int, wrong: int) -> None:
    exam = exam_of(tmp_path, anchors(right=right, wrong=wrong))
    assert exam.state is ExamState.BELOW_BAR
    assert "bar 0.20" in exam.reason


def test_the_bar_can_be_raised(tmp_path: Path) -> None:
    assert exam_of(tmp_path, anchors(18, 2), gate={"judge_bar": 0.7}).state is ExamState.BELOW_BAR


@pytest.mark.parametrize("labelled", [anchors(9), anchors(30)[:30], anchors(30)[:35]])
def test_too_few_labels_leave_the_judge_unexamined(tmp_path: Path, labelled: list[dict[str, Any]]) -> None:
    exam = exam_of(tmp_path, labelled)
    assert exam.state is ExamState.UNEXAMINED
    assert "at least 10 of each" in exam.reason


def test_a_set_without_anchors_leaves_the_judge_unexamined(tmp_path: Path) -> None:
    golden = frozen_set(tmp_path / "set", [item("a")])
    bare = golden.model_copy(update={"anchors": ()})
    exam = asyncio.run(examine_judge(bare, WrittenJudge(), concurrency=4))
    assert exam.state is ExamState.UNEXAMINED
    assert exam.sensitivity is None


@pytest.mark.parametrize("response", ["fail", "raise", "skip:model_refused"])
def test_an_anchor_the_judge_did_not_judge_makes_the_exam_incomplete(tmp_path: Path, response: str) -> None:
    labelled = anchors(20)
    labelled[3]["sample"]["response"] = response
    exam = exam_of(tmp_path, labelled)
    assert exam.state is ExamState.INCOMPLETE
    assert exam.missing == 1
    assert exam.negatives == 19


def test_seeing_a_refusal_in_a_marked_answer_is_a_miss(tmp_path: Path) -> None:
    labelled = anchors(20)
    for anchor in labelled[20:30]:
        anchor["sample"]["response"] = "refuse"
    exam = exam_of(tmp_path, labelled)
    assert exam.sensitivity is not None
    assert exam.sensitivity.value == pytest.approx(0.5)


def test_anchors_of_few_sources_widen_the_exams_intervals(tmp_path: Path) -> None:
    """Whether the judge is right depends on the source alone: 40 anchors are worth four."""
    labelled = [{**anchor, "source_id": f"s{n % 20 // 10}"} for n, anchor in enumerate(anchors(10, 10))]
    clustered, alone = exam_of(tmp_path / "x", labelled), exam_of(tmp_path / "y", anchors(10, 10))
    assert clustered.sensitivity is not None
    assert alone.sensitivity is not None
    assert clustered.sensitivity.n_clusters == 2
    assert clustered.sensitivity.high - clustered.sensitivity.low > alone.sensitivity.high - alone.sensitivity.low


def test_the_exam_asks_each_anchor_once_and_reports_progress(tmp_path: Path) -> None:
    golden, judge = frozen_set(tmp_path / "set", [item("a")], labelled=anchors(12)), WrittenJudge()
    seen: list[str] = []

    async def run() -> None:
        plan = RunPlan(limit_of(2), on_done=lambda result: seen.append(result.id))
        await examine_judge(golden, judge, plan=plan)

    asyncio.run(run())
    assert len(seen) == len(set(seen)) == len(judge.samples) == 24
    assert judge.most_in_flight <= 2
