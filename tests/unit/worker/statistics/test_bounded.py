"""Means of this very traffic and of what is behind it: what each interval must do, and what no row order may change."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.statistics.bounded import behind_mean, own_mean
from assay.worker.statistics.intervals import wilson
from assay.worker.statistics.quantiles import weighted_quantile
from assay.worker.statistics.weighted import hajek_mean, weighted_mean
from tests.unit.worker.statistics.vectors import vector

values = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1))
rows = st.lists(st.tuples(values, st.floats(0.01, 1), st.integers(0, 6)), min_size=1, max_size=50)
Sample = list[tuple[float, float, int]]


def test_the_worked_example_is_the_interval_at_its_effective_size() -> None:
    case = vector("ht-hajek-small")
    mean, expected = own_mean(case["input"]["y"], case["input"]["pi"]), case["expected"]
    assert mean is not None
    assert mean.value == pytest.approx(expected["hajek_mean"], abs=1e-8)
    assert mean.n_effective == pytest.approx(expected["n_star"], abs=1e-8)
    ends = replace(mean, groups=None).estimate()
    assert [ends.low, ends.high] == pytest.approx(expected["ci_wilson_nstar"], abs=1e-8)


HEAVY, LIGHT = 0.001, 1.0


@pytest.mark.parametrize("heavy", [1.0, 0.0])
@pytest.mark.parametrize("is_behind", [False, True])
def test_three_heavy_flags_that_agree_say_little(heavy: float, is_behind: bool) -> None:
    """They stand for 3,000 traces, and the 57 others for themselves."""
    flags, pi = [heavy] * 3 + [1 - heavy] * 57, [HEAVY] * 3 + [LIGHT] * 57
    mean = behind_mean(flags, pi, range(60)) if is_behind else own_mean(flags, pi)
    assert mean is not None
    ends, of_three = mean.estimate(), wilson(3 * heavy, 3)
    assert of_three is not None
    assert ends.low <= max(0.03, of_three.low)
    assert ends.high >= min(0.97, of_three.high)


def test_sessions_never_make_a_share_of_mixed_weights_narrower() -> None:
    flags, pi = [1.0, 0.0, 0.0, 1.0] * 15, [0.02, 0.02, 1.0, 1.0] * 15
    apart, together = (behind_mean(flags, pi, [row // size for row in range(60)]) for size in (1, 4))
    assert apart is not None
    assert together is not None
    assert together.estimate().low <= apart.estimate().low
    assert together.estimate().high >= apart.estimate().high


def test_a_rare_problem_beside_a_boosted_stratum_is_held_at_both_ends() -> None:
    """One effective size for all took its skewness from all: 7 % of the truths lay above, where 2.5 % should."""
    generator, above, below = np.random.default_rng(3), 0, 0
    pi = np.where(np.arange(4_200) < 4_000, 0.05, 1.0)
    for _ in range(400):
        bad = generator.random(4_200) < np.where(pi < 1, 0.02, 0.9)
        taken = generator.random(4_200) < pi
        mean = own_mean(bad[taken].astype(float), pi[taken])
        assert mean is not None
        ends, truth = mean.estimate(), float(bad.mean())
        above, below = above + (truth > ends.high), below + (truth < ends.low)
    assert above <= 15
    assert below <= 30


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_what_was_judged_whole_leaves_nothing_open_about_itself(risks: list[float]) -> None:
    mean = own_mean(risks, [1.0] * len(risks))
    assert mean is not None
    ends = mean.estimate()
    assert ends.value == ends.low == ends.high == pytest.approx(float(np.mean(risks)))
    assert ends.n_effective is None


def test_what_is_behind_it_stays_open() -> None:
    flags = [1.0] * 12 + [0.0] * 188
    behind, plain = behind_mean(flags, [1.0] * 200, range(200)), wilson(12, 200)
    assert behind is not None
    assert plain is not None
    ends = behind.estimate()
    assert (ends.low, ends.high) == pytest.approx((plain.low, plain.high), abs=2e-4)


def test_small_risks_without_a_large_one_still_leave_room() -> None:
    mean = own_mean([0.03] * 20, [0.05] * 20)
    assert mean is not None
    assert mean.estimate().high > 0.08


def test_few_sessions_widen_the_rate_behind() -> None:
    flags = ([1.0] * 5 + [0.0] * 20) * 8
    few, many = (behind_mean(flags, [1.0] * 200, [row // size for row in range(200)]) for size in (25, 5))
    assert few is not None
    assert many is not None
    assert few.n_clusters == 8
    assert few.freedom == pytest.approx(7)
    assert many.freedom == pytest.approx(39)


def test_the_variance_behind_is_that_of_sessions() -> None:
    """m/(m−1)·Σ(Σw(y−μ))²/(Σw)² of three sessions, written out."""
    flags, sessions = [1, 1, 0, 0, 0, 0, 1, 1], [1, 1, 2, 3, 3, 3, 2, 3]
    pis = [0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.5, 0.5]
    weights = [1 / pi for pi in pis]
    total = sum(weights)
    mean = sum(w * y for w, y in zip(weights, flags, strict=True)) / total
    sums = [
        sum(w * (y - mean) for w, y, s in zip(weights, flags, sessions, strict=True) if s == session)
        for session in (1, 2, 3)
    ]
    variance = 3 / 2 * sum(residual**2 for residual in sums) / total**2
    behind = behind_mean([float(flag) for flag in flags], pis, sessions)
    assert behind is not None
    assert behind.n_effective == pytest.approx(mean * (1 - mean) / variance)
    assert behind.n_effective < 8


def test_a_share_behind_is_never_worth_more_than_its_flags() -> None:
    """Each session has one of each kind, so that their sums do not differ at all."""
    behind = behind_mean([1.0, 0.0] * 30, [0.5] * 60, [row // 2 for row in range(60)])
    assert behind is not None
    assert behind.n_effective == 60


def test_a_risk_that_stands_out_leaves_few_degrees_of_freedom() -> None:
    even = own_mean([0.1, 0.2] * 50, [0.1] * 100)
    alone = own_mean([0.1] * 99 + [0.9], [0.1] * 100)
    assert even is not None
    assert alone is not None
    assert even.freedom == pytest.approx(99)
    assert alone.freedom is not None
    assert alone.freedom < 5


def test_a_single_session_and_nothing_tell_nothing() -> None:
    assert behind_mean([1.0, 0.0], [1.0, 1.0], ["a", "a"]) is None
    assert behind_mean([], [], []) is None
    assert own_mean([], []) is None
    assert weighted_mean([3.0], [0.5]) is None
    assert weighted_quantile([], [], 0.5) is None


@given(rows, st.floats(0.05, 1), st.randoms(use_true_random=False))
def test_order_and_the_scale_of_weights_change_nothing(sample: Sample, scale: float, random: object) -> None:
    y, pi, groups = map(list, zip(*sample, strict=True))
    order = np.random.default_rng(len(y)).permutation(len(y))
    mixed_y, mixed_pi, mixed_groups = ([column[k] for k in order] for column in (y, pi, groups))
    plain, mixed, scaled = own_mean(y, pi), own_mean(mixed_y, mixed_pi), own_mean(y, [p * scale for p in pi])
    assert plain is not None
    assert mixed is not None
    assert scaled is not None
    assert mixed.value == pytest.approx(plain.value)
    assert mixed.estimate().high == pytest.approx(plain.estimate().high, abs=1e-9)
    assert scaled.value == pytest.approx(plain.value)
    behind = behind_mean(y, pi, groups)
    for other in (behind_mean(mixed_y, mixed_pi, mixed_groups), behind_mean(y, [p * scale for p in pi], groups)):
        assert (behind is None) == (other is None)
        if behind is not None and other is not None:
            assert other.value == pytest.approx(behind.value)
            assert other.estimate().low == pytest.approx(behind.estimate().low, abs=1e-6)


@given(rows)
def test_every_mean_lies_in_its_interval_and_in_0_to_1(sample: Sample) -> None:
    y, pi, groups = map(list, zip(*sample, strict=True))
    plain = hajek_mean(y, pi)
    assert plain is not None
    for mean in (own_mean(y, pi), behind_mean(y, pi, groups)):
        if mean is not None:
            ends = mean.estimate()
            assert 0 <= ends.low <= ends.value <= ends.high <= 1
            assert ends.value == pytest.approx(plain.value)


@pytest.mark.parametrize(("y", "pi"), [([1.5], [0.5]), ([math.nan], [0.5]), ([1.0], [0.0]), ([1.0], [0.5, 0.5])])
def test_they_refuse_what_is_no_observation(y: list[float], pi: list[float]) -> None:
    with pytest.raises(ValueError, match=r"in \[0, 1\]|probabilities|length"):
        own_mean(y, pi)


# --- quantiles and means of any range ------------------------------------------------------------------------------


def test_a_median_counts_the_weight() -> None:
    """One slow trace of a rate of .01 stands for a hundred."""
    median = weighted_quantile([1.0, 1.0, 1.0, 9.0], [1.0, 1.0, 1.0, 0.01], 0.5)
    assert median is not None
    assert median.value == 9.0


def test_an_interval_of_the_median_covers() -> None:
    generator = np.random.default_rng(4)
    held: list[bool] = []
    for _ in range(400):
        whole = generator.lognormal(size=2000)
        pi = np.where(whole > 3, 1.0, 0.1)
        taken = generator.random(2000) < pi
        median = weighted_quantile(whole[taken], pi[taken], 0.5)
        assert median is not None
        held.append(median.low <= float(np.median(whole)) <= median.high)
    assert 0.92 <= np.mean(held) <= 0.98


@given(rows, st.floats(0.05, 0.95))
def test_a_quantile_is_a_value_that_occurs_and_lies_in_its_interval(sample: Sample, q: float) -> None:
    y, pi, groups = map(list, zip(*sample, strict=True))
    for clusters in (None, groups):
        at = weighted_quantile(y, pi, q, clusters=clusters)
        if at is not None:
            assert at.value in y
            assert at.low <= at.value <= at.high


def test_a_mean_of_seconds_has_students_interval() -> None:
    mean = weighted_mean([2.0, 4.0, 6.0], [0.5, 0.5, 0.5])
    assert mean is not None
    assert mean.value == pytest.approx(4.0)
    assert mean.high - mean.value == pytest.approx(4.3027 * math.sqrt(0.5 * 4 * 8 / 36), abs=1e-3)


@pytest.mark.parametrize(("y", "q"), [([math.inf], 0.5), ([1.0], 0.0), ([1.0], 1.0)])
def test_a_quantile_refuses_what_is_none(y: list[float], q: float) -> None:
    with pytest.raises(ValueError, match="quantile"):
        weighted_quantile(y, [1.0], q)
