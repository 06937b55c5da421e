"""Totals of all traffic: exact where everything is known, and covered by their interval where it is not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.statistics.ratios import ratio_of_means
from assay.worker.statistics.totals import estimated_total, total_ends

costs = st.lists(st.tuples(st.floats(0, 1e4), st.floats(0.01, 1), st.booleans()), min_size=2, max_size=40)


def test_a_total_is_the_sum_of_weighted_values() -> None:
    total = estimated_total(np.array([2.0, 3.0]), np.array([0.5, 0.1]), np.array([2.0, 10.0]))
    assert total is not None
    assert total.value == pytest.approx(34.0)
    assert total.low < 34.0 < total.high
    assert (total.n, total.observations, total.known_share) == (2, 12.0, 1.0)


def test_what_is_wholly_known_has_no_width() -> None:
    values, all_of_it = np.array([1.0, 2.0, 3.0]), np.ones(3)
    total = estimated_total(values, all_of_it, all_of_it)
    assert total is not None
    assert (total.value, total.low, total.high) == (6.0, 6.0, 6.0)
    alone = estimated_total(np.array([5.0]), np.ones(1), np.ones(1))
    assert alone is not None
    assert (alone.low, alone.high) == (5.0, 5.0)


def test_an_unknown_number_counts_as_the_others_and_never_as_nothing() -> None:
    total = estimated_total(np.array([1.0, 3.0, np.nan, np.nan]), np.ones(4), np.ones(4))
    assert total is not None
    assert total.value == pytest.approx(8.0)
    assert total.known_share == 0.5
    assert total.low < 8.0 < total.high
    assert estimated_total(np.array([np.nan, np.nan]), np.ones(2), np.ones(2)) is None
    assert estimated_total(np.array([1.0, np.nan]), np.ones(2), np.ones(2)) is None


@given(costs)
def test_no_total_is_less_than_what_the_sample_itself_cost(rows: list[tuple[float, float, bool]]) -> None:
    values = np.array([value if known else np.nan for value, _, known in rows])
    pis = np.array([pi for _, pi, _ in rows])
    total = estimated_total(values, pis, 1 / pis)
    if total is None:
        assert int((~np.isnan(values)).sum()) < 2
        return
    assert np.nansum(values) * (1 - 1e-9) <= total.value * (1 + 1e-9)
    assert total.low <= total.value <= total.high
    assert math.isfinite(total.high)


@pytest.mark.parametrize(
    ("counted", "missing", "least"), [(False, 0.0, 0.91), (True, 0.0, 0.91), (True, 0.3, 0.92), (False, 0.3, 0.92)]
)
def test_the_interval_holds_the_true_total(counted: bool, missing: float, least: float) -> None:
    """Costs with a long tail (lognormal, sigma 1), a tenth selected, one in ten traces at five times the rate."""
    rng, hits, size = np.random.default_rng(7), [0, 0], 3000
    for _ in range(300):
        costs, is_part = rng.lognormal(-5, 1.0, size), rng.random(size) < 0.3
        pi = np.where(rng.random(size) < 0.1, 0.5, 0.1)
        chosen = rng.random(size) < pi
        values = np.where(rng.random(size) < missing, np.nan, costs)[chosen]
        weights = 1 / pi[chosen]
        if counted:
            weights *= size / weights.sum()
        whole = estimated_total(values, pi[chosen], weights, counted=counted)
        part = estimated_total(values, pi[chosen], weights, members=is_part[chosen], counted=counted)
        for number, (total, true) in enumerate(((whole, costs.sum()), (part, costs[is_part].sum()))):
            hits[number] += total is not None and total.low <= true <= total.high
    assert min(hits) / 300 >= least


def test_the_interval_of_a_ratio_turns_round_with_it() -> None:
    rng = np.random.default_rng(3)
    new, old = (rng.lognormal(7, 0.5, 40), np.full(40, 0.2)), (rng.lognormal(6, 0.5, 30), np.full(30, 0.1))
    ratio, turned = ratio_of_means(new, old), ratio_of_means(old, new)
    assert ratio is not None
    assert turned is not None
    assert (1 / turned.value, 1 / turned.high, 1 / turned.low) == pytest.approx((ratio.value, ratio.low, ratio.high))
    assert ratio.n == 30
    assert ratio_of_means((np.array([1.0]), np.ones(1)), old) is None
    assert ratio_of_means((np.zeros(5), np.ones(5)), old) is None
    same = ratio_of_means((np.full(9, 8.0), np.ones(9)), (np.full(9, 2.0), np.ones(9)))
    assert same is not None
    assert (same.low, same.value, same.high) == (4.0, 4.0, 4.0)


def test_ends_of_a_total_of_nothing_and_of_one_that_says_nothing() -> None:
    assert total_ends(0.0, 0.0, 5.0) == (0.0, 0.0)
    low, high = total_ends(1e-9, 1e9, 1.0)
    assert 0 < low < high < math.inf
