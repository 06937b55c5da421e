"""Which answers go on to a dearer judge or to a person, and how likely each one is to go.

An answer about which the first judge is in doubt tells most. So the probability grows with √(f(1−f)), the spread of a
flag that is true with probability f. A share of the budget is given out evenly. It bounds the weights 1/π, and no
answer is left without a chance (Neyman 1938; Zrnic & Candès 2024, arXiv 2403.03208).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

UNIFORM_SHARE = 0.2
"""Share of the budget that is given out evenly. With 0.2, the greatest weight is five times that of an even draw."""


def stream_probability(
    risk: float, budget: float, expected_n: float, expected_spread: float, uniform_share: float = UNIFORM_SHARE
) -> float:
    """How likely one answer is to go on, where the others of its day are not known yet.

    One part of the probability grows with √(f(1−f)), the other is even. Where the first would exceed 1 it is 1, and a
    little less than the budget goes on.

    Args:
        risk: f of this answer, in [0, 1].
        budget: how many of a day's answers are to go on, on average.
        expected_n: how many answers a day is expected to have, e.g. as many as yesterday.
        expected_spread: the mean of √(f(1−f)) that they are expected to have (`mean_spread`). With 0 the whole
            budget is given out evenly.
        uniform_share: share of the budget that is given out evenly, in [0, 1].

    Returns:
        The probability, in [0, 1]. It is above 0 where budget and `uniform_share` are.

    Raises:
        ValueError: a risk or the share outside [0, 1], or a negative or infinite number.
    """
    _check(budget, uniform_share)
    if not (0 <= expected_n < math.inf and 0 <= expected_spread < math.inf):
        raise ValueError(f"expected numbers must be at least 0, got {expected_n} and {expected_spread}")
    spread = float(_spreads(np.asarray([risk], dtype=np.float64))[0])
    if budget >= expected_n:
        return 1.0
    even = budget / expected_n
    by_risk = min(1.0, even * spread / expected_spread) if expected_spread else even
    return (1 - uniform_share) * by_risk + uniform_share * even


def mean_spread(risks: Sequence[float] | Floats) -> float:
    """The mean of √(f(1−f)), 0 without any: what `stream_probability` expects of a day, taken from the day before.

    Raises:
        ValueError: a risk outside [0, 1].
    """
    spread = _spreads(np.asarray(risks, dtype=np.float64))
    return float(spread.mean()) if spread.size else 0.0


def best_second_share(first_cost: float, second_cost: float, rho_squared: float) -> float:
    """Which share of what the first judge saw the second one should see, for the narrowest interval at equal cost.

    √((c₁/c₂)(1−ρ²)/ρ²), at most 1 (Cochran 1977, 12.4; Neyman 1938).

    Args:
        first_cost: what an answer costs at the first judge.
        second_cost: what it costs at the second, in the same unit. Above 0.
        rho_squared: squared correlation of what the two say, in [0, 1].

    Raises:
        ValueError: a cost or a correlation outside its range.
    """
    if not (0 <= first_cost < math.inf and 0 < second_cost < math.inf and 0 <= rho_squared <= 1):
        raise ValueError(f"costs must be positive and ρ² in [0, 1]: {first_cost}, {second_cost}, {rho_squared}")
    if rho_squared == 0:
        return 1.0
    return min(1.0, math.sqrt(first_cost / second_cost * (1 - rho_squared) / rho_squared))


def _spreads(risks: Floats) -> Floats:
    if not ((risks >= 0) & (risks <= 1)).all():
        raise ValueError("risks must lie in [0, 1]; leave out what was not judged")
    return np.sqrt(risks * (1 - risks))


def _check(budget: float, uniform_share: float) -> None:
    if not (0 <= budget < math.inf and 0 <= uniform_share <= 1):
        raise ValueError(f"the budget must be at least 0 and the share in [0, 1], got {budget} and {uniform_share}")
