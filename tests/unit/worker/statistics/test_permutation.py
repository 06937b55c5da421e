"""Sign-flip tests against published numbers, against McNemar, against each other and by their own laws."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.statistics.paired import mcnemar_exact
from assay.worker.statistics.permutation import EXACT_UP_TO, FLIPS, sign_flip, sign_flip_counts
from tests.unit.worker.statistics.vectors import vector


def test_sign_flip_equals_the_vector() -> None:
    case = vector("signflip-permutation")
    (p_value,) = sign_flip([[-value for value in case["input"]["diff"]]])
    assert p_value == pytest.approx(case["expected"]["p_one_sided_drop"], abs=1e-9)


@given(st.integers(0, 30), st.integers(0, 30))
def test_counting_with_one_repeat_is_mcnemar(b: int, c: int) -> None:
    assert sign_flip_counts([1] * b + [-1] * c + [0] * 5) == pytest.approx(mcnemar_exact(b, c), abs=1e-12)


@given(st.lists(st.integers(-5, 5), max_size=10))
def test_counting_equals_trying_every_sign_pattern(drops: list[int]) -> None:
    sizes = [abs(drop) for drop in drops]
    patterns = list(itertools.product((-1, 1), repeat=len(sizes)))
    sums = [sum(sign * size for sign, size in zip(pattern, sizes, strict=True)) for pattern in patterns]
    expected = sum(total >= sum(drops) for total in sums) / len(sums)
    assert sign_flip_counts(drops) == pytest.approx(expected, abs=1e-12)
    assert sign_flip([drops]) == [pytest.approx(expected, abs=1e-12)]


def test_drawn_patterns_agree_with_counting() -> None:
    drops = [1, 2, -1, 3, 1, -2, 1, 1, -1, 2] * 4
    assert len(drops) > EXACT_UP_TO
    (drawn,) = sign_flip([drops])
    assert drawn == pytest.approx(sign_flip_counts(drops), abs=0.003)


def test_a_drawn_p_value_is_never_zero_and_always_the_same() -> None:
    drops = [0.1] * 200
    assert sign_flip([drops]) == [1 / (FLIPS + 1)]
    noise = np.random.default_rng(5).normal(0.01, 0.1, 100).tolist()
    assert sign_flip([noise, drops]) == [sign_flip([noise])[0], 1 / (FLIPS + 1)]


def test_no_change_says_nothing() -> None:
    assert sign_flip([[], [0.0, 0.0]]) == [1.0, 1.0]
    assert sign_flip([]) == []
    assert sign_flip_counts([0, 0]) == sign_flip_counts([]) == 1.0


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_what_was_not_measured_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        sign_flip([[0.1, bad]])


def test_under_no_change_small_p_values_are_as_rare_as_they_say() -> None:
    generator = np.random.default_rng(11)
    columns = [generator.normal(0, 1, 60).tolist() for _ in range(800)]
    rejected = sum(p <= 0.05 for p in sign_flip(columns))
    assert rejected / 800 == pytest.approx(0.05, abs=0.02)
