"""Sizes that questions take, by published numbers, and what so many answer."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.statistics.intervals import Estimate, wilson
from assay.worker.statistics.sample_size import (
    half_width,
    independent_size,
    size_against_known,
    size_for_half_width,
    size_of_finite,
    size_per_side,
    visible_change,
)

_FILE = Path(__file__).parents[3] / "vectors" / "sample_size.json"


def expected_of(name: str) -> dict[str, Any]:
    """What the vector with this id must come to."""
    (found,) = (case for case in json.loads(_FILE.read_text(encoding="utf-8")) if case["id"] == name)
    return dict(found["expected"])


SHARES = st.floats(0.01, 0.5)
SIZES = st.integers(20, 20_000)


def test_sizes_for_a_half_width() -> None:
    for name, size in expected_of("normal-approx").items():
        share, width = (float(part.split("=")[1]) for part in name.split(","))
        assert size_for_half_width(share, width) == size, name


def test_sizes_in_a_finite_population() -> None:
    expected = expected_of("fpc")
    assert {n: size_of_finite(expected["n0"], int(n)) for n in expected["n"]} == expected["n"]


def test_sizes_for_a_change() -> None:
    for name, sizes in expected_of("detect-change").items():
        before, after = map(float, name.split("->"))
        assert size_per_side(before, after) == sizes["two_sample_per_arm"], name
        assert size_against_known(before, after) == sizes["one_sample"], name


def test_half_widths_of_a_days_sample() -> None:
    for name, row in expected_of("traffic-table").items():
        low, high = row["wilson95_at_5pct"]
        assert half_width(0.05, row["n_day"]) == pytest.approx((high - low) / 2, abs=1e-4), name


@pytest.mark.parametrize("shares", [(0.1, 0.1), (-0.1, 0.2), (0.5, 1.1)])
def test_shares_that_are_none_are_refused(shares: tuple[float, float]) -> None:
    for size in (size_per_side, size_against_known):
        with pytest.raises(ValueError, match="two different shares"):
            size(*shares)
    with pytest.raises(ValueError, match="half-width"):
        size_for_half_width(0.0, 0.1)


def test_nothing_answers_nothing() -> None:
    assert half_width(0.05, 0) is None
    assert visible_change(0.05, 0, 100) is None
    assert visible_change(0.05, 2, 1, rising=False) is None


@given(share=SHARES, n=SIZES, rising=st.booleans())
def test_visible_change_takes_just_that_size(share: float, n: int, rising: bool) -> None:
    change = visible_change(share, n, n, rising=rising)
    if change is None:
        assert n < size_per_side(share, 1.0 if rising else 0.0)
        return
    needed = size_per_side(share, share + change if rising else share - change)
    assert math.isclose(needed, n, rel_tol=0.01, abs_tol=1)


@given(share=SHARES, n=SIZES)
def test_more_observations_see_smaller_changes(share: float, n: int) -> None:
    few, many = visible_change(share, n, n), visible_change(share, 2 * n, n)
    assert many is not None
    assert few is None or many <= few + 1e-6


@given(share=st.floats(0.0, 1.0), n=st.floats(1.0, 1e6))
def test_estimate_is_worth_what_its_interval_shows(share: float, n: float) -> None:
    interval = wilson(share * n, n)
    assert interval is not None
    estimate = Estimate(value=share, low=interval.low, high=interval.high, n=7)
    assert math.isclose(independent_size(estimate), n, rel_tol=1e-3)
