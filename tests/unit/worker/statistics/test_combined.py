"""Differences of rates: the test agrees with the interval; and Student's distribution against its table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.statistics.bounded import BoundedMean
from assay.worker.statistics.combined import RateChange
from assay.worker.statistics.student import critical_value, two_sided_tail

TABLE = {1: 12.706, 2: 4.303, 5: 2.571, 10: 2.228, 30: 2.042, 120: 1.980}
"""Two-sided 95 % points of Student's distribution."""

shares = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1))
rates = st.builds(
    BoundedMean, shares, st.just(100), st.floats(3, 5000), st.one_of(st.none(), st.floats(1, 500)), st.just(50)
)


@pytest.mark.parametrize("freedom", TABLE)
def test_critical_values_equal_the_table(freedom: int) -> None:
    assert critical_value(0.95, freedom) == pytest.approx(TABLE[freedom], abs=5e-4)
    assert two_sided_tail(TABLE[freedom], freedom) == pytest.approx(0.05, abs=5e-4)


def test_many_degrees_of_freedom_are_normal() -> None:
    assert critical_value(0.95, None) == pytest.approx(1.959964, abs=1e-6)
    assert critical_value(0.95, 1e6) == critical_value(0.95, None)
    assert critical_value(0.95, 1999) == pytest.approx(critical_value(0.95, None), abs=0.002)


@pytest.mark.parametrize(("conf", "freedom"), [(0.0, None), (1.0, None), (0.95, 0.0), (0.95, -1.0)])
def test_critical_values_refuse_what_is_none(conf: float, freedom: float | None) -> None:
    with pytest.raises(ValueError, match="must"):
        critical_value(conf, freedom)


def test_it_is_newcombes_interval_for_two_shares() -> None:
    """Newcombe 1998, table II, method 10: 56/70 against 48/80 gives .2000 (.0524 to .3339)."""
    change = RateChange(BoundedMean(0.6, 80, 80), BoundedMean(0.8, 70, 70))
    ends = change.difference()
    assert (ends.value, ends.low, ends.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)
    assert change.freedom is None
    assert change.standard_error() == pytest.approx((0.3339 - 0.0524) / (2 * 1.959964), abs=1e-4)


@given(rates, rates, st.floats(-0.9, 0.9))
def test_the_test_agrees_with_the_interval(before: BoundedMean, after: BoundedMean, correlation: float) -> None:
    change = RateChange(before, after, correlation)
    p = change.p_value()
    assert 0 <= p <= 1
    for conf in (0.8, 0.95, 0.999):
        if abs(p - (1 - conf)) > 1e-4:
            assert change.difference(conf).is_shown == (p < 1 - conf)


@given(rates, rates)
def test_two_sides_swapped_mirror_each_other(before: BoundedMean, after: BoundedMean) -> None:
    one, other = RateChange(before, after), RateChange(after, before)
    assert one.difference().low == pytest.approx(-other.difference().high, abs=1e-9)
    assert one.p_value() == pytest.approx(other.p_value(), abs=1e-4)


@given(rates, rates)
def test_what_both_sides_share_narrows_the_difference(before: BoundedMean, after: BoundedMean) -> None:
    alone, shared = RateChange(before, after).difference(), RateChange(before, after, 0.5).difference()
    assert shared.high - shared.low <= alone.high - alone.low + 1e-12
