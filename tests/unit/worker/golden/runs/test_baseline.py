"""Reviewed baselines: who may become one, what is written, what a gate and an exam do with it."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from assay.judges.schema import Outcome, Sample, Scored
from assay.worker.golden.gate.session import GoldenSession
from assay.worker.golden.report.gate_record import gate_result
from assay.worker.golden.results.run_result import ExamState, GoldenRun
from assay.worker.golden.runs.baseline_approval import approve_baseline
from assay.worker.golden.runs.exam import examine_judge
from assay.worker.golden.sets.files import GoldenSetError
from assay.worker.golden.sets.golden_set import GoldenSet, read_golden_set
from assay.worker.golden.sets.lock import changes_since_lock, freeze, load_golden_set
from assay.worker.golden.targets import RecordedTarget, baseline_targets
from tests.unit.worker.golden.golden_sets import (
    BAD,
    OK,
    WrittenJudge,
    a_set,
    anchors,
    answers,
    compared,
    exam_of,
    rubric_named,
    run_release,
    write_lines,
)

WHY = {"by": "Ada", "why": "first release"}
HTTP = {"kind": "http", "url": "http://127.0.0.1:9/"}


def run_of(golden: GoldenSet, release: str = "old", number: int = 0, **plan: Any) -> GoldenRun:
    """A run with the judge's exam in it and an id of its own."""
    run = run_release(golden, release, **plan)
    return run.model_copy(update={"run_id": f"20261121T06000{number}-00000{number}", "exam": exam_of(golden)})


def approved(golden: GoldenSet, *runs: GoldenRun, **why: str) -> GoldenSet:
    """The set, frozen, after these runs were taken as its baseline."""
    approve_baseline(golden, runs, **(WHY | why))
    freeze(read_golden_set(golden.directory, rubric_named))
    return load_golden_set(golden.directory, rubric_named)


@pytest.fixture
def golden(tmp_path: Path) -> GoldenSet:
    return a_set(tmp_path, {"old": answers(2), "new": answers(9)})


def test_a_baseline_is_written_with_who_when_and_why(golden: GoldenSet) -> None:
    changed = approved(golden, run_of(golden, repeats=5))
    assert changed.baseline is not None
    record = changed.baseline.record
    assert [outputs.file for outputs in record.outputs] == [f"outputs-{n}.jsonl" for n in range(1, 6)]
    assert {(outputs.passed, outputs.failed) for outputs in record.outputs} == {(38, 2)}
    assert (record.approved.by, record.approved.why) == ("Ada", "first release")
    assert record.models_served == ("written-1",)
    assert len(changed.baseline.anchors) == 40
    assert changed.digest == golden.digest, "a baseline is a run's input, not the set's"
    text = (golden.directory / "baseline" / "baseline.yaml").read_text(encoding="utf-8")
    assert text.startswith("# Written by `assay golden baseline`")
    assert yaml.safe_load(text)["schema"] == 1


def test_a_baseline_counts_only_after_freezing(golden: GoldenSet) -> None:
    approve_baseline(golden, [run_of(golden)], **WHY)
    (change,) = changes_since_lock(read_golden_set(golden.directory, rubric_named))
    assert change.part == "baseline"
    assert "added baseline.yaml, outputs-1.jsonl, anchors.jsonl" in str(change)
    with pytest.raises(GoldenSetError, match="changed since the set was frozen"):
        load_golden_set(golden.directory, rubric_named)


@pytest.mark.parametrize("file", ["baseline.yaml", "outputs-1.jsonl", "anchors.jsonl"])
def test_a_changed_baseline_file_breaks_the_lock_and_is_named(golden: GoldenSet, file: str) -> None:
    approved(golden, run_of(golden))
    path = golden.directory / "baseline" / file
    path.write_text(
        path.read_text(encoding="utf-8").replace("q0", "q0 ").replace("Ada", "Eve").replace("true", "false")
    )
    with pytest.raises(GoldenSetError, match="baseline"):
        load_golden_set(golden.directory, rubric_named)


