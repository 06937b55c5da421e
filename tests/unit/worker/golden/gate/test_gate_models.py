"""Another model behind the judge is noticed: on one side only or since the baseline, with or without anchors."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from assay.judges.schema import Outcome, PanelVote, Sample, Scored
from assay.worker.golden.gate.session import GoldenSession
from assay.worker.golden.report.gate_record import gate_result
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.run_result import GoldenRun
from assay.worker.golden.runs.baseline_approval import approve_baseline
from assay.worker.golden.sets.golden_set import GoldenSet, read_golden_set
from assay.worker.golden.sets.lock import freeze, load_golden_set
from assay.worker.golden.targets import RecordedTarget, baseline_targets
from tests.unit.worker.golden.golden_sets import (
    WrittenJudge,
    a_set,
    answers,
    compared,
    exam_of,
    rubric_named,
    run_release,
)

RUN = "20261121T060000-0a1b2c"
STRICT: dict[str, Any] = {"on_model_change": "inconclusive"}


class Served(WrittenJudge):
    """Served by these models in turn; `panel` asks them all for each answer to q0, and only there."""

    def __init__(self, *models: str, panel: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.models = models
        self.panel = panel
        self.turn = 0

    async def evaluate(self, sample: Sample) -> Outcome:
        outcome = await super().evaluate(sample)
        assert isinstance(outcome, Scored)
        assert outcome.verdict is not None
        self.turn += 1
        verdict = outcome.verdict.model_copy(update=self._by(sample.id))
        return outcome.model_copy(update={"verdict": verdict})

    def _by(self, asked: str) -> dict[str, object]:
        if asked == "q0" and self.panel:
            votes = tuple(PanelVote(model=name, served=f"{name}-served") for name in self.panel)
            return {"votes": votes, "model_served": ", ".join(f"{name}-served" for name in self.panel)}
        return {"model_requested": "judge", "model_served": self.models[self.turn % len(self.models)]}


def gate(golden: GoldenSet, before: WrittenJudge, after: WrittenJudge) -> GateResult:
    old, new = run_release(golden, "old", before), run_release(golden, "new", after)
    return compared(old, new, golden, exam_of(golden, after))


@pytest.mark.parametrize(("settings", "code"), [({}, 0), (STRICT, 3)])
def test_sides_that_different_models_judged_are_noticed(tmp_path: Path, settings: dict[str, Any], code: int) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers()}, gate=settings)
    result = gate(golden, Served("one"), Served("two"))
    words = "the sides were judged by different models: the baseline by one, the candidate by two"
    assert result.exit_code == code
    assert words in (result.reasons if code else result.warnings)


def test_a_router_that_serves_two_models_to_both_sides_is_no_change(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers()}, gate=STRICT)
    result = gate(golden, Served("one", "two"), Served("two", "one"))
    assert (result.exit_code, result.warnings) == (0, ())
    assert gate(golden, Served("one", "two"), Served("two", "three")).exit_code == 3


def test_a_side_that_was_escalated_to_a_panel_is_no_change(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers()}, gate=STRICT)
    assert gate(golden, Served("one"), Served("one", panel=("judge-a", "judge-b"))).exit_code == 0


def test_a_judge_that_no_model_serves_is_no_change(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers()}, gate=STRICT)
    assert gate(golden, Served(""), Served("")).exit_code == 0


def _gated(golden: GoldenSet, judge: WrittenJudge) -> GateResult:
    """A gate against the reviewed baseline, whose outputs this judge judges again."""

    async def run() -> GateResult:
        session = GoldenSession(golden, judge, 4, run_id=RUN)
        sides = (baseline_targets(golden, 1, RUN), RecordedTarget(golden.release_path("new")))
        return gate_result(await session.gate(*sides))

    return asyncio.run(run())


def _with_baseline(golden: GoldenSet, run: GoldenRun) -> GoldenSet:
    exam = exam_of(golden, Served("one"))
    approve_baseline(golden, [run.model_copy(update={"run_id": RUN, "exam": exam})], by="Ada", why="x")
    return _frozen(golden)


def _frozen(golden: GoldenSet) -> GoldenSet:
    freeze(read_golden_set(golden.directory, rubric_named))
    return load_golden_set(golden.directory, rubric_named)


@pytest.mark.parametrize("change", ["nothing", "an anchor more", "no anchors then", "other thresholds"])
def test_a_new_model_since_the_baseline_is_noticed_whatever_became_of_the_anchors(tmp_path: Path, change: str) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers()}, gate=STRICT)
    golden = _with_baseline(golden, run_release(golden, "old", Served("one")))
    if change == "an anchor more":
        sample = {"id": "s", "contexts": ["c"], "response": "risk=0.9"}
        with (golden.directory / "anchors.jsonl").open("a") as file:
            file.write(json.dumps({"id": "new", "label": 1, "sample": sample}) + "\n")
    if change == "no anchors then":
        (golden.directory / "baseline" / "anchors.jsonl").unlink()
    if change == "other thresholds":
        manifest = golden.directory / "manifest.yaml"
        manifest.write_text(manifest.read_text().replace("at_most: 0.5", "at_most: 0.6"))
    golden = _frozen(golden)
    same, other = _gated(golden, Served("one")), _gated(golden, Served("two"))
    assert (same.exit_code, same.warnings) == (0, ())
    assert other.exit_code == 3
    assert other.reasons == ("the judge is served by another model: two, one when the baseline was taken",)


def test_a_model_that_served_then_and_does_not_now_is_no_change(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers()}, gate=STRICT)
    golden = _with_baseline(golden, run_release(golden, "old", Served("one", "two")))
    assert golden.baseline is not None
    assert golden.baseline.record.models_served == ("one", "two")
    assert _gated(golden, Served("two")).exit_code == 0


def test_models_that_only_the_exam_asked_are_part_of_the_baseline(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers()})
    golden = _with_baseline(golden, run_release(golden, "old", Served("")))
    assert golden.baseline is not None
    assert golden.baseline.record.models_served == ("one",)
