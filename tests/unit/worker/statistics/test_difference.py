"""The difference of two estimates: known values, and what must hold of any two."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.statistics.difference import difference
from assay.worker.statistics.intervals import Estimate, wilson


def share(k: int, n: int) -> Estimate:
    interval = wilson(k, n)
    assert interval is not None
    return Estimate(value=k / n, low=interval.low, high=interval.high, n=n)


def test_it_is_newcombes_interval_for_two_shares() -> None:
    """Newcombe 1998, table II, method 10: 56/70 against 48/80 gives .2000 (.0524 to .3339)."""
    change = difference(share(48, 80), share(56, 70))
    assert (change.value, change.low, change.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)
    assert change.is_shown


@given(st.integers(0, 50), st.integers(0, 80))
def test_it_turns_around_with_its_sides(a: int, b: int) -> None:
    forth, back = difference(share(a, 50), share(b, 80)), difference(share(b, 80), share(a, 50))
    assert (forth.low, forth.high) == pytest.approx((-back.high, -back.low))
    assert forth.low <= forth.value <= forth.high
    assert -1 <= forth.low <= forth.high <= 1


def test_equal_rates_are_rarely_said_to_differ() -> None:
    draws = np.random.default_rng(7).binomial(200, 0.1, size=(2_000, 2))
    wrong = sum(difference(share(int(a), 200), share(int(b), 200)).is_shown for a, b in draws)
    assert wrong / len(draws) < 0.065
    assert wrong > 0
