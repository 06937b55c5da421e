"""Bounds that alarms go by: a share that is shown to be too high, at an error rate that is said.

A share that runs at its limit is above it half of the time, and of ten traces three that are bad by chance wake
somebody. An exact one-sided bound (Clopper & Pearson 1934) is above the limit by chance with probability alpha at most,
however few traces there are.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.worker.statistics.bounded import Clusters
from assay.worker.statistics.intervals import regularised_beta
from assay.worker.statistics.weighted import cluster_index

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


FEARED = 0.3
"""Correlation of two answers of one session that is feared until many sessions tell theirs. The eight sessions of a
window of 30 traces tell next to nothing of it. At 1, as if a session were one answer, most jumps from 2.5 to 30 % are
not seen within 450 traces; at 0.3 half of them are within 40, and no false page comes in 150 days of 5 % flagged
(`benchmarks/page_sizes.py`)."""


class Worth(NamedTuple):
    """What weighted flags are worth.

    Attributes:
        share: the weighted share.
        n: how many equally weighted, independent flags it is known as well as by.
    """

    share: float
    n: float


def exact_lower_bound(k: float, n: float, alpha: float) -> float:
    """The share that k hits of n or more would have by chance with probability alpha. 0 without hits or observations.

    Args:
        k: hits, which may be a fraction, as of weighted observations.
        n: observations, which may be a fraction.
        alpha: probability that the bound lies above the true share.

    Raises:
        ValueError: k outside [0, n], or alpha outside (0, 1).
    """
    _check(k, n, alpha)
    return 0.0 if k == 0 else _beta_quantile(alpha, k, n - k + 1)


def exact_upper_bound(k: float, n: float, alpha: float) -> float:
    """The share that k hits of n or fewer would have by chance with probability alpha. 1 without observations.

    Raises:
        ValueError: as `exact_lower_bound`.
    """
    _check(k, n, alpha)
    return 1.0 if k == n else 1 - _beta_quantile(alpha, n - k, k + 1)


def worth_of(weights: Floats, hits: Bools, clusters: Clusters | None = None, *, feared: float = FEARED) -> Worth | None:
    """The weighted share of hits, and the size of an equally weighted sample that would know it as well.

    The size is no larger than the number of observations, than μ(1−μ)/variance with sums over clusters, and than
    (Σw)²/Σw² where observations of one cluster correlate by `feared`. Equal weights without clusters give n itself.

    Args:
        weights: 1/π of each observation.
        hits: which of them count.
        clusters: what belongs together.
        feared: correlation of two observations of one cluster that is feared at least.

    Returns:
        None without observations.
    """
    if not weights.size:
        return None
    total = float(weights.sum())
    share = min(1.0, float(weights[hits].sum()) / total)
    index = np.arange(weights.size) if clusters is None else cluster_index(clusters)
    alone = weights * (hits - share)
    residuals = np.bincount(index, weights=alone)
    sums = np.bincount(index, weights=weights)
    # Where all agree nothing tells how far a session does: it is one answer.
    at_least = feared if 0 < share < 1 else 1.0
    squares = (1 - at_least) * float(weights @ weights) + at_least * float(sums @ sums)
    size = min(float(weights.size), total * total / squares)
    spread = float(residuals @ residuals) / total**2
    if 1 < sums.size < weights.size:
        spread *= sums.size / (sums.size - 1)
    # Good and bad answers that even out within few sessions are no reason to trust a share more.
    spread = max(spread, float(alone @ alone) / total**2)
    # Rounding leaves a spread of 1e-34 where all agree.
    if 0 < share < 1 and spread > 0:
        size = min(size, share * (1 - share) / spread)
    return Worth(share, max(1.0, size))


def alarm_bound(weights: Floats, hits: Bools, alpha: float, *, clusters: Clusters | None = None) -> float | None:
    """The exact lower bound of a weighted share, at the size that its observations are worth (Korn & Graubard 1998).

    Args:
        weights: 1/π of each observation.
        hits: which of them count.
        alpha: probability that the bound lies above the true share.
        clusters: what belongs together, e.g. sessions.

    Returns:
        None without observations.
    """
    worth = worth_of(weights, hits, clusters)
    return None if worth is None else exact_lower_bound(min(worth.n, worth.share * worth.n), worth.n, alpha)


def fewest_hits(n: int, threshold: float, alpha: float) -> int | None:
    """The fewest hits of n whose exact lower bound lies above a threshold. None: not even n are enough."""
    low, high = 0, n + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_shown_above(middle, n, threshold, alpha) else (middle, high)
    return high if high <= n else None


def is_shown_above(k: float, n: float, threshold: float, alpha: float) -> bool:
    """Whether the exact lower bound of k hits of n lies above a threshold: at it so many would be rarer than alpha.

    Raises:
        ValueError: as `exact_lower_bound`.
    """
    _check(k, n, alpha)
    return k > 0 and regularised_beta(threshold, k, n - k + 1) < alpha


class PageRule(NamedTuple):
    """Page where a share is high in the window, and it is shown not to be chance.

    Attributes:
        share_above: what the share itself must exceed, e.g. 0.20.
        bound_above: what its exact lower bound must exceed, e.g. the objective's 0.05.
        alpha: of the bound.
    """

    share_above: float
    bound_above: float
    alpha: float

    def holds(self, k: float, n: float) -> bool:
        """Whether k hits of n are to wake somebody."""
        return n > 0 and k / n > self.share_above and is_shown_above(k, n, self.bound_above, self.alpha)

    def fewest(self, n: int) -> int | None:
        """The fewest hits of n that do. None: no number does."""
        of_bound = fewest_hits(n, self.bound_above, self.alpha)
        return None if of_bound is None else max(of_bound, fewest_over(n, self.share_above))


def fewest_over(n: int, share: float) -> int:
    """The fewest hits of n that are more than a share of them."""
    return math.floor(n * share + 1e-9) + 1


def burn_rate(bad_share: float, allowed: float) -> float:
    """How many times faster than allowed an error budget is spent."""
    return bad_share / allowed


def budget_used(burn: float, window_days: float, period_days: float) -> float:
    """The part of a period's error budget that a window's burn rate spends."""
    return burn * window_days / period_days


def _check(k: float, n: float, alpha: float) -> None:
    if not (0 <= k <= n) or not math.isfinite(n):
        raise ValueError(f"need 0 <= k <= n, got k={k}, n={n}")
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, got {alpha}")


def _beta_quantile(probability: float, a: float, b: float) -> float:
    """Where Beta(a, b) has this probability to its left: Newton's steps, and halving where one leaves the bracket."""
    low, high, x = 0.0, 1.0, a / (a + b)
    log_constant = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    for _ in range(200):
        off = regularised_beta(x, a, b) - probability
        low, high = (low, x) if off > 0 else (x, high)
        slope = math.exp(log_constant + (a - 1) * math.log(x) + (b - 1) * math.log1p(-x))
        step = x - off / slope if slope > 0 else -1.0
        following = step if low < step < high else (low + high) / 2
        if abs(following - x) < 1e-13 or high - low < 1e-13:
            break
        x = following
    return following
