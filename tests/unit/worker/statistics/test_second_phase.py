"""Which answers go on to a dearer judge: published probabilities, and what must hold of any."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.statistics.second_phase import (
    UNIFORM_SHARE,
    best_second_share,
    mean_spread,
    stream_probability,
)
from tests.unit.worker.statistics.vectors import vector

RISKS = st.lists(st.floats(0, 1) | st.sampled_from([0.0, 1.0, 0.5, 5e-324]), min_size=1, max_size=15)


def probabilities(risks: list[float], budget: float, uniform_share: float = UNIFORM_SHARE) -> list[float]:
    """Those of a day that comes as expected."""
    spread = mean_spread(risks)
    return [stream_probability(risk, budget, len(risks), spread, uniform_share) for risk in risks]


def test_the_published_probabilities_come_out() -> None:
    case = vector("inclusion-probabilities")
    risks, budget, expected = case["input"]["f"], case["input"]["budget"], case["expected"]
    by_risk, mixed = probabilities(risks, budget, uniform_share=0.0), probabilities(risks, budget)
    assert by_risk == pytest.approx(expected["pi"], abs=case["tol"])
    assert mixed == pytest.approx(expected["defensive"], abs=case["tol"])
    assert 1 / min(by_risk) == pytest.approx(expected["max_weight"], abs=case["tol"])
    assert 1 / min(mixed) == pytest.approx(expected["max_weight_defensive"], abs=case["tol"])


@given(risks=RISKS, share=st.floats(0, 1), part=st.floats(0, 1.2))
def test_no_more_than_the_budget_goes_on_and_none_is_below_the_even_part(
    risks: list[float], share: float, part: float
) -> None:
    budget = part * len(risks)
    pi = np.asarray(probabilities(risks, budget, share))
    assert ((pi >= 0) & (pi <= 1)).all()
    assert pi.sum() <= min(budget, len(risks)) * (1 + 1e-9) + 1e-9
    assert (pi >= min(1.0, share * part) - 1e-12).all()
    spread = np.asarray(risks) * (1 - np.asarray(risks))
    if part * np.sqrt(spread).max() <= mean_spread(risks):  # none is held at 1
        assert pi.sum() == pytest.approx(min(budget, len(risks)), rel=1e-9, abs=1e-9)
    by_spread = pi[np.argsort(-spread, kind="stable")]
    assert (np.diff(by_spread) <= 1e-9).all(), "who is more in doubt is never less likely"


def test_without_any_doubt_all_are_as_likely() -> None:
    assert probabilities([0.0, 1.0, 0.0, 1.0], 1.0) == pytest.approx([0.25] * 4)


def test_a_day_that_is_unknown_gives_even_chances() -> None:
    assert stream_probability(0.9, 20, 1000, 0.0) == pytest.approx(0.02)
    assert stream_probability(0.9, 20, 0, 0.0) == 1.0
    assert mean_spread([]) == 0.0


def test_the_published_shares_cost_least() -> None:
    case = vector("two-phase-cost")
    first, second = case["input"]["c1"], case["input"]["c2"]
    for name, share in case["expected"].items():
        rho = float(name.removeprefix("rho2="))
        assert best_second_share(first, second, rho) == pytest.approx(share, abs=case["tol"])
        assert _variance_at(share, rho, first / second) <= min(
            _variance_at(other, rho, first / second) for other in np.linspace(0.001, 1, 1000)
        )


def _variance_at(share: float, rho: float, costs: float) -> float:
    """Variance of the two-phase estimate at one unit of money, up to a factor (Cochran 1977, 12.4)."""
    return (costs + share) * (rho + (1 - rho) / share)


def test_a_first_judge_that_tells_nothing_saves_nothing() -> None:
    assert best_second_share(1.0, 50.0, 0.0) == 1.0
    assert best_second_share(1.0, 50.0, 1.0) == 0.0
    assert best_second_share(1.0, 1.0, 0.01) == 1.0


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: mean_spread([1.2]),
        lambda: stream_probability(float("nan"), 1.0, 10.0, 0.3),
        lambda: stream_probability(0.5, -1.0, 10.0, 0.3),
        lambda: stream_probability(0.5, 1.0, 10.0, 0.3, 1.5),
        lambda: stream_probability(0.5, 1.0, -1.0, 0.3),
        lambda: stream_probability(0.5, 1.0, 10.0, float("inf")),
        lambda: best_second_share(1.0, 0.0, 0.5),
        lambda: best_second_share(1.0, 2.0, 1.5),
    ],
)
def test_what_is_no_probability_is_refused(wrong: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"must (lie|be)"):
        wrong()