def test_the_old_baseline_stays_in_the_history(golden: GoldenSet) -> None:
    first = approved(golden, run_of(golden, repeats=2))
    second = approved(first, run_of(first, "new", 1), by="Bob", why="a new model")
    history = (golden.directory / "baseline" / "history.jsonl").read_text(encoding="utf-8")
    (entry,) = [json.loads(line) for line in history.splitlines()]
    assert entry["approved"]["by"] == "Ada"
    assert set(entry["files"]) == {"baseline.yaml", "outputs-1.jsonl", "outputs-2.jsonl", "anchors.jsonl"}
    assert second.baseline is not None
    assert [outputs.file for outputs in second.baseline.record.outputs] == ["outputs-1.jsonl"]
    assert not (golden.directory / "baseline" / "outputs-2.jsonl").exists()
    approved(second, run_of(second, "old", 2))
    assert len((golden.directory / "baseline" / "history.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_a_live_target_needs_five_outputs(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(2)}, target=HTTP)
    with pytest.raises(GoldenSetError, match="4 outputs to each item; at least 5"):
        approve_baseline(golden, [run_of(golden, number=0, repeats=2), run_of(golden, number=1, repeats=2)], **WHY)
    approve_baseline(golden, [run_of(golden, number=n) for n in range(5)], **WHY)
    assert not list((golden.directory / "baseline").glob("*.new"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"set_digest": "x"}, "another state of the set"),
        ({"golden_set": "other"}, "another state of the set"),
        ({"target": "other"}, "target: is 'other'"),
        ({"run_id": "20261121T060000-000000"}, "names a run twice"),
    ],
)
def test_runs_that_do_not_belong_together_are_refused(golden: GoldenSet, change: dict[str, str], words: str) -> None:
    other = run_of(golden, number=1).model_copy(update=change)
    with pytest.raises(GoldenSetError, match=words):
        approve_baseline(golden, [run_of(golden), other], **WHY)
    with pytest.raises(GoldenSetError, match="names no run"):
        approve_baseline(golden, [], **WHY)


def test_a_run_with_gaps_is_no_baseline(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(q3="fail")})
    with pytest.raises(GoldenSetError, match="1 answers are missing"):
        approve_baseline(golden, [run_of(golden)], **WHY)


def test_outputs_take_turns_and_are_as_many_as_the_repeats(golden: GoldenSet) -> None:
    changed = approved(golden, run_of(golden, repeats=5))
    firsts = Counter(baseline_targets(changed, 1, f"run {n}")[0].name for n in range(200))
    assert set(firsts) == {f"outputs-{n}" for n in range(1, 6)}
    assert min(firsts.values()) > 15
    three = [target.name for target in baseline_targets(changed, 3, "run")]
    assert len(set(three)) == 3
    assert three == [target.name for target in baseline_targets(changed, 3, "run")]
    with pytest.raises(GoldenSetError, match="holds 5 outputs, 6 repeats"):
        baseline_targets(changed, 6, "run")


def test_a_baseline_of_other_items_is_refused(golden: GoldenSet) -> None:
    approved(golden, run_of(golden))
    lines = (golden.directory / "items.jsonl").read_text(encoding="utf-8").splitlines()
    write_lines(golden.directory / "items.jsonl", [json.loads(line) for line in lines[1:]])
    freeze(read_golden_set(golden.directory, rubric_named))
    with pytest.raises(GoldenSetError, match="taken with other items"):
        baseline_targets(load_golden_set(golden.directory, rubric_named), 1, "run")


def test_a_set_without_a_baseline_says_how_to_take_one(golden: GoldenSet) -> None:
    with pytest.raises(GoldenSetError, match="assay golden baseline"):
        baseline_targets(golden, 1, "run")


def test_a_gate_judges_the_baselines_outputs_again(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(1), "new": answers(9)}, repeats=2)
    changed = approved(golden, run_of(golden, repeats=3))
    judge = WrittenJudge()
    sides = (baseline_targets(changed, 2, "r"), RecordedTarget(changed.release_path("new")))
    result = gate_result(asyncio.run(GoldenSession(changed, judge, 8).gate(*sides)))
    assert (result.exit_code, result.worse, result.repeats) == (1, 8, 2)
    assert len(judge.samples) == 2 * 40 * 2 + 40


