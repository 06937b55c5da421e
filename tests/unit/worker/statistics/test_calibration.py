"""Calibration error and kappa: published numbers, a reference in plain Python, and honest intervals."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.statistics.calibration import (
    BINS,
    cohen_kappa,
    ece_by_chance,
    ece_estimate,
    equal_mass_bins,
    expected_calibration_error,
    kappa_error,
    kappa_estimate,
    reliability,
)
from tests.unit.worker.statistics.vectors import vectors

ROWS = st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1, max_size=60)


def from_table(table: list[list[int]]) -> tuple[list[int], list[bool]]:
    cells = [(i, bool(j)) for i in (0, 1) for j in (0, 1) for _ in range(table[i][j])]
    return [label for label, _ in cells], [flag for _, flag in cells]


@pytest.mark.parametrize("case", vectors("kappa-"), ids=lambda case: case["id"])
def test_kappa_and_its_error_are_as_published(case: dict[str, dict[str, list[list[int]] | float]]) -> None:
    table = case["input"]["table"]
    assert isinstance(table, list)
    labels, flags = from_table(table)
    assert cohen_kappa(labels, flags) == pytest.approx(case["expected"]["kappa"], abs=1e-9)
    assert kappa_error(labels, flags) == pytest.approx(case["expected"]["kappa_se"], abs=1e-9)
    estimate = kappa_estimate(labels, flags)
    assert estimate is not None
    assert estimate.high - estimate.value == pytest.approx(1.959964 * kappa_error(labels, flags), abs=1e-6)


def test_kappa_is_unknown_where_everybody_always_says_the_same() -> None:
    assert cohen_kappa([1, 1], [True, True]) is None
    assert kappa_estimate([], []) is None


def test_kappa_over_clusters_is_wider_than_over_rows() -> None:
    generator = random.Random(1)
    labels, flags, clusters = [], [], []
    for cluster in range(40):
        label, flag = generator.randint(0, 1), generator.randint(0, 1) == 1
        labels += [label] * 10
        flags += [flag] * 10
        clusters += [cluster] * 10
    rows, over_clusters = kappa_estimate(labels, flags), kappa_estimate(labels, flags, clusters=clusters)
    assert rows is not None
    assert over_clusters is not None
    assert over_clusters.high - over_clusters.low > 2 * (rows.high - rows.low)


def plain_ece(labels: list[int], risks: list[float]) -> float:
    """The definition, for risks that are all different."""
    order = sorted(range(len(risks)), key=lambda i: risks[i])
    total = 0.0
    for number in range(BINS):
        rows = [row for place, row in enumerate(order) if place * BINS // len(order) == number]
        if rows:
            total += abs(sum(risks[i] - labels[i] for i in rows))
    return total / len(risks)


@given(st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1)), min_size=1, max_size=60, unique_by=lambda row: row[1]))
def test_ece_is_its_definition(rows: list[tuple[int, float]]) -> None:
    labels, risks = [label for label, _ in rows], [risk for _, risk in rows]
    assert expected_calibration_error(labels, risks) == pytest.approx(plain_ece(labels, risks))


@given(ROWS, st.randoms(use_true_random=False))
def test_ece_does_not_depend_on_the_order_of_rows(rows: list[tuple[int, float]], generator: random.Random) -> None:
    shuffled = list(rows)
    generator.shuffle(shuffled)
    before = expected_calibration_error(*map(list, zip(*rows, strict=True)))  # type: ignore[arg-type]  # two lists
    after = expected_calibration_error(*map(list, zip(*shuffled, strict=True)))  # type: ignore[arg-type]  # two lists
    assert before == pytest.approx(after)


@given(ROWS)
def test_bins_hold_every_row_once_and_part_no_ties(rows: list[tuple[int, float]]) -> None:
    risks = [risk for _, risk in rows]
    bins = equal_mass_bins(risks)
    assert sorted(int(row) for members in bins for row in members) == list(range(len(rows)))
    assert len(bins) <= BINS
    homes: dict[float, int] = {}
    for number, members in enumerate(bins):
        assert all(homes.setdefault(risks[row], number) == number for row in members)


def test_ece_of_perfectly_calibrated_risks_stays_below_its_chance_point() -> None:
    generator = random.Random(0)
    below = 0
    for _ in range(100):
        risks = [generator.uniform(0, 1) for _ in range(200)]
        labels = [int(generator.uniform(0, 1) < risk) for risk in risks]
        value = expected_calibration_error(labels, risks)
        assert value is not None
        below += value <= ece_by_chance(risks, draws=500)
    assert 88 <= below <= 100


def test_ece_of_risks_that_are_off_is_found() -> None:
    labels, risks = [0, 1] * 200, [0.9] * 400
    assert expected_calibration_error(labels, risks) == pytest.approx(0.4)
    estimate = ece_estimate(labels, risks, clusters=[i // 4 for i in range(400)])
    assert estimate is not None
    assert (estimate.low, estimate.high) == pytest.approx((0.4, 0.4))
    assert estimate.n_clusters == 100
    assert ece_by_chance(risks) < 0.05


def test_reliability_shows_stated_and_marked_per_bin() -> None:
    risks = [i / 100 for i in range(100)]
    labels = [int(i >= 50) for i in range(100)]
    bins = reliability(labels, risks, clusters=["only"] * 100)
    assert [round(one.stated, 3) for one in bins] == [0.095, 0.295, 0.495, 0.695, 0.895]
    assert [one.marked.value for one in bins] == [0, 0, 0.5, 1, 1]
    assert all(one.marked.low <= one.marked.value <= one.marked.high for one in bins)


@pytest.mark.parametrize("bad", [[math.nan, 0.1], [math.inf, 0.1], [0.1]])
def test_what_is_no_risk_is_refused(bad: list[float]) -> None:
    with pytest.raises(ValueError, match=r"finite|same length"):
        expected_calibration_error([0, 1], bad)
    with pytest.raises(ValueError, match="0 or 1"):
        cohen_kappa([0, 2], [True, False])


def test_nothing_to_measure_is_none() -> None:
    assert expected_calibration_error([], []) is None
    assert ece_estimate([], []) is None
