"""How many observations a question takes, and what so many can answer: widths of intervals, visible changes."""

from __future__ import annotations

import math
from statistics import NormalDist

from assay.worker.statistics.intervals import Estimate, wilson


def size_for_half_width(share: float, half_width: float, *, conf: float = 0.95) -> int:
    """Observations for a share ± half_width: z² p(1 − p) / d², rounded up.

    Raises:
        ValueError: a share or a half-width outside (0, 1).
    """
    _check(share, half_width)
    z = NormalDist().inv_cdf(0.5 + conf / 2)
    return math.ceil(z * z * share * (1 - share) / half_width**2)


def size_of_finite(size: int, population: int) -> int:
    """The same where there are only so many to choose from: n / (1 + (n − 1)/N), rounded up."""
    return math.ceil(size / (1 + (size - 1) / population))


def half_width(share: float, n: float, *, conf: float = 0.95) -> float | None:
    """Half the width of Wilson's interval of a share among n independent observations. None for none."""
    interval = wilson(share * n, n, conf)
    return None if interval is None else (interval.high - interval.low) / 2


def independent_size(estimate: Estimate) -> float:
    """How many independent observations an estimate is worth: those whose Wilson interval would be as wide.

    Weights and sessions make it less than n. A mean of values that vary less than 0 and 1 do is worth more.
    """
    share, width = min(1.0, max(0.0, estimate.value)), (estimate.high - estimate.low) / 2
    few, many = 0.01, 1e9
    while many / few > 1 + 1e-6:
        middle = math.sqrt(few * many)
        if (half_width(share, middle) or 0.0) > width:
            few = middle
        else:
            many = middle
    return many


def size_per_side(before: float, after: float, *, alpha: float = 0.05, power: float = 0.8, sides: int = 1) -> int:
    """Observations on each of two sides to see a change of a share (Fleiss 1981).

    n = (z₁ √(2 p̄(1 − p̄)) + z₂ √(p₁(1 − p₁) + p₂(1 − p₂)))² / (p₂ − p₁)², with p̄ the mean of both.

    Args:
        before: the share on one side.
        after: the share on the other.
        alpha: of the test.
        power: probability that the change is seen.
        sides: 1 for a test in one direction, 2 for both.

    Raises:
        ValueError: shares outside [0, 1], or equal.
    """
    if before == after or not (0 <= before <= 1 and 0 <= after <= 1):
        raise ValueError(f"need two different shares between 0 and 1, got {before} and {after}")
    middle = (before + after) / 2
    chance = _quantile(alpha / sides) * math.sqrt(2 * middle * (1 - middle))
    spread = _quantile(1 - power) * math.sqrt(before * (1 - before) + after * (1 - after))
    return math.ceil(((chance + spread) / (after - before)) ** 2)


def size_against_known(known: float, after: float, *, alpha: float = 0.05, power: float = 0.8) -> int:
    """Observations to see that a share left a value that is known, in one direction.

    Raises:
        ValueError: shares outside [0, 1], or equal.
    """
    if known == after or not (0 <= known <= 1 and 0 <= after <= 1):
        raise ValueError(f"need two different shares between 0 and 1, got {known} and {after}")
    chance = _quantile(alpha) * math.sqrt(known * (1 - known))
    spread = _quantile(1 - power) * math.sqrt(after * (1 - after))
    return math.ceil(((chance + spread) / (after - known)) ** 2)


def visible_change(
    share: float, n_before: float, n_after: float, *, alpha: float = 0.05, power: float = 0.8, rising: bool = True
) -> float | None:
    """Smallest change of a share that a test in one direction sees with the given power.

    Args:
        share: on the side before.
        n_before: independent observations there (an effective size).
        n_after: those on the other side.
        alpha: of the test.
        power: probability that the change is seen.
        rising: whether the share rises or falls.

    Returns:
        The size of the change. None where not even the largest possible one is seen.
    """
    largest = 1 - share if rising else share
    sign = 1 if rising else -1
    if min(n_before, n_after) <= 0 or not _is_seen(share, share + sign * largest, n_before, n_after, alpha, power):
        return None
    low, high = 0.0, largest
    while high - low > 1e-6:
        middle = (low + high) / 2
        if _is_seen(share, share + sign * middle, n_before, n_after, alpha, power):
            high = middle
        else:
            low = middle
    return high


def _is_seen(before: float, after: float, n_before: float, n_after: float, alpha: float, power: float) -> bool:
    middle = (n_before * before + n_after * after) / (n_before + n_after)
    chance = _quantile(alpha) * math.sqrt(max(0.0, middle * (1 - middle)) * (1 / n_before + 1 / n_after))
    variance = max(0.0, before * (1 - before)) / n_before + max(0.0, after * (1 - after)) / n_after
    return abs(after - before) >= chance + _quantile(1 - power) * math.sqrt(variance)


def _quantile(tail: float) -> float:
    return NormalDist().inv_cdf(1 - tail)


def _check(share: float, width: float) -> None:
    if not (0 < share < 1 and 0 < width < 1):
        raise ValueError(f"a share and a half-width lie between 0 and 1, got {share} and {width}")
