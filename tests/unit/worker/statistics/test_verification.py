"""A judge's sensitivity and specificity come back though its own word chose who was looked at."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.statistics.verification import verified_judge

ROWS = st.lists(st.tuples(st.integers(0, 1), st.booleans(), st.floats(1, 1e4)), min_size=2, max_size=40)


def verified(
    labels: list[int], flagged: list[bool], weights: list[float], masses: tuple[float, float]
) -> tuple[float, float] | None:
    told = verified_judge(np.array(labels, dtype=np.float64), np.array(flagged), np.array(weights), *masses)
    return None if told is None else (told[0].value, told[1].value)


def test_the_textbook_numbers_come_out() -> None:
    """1,000 answers: 100 flagged, 80 of them bad; of 900 others 90 were drawn and 2 are bad, so 20 are."""
    labels = [1] * 80 + [0] * 20 + [1] * 2 + [0] * 88
    told = verified_judge(
        np.array(labels, dtype=np.float64), np.arange(190) < 100, np.where(np.arange(190) < 100, 1.0, 10.0), 100, 900
    )
    assert told is not None
    sensitivity, specificity = told
    assert (sensitivity.value, specificity.value) == pytest.approx((80 / 100, 880 / 900))
    # Those that were missed are known from two draws. A hundred labels of bad answers would be worth far more.
    assert 4 < sensitivity.size < 40


def test_masses_and_not_numbers_of_labels_weigh() -> None:
    few = verified([1, 0, 1, 0], [True, True, False, False], [1, 1, 1, 1], (10, 90))
    twice = verified([1, 0, 1, 0], [True, True, False, False], [7, 7, 3, 3], (20, 180))
    assert few == twice == pytest.approx((0.1, 0.9))


@pytest.mark.parametrize(
    ("labels", "flagged"),
    [
        ([1, 0], [True, True]),
        ([1, 0], [False, False]),
        ([0, 0], [True, False]),
        ([1, 1], [True, False]),
        ([], []),
    ],
    ids=["none-passed", "none-flagged", "none-bad", "none-good", "no-label"],
)
def test_what_cannot_be_told_is_not_told(labels: list[int], flagged: list[bool]) -> None:
    assert (
        verified_judge(np.array(labels, dtype=np.float64), np.array(flagged, dtype=bool), np.ones(len(labels)), 1, 9)
        is None
    )


@given(ROWS, st.floats(0.01, 1e6), st.floats(0.01, 1e6))
def test_any_labels_give_shares_that_some_labels_are_worth(
    rows: list[tuple[int, bool, float]], flagged_mass: float, passed_mass: float
) -> None:
    labels, flagged, weights = (np.array(column) for column in zip(*rows, strict=True))
    told = verified_judge(labels.astype(np.float64), flagged, weights, flagged_mass, passed_mass)
    if told is None:
        return
    for share in told:
        assert -1e-9 <= share.value <= 1 + 1e-9
        assert 0 < share.size < np.inf
