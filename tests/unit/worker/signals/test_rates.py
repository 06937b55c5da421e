"""The rates of a slice: what each says, what it leaves open, and where there is none."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assay.worker.signals.changes import compare_rates
from assay.worker.signals.rates import Rates, rates
from assay.worker.signals.reading import read_traffic
from assay.worker.signals.shared_calibration import calibration_notes, read_users
from assay.worker.signals.traffic import SliceKey
from assay.worker.state.memory.history import memory_history
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.judge_error import JudgeLabels
from tests.unit.worker.signals.rows import START, WEEK, dead, mixed, row, slice_of, traffic_of

CUT = 0.5
rows = st.lists(
    st.tuples(st.one_of(st.just(math.nan), st.floats(0, 1)), st.floats(0.02, 1), st.integers(0, 9)),
    min_size=1,
    max_size=40,
)
Sample = list[tuple[float, float, int]]
GOOD_LABELS = JudgeLabels(positives=40, caught=34, negatives=160, passed=152)


def estimates(figures: Rates) -> dict[str, Estimate]:
    """All that could be estimated, by name."""
    named = {name: getattr(figures, name) for name in Rates.model_fields}
    return {name: value for name, value in named.items() if isinstance(value, Estimate)}


def value_of(estimate: Estimate | None) -> float:
    assert estimate is not None
    return estimate.value


def test_each_share_says_over_what_it_is() -> None:
    """Half of the traces have a risk; a rate of traces with a risk is not one of all traffic."""
    figures = rates(slice_of([0.9, 0.1, math.nan, math.nan], [0.5] * 4), CUT)
    assert (figures.n, figures.with_risk) == (4, 2)
    assert value_of(figures.problem_share) == pytest.approx(0.5)
    assert value_of(figures.flagged) == pytest.approx(0.5)
    assert value_of(figures.flagged_of_all) == pytest.approx(0.25)


def test_the_expected_share_is_not_the_flagged_share() -> None:
    figures = rates(slice_of([0.4] * 10, [0.5] * 10), CUT)
    assert value_of(figures.problem_share) == pytest.approx(0.4)
    assert value_of(figures.flagged) == 0.0


def test_a_risk_that_is_not_calibrated_has_no_headline() -> None:
    figures = rates(slice_of([0.9, 0.1], [0.5, 0.5], calibrated=False), CUT)
    assert figures.problem_share is None
    assert figures.problem_behind is None
    assert value_of(figures.flagged) == 0.5


def test_unanswered_traces_leave_bounds_and_open_what_was_judged_whole() -> None:
    """Three answered and one not, each of weight 2: the share lies between 3/4 of the rate and that plus 1/4."""
    figures = rates(slice_of([0.2, 0.4, 0.6], [0.5] * 3, silent=[0.5]), CUT)
    assert figures.bounds is not None
    assert (figures.bounds.low, figures.bounds.high) == pytest.approx((0.3, 0.55))
    assert figures.response_share == pytest.approx(0.75)
    whole, silent = (rates(slice_of([0.2, 0.9] * 20, [1.0] * 40, silent=lost), CUT) for lost in ([], [1.0] * 10))
    assert whole.problem_share is not None
    assert silent.problem_share is not None
    assert whole.problem_share.high == whole.problem_share.low
    assert silent.problem_share.high > silent.problem_share.low
    assert whole.bounds is None
    assert whole.response_share == 1.0


def test_a_slice_of_nothing_but_the_unanswered_has_no_rate() -> None:
    (traffic,) = traffic_of([dead("t1"), dead("t2")]).values()
    figures = rates(traffic, CUT, labels=GOOD_LABELS)
    assert estimates(figures) == {}
    assert figures.response_share == 0.0
    assert figures.bounds is None
    assert figures.corrected is not None
    assert figures.corrected.share is None


def test_refusals_and_faithful_answers_are_shares_of_their_own() -> None:
    refusal: dict[str, Any] = {"reason": "refusal", "risk": None, "faithfulness": None, "calibrated": None}
    (traffic,) = traffic_of(
        [row("t1", faithfulness=0.8), row("t2", faithfulness=0.79), row("t3", **refusal, pi=0.25)]
    ).values()
    figures = rates(traffic, CUT)
    assert value_of(figures.refusals) == pytest.approx(0.5)
    assert value_of(figures.faithful) == pytest.approx(0.5)
    assert value_of(figures.median_faithfulness) == 0.79


# --- the judge's errors --------------------------------------------------------------------------------------------


def test_the_corrected_share_takes_the_false_alarms_out() -> None:
    figures = rates(slice_of([0.9] * 9 + [0.1] * 91, [0.05] * 100), CUT, labels=GOOD_LABELS)
    corrected = figures.corrected
    assert corrected is not None
    assert value_of(corrected.share) == pytest.approx((0.09 + 0.95 - 1) / 0.8)
    assert not corrected.clipped
    assert "uncertainty" in corrected.note


def test_fewer_flags_than_false_alarms_are_clipped_and_said() -> None:
    corrected = rates(slice_of([0.1] * 100, [0.05] * 100), CUT, labels=GOOD_LABELS).corrected
    assert corrected is not None
    assert corrected.clipped
    assert value_of(corrected.share) == 0.0
    assert "-6" in corrected.note


@pytest.mark.parametrize(
    ("labels", "note"),
    [
        (JudgeLabels(positives=9, caught=9, negatives=90, passed=90), "9 answers labelled as bad"),
        (JudgeLabels(positives=40, caught=20, negatives=40, passed=24), "coin"),
    ],
)
def test_a_judge_that_is_not_examined_or_a_coin_corrects_nothing(labels: JudgeLabels, note: str) -> None:
    corrected = rates(slice_of([0.9, 0.1], [0.5, 0.5]), CUT, labels=labels).corrected
    assert corrected is not None
    assert corrected.share is None
    assert note in corrected.note
    assert corrected.sensitivity is not None


# --- one curve for several use cases -------------------------------------------------------------------------------


def test_a_curve_that_judges_several_use_cases_is_noted() -> None:
    own = {"calibration_hash": "c"}
    slices = traffic_of([row("t1", **own), row("t2", use_case="legal", **own), row("t3", use_case="x", revision="r2")])
    notes = {key.use_case: note for key, note in calibration_notes(slices.values()).items()}
    assert "legal" in notes["bot"]
    assert "bot" in notes["legal"]
    assert "public data" in notes["x"]
    alone = traffic_of([row("t1", **own)])
    assert "legal" in calibration_notes(alone.values(), {("grounding", "r1"): frozenset({"legal"})})[next(iter(alone))]
    assert calibration_notes(traffic_of([row("t1", **own), row("t2", calibrated=False, use_case="y")]).values()) == {}


def test_a_user_of_the_curve_is_found_whatever_was_asked_for() -> None:
    """Whoever asks for one use case reads the same number, so the same warning."""
    own = {"calibration_hash": "c"}
    before = START - timedelta(days=9)
    rows = [row("t1", **own), row("t2", use_case="legal", **own), row("t3", use_case="old", started_at=before, **own)]
    rows += [row("t4", use_case="other", revision="r2", **own), row("t5", use_case="raw", calibrated=False)]

    async def noted(*use_cases: str) -> str:
        history = memory_history()
        await history.writer.write(rows)
        query = WEEK.model_copy(update={"use_cases": use_cases})
        slices = await read_traffic(history.reader, query)
        users = await read_users(history.reader, query, slices.values())
        return calibration_notes(slices.values(), users)[SliceKey("bot", "grounding", "r1")]

    alone, among_all = asyncio.run(noted("bot")), asyncio.run(noted())
    assert alone == among_all
    assert "this use case and legal, old;" in alone


# --- what must hold of any rows ------------------------------------------------------------------------------------


def a_slice(sample: Sample) -> Any:
    risks, pis, sessions = map(list, zip(*sample, strict=True))
    return slice_of(risks, pis, sessions, silent=[0.5], faithfulness=[0.9 if s % 2 else 0.1 for s in sessions])


@given(rows)
def test_every_rate_lies_in_its_interval_and_in_0_to_1(sample: Sample) -> None:
    figures = rates(a_slice(sample), CUT, labels=GOOD_LABELS)
    for name, estimate in estimates(figures).items():
        assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1, name
    if figures.bounds is not None and figures.problem_share is not None:
        assert 0 <= figures.bounds.low <= figures.problem_share.value <= figures.bounds.high + 1e-12
        assert figures.bounds.high <= 1


@given(rows, st.floats(0.1, 1))
def test_order_and_the_scale_of_weights_change_no_rate(sample: Sample, scale: float) -> None:
    traffic = a_slice(sample)
    order = np.random.default_rng(len(sample)).permutation(len(sample)).tolist()
    plain, other = estimates(rates(traffic, CUT)), estimates(rates(mixed(traffic, order, scale=scale), CUT))
    assert {name: estimate.value for name, estimate in other.items()} == pytest.approx(
        {name: estimate.value for name, estimate in plain.items()}
    )
    behind = [name for name in plain if name.endswith("behind")]
    assert [other[name].high for name in behind] == pytest.approx([plain[name].high for name in behind], abs=1e-6)


@given(rows)
def test_what_was_judged_whole_is_the_plain_mean(sample: Sample) -> None:
    risks = [risk for risk, _, _ in sample if not math.isnan(risk)]
    figures = rates(slice_of([risk for risk, _, _ in sample], [1.0] * len(sample)), CUT)
    if risks:
        assert value_of(figures.problem_share) == pytest.approx(float(np.mean(risks)))
        assert value_of(figures.flagged) == pytest.approx(float(np.mean(np.array(risks) >= CUT)))
    else:
        assert figures.problem_share is None
        assert figures.flagged is None


@given(rows, rows)
@example(  # sessions on both sides, and ends of rates that have reached 1: wider intervals were narrower again
    first=[(0.0, 1.0, 0), (0.0, 1.0, 1), (1.0, 0.625, 0)], second=[(0.0, 1.0, 1), (1.0, 0.25, 0)]
)
def test_a_change_mirrors_itself_and_agrees_with_its_test(first: Sample, second: Sample) -> None:
    before, after = a_slice(first), a_slice(second)
    there, back = compare_rates(before, after, CUT), compare_rates(after, before, CUT)
    assert set(there.metrics) == set(back.metrics)
    for name, change in there.metrics.items():
        assert change.difference.low == pytest.approx(-back.metrics[name].difference.high, abs=1e-9)
        assert 0 <= change.p_value <= 1
        assert change.standard_error >= 0
        if abs(change.p_value - 0.05) > 1e-4:
            assert change.difference.is_shown == (change.p_value < 0.05)


def test_sessions_on_both_sides_are_taken_into_account() -> None:
    """Each session's answers are all good or all bad, and lie on both sides: what differs is little by chance."""
    generator = np.random.default_rng(2)
    sessions = np.repeat(np.arange(60), 6)
    risks = np.where(generator.random(60) < 0.4, 0.95, 0.05)[sessions]
    first = np.arange(360) % 2 == 0
    sides = [slice_of(risks[part], [1.0] * 180, sessions[part]) for part in (first, ~first)]
    change = compare_rates(sides[0], sides[1], CUT)
    strangers = compare_rates(sides[0], slice_of(risks[~first], [1.0] * 180, sessions[~first] + 1000), CUT)
    assert change.shared_sessions == 60
    assert strangers.shared_sessions == 0
    widths = [c.metrics["flagged"].difference.high - c.metrics["flagged"].difference.low for c in (change, strangers)]
    assert widths[0] < widths[1] / 3
    assert change.metrics["flagged"].p_value > 0.9


def test_a_rate_without_an_estimate_on_one_side_is_not_compared() -> None:
    change = compare_rates(slice_of([0.9], [0.5], [1]), slice_of([0.1, 0.2], [0.5, 0.5]), CUT)
    assert change.metrics == {}
