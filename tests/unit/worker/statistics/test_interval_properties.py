"""What every interval of a rate must do, whatever was drawn: weights of 1 and 1,000, one session, risks of 0 and 1."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.worker.statistics.bounded import BoundedMean, behind_mean, own_mean
from assay.worker.statistics.combined import Rate, RateChange
from assay.worker.statistics.intervals import skewed_interval
from assay.worker.statistics.phases import PhaseColumns
from assay.worker.statistics.two_phase import two_phase_rate

PIS = st.sampled_from([1.0, 0.97, 0.5, 0.05, 0.001])
RISKS = st.one_of(st.sampled_from([0.0, 1.0, 0.5, 1e-9, 1 - 1e-9]), st.floats(0, 1))
FLAGS = st.sampled_from([0.0, 1.0])
CONFIDENCES = (0.05, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.999999)


def samples(values: st.SearchStrategy[float]) -> st.SearchStrategy[list[tuple[float, float, int]]]:
    return st.lists(st.tuples(values, PIS, st.integers(0, 3)), min_size=1, max_size=30)


SAMPLES = st.one_of(samples(RISKS), samples(FLAGS), samples(st.just(0.0)), samples(st.just(1.0)))
PHASED = st.lists(
    st.tuples(RISKS, RISKS, st.booleans(), st.booleans(), PIS, st.sampled_from([1.0, 0.5, 0.05, 0.0])),
    min_size=1,
    max_size=30,
)


def plain_rates(sample: list[tuple[float, float, int]]) -> list[Rate]:
    y, pi, groups = map(list, zip(*sample, strict=True))
    return [rate for rate in (own_mean(y, pi), behind_mean(y, pi, groups)) if rate is not None]


def cascade_rates(rows: list[tuple[float, float, bool, bool, float, float]], *, of_flags: bool) -> list[Rate]:
    first, final, seen, chosen, pi, pi2 = (np.array(column) for column in zip(*rows, strict=True))
    chosen = (chosen | (pi2 == 1)) & (pi2 > 0)
    if of_flags:
        first, final = (first >= 0.5).astype(float), (final >= 0.5).astype(float)
    columns = PhaseColumns(first, final, seen & chosen, chosen, pi, pi2)
    clusters = np.arange(first.size) // 2
    each = (two_phase_rate(columns), two_phase_rate(columns, clusters=clusters))
    return [rate for rate in each if rate is not None]


def check_rate(rate: Rate) -> None:
    """An interval holds its value, lies in [0, 1], and holds every interval of less confidence."""
    ends = [rate.estimate(conf) for conf in CONFIDENCES]
    for each in ends:
        assert 0 <= each.low <= rate.value <= each.high <= 1
    for narrow, wide in itertools.pairwise(ends):
        assert wide.low <= narrow.low + 1e-12
        assert wide.high >= narrow.high - 1e-12


@given(SAMPLES)
def test_of_weighted_rows(sample: list[tuple[float, float, int]]) -> None:
    for rate in plain_rates(sample):
        check_rate(rate)


@given(PHASED, st.booleans())
def test_of_cascades(rows: list[tuple[float, float, bool, bool, float, float]], of_flags: bool) -> None:
    for rate in cascade_rates(rows, of_flags=of_flags):
        check_rate(rate)


@settings(max_examples=40)
@given(SAMPLES, SAMPLES, st.floats(-1, 1))
def test_the_test_of_a_change_agrees_with_its_interval(
    before: list[tuple[float, float, int]], after: list[tuple[float, float, int]], correlation: float
) -> None:
    for first, second in zip(plain_rates(before), plain_rates(after), strict=False):
        check_change(RateChange(first, second, correlation))


@settings(max_examples=40)
@given(PHASED, PHASED, st.booleans())
def test_so_does_that_of_two_cascades(
    before: list[tuple[float, float, bool, bool, float, float]],
    after: list[tuple[float, float, bool, bool, float, float]],
    of_flags: bool,
) -> None:
    sides = (cascade_rates(rows, of_flags=of_flags) for rows in (before, after))
    for first, second in zip(*sides, strict=False):
        check_change(RateChange(first, second))


def check_change(change: RateChange) -> None:
    p_value = change.p_value()
    assert 0 <= p_value <= 1
    ends = [change.difference(conf) for conf in (0.5, 0.9, 0.95, 0.999)]
    for conf, each in zip((0.5, 0.9, 0.95, 0.999), ends, strict=True):
        assert each.low <= each.value <= each.high
        if abs(p_value - (1 - conf)) > 1e-4:
            assert each.is_shown == (p_value < 1 - conf)
    for narrow, wide in itertools.pairwise(ends):
        assert wide.low <= narrow.low + 1e-12
        assert wide.high >= narrow.high - 1e-12


def test_a_skewed_interval_keeps_its_digits_far_out() -> None:
    """One degree of freedom takes 636,619 standard errors for 99.9999 %."""
    ends = [skewed_interval(0.5, 0.001, -0.02, critical).high for critical in (6e4, 6e5, 6e6)]
    assert ends == sorted(ends)
    assert ends[-1] == pytest.approx(0.5 + 0.001 / 0.02)


def test_with_one_degree_of_freedom_hardly_anything_is_shown() -> None:
    """The interval of 99 % ends at 64 standard errors, so that p is not less than .01 at 40 of them."""
    change = RateChange(BoundedMean(0.0, 1, math.inf), BoundedMean(0.5, 1, 5000.0, 1.0))
    assert change.difference(0.99).is_shown
    assert change.p_value() < 0.01


def test_what_both_sides_share_never_shrinks_a_wider_interval() -> None:
    rates = own_mean([0.0], [0.05]), own_mean([1.0] * 4, [1.0, 1.0, 1.0, 0.5])
    assert rates[0] is not None
    assert rates[1] is not None
    ends = [RateChange(rates[0], rates[1], 1.0).difference_at(step / 16).low for step in range(1, 64)]
    assert all(wide <= narrow + 1e-12 for narrow, wide in itertools.pairwise(ends))


@given(st.floats(0, 1), st.floats(0, 0.25), st.floats(-0.5, 0.5), st.floats(0, 8), st.floats(0, 8))
def test_a_skewed_interval_grows_at_both_ends(
    mean: float, variance: float, skew: float, critical: float, more: float
) -> None:
    narrow, wide = (skewed_interval(mean, variance, skew, z) for z in (critical, critical + more))
    assert 0 <= wide.low <= narrow.low + 1e-12 <= mean + 2e-12
    assert mean - 2e-12 <= narrow.high - 1e-12 <= wide.high <= 1


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_few_rows_say_little(size: int, value: float) -> None:
    """Of one, two or three rows of a large traffic that all say the same, hardly anything is excluded."""
    mean = own_mean([value] * size, [0.001] * size)
    assert mean is not None
    ends = mean.estimate()
    assert ends.high - ends.low > 0.5
    assert behind_mean([value] * size, [0.001] * size, [0] * size) is None


def test_what_was_missed_of_a_census_may_be_a_large_one() -> None:
    """2,000 risks of which 3 % got no answer: truths lie above the interval as often as below it."""
    generator, above, below = np.random.default_rng(8), 0, 0
    for _ in range(400):
        risks = np.where(generator.random(2_000) < 0.05, generator.uniform(0.6, 1.0, 2_000), 0.02)
        answered = generator.random(2_000) < 0.97
        mean = own_mean(risks[answered], np.full(int(answered.sum()), 0.97))
        assert mean is not None
        ends, truth = mean.estimate(), float(risks.mean())
        above, below = above + (truth > ends.high), below + (truth < ends.low)
    assert above <= 19
    assert 3 <= below <= 19
