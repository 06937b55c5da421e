"""Which exam of the judge a rate may be corrected by: of the same revision, at the same cut, the newest."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.worker.golden.runs.run_store import RunStore
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.reporting.period.exams import Exams
from tests.unit.worker.golden.golden_sets import WrittenJudge, a_set, anchors, answers, exam_of, run_release


def examined(home: Path, *, revision: str = "rev-1", wrong: int = 5, **manifest: object) -> tuple[GoldenSet, Exams]:
    """A set with one kept run, whose judge is wrong on some anchors of each class."""
    golden = a_set(home, {"new": answers()}, labelled=anchors(right=20, wrong=wrong), **manifest)
    judge = WrittenJudge(revision)
    kept = {"exam": exam_of(golden, judge), "run_id": "20261121T060000-0a1b2c"}
    run = run_release(golden, "new", judge).model_copy(update=kept)
    RunStore(home / "data", golden.name).save_run(run)
    return golden, Exams.kept(home / "data", [golden.directory])


def test_anchors_are_the_labels(tmp_path: Path) -> None:
    _, exams = examined(tmp_path)
    labels = exams.labels("grounding", "rev-1", 0.5)
    assert labels is not None
    counts = {"positives": 25, "caught": 20, "negatives": 25, "passed": 20}
    assert labels.model_dump(include=set(counts)) == counts


@pytest.mark.parametrize(
    ("rubric", "revision", "cut"), [("tone", "rev-1", 0.5), ("grounding", "rev-2", 0.5), ("grounding", "rev-1", 0.3)]
)
def test_another_judge_or_cut_has_no_labels(tmp_path: Path, rubric: str, revision: str, cut: float) -> None:
    _, exams = examined(tmp_path)
    assert exams.labels(rubric, revision, cut) is None


def test_a_set_that_flags_by_more_than_the_risk_has_none(tmp_path: Path) -> None:
    more = {"hallucination_risk": {"at_most": 0.5}, "groundedness": {"at_least": 0.7}}
    _, exams = examined(tmp_path, pass_when=more)
    assert exams.labels("grounding", "rev-1", 0.5) is None


def test_a_run_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    golden, exams = examined(tmp_path)
    for path in (tmp_path / "data").rglob("run.json"):
        path.write_text("{", encoding="utf-8")
    assert exams.labels("grounding", "rev-1", 0.5) is None
    (golden.directory / "manifest.yaml").write_text("- no mapping", encoding="utf-8")
    assert (
        Exams.kept(tmp_path / "data", [golden.directory, tmp_path / "nowhere"]).labels("grounding", "rev-1", 0.5)
        is None
    )
