"""The primary metric with repeats, secondaries with Holm, non-inferiority, must-pass by majority, floors."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from assay.judges.schema import Outcome, Sample
from assay.worker.golden.gate.session import GoldenSession
from assay.worker.golden.report.gate_record import gate_result
from assay.worker.golden.results.gate_result import GateResult, GateVerdict
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import GoldenRun, ItemResult
from assay.worker.golden.runs.concurrency import limit_of
from assay.worker.golden.runs.run import RunPlan, confirm_failures
from assay.worker.golden.sets.files import GoldenSetError
from assay.worker.golden.sets.golden_set import GoldenSet, read_golden_set
from assay.worker.golden.sets.manifest import GateSettings
from assay.worker.golden.targets import RecordedTarget
from tests.unit.worker.golden.golden_sets import (
    BAD,
    IDS,
    OK,
    WrittenJudge,
    a_set,
    answers,
    compared,
    exam_of,
    item,
    rubric_named,
    run_release,
    write_set,
)

PASSED, FAILED, MISSING = ItemStatus.PASSED, ItemStatus.FAILED, ItemStatus.MISSING


def repeated(golden: GoldenSet, release: str, failing: dict[str, int], repeats: int) -> GoldenRun:
    """A run in which these items fail in so many of their repeats, and no other does."""
    run = run_release(golden, release, repeats=repeats)
    items = tuple(
        result.model_copy(update={"status": FAILED if result.repeat < failing.get(result.id, 0) else PASSED})
        for result in run.items
    )
    return run.model_copy(update={"items": items})


def gate(golden: GoldenSet, before: GoldenRun, after: GoldenRun) -> GateResult:
    return compared(before, after, golden, exam_of(golden))


# --- repeats ------------------------------------------------------------------------------------------------------


def test_every_item_is_asked_as_often_as_wanted(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers(3)})
    run = run_release(golden, "r", repeats=3)
    assert len(run.items) == 120
    assert {(result.id, result.repeat) for result in run.items} == {(name, n) for name in IDS for n in range(3)}
    rate = run.pass_rate()
    assert rate is not None
    assert (rate.n, rate.n_clusters) == (120, 40)


def test_an_item_that_fails_in_every_repeat_weighs_more_than_one_that_sways(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers()})
    before = repeated(golden, "r", {}, 3)
    sways = gate(golden, before, repeated(golden, "r", dict.fromkeys(IDS[:4], 1), 3))
    fails = gate(golden, before, repeated(golden, "r", dict.fromkeys(IDS[:5], 3), 3))
    assert (sways.verdict, sways.worse, sways.primary.test) == (GateVerdict.PASS, 4, "exact sign-flip")
    assert (fails.verdict, fails.worse) == (GateVerdict.REGRESSED, 5)
    assert fails.p_value == pytest.approx(1 / 32)


def test_unstable_items_are_named_and_the_noise_is_told(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers()})
    result = gate(golden, repeated(golden, "r", {"q1": 2}, 3), repeated(golden, "r", {"q1": 1, "q2": 3, "q3": 1}, 3))
    assert result.unstable == ("q1", "q3")
    assert result.noise is not None
    assert result.noise.run_se > 0
    once = gate(golden, run_release(golden, "r"), run_release(golden, "r"))
    assert (once.unstable, once.noise) == ((), None)


def test_sides_with_unequal_repeats_are_an_input_error(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers()})
    with pytest.raises(GoldenSetError, match="both sides need the same"):
        gate(golden, run_release(golden, "r", repeats=2), run_release(golden, "r", repeats=3))


def test_more_repeats_see_smaller_drops(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers()})
    drops = []
    for repeats in (1, 3):
        run = run_release(golden, "r", repeats=repeats)
        drops.append(gate(golden, run, run).minimum_detectable_drop)
    assert drops[0] is not None
    assert drops[1] is not None
    assert drops[1] < drops[0]


# --- secondaries --------------------------------------------------------------------------------------------------


def took(run: GoldenRun, **values: Any) -> GoldenRun:
    """The run with every answer having taken so much, give or take a little by item."""
    items = tuple(
        result.model_copy(update={name: type(value)(value * (1 + n % 5 / 20)) for name, value in values.items()})
        for n, result in enumerate(run.items)
    )
    return run.model_copy(update={"items": items})


def test_a_prompt_that_quadruples_tokens_is_named_and_does_not_block(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers()})
    run = run_release(golden, "r")
    result = gate(golden, took(run, target_tokens=400), took(run, target_tokens=1600))
    assert result.verdict is GateVerdict.PASS
    (warning,) = result.warnings
    assert "tokens per answer worse: 440 → 1,760, 4.00 times as much" in warning
    assert "Holm p = " in warning


def test_a_secondary_blocks_where_the_set_says_so(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers()}, gate={"secondary": "block"})
    run = run_release(golden, "r")
    slower = gate(golden, took(run, target_latency_s=1.0), took(run, target_latency_s=2.0))
    assert slower.verdict is GateVerdict.REGRESSED
    assert "seconds per answer worse" in slower.reasons[0]


def test_a_trifle_more_is_not_named_however_sure(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers()})
    run = run_release(golden, "r")
    result = gate(golden, took(run, target_tokens=10_000), took(run, target_tokens=10_500))
    assert result.warnings == ()
    (test,) = [test for test in result.secondaries if test.metric == "target_tokens"]
    assert test.adjusted_p is not None
    assert test.adjusted_p < 0.01


def test_secondaries_are_corrected_for_being_many(tmp_path: Path) -> None:
    old, new = dict.fromkeys(IDS, "risk=0.1"), dict.fromkeys(IDS[:5], "risk=0.4") | dict.fromkeys(IDS[5:], "risk=0.1")
    golden = a_set(tmp_path, {"old": old, "new": new})
    result = gate(golden, run_release(golden, "old"), run_release(golden, "new"))
    assert {test.metric: test.p_value for test in result.secondaries} == {
        "groundedness": 1 / 32,
        "hallucination_risk": 1 / 32,
    }
    assert [test.adjusted_p for test in result.secondaries] == [2 / 32, 2 / 32]
    assert result.warnings == (), "each alone would have been significant"


def test_fewer_tokens_are_no_worse(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers()})
    run = run_release(golden, "r")
    assert gate(golden, took(run, target_tokens=1600), took(run, target_tokens=400)).warnings == ()


def test_a_score_that_falls_below_the_threshold_of_nobody_is_still_named(tmp_path: Path) -> None:
    old, new = dict.fromkeys(IDS, "risk=0.1"), dict.fromkeys(IDS, "risk=0.4")
    golden = a_set(tmp_path, {"old": old, "new": new})
    result = gate(golden, run_release(golden, "old"), run_release(golden, "new"))
    assert result.verdict is GateVerdict.PASS
    assert [warning.split(":")[0] for warning in result.warnings] == ["groundedness worse", "hallucination risk worse"]


def test_what_only_one_side_knows_is_not_tested(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers()})
    run = run_release(golden, "r")
    result = gate(golden, run, took(run, target_tokens=400))
    assert "target_tokens" not in [test.metric for test in result.secondaries]


# --- other primaries, and the margin ------------------------------------------------------------------------------


def test_a_score_can_be_the_primary_metric(tmp_path: Path) -> None:
    old, new = dict.fromkeys(IDS, "risk=0.1"), dict.fromkeys(IDS, "risk=0.4")
    golden = a_set(tmp_path, {"old": old, "new": new}, gate={"primary": "hallucination_risk"})
    result = gate(golden, run_release(golden, "old"), run_release(golden, "new"))
    assert result.verdict is GateVerdict.REGRESSED
    assert "hallucination risk rose" in result.reasons[0]
    assert "pass_rate" in [test.metric for test in result.secondaries]
    assert result.minimum_detectable_drop is None


def test_refusing_does_not_save_a_scores_mean(tmp_path: Path) -> None:
    golden = a_set(
        tmp_path, {"old": answers(), "new": dict.fromkeys(IDS[:20], "refuse") | dict.fromkeys(IDS[20:], OK)},
        gate={"primary": "groundedness"},
    )  # fmt: skip
    result = gate(golden, run_release(golden, "old"), run_release(golden, "new"))
    assert result.verdict is GateVerdict.REGRESSED
    assert "groundedness fell" in result.reasons[0]


def test_an_unknown_primary_is_an_input_error(tmp_path: Path) -> None:
    write_set(tmp_path / "gate-v1", [item("a")], gate={"primary": "vibes"})
    with pytest.raises(GoldenSetError, match=r"manifest\.yaml: (line \d+: )?gate\.primary"):
        read_golden_set(tmp_path / "gate-v1", rubric_named)


@pytest.mark.parametrize(("bad", "code"), [(0, 0), (1, 3), (3, 3), (5, 1), (12, 1)])
def test_non_inferiority_passes_only_what_is_shown(tmp_path: Path, bad: int, code: int) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers(bad)}, gate={"mode": "non_inferiority", "margin": 0.07})
    result = gate(golden, run_release(golden, "old"), run_release(golden, "new"))
    assert result.exit_code == code
    assert (result.mode, result.margin) == ("non_inferiority", 0.07)
    assert result.primary.drop_interval is not None


def test_a_small_drop_that_is_shown_passes_within_a_wide_margin(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers(5)}, gate={"mode": "non_inferiority", "margin": 0.3})
    result = gate(golden, run_release(golden, "old"), run_release(golden, "new"))
    assert result.primary.shown_worse
    assert result.exit_code == 0
    assert result.reasons[0].startswith("no worse than 30.0%")


def test_a_margin_that_so_few_items_can_never_show_is_refused_with_the_reason(tmp_path: Path) -> None:
    settings = {"mode": "non_inferiority", "margin": 0.02}
    write_set(tmp_path / "gate-v1", [item(str(n)) for n in range(100)], gate=settings)
    with pytest.raises(GoldenSetError, match=r"gate\.margin: 0\.02 can never be shown: with 100 items .* 2\.6% .* 133"):
        read_golden_set(tmp_path / "gate-v1", rubric_named)


@pytest.mark.parametrize(
    "settings",
    [
        {"margin": 0.1},
        {"mode": "non_inferiority"},
        {"mode": "non_inferiority", "margin": 0.1, "primary": "groundedness"},
    ],
)
def test_half_a_non_inferiority_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        GateSettings(**settings)


# --- must-pass ----------------------------------------------------------------------------------------------------


class Swaying(WrittenJudge):
    """Finds `sways` answers bad the first so many times, and good from then on."""

    def __init__(self, bad_times: int, then: str = OK) -> None:
        super().__init__()
        self.bad_times = bad_times
        self.then = then

    async def evaluate(self, sample: Sample) -> Outcome:
        if sample.response == "sways":
            self.bad_times -= 1
            sample = sample.model_copy(update={"response": BAD if self.bad_times >= 0 else self.then})
        return await super().evaluate(sample)


def confirmed(tmp_path: Path, judge: WrittenJudge, answer: str = "sways") -> GateResult:
    golden = a_set(tmp_path, {"old": answers(), "new": answers(q5=answer)}, gate={"must_pass": ["q5"]})
    old, new = run_release(golden, "old", judge), run_release(golden, "new", judge)

    async def confirm() -> GoldenRun:
        return await confirm_failures(new, golden, judge, ["q5"], RunPlan(limit_of(2)))

    return compared(old, asyncio.run(confirm()), golden, exam_of(golden, judge))


@pytest.mark.parametrize(("bad_times", "code"), [(0, 0), (1, 0), (2, 1), (3, 1)])
def test_a_must_pass_failure_counts_when_two_of_three_judgements_say_so(
    tmp_path: Path, bad_times: int, code: int
) -> None:
    result = confirmed(tmp_path, Swaying(bad_times))
    assert result.exit_code == code
    assert result.must_pass_failures == (("q5",) if code else ())
    assert result.worse == (1 if bad_times else 0), "statistics count the first judgement"


def test_a_must_pass_failure_that_cannot_be_confirmed_is_inconclusive(tmp_path: Path) -> None:
    result = confirmed(tmp_path, Swaying(1, then="fail"))
    assert result.exit_code == 3
    assert "must-pass items missing or not confirmed: q5" in result.reasons


def test_a_failure_that_needs_no_judge_is_confirmed_without_one(tmp_path: Path) -> None:
    judge = WrittenJudge()
    result = confirmed(tmp_path, judge, answer=" ")
    assert result.exit_code == 1
    assert " " not in [sample.response for sample in judge.samples]


class Dragging(WrittenJudge):
    """Finds `sways` bad at once, and takes for ever over any further judgement of it."""

    async def evaluate(self, sample: Sample) -> Outcome:
        if sample.response == "sways":
            if any(seen.response == BAD and seen.id == sample.id for seen in self.samples):
                await asyncio.Event().wait()
            sample = sample.model_copy(update={"response": BAD})
        return await super().evaluate(sample)


def test_a_must_pass_failure_that_the_time_kept_from_being_confirmed_does_not_decide(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers(q5="sways")}, gate={"must_pass": ["q5"]})
    before = run_release(golden, "old")

    async def run() -> GateResult:
        session = GoldenSession(golden, Dragging(), 8, timeout_s=5.0)
        return gate_result(await session.gate(before, RecordedTarget(golden.release_path("new"))))

    result = asyncio.run(run())
    assert (result.exit_code, result.must_pass_failures) == (3, ())
    assert "must-pass items failed and were not judged again, for the time was up: q5" in result.reasons


# --- nothing to compare -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["refuse", "small talk", " "])
def test_a_release_that_says_nothing_never_passes_whatever_the_baseline(tmp_path: Path, answer: str) -> None:
    mute = dict.fromkeys(IDS, answer)
    for before, code in ((answers(), 1), (answers(38), 3), (mute, 3)):
        golden = a_set(tmp_path / str(before["q39"] == answer) / before["q5"][:6].strip(), {"old": before, "new": mute})
        result = gate(golden, run_release(golden, "old"), run_release(golden, "new"))
        assert result.exit_code == code, before["q39"]


def test_a_baseline_that_passes_nothing_is_no_baseline(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(40), "new": answers(39)})
    result = gate(golden, run_release(golden, "old"), run_release(golden, "new"))
    assert result.exit_code == 3
    assert "not one item passes" in result.reasons[0]


@pytest.mark.parametrize(("passing", "code"), [(1, 3), (4, 3), (5, 1)])
def test_a_baseline_too_poor_to_show_a_regression_is_no_baseline(tmp_path: Path, passing: int, code: int) -> None:
    golden = a_set(tmp_path, {"old": answers(40 - passing), "new": answers(40)})
    result = gate(golden, run_release(golden, "old"), run_release(golden, "new"))
    assert result.exit_code == code
    words = f"baseline: {passing} of 40 answers pass, so no regression could be shown (if all of the candidate's failed"
    assert result.reasons[0].startswith(words) is (code == 3)


@pytest.mark.parametrize(("repeats", "code"), [(2, 3), (5, 3)])
def test_more_repeats_of_too_few_items_show_no_more(tmp_path: Path, repeats: int, code: int) -> None:
    """Four items that pass in every repeat: the sign-flip test has sixteen patterns, however often they are asked."""
    golden = a_set(tmp_path, {"r": answers()})
    before = repeated(golden, "r", dict.fromkeys(IDS[4:], repeats), repeats)
    assert gate(golden, before, repeated(golden, "r", dict.fromkeys(IDS, repeats), repeats)).exit_code == code


def test_a_set_that_can_promise_no_drop_says_so(tmp_path: Path) -> None:
    """All 40 items failing would be shown, at p = 2**-40; but not with four times in five, as some flip by chance."""
    golden = a_set(tmp_path, {"r": answers()}, gate={"alpha": 1e-12})
    run = run_release(golden, "r")
    result = gate(golden, run, run)
    assert (result.exit_code, result.minimum_detectable_drop) == (0, None)
    assert result.warnings == ("with 40 items no drop of the pass rate can be promised to be caught",)


def test_what_overrides_the_frozen_settings_is_said(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers()}, baseline="old")
    once, twice = (run_release(golden, "old", repeats=repeats) for repeats in (1, 2))
    other = run_release(golden, "new", repeats=1)
    assert gate(golden, once, other).warnings == ()
    assert gate(golden, twice, twice).warnings == ("not as frozen: every item was asked 2 times, the set says 1",)
    assert gate(golden, other, once).warnings == ("not as frozen: compared with 'new', the manifest names 'old'",)


def test_a_gate_of_an_earlier_run_is_a_run_of_its_own(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers()})
    earlier = run_release(golden, "r", run_id="20261121T060000-0a1b2c")

    async def run() -> GateResult:
        session = GoldenSession(golden, WrittenJudge(), 8, run_id="20261122T060000-0a1b2c")
        return gate_result(await session.gate(earlier, earlier))

    assert asyncio.run(run()).run_id == "20261122T060000-0a1b2c"


def test_a_run_whose_time_was_up_never_passes(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers()}, gate={"min_completed": 0.5})
    run = run_release(golden, "r")
    late = ItemResult(id="q0", status=MISSING, reasons=("not run",))
    cut = run.model_copy(update={"items": (late, *run.items[1:]), "timed_out": True})
    result = gate(golden, run, cut)
    assert result.exit_code == 3
    assert "the time of the whole run was up with 1 of 40" in result.reasons[0]
