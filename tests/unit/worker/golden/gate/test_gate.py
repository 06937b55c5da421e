"""The gate: regressions are caught, and nothing that did not run ever passes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.schema import Tier
from assay.worker.golden.results.gate_result import GateResult, GateVerdict, Pair
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import ExamState, GoldenRun, ItemResult, JudgeExam
from assay.worker.golden.sets.files import GoldenSetError
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import GoldenItem, Labels, Manifest, Threshold
from assay.worker.golden.sets.target_settings import RecordedTargetSettings
from tests.unit.worker.golden.golden_sets import (
    BAD,
    IDS,
    OK,
    WrittenJudge,
    a_set,
    anchors,
    answers,
    compared,
    exam_of,
    rubric_named,
    run_confirmed,
    run_release,
)


def gate(tmp_path: Path, old: dict[str, str], new: dict[str, str], **rest: Any) -> GateResult:
    golden = a_set(tmp_path, {"old": old, "new": new}, **rest)
    return compared(run_release(golden, "old"), run_confirmed(golden, "new"), golden, exam_of(golden))


# --- verdicts -----------------------------------------------------------------------------------------------------


def test_an_unchanged_release_passes(tmp_path: Path) -> None:
    result = gate(tmp_path, answers(3), answers(3))
    assert (result.verdict, result.exit_code) == (GateVerdict.PASS, 0)
    assert (result.worse, result.better, result.p_value) == (0, 0, 1.0)
    assert result.minimum_detectable_drop is not None
    assert 0.1 < result.minimum_detectable_drop < 0.3


def test_five_items_worse_is_the_smallest_regression_that_blocks(tmp_path: Path) -> None:
    four, five = gate(tmp_path / "4", answers(), answers(4)), gate(tmp_path / "5", answers(), answers(5))
    assert (four.verdict, four.exit_code) == (GateVerdict.PASS, 0)
    assert (five.verdict, five.exit_code) == (GateVerdict.REGRESSED, 1)
    assert five.p_value == pytest.approx(0.03125)
    assert "McNemar p = 0.0312" in five.reasons[0]


def test_an_improvement_passes(tmp_path: Path) -> None:
    result = gate(tmp_path, answers(10), answers())
    assert (result.verdict, result.worse, result.better) == (GateVerdict.PASS, 0, 10)


def test_refusing_everything_is_a_regression(tmp_path: Path) -> None:
    result = gate(tmp_path, answers(), dict.fromkeys(IDS, "refuse"))
    assert result.exit_code == 1


def test_a_must_pass_failure_blocks_without_a_p_value(tmp_path: Path) -> None:
    result = gate(tmp_path, answers(1), answers(1), gate={"must_pass": ["q0"]})
    assert (result.verdict, result.exit_code) == (GateVerdict.REGRESSED, 1)
    assert result.must_pass_failures == ("q0",)
    assert "must-pass item failed: q0" in result.reasons


def test_alpha_comes_from_the_set(tmp_path: Path) -> None:
    assert gate(tmp_path, answers(), answers(5), gate={"alpha": 0.01}).exit_code == 0


def test_discordant_items_carry_both_sides(tmp_path: Path) -> None:
    result = gate(tmp_path, answers(1), answers(q7=BAD, q0=OK))
    assert [(pair.id, pair.worse, pair.better) for pair in result.discordant] == [
        ("q7", True, False),
        ("q0", False, True),
    ]
    before, after = result.discordant[0].telling
    assert after.worst_claim is not None
    assert before.worst_claim is None


def test_slices_are_reported_and_not_tested(tmp_path: Path) -> None:
    result = gate(tmp_path, answers(), answers(q0=BAD, q2=BAD, q4=BAD, q6=BAD))
    assert result.exit_code == 0
    assert [(s.tag, s.n, s.baseline_passed, s.candidate_passed, s.worse) for s in result.slices] == [
        ("even", 20, 20, 16, 4),
        ("odd", 20, 20, 20, 0),
    ]


# --- every way not to run -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", ["fail", "raise", "skip:model_refused"])
@pytest.mark.parametrize("side", ["baseline", "candidate"])
def test_one_item_the_judge_did_not_judge_is_inconclusive(tmp_path: Path, broken: str, side: str) -> None:
    old, new = (answers(q5=broken), answers()) if side == "baseline" else (answers(), answers(q5=broken))
    result = gate(tmp_path, old, new)
    assert (result.verdict, result.exit_code) == (GateVerdict.INCONCLUSIVE, 3)
    assert f"{side}: 1 of 40 items missing (first: q5: judge " in result.reasons[0]


@pytest.mark.parametrize("side", ["baseline", "candidate"])
def test_one_item_without_an_answer_is_inconclusive(tmp_path: Path, side: str) -> None:
    short = {name: OK for name in IDS if name != "q5"}
    result = gate(tmp_path, *((short, answers()) if side == "baseline" else (answers(), short)))
    assert result.exit_code == 3


@pytest.mark.parametrize("new", [dict.fromkeys(IDS, "fail"), {"other": OK}])
def test_nothing_ran_is_inconclusive(tmp_path: Path, new: dict[str, str]) -> None:
    result = gate(tmp_path, answers(), new)
    assert (result.exit_code, result.candidate_missing) == (3, 40)
    assert result.candidate_pass_rate is None


def test_nothing_ran_is_inconclusive_however_tolerant_the_set(tmp_path: Path) -> None:
    tolerant = {"min_completed": 0.01}
    down = dict.fromkeys(IDS, "fail")
    assert gate(tmp_path / "x", down, down, gate=tolerant).exit_code == 3
    assert gate(tmp_path / "y", answers(), down, gate=tolerant).exit_code == 3


def test_tolerated_missing_items_count_against_the_candidate(tmp_path: Path) -> None:
    tolerant = {"min_completed": 0.8}
    four = gate(tmp_path / "4", answers(), answers() | dict.fromkeys(IDS[:4], "fail"), gate=tolerant)
    five = gate(tmp_path / "5", answers(), answers() | dict.fromkeys(IDS[:5], "fail"), gate=tolerant)
    assert (four.exit_code, four.worse) == (0, 4)
    assert (five.exit_code, five.worse) == (1, 5)


def test_a_missing_must_pass_item_is_never_tolerated(tmp_path: Path) -> None:
    settings = {"min_completed": 0.5, "must_pass": ["q5"]}
    result = gate(tmp_path, answers(), answers(q5="fail"), gate=settings)
    assert result.exit_code == 3
    assert "must-pass items missing or not confirmed: q5" in result.reasons


def test_uncalibrated_risk_is_inconclusive(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers()})
    judge = WrittenJudge(calibrated=False)
    old, new = (run_release(golden, release, judge) for release in ("old", "new"))
    result = compared(old, new, golden, exam_of(golden, judge))
    assert result.exit_code == 3
    assert "not calibrated" in result.reasons[0]


@pytest.mark.parametrize("labelled", [anchors(10, 10), anchors(3)])
def test_a_judge_that_failed_or_lacks_its_exam_is_inconclusive(tmp_path: Path, labelled: list[dict[str, Any]]) -> None:
    result = gate(tmp_path, answers(), answers(20), labelled=labelled)
    assert result.exit_code == 3
    assert result.reasons[0].startswith("judge ")


def test_a_failed_exam_is_not_waved_through_by_allow_unexamined(tmp_path: Path) -> None:
    settings = {"allow_unexamined": True}
    assert gate(tmp_path / "x", answers(), answers(), labelled=anchors(10, 10), gate=settings).exit_code == 3
    assert gate(tmp_path / "y", answers(), answers(), labelled=anchors(3), gate=settings).exit_code == 0


@pytest.mark.parametrize(("labelled", "code"), [(anchors(3), 3), (anchors(20), 0)])
def test_the_screen_decides_only_after_a_passed_exam(tmp_path: Path, labelled: list[dict[str, Any]], code: int) -> None:
    golden = a_set(tmp_path, {"r": answers()}, labelled=labelled, gate={"allow_unexamined": True})
    judge = WrittenJudge(tier=Tier.SCREEN)
    run = run_release(golden, "r", judge)
    result = compared(run, run, golden, exam_of(golden, judge))
    assert result.exit_code == code
    assert ("scores of the screen decide only after a passed exam" in result.reasons[0]) == (code == 3)
    assert not [warning for warning in result.warnings if "lets it decide" in warning]


def test_no_exam_at_all_is_inconclusive(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers()})
    run = run_release(golden, "r")
    assert compared(run, run, golden, None).exit_code == 3


def test_runs_of_two_evaluator_revisions_are_inconclusive(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers()})
    old, new = run_release(golden, "r", WrittenJudge("rev-1")), run_release(golden, "r", WrittenJudge("rev-2"))
    result = compared(old, new, golden, exam_of(golden, WrittenJudge("rev-2")))
    assert result.exit_code == 3
    assert "different evaluator revisions" in result.reasons[0]


def test_an_exam_of_another_revision_is_inconclusive(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers()})
    run = run_release(golden, "r")
    assert compared(run, run, golden, exam_of(golden, WrittenJudge("rev-0"))).exit_code == 3


def test_a_run_of_another_state_of_the_set_is_an_input_error(tmp_path: Path) -> None:
    golden = a_set(tmp_path / "x", {"r": answers()})
    changed = a_set(tmp_path / "y", {"r": answers()}, pass_when={"hallucination_risk": {"at_most": 0.6}})
    old, new = run_release(golden, "r"), run_release(changed, "r")
    for baseline, candidate in ((old, new), (new, old), (old, old)):
        with pytest.raises(GoldenSetError, match="another state of golden set"):
            compared(baseline, candidate, changed, exam_of(changed))


@pytest.mark.parametrize("change", ["fewer", "more", "twice", "none"])
def test_a_run_of_other_items_is_an_input_error(tmp_path: Path, change: str) -> None:
    golden = a_set(tmp_path, {"r": answers()})
    run = run_release(golden, "r")
    items = {"fewer": run.items[1:], "more": (*run.items, run.items[0]), "twice": (run.items[0],) * 40, "none": ()}
    other = run.model_copy(update={"items": items[change]})
    with pytest.raises(GoldenSetError, match="not the items of the set"):
        compared(run, other, golden, exam_of(golden))


statuses = st.sampled_from(list(ItemStatus))


@given(st.lists(st.tuples(statuses, statuses), min_size=1, max_size=30), st.booleans())
def test_a_pass_needs_every_item_and_a_trusted_judge(
    sides: list[tuple[ItemStatus, ItemStatus]], trusted: bool
) -> None:  # drawn
    golden, runs, exam = _made_up(sides, trusted=trusted)
    result = compared(*runs, golden, exam)
    if result.verdict is GateVerdict.PASS:
        assert trusted
        assert ItemStatus.MISSING not in [status for pair in sides for status in pair]
        assert result.p_value is not None
        assert result.p_value > 0.05
    assert result.exit_code == {"pass": 0, "regressed": 1, "inconclusive": 3}[result.verdict.value]


def _made_up(
    sides: list[tuple[ItemStatus, ItemStatus]], *, trusted: bool
) -> tuple[GoldenSet, tuple[GoldenRun, GoldenRun], JudgeExam]:
    """Set, runs and exam with these statuses, nothing on disk."""
    manifest = Manifest(
        name="m",
        target=RecordedTargetSettings(kind="recorded"),
        pass_when={"hallucination_risk": Threshold(at_most=0.5)},
        labels=Labels(by="x", licence="y"),
    )
    items = tuple(GoldenItem(id=str(n), question="?") for n in range(len(sides)))
    golden = GoldenSet(
        directory=Path(), manifest=manifest, rubric=rubric_named("grounding"), items=items, anchors=(), digests={}
    )
    now = datetime.now(UTC)

    def run(side: int) -> GoldenRun:
        results = tuple(ItemResult(id=str(n), status=pair[side]) for n, pair in enumerate(sides))
        return GoldenRun(
            golden_set="m", set_digest=golden.digest, rubric="grounding", rubric_hash="h", revision="r",
            target="t", started=now, finished=now, items=results,
        )  # fmt: skip

    state = ExamState.PASSED if trusted else ExamState.BELOW_BAR
    exam = JudgeExam(
        state=state, reason="", set_digest=golden.digest, revision="r", bar=0.2, positives=20, negatives=20, missing=0
    )
    return golden, (run(0), run(1)), exam


def test_missing_on_both_sides_says_nothing() -> None:
    gone = ItemResult(id="a", status=ItemStatus.MISSING)
    assert Pair(id="a", baseline=(gone,), candidate=(gone,)).both_missing
