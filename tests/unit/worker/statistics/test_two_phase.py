"""The difference estimator against the published number, by simulation, and where it must refuse."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.statistics.bounded import own_mean
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.phases import with_answers
from assay.worker.statistics.weighted import hajek_mean
from tests.unit.worker.statistics.phased_rows import (
    Phased,
    columns_of,
    difference_mean,
    escalated,
    settled,
    two_phase_mean,
)
from tests.unit.worker.statistics.vectors import vector


def test_difference_mean_equals_the_worked_example() -> None:
    case = vector("two-phase-difference")
    given_rows, expected = case["input"], case["expected"]
    columns = zip(given_rows["f"], given_rows["Y"], given_rows["pi"], strict=True)
    rows = [Phased(f, float(y), 1.0, pi2, True) for f, y, pi2 in columns]
    rest = given_rows["N"] - len(rows)
    f = (given_rows["sum_f_all"] - sum(given_rows["f"])) / rest
    mean = difference_mean(rows + [settled(f)] * rest)
    assert (mean.n, mean.n_final) == (100, 6)
    assert mean.value == pytest.approx(expected["theta"], abs=case["tol"])
    assert math.sqrt(mean.variance) == pytest.approx(expected["se"], abs=case["tol"])


def test_without_a_second_phase_left_open_it_is_the_weighted_mean() -> None:
    y, pi = [1.0, 0.0, 0.0, 1.0, 0.0], [0.1, 0.5, 0.5, 1.0, 0.2]
    mean, plain = difference_mean([escalated(0.5, v, pi=p) for v, p in zip(y, pi, strict=True)]), hajek_mean(y, pi)
    assert plain is not None
    assert (mean.value, mean.variance) == pytest.approx((plain.value, plain.variance))
    share = two_phase_mean([escalated(0.0, v, pi=p) for v, p in zip(y, pi, strict=True)])
    assert share is not None
    own = own_mean(y, pi)
    assert own is not None
    known = own.estimate()
    assert (share.value, share.low, share.high) == pytest.approx((known.value, known.low, known.high))


def test_audit_corrects_the_first_judge_in_both_directions() -> None:
    """Of 90 passed, 2 of 10 audited are flagged; of 10 flagged, 1 of 2 audited passes: (90·0.2 + 10·0.5)/100."""
    rows = [settled(0.0)] * 80 + [settled(0.0, 1.0)] * 2 + [settled(0.0, 0.0)] * 8
    rows += [settled(1.0)] * 8 + [settled(1.0, 0.0), settled(1.0, 1.0)]
    share = two_phase_mean(rows)
    assert share is not None
    assert share.value == pytest.approx(0.23)
    assert share.low < 0.1
    assert share.high > 0.4


def test_few_audits_without_a_change_still_leave_room() -> None:
    """0 of 20 audited changed says at most 1 − 0.05^(1/20) = 13.9 % by the mid-p interval, and not 0."""
    share = two_phase_mean([settled(0.0)] * 380 + [settled(0.0, 0.0)] * 20)
    assert share is not None
    assert share.value == 0.0
    assert share.high == pytest.approx(1 - 0.05 ** (1 / 20), abs=0.002)


def test_class_that_was_never_audited_may_be_anything() -> None:
    share = two_phase_mean([settled(0.0)] * 50 + [settled(0.0, 0.0)] * 40 + [settled(1.0)] * 10)
    assert share is not None
    assert share.value == pytest.approx(0.1)
    assert share.low == 0.0


@pytest.mark.parametrize("rows", [[], [settled(0.0)] * 9, [settled(0.0, pi2=0.0), escalated(1.0, 1.0)]])
def test_not_estimable_without_traces_or_without_an_audit(rows: list[Phased]) -> None:
    assert two_phase_mean(rows) is None


@pytest.mark.parametrize(
    "row",
    [
        settled(0.5, math.nan),
        settled(math.inf),
        settled(0.5, 1.5),
        settled(0.0, pi=0.0),
        settled(0.0, pi2=1.5),
    ],
)
def test_it_refuses_what_is_no_observation(row: Phased) -> None:
    with pytest.raises(ValueError, match=r"in \[0, 1\]|probabilities"):
        two_phase_mean([row])


def test_silent_tier_is_made_up_for_by_those_it_answered() -> None:
    """Half of the escalated got no answer: the share is that of an hour without the outage, not of the screen."""
    calm = [escalated(0.0, v) for v in (1.0, 1.0, 0.0, 0.0)] * 10 + [settled(0.0)] * 36 + [settled(0.0, 0.0)] * 4
    outage = [escalated(0.0, v) for v in (1.0, None, 0.0, None)] * 10 + [settled(0.0)] * 36 + [settled(0.0, 0.0)] * 4
    before, after = two_phase_mean(calm), two_phase_mean(outage)
    assert before is not None
    assert after is not None
    assert after.value == pytest.approx(before.value) == pytest.approx(0.25)
    assert after.high - after.low > before.high - before.low
    audit = [settled(0.0, 1.0), Phased(0.0, None, 1.0, 0.1, True)]
    answered, kept = with_answers(columns_of([*audit, settled(0.0)]))
    assert answered.pi2.tolist() == [0.05, 0.05, 0.05]
    assert kept.all()


def test_where_every_class_was_audited_as_often_as_expected_it_is_the_plain_estimator() -> None:
    passed = [settled(0.1, v, pi=0.5) for v in (0.0, 0.9)] + [settled(0.1, pi=0.5)] * 18
    flagged = [settled(0.7, v, pi=0.2) for v in (0.6, 0.0)] + [settled(0.7, pi=0.2)] * 18
    rows = [*passed, *flagged, escalated(0.4, 0.8), escalated(0.4, 0.1, pi=0.5)]
    mean = two_phase_mean(rows)
    assert mean is not None
    assert mean.value == pytest.approx(difference_mean(rows).value)


def test_an_audit_counts_by_both_probabilities() -> None:
    """The audited trace that changed stands for 100 of 120 traces: 10 selected, one in ten of them audited."""
    rare, usual = settled(0.0, 1.0, pi=0.1), settled(0.0, 0.0, pi=0.5)
    rows = [rare, usual] + [settled(0.0, pi=0.1)] * 9 + [settled(0.0, pi=0.5)] * 9
    share = two_phase_mean(rows)
    assert share is not None
    assert share.value == pytest.approx(10 / 12)


def test_where_all_was_selected_the_audit_still_leaves_risks_open() -> None:
    risks = np.linspace(0.0, 0.2, 20)
    rows = [settled(0.1, float(risk)) for risk in risks] + [settled(0.1)] * 180
    mean = two_phase_mean(rows)
    assert mean is not None
    assert mean.value == pytest.approx(0.1)
    assert 0.02 < mean.high - mean.low < 0.3


def test_silence_of_all_that_were_escalated_leaves_nothing_to_stand_for_them() -> None:
    silent = [escalated(1.0, None)] * 5
    audited = [settled(0.0, 0.0, pi2=0.5)] * 5
    assert with_answers(columns_of([*silent, *audited]))[0].n == 0
    assert two_phase_mean([*silent, *audited]) is None
    assert two_phase_mean(audited) is not None


def simulated(rng: np.random.Generator, *, n: int = 1500, pi: float = 0.4, pi2: float = 0.1) -> list[Phased]:
    """Traffic of which 10 % is bad; the screen sees nothing wrong in half of that and cries wolf on 1 % of the rest."""
    bad = rng.random(n) < 0.1
    blind = rng.random(n) < 0.5
    wolf = rng.random(n) < 0.01
    risk = np.where(bad, np.where(blind, 0.05, rng.beta(3, 1.5, n)), np.where(wolf, 0.95, rng.beta(1, 6, n)))
    sure = (risk < 0.2) | (risk > 0.9)
    seen = ~sure | (rng.random(n) < pi2)
    chosen = np.nonzero(rng.random(n) < pi)[0]
    return [
        Phased(float(risk[k] >= 0.5), float(bad[k]) if seen[k] else None, pi, pi2 if sure[k] else 1.0, bool(seen[k]))
        for k in chosen
    ]


def values(estimates: Sequence[Estimate | None]) -> list[float]:
    return [estimate.value for estimate in estimates if estimate is not None]


def test_estimate_is_unbiased_and_covers_where_screen_alone_and_model_alone_are_wrong() -> None:
    rng = np.random.default_rng(20261121)
    runs = [simulated(rng) for _ in range(250)]
    shares = [share for run in runs if (share := two_phase_mean(run)) is not None]
    assert len(shares) == 250
    mean, error = float(np.mean(values(shares))), float(np.std(values(shares))) / math.sqrt(250)
    assert abs(mean - 0.1) < max(3 * error, 0.005), (mean, error)
    covered = sum(share.low <= 0.1 <= share.high for share in shares) / 250
    assert covered > 0.92, covered
    assert abs(np.mean([share_of(run, "first") for run in runs]) - 0.1) > 0.01
    assert np.mean([share_of([row for row in run if row.final is not None], "final") for run in runs]) > 0.12
    assert np.mean([difference_mean(run).value for run in runs]) == pytest.approx(0.1, abs=0.01)


def test_estimate_would_be_biased_if_the_second_probability_were_dropped() -> None:
    rng = np.random.default_rng(7)
    runs = [simulated(rng) for _ in range(60)]
    assert np.mean(values([two_phase_mean(run) for run in runs])) == pytest.approx(0.1, abs=0.012)
    assert np.mean([published_mean(run) for run in runs]) < 0.08


def share_of(rows: Sequence[Phased], tier: str) -> float:
    """What one tier alone flagged of what it saw."""
    mean = hajek_mean([getattr(row, tier) for row in rows], [row.pi for row in rows])
    assert mean is not None
    return mean.value


def published_mean(rows: Sequence[Phased]) -> float:
    """What a report would say that takes each published value as it is: the later judge's where it was asked."""
    mean = hajek_mean([row.first if row.final is None else row.final for row in rows], [row.pi for row in rows])
    assert mean is not None
    return mean.value


flags = st.sampled_from([0.0, 1.0])
any_row = st.one_of(
    st.builds(settled, flags, st.one_of(st.none(), flags), pi=st.floats(0.05, 1), pi2=st.just(0.2)),
    st.builds(escalated, flags, st.one_of(st.none(), flags), pi=st.floats(0.05, 1)),
)


@given(st.lists(any_row, max_size=40))
def test_share_lies_in_its_interval_and_in_0_to_1_whatever_comes(rows: list[Phased]) -> None:
    share = two_phase_mean(rows)
    assert share is None or 0.0 <= share.low <= share.value <= share.high <= 1.0


@given(st.lists(any_row, min_size=1, max_size=40))
def test_audited_flag_never_lowers_the_share(rows: list[Phased]) -> None:
    cleared = [row._replace(final=None if row.final is None else 0.0) for row in rows]
    share, less = two_phase_mean(rows), two_phase_mean(cleared)
    assert (share is None) == (less is None)
    assert share is None or less is None or share.value >= less.value - 1e-12
