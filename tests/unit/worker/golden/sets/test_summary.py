"""What a person is shown before freezing: the set in five lines, and where it leaves the defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.judges.rubric import parse_rubric
from assay.worker.golden.runs.baseline_approval import approve_baseline
from assay.worker.golden.sets.exam_size import exam_note
from assay.worker.golden.sets.golden_set import GoldenSet, read_golden_set
from assay.worker.golden.sets.summary import deviations, set_summary
from tests.unit.worker.golden.golden_sets import (
    IDS,
    a_set,
    anchors,
    answers,
    exam_of,
    item,
    rubric_named,
    run_release,
    write_set,
)


def read(directory: Path, **rest: Any) -> GoldenSet:
    items = [item(name, source_id=f"s{n // 4}", expect="refusal" if n < 4 else "answer") for n, name in enumerate(IDS)]
    return read_golden_set(write_set(directory, items, **rest), rubric_named)


def test_the_summary_says_what_the_set_is(tmp_path: Path) -> None:
    golden = read(
        tmp_path / "set-v1",
        labelled=anchors(12),
        pass_when={"hallucination_risk": {"at_most": 0.5}, "groundedness": {"at_least": 0.7}},
        gate={"must_pass": ["q7"]},
        repeats=3,
    )
    assert set_summary(golden) == [
        "items: 40 in 10 clusters (source_id), asked 3 times; 36 expect an answer, 4 a refusal",
        "anchors: 12 wrong and 12 right",
        "baseline: none yet",
        "an answer passes with hallucination_risk at most 0.5 and groundedness at least 0.7 (rubric grounding)",
        "a release passes with no regression shown in pass_rate, alpha 0.05, 1 must-pass items",
    ]


def test_the_summary_says_what_the_baseline_is(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers()})
    run = run_release(golden, "old", repeats=5).model_copy(update={"run_id": "r1", "exam": exam_of(golden)})
    approve_baseline(golden, [run], by="Ada", why="release 1")
    (line,) = [line for line in set_summary(read_golden_set(golden.directory, rubric_named)) if "baseline" in line]
    assert line == "baseline: 5 outputs of 1 runs of old, by Ada; 0% of the items flip each way by chance"


def test_a_set_of_defaults_has_no_deviation(tmp_path: Path) -> None:
    assert deviations(read(tmp_path / "set-v1"), parse_rubric("name: grounding", source="packaged")) == []


def test_each_deviation_is_told_once_with_the_default(tmp_path: Path) -> None:
    golden = read(tmp_path / "set-v1", gate={"alpha": 0.01, "cluster_by": "item", "allow_unexamined": True})
    packaged = parse_rubric("name: grounding\nrisk_labels: {medium: 0.1, high: 0.6}", source="packaged")
    assert deviations(golden, packaged) == [
        "gate: alpha: 0.01, the default is 0.05",
        "gate: cluster_by: item, the default is source_id",
        "gate: allow_unexamined: True, the default is False",
        f"rubric grounding: risk_labels.medium: {golden.rubric.risk_labels.medium}, the default is 0.1",
        f"rubric grounding: risk_labels.high: {golden.rubric.risk_labels.high}, the default is 0.6",
    ]
    assert not any("rubric" in line for line in deviations(golden, None))


@pytest.mark.parametrize(
    ("each", "words"), [(9, None), (12, "fails 79% of such exams"), (40, "fails 30% of such exams"), (80, None)]
)
def test_a_set_with_too_few_anchors_says_how_often_chance_decides(tmp_path: Path, each: int, words: str | None) -> None:
    note = exam_note(read(tmp_path / "set-v1", labelled=anchors(each)))
    assert (note is None) == (words is None)
    if note is not None and words is not None:
        assert words in note
        assert "80 + 80 do for a middling judge, 40 + 40 for a good one" in note