# --- the judge against itself -------------------------------------------------------------------------------------


class Worse(WrittenJudge):
    """Misses what it should flag, in the first `times` judgements of anchors; another model from then on, if named."""

    def __init__(self, anchors_missed: int, *, sure: bool = True, model: str = "written-1") -> None:
        super().__init__()
        self.left = anchors_missed
        self.sure = sure
        self.model = model

    async def evaluate(self, sample: Sample) -> Outcome:
        asked_before = sum(seen.id == "s" and seen.response == sample.response for seen in self.samples)
        if sample.id == "s" and sample.response == BAD and self.left > 0 and (self.sure or asked_before < 20):
            self.left -= 1
            sample = sample.model_copy(update={"response": OK})
        outcome = await super().evaluate(sample)
        assert isinstance(outcome, Scored)
        assert outcome.verdict is not None
        verdict = outcome.verdict.model_copy(update={"model_served": self.model})
        return outcome.model_copy(update={"verdict": verdict})


@pytest.mark.parametrize(
    ("missed", "state"), [(0, ExamState.PASSED), (7, ExamState.PASSED), (60, ExamState.BELOW_BASELINE)]
)
def test_a_judge_that_got_worse_than_its_own_baseline_is_noticed(
    golden: GoldenSet, missed: int, state: ExamState
) -> None:
    changed = approved(golden, run_of(golden))
    exam = asyncio.run(examine_judge(changed, Worse(missed), concurrency=1))
    assert exam.state is state
    assert exam.change is not None
    assert (exam.change.worse, exam.change.better, exam.change.n) == (min(missed, 20), 0, 40)
    if state is ExamState.BELOW_BASELINE:
        assert "the judge got worse: 20 anchors" in exam.reason
        run = run_release(changed, "old")
        result = compared(run, run, changed, exam)
        assert (result.exit_code, result.reasons[0].split(":")[0]) == (3, "judge exam below_baseline")


def test_a_bad_hour_is_not_taken_for_a_worse_judge(golden: GoldenSet) -> None:
    """Ten anchors fall once and stand up again in both further judgements."""
    changed = approved(golden, run_of(golden))
    exam = asyncio.run(examine_judge(changed, Worse(10, sure=False), concurrency=1))
    assert (exam.state, exam.confirmed) == (ExamState.PASSED, 10)


def test_without_a_reviewed_baseline_the_judge_has_no_before(golden: GoldenSet) -> None:
    assert exam_of(golden).change is None


def test_anchors_under_other_thresholds_are_not_compared(golden: GoldenSet) -> None:
    approved(golden, run_of(golden))
    manifest = golden.directory / "manifest.yaml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("at_most: 0.5", "at_most: 0.6"))
    freeze(read_golden_set(golden.directory, rubric_named))
    assert exam_of(load_golden_set(golden.directory, rubric_named)).change is None


@pytest.mark.parametrize(("setting", "code"), [("warn", 0), ("inconclusive", 3)])
def test_another_model_behind_the_judge_is_noticed(tmp_path: Path, setting: str, code: int) -> None:
    golden = a_set(tmp_path, {"old": answers(2)}, gate={"on_model_change": setting})
    changed = approved(golden, run_of(golden))
    exam = asyncio.run(examine_judge(changed, Worse(0, model="written-2"), concurrency=1))
    run = run_release(changed, "old")
    result = compared(run, run, changed, exam)
    words = "the judge is served by another model: written-2, written-1 when the baseline was taken"
    assert result.exit_code == code
    assert words in (result.warnings if code == 0 else result.reasons)


def test_an_unexamined_judge_that_is_allowed_is_still_said(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(2)}, labelled=anchors(3), gate={"allow_unexamined": True})
    run = run_release(golden, "old")
    result = compared(run, run, golden, exam_of(golden))
    assert result.exit_code == 0
    assert "the judge is unexamined" in result.warnings[0]
