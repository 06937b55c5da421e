"""McNemar, minimum detectable drop and Holm against published numbers and their own laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.statistics.noninferiority import tango
from assay.worker.statistics.paired import holm, mcnemar_exact
from assay.worker.statistics.power import minimum_detectable_drop, noninferiority_power
from tests.unit.worker.statistics.vectors import vector, vectors


@pytest.mark.parametrize("case", vectors("mcnemar-"), ids=lambda case: case["id"])
def test_mcnemar_equals_the_vectors(case: dict) -> None:  # type: ignore[type-arg]  # JSON
    p_value = mcnemar_exact(case["input"]["b"], case["input"]["c"])
    assert p_value == pytest.approx(case["expected"]["one_sided_regression"], abs=1e-10)


def test_mcnemar_says_nothing_where_nothing_changed() -> None:
    assert mcnemar_exact(0, 0) == 1.0


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_is_a_probability_that_falls_with_regressions_and_rises_with_repairs(b: int, c: int) -> None:
    p_value = mcnemar_exact(b, c)
    assert 0 < p_value <= 1
    assert mcnemar_exact(b + 1, c) <= p_value <= mcnemar_exact(b, c + 1)


def test_mcnemar_takes_large_counts() -> None:
    assert mcnemar_exact(3000, 3000) == pytest.approx(0.5, abs=0.01)


def test_mcnemar_refuses_negative_counts() -> None:
    with pytest.raises(ValueError, match="negative"):
        mcnemar_exact(-1, 0)


def test_minimum_detectable_drop_equals_the_table() -> None:
    case = vector("mde")
    for n in case["input"]["n"]:
        for flip_rate in case["input"]["flip_rate"]:
            expected = case["expected"][f"n={n},flip_rate={float(flip_rate)}"]
            assert minimum_detectable_drop(n, flip_rate=flip_rate) == pytest.approx(expected, abs=case["tol"])


def test_minimum_detectable_drop_agrees_with_simulated_power() -> None:
    n, flip_rate = 88, 0.02
    drop = minimum_detectable_drop(n, flip_rate=flip_rate)
    assert drop is not None
    generator = np.random.default_rng(3)
    changes = generator.multinomial(n, [flip_rate + drop, flip_rate, 1 - 2 * flip_rate - drop], size=4000)
    caught = sum(mcnemar_exact(int(b), int(c)) <= 0.05 for b, c, _ in changes)
    assert caught / 4000 == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(("n", "flip_rate"), [(0, 0.02), (4, 0.0), (3, 0.02), (50, 0.5)])
def test_too_few_items_detect_no_drop(n: int, flip_rate: float) -> None:
    """Fewer than five discordant items are never significant at 5 %."""
    assert minimum_detectable_drop(n, flip_rate=flip_rate) is None


def test_minimum_detectable_drop_takes_thousands_of_items() -> None:
    drop = minimum_detectable_drop(3000, flip_rate=0.02)
    assert drop is not None
    assert 0.005 < drop < 0.02


def test_holm_equals_the_vector() -> None:
    case = vector("holm")
    assert holm(case["input"]["p"]) == pytest.approx(case["expected"]["holm"], abs=1e-10)


@given(st.lists(st.floats(0, 1), max_size=20))
def test_holm_never_lowers_a_p_value_and_keeps_the_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= a <= 1 for p, a in zip(p_values, adjusted, strict=True))
    ranked = [a for _, a in sorted(zip(p_values, adjusted, strict=True))]
    assert ranked == sorted(ranked)


@pytest.mark.parametrize(("n", "margin"), [(40, 0.07), (100, 0.05), (100, 0.07), (200, 0.03)])
def test_noninferiority_power_agrees_with_simulated_releases(n: int, margin: float) -> None:
    counts = np.random.default_rng(7).multinomial(n, [0.02, 0.02, 0.96], 2000)
    shown = [tango(worse, better, n).high < margin for worse, better, _ in counts.tolist()]
    assert noninferiority_power(n, margin, flip_rate=0.02) == pytest.approx(np.mean(shown), abs=0.035)


def test_noninferiority_power_is_certain_where_nothing_flips() -> None:
    """The upper limit of 100 items without a change is 2.63 points."""
    assert noninferiority_power(100, 0.027, flip_rate=0.0) == pytest.approx(1.0)
    assert noninferiority_power(100, 0.026, flip_rate=0.0) == 0.0
