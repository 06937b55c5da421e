"""Confidence intervals of a share: Wilson for display, exact ones where the guarantee or a small sample matters."""

from __future__ import annotations

import math
from collections.abc import Callable
from statistics import NormalDist

from assay.judges.schema import Record


class Interval(Record):
    """Both ends of a confidence interval."""

    low: float
    high: float


class Estimate(Record):
    """A number with its interval and what it rests on.

    `n` counts observations; `n_effective` is how many independent ones they are worth; `n_clusters` is how many
    groups of dependent observations there were, None where observations were taken as independent.
    """

    value: float
    low: float
    high: float
    n: int
    n_effective: float | None = None
    n_clusters: int | None = None


def wilson(k: float, n: float, conf: float = 0.95) -> Interval | None:
    """Wilson score interval of k successes in n; both may be fractional (an effective sample size).

    Centre (p + z²/2n) / (1 + z²/n), half-width z/(1 + z²/n) · √(p(1−p)/n + z²/4n²) (Wilson 1927). None for n = 0.

    Raises:
        ValueError: k outside [0, n] or conf outside (0, 1).
    """
    _check(k, n, conf)
    if n == 0:
        return None
    return score_interval(k / n, n, NormalDist().inv_cdf(0.5 + conf / 2))


def score_interval(share: float, n: float, critical: float) -> Interval:
    """Wilson's interval for a share of n observations and any critical value, e.g. Student's where n is uncertain.

    Args:
        share: in [0, 1].
        n: observations, more than 0. Infinite: the interval is the share itself.
        critical: how many standard errors it is to hold.
    """
    reach = critical * critical / n
    stretch = 1 + reach
    centre = (share + reach / 2) / stretch
    half = math.sqrt(share * (1 - share) * reach + reach * reach / 4) / stretch
    # At 0 and 1 one end is exact; rounding must not push it past the estimate.
    low = 0.0 if share == 0 else max(0.0, min(share, centre - half))
    high = 1.0 if share == 1 else min(1.0, max(share, centre + half))
    return Interval(low=low, high=high)


def skewed_interval(mean: float, variance: float, skew: float, critical: float) -> Interval:
    """A score interval of a mean in [0, 1] whose variance grows with it: V + skew·(μ − mean) at μ.

    Both ends solve (μ − mean)² = z²·(V + skew·(μ − mean)). So the interval is shifted by z²·skew/2, and a wider one
    holds every narrower one.

    Args:
        mean: in [0, 1].
        variance: of the mean.
        skew: growth of the variance, of either sign.
        critical: how many standard errors it is to hold.
    """
    shift = critical * critical * abs(skew) / 2
    far = shift + math.hypot(shift, critical * math.sqrt(variance))
    # The nearer end is z²·V over the farther one: as a difference of large numbers it would lose its digits.
    near = critical * critical * variance / far if far else 0.0
    below, above = (near, far) if skew > 0 else (far, near)
    return Interval(low=max(0.0, mean - below), high=min(1.0, mean + above))


def clopper_pearson(k: float, n: float, conf: float = 0.95) -> Interval | None:
    """Exact interval of k successes in n: Beta quantiles at (k, n−k+1) and (k+1, n−k) (Clopper & Pearson 1934).

    Covers at least `conf` whatever the true share. None for n = 0.

    Raises:
        ValueError: k outside [0, n] or conf outside (0, 1).
    """
    _check(k, n, conf)
    if n == 0:
        return None
    tail = (1 - conf) / 2
    low = 0.0 if k == 0 else _bisect(lambda x: regularised_beta(x, k, n - k + 1), tail)
    high = 1.0 if k == n else _bisect(lambda x: regularised_beta(x, k + 1, n - k), 1 - tail)
    return Interval(low=low, high=high)


def mid_p(k: float, n: float, conf: float = 0.95) -> Interval | None:
    """The exact interval with half of what was seen in each tail (Lancaster 1961; Berry & Armitage 1995).

    It covers `conf` on the average over small samples, where Clopper and Pearson's covers more and Wilson's, of rare
    events, less. None for n = 0.

    Raises:
        ValueError: k outside [0, n] or conf outside (0, 1).
    """
    _check(k, n, conf)
    if n == 0:
        return None
    tail = (1 - conf) / 2
    low = 0.0 if k == 0 else _bisect(lambda x: _half_counted(x, k, n), tail)
    high = 1.0 if k == n else _bisect(lambda x: _half_counted(x, k, n), 1 - tail)
    return Interval(low=low, high=high)


def _half_counted(x: float, k: float, n: float) -> float:
    """P(more than k of n) + P(k of n)/2 for a true share x, by the beta distribution."""
    at_least = 1.0 if k == 0 else regularised_beta(x, k, n - k + 1)
    more = 0.0 if k == n else regularised_beta(x, k + 1, n - k)
    return (at_least + more) / 2


_TINY = 1e-300
"""What stands for 0 where it is divided by."""


def regularised_beta(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function I_x(a, b): the Beta(a, b) distribution function at x.

    Continued fraction by the modified Lentz method (Press et al., Numerical Recipes, 6.4).
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    # The fraction converges fast only left of the mean; the other side follows by symmetry.
    if x > (a + 1) / (a + b + 2):
        return 1.0 - regularised_beta(1 - x, b, a)
    front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(front) * _beta_fraction(x, a, b) / a


def _beta_fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, to about 1e-15."""
    c = 1.0
    d = 1 / _away_from_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, 10_000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d, c = 1 + term * d, 1 + term / c
            # Written out: a report takes hundreds of thousands of these steps, and a call is most of their time.
            d = 1 / (d if d > _TINY or d < -_TINY else _TINY)
            c = c if c > _TINY or c < -_TINY else _TINY
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value


def _away_from_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _bisect(increasing: Callable[[float], float], target: float) -> float:
    """Where a function that increases on [0, 1] reaches `target`."""
    low, high = 0.0, 1.0
    while high - low > 1e-13:
        middle = (low + high) / 2
        if increasing(middle) < target:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _check(k: float, n: float, conf: float) -> None:
    if not (0 <= k <= n) or not math.isfinite(n):
        raise ValueError(f"need 0 <= k <= n, got k={k}, n={n}")
    if not 0 < conf < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {conf}")
