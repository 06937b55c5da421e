"""Shares as people see them: within [0, 1] whatever comes, and as wide as the labels that each class rests on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.statistics.second_opinion import (
    Opinions,
    Share,
    certain_share,
    drawn_share,
    reviewed_share,
)
from tests.unit.worker.statistics.vectors import vector

COLUMNS = st.lists(st.tuples(st.integers(0, 1), st.floats(0, 1), st.floats(1, 1e4)), min_size=1, max_size=40)


def opinions(labels: list[int], risk: float = 0.1, weight: float = 1.0) -> Opinions:
    n = len(labels)
    return Opinions(np.array(labels, dtype=np.float64), np.full(n, risk), np.full(n, weight))


def test_labels_of_one_weight_are_worth_their_number_and_no_label_nothing() -> None:
    assert opinions([0, 1, 1], weight=50.0).size == pytest.approx(3)
    assert opinions([]).size == 0
    uneven = Opinions(np.zeros(3), np.zeros(3), np.array([1e4, 1.0, 1.0]))
    assert uneven.size == pytest.approx(1, abs=0.001)


def test_a_class_that_people_see_whole_has_the_share_of_its_labels() -> None:
    share = certain_share(opinions([1, 1, 0, 0]))
    assert share.value == 0.5
    assert share.variance == pytest.approx(0.25 / 5)
    assert certain_share(opinions([1] * 20)).variance > 0


def test_labels_correct_what_the_risk_says_and_leave_it_where_they_agree() -> None:
    assert drawn_share(opinions([0] * 9 + [1], risk=0.1), 0.2).value == pytest.approx(0.2)
    assert drawn_share(opinions([0] * 10, risk=0.1), 0.2).value == pytest.approx(0.1)
    assert drawn_share(opinions([0] * 9 + [1]), None).value == pytest.approx(0.1)
    assert drawn_share(opinions([0] * 10, risk=0.4), 0.1).value == 0
    assert drawn_share(opinions([1] * 10, risk=0.1), 0.9).value == 1


def test_published_means_come_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Labels alone, and labels that correct the judge's mean (the published λ = 1)."""
    case = vector("ppi-mean")
    labels, predicted, judged = (np.asarray(case["input"][name]) for name in ("Y", "f_labelled", "f_unlabelled"))
    seen = Opinions(labels, predicted, np.ones(labels.size))
    alone, corrected = case["expected"]["classical"], case["expected"]["ppi"]
    assert drawn_share(seen, None).value == pytest.approx(alone["theta"], abs=case["tol"])
    monkeypatch.setattr("assay.worker.statistics.second_opinion.PRIOR_LABELS", 0.0)
    share = drawn_share(seen, float(judged.mean()))
    assert share.value == pytest.approx(corrected["theta"], abs=case["tol"])
    # What the judge saw is a sample, too. Its part comes in where the classes are put together.
    whole = share.variance + judged.var() / judged.size
    assert math.sqrt(whole) == pytest.approx(corrected["se"], abs=case["tol"])
    assert math.sqrt(drawn_share(seen, None).variance) == pytest.approx(alone["se"], abs=case["tol"])


def test_labels_of_an_enriched_set_are_taken_for_what_their_weights_say() -> None:
    """Problems were looked at four times as often. Weights take that out; without them it is 3 points off."""
    rng = np.random.default_rng(5)
    truth = (rng.random(200_000) < 0.05).astype(np.float64)
    flags = np.where(truth == 1, rng.random(truth.size) < 0.85, rng.random(truth.size) < 0.05625).astype(np.float64)
    pi = np.where(truth == 1, 0.1, 0.1 * 0.05 * 0.8 / (0.95 * 0.2))
    seen = rng.random(truth.size) < pi
    weighted, plain = (
        drawn_share(Opinions(truth[seen], flags[seen], weights), float(flags.mean())).value
        for weights in (1 / pi[seen], np.ones(int(seen.sum())))
    )
    assert weighted == pytest.approx(0.05, abs=0.006)
    assert plain - 0.05 == pytest.approx(vector("ppi-transport-bias")["expected"]["bias"], abs=0.01)


def test_more_labels_make_a_narrower_interval() -> None:
    widths = []
    for n in (10, 30, 100, 1_000):
        drawn = drawn_share(opinions(([0] * 9 + [1]) * (n // 10)), 0.1)
        told = reviewed_share([(1.0, drawn)], traffic_size=5_000, freedom=n - 1, n=n)
        assert told.low < told.value < told.high
        widths.append(told.high - told.low)
    assert widths == sorted(widths, reverse=True)


def test_none_bad_says_as_little_as_the_few_drawn_ones() -> None:
    """Five hundred flagged answers that are all good tell nothing of the other 95 %: ten labels do."""
    parts = [(0.05, certain_share(opinions([0] * 500))), (0.95, drawn_share(opinions([0] * 10), None))]
    told = reviewed_share(parts, traffic_size=10_000, freedom=9, n=510)
    assert told.value == told.low == 0
    assert 0.2 < told.high < 0.5
    assert reviewed_share([(1.0, certain_share(opinions([0] * 30)))], traffic_size=1e6, freedom=29, n=30).high < 0.13


def test_all_bad_is_not_certain_either() -> None:
    told = reviewed_share([(1.0, certain_share(opinions([1] * 12)))], traffic_size=1e6, freedom=11, n=12)
    assert (told.value, told.high, told.n) == (1, 1, 12)
    assert told.low < 0.85


@given(certain=COLUMNS, drawn=COLUMNS, mass=st.floats(0, 1), expected=st.none() | st.floats(0, 1))
def test_any_labels_give_an_interval_around_the_value_within_bounds(
    certain: list[tuple[int, float, float]],
    drawn: list[tuple[int, float, float]],
    mass: float,
    expected: float | None,
) -> None:
    known, seen = (Opinions(*np.array(rows, dtype=np.float64).T) for rows in (certain, drawn))
    shares: list[Share] = [certain_share(known), drawn_share(seen, expected)]
    assert all(0 <= share.value <= 1 + 1e-12 and share.variance >= 0 for share in shares)
    n = len(certain) + len(drawn)
    told = reviewed_share(
        [(mass, shares[0]), (1 - mass, shares[1])], traffic_size=100, freedom=max(0.0, seen.size - 1), n=n
    )
    assert 0 <= told.low <= told.value <= told.high <= 1
    assert told.n == n
