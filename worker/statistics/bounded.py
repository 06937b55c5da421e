"""Means of values in [0, 1] over weighted traces: of the traffic itself, and of the rate behind it.

Both have the same value and answer different questions. What was judged whole leaves nothing open about that week's
traffic. It still is a sample of what the application does. Intervals are Wilson's at an effective size (Korn & Graubard
1998): they stay inside [0, 1], and do not shrink to a point where all values agree.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from assay.worker.statistics.intervals import Estimate, Interval, score_interval, skewed_interval
from assay.worker.statistics.student import critical_value
from assay.worker.statistics.weight_groups import WeightGroups, effective_size, grouped_by_weight
from assay.worker.statistics.weighted import cluster_index

Floats = NDArray[np.float64]
Clusters = Sequence[Hashable] | NDArray[np.uint64] | NDArray[np.int64]

PRIOR_OBSERVATIONS = 4.0
"""To the spread of values that are no flags so many observations as spread as flags are added. Twenty small risks say
little of the large one that is yet to come."""


@dataclass(frozen=True)
class BoundedMean:
    """A mean of values in [0, 1], with what an interval of any confidence needs.

    Attributes:
        value: the mean.
        n: observations.
        n_effective: how many independent flags it is worth. Infinite where nothing is left to chance.
        freedom: degrees of freedom of its variance. None: enough to take it as known.
        n_clusters: groups of dependent observations. None where observations were taken as independent.
        groups: flags of very different weights, apart. None: one effective size tells enough.
        skew: how fast the variance grows with the mean, where that is more than of flags (`skewed_interval`).
    """

    value: float
    n: int
    n_effective: float
    freedom: float | None = None
    n_clusters: int | None = None
    groups: WeightGroups | None = None
    skew: float | None = None

    def interval_at(self, critical: float) -> Interval:
        """Both ends for this critical value, e.g. 1.96."""
        if self.skew is not None:
            variance = self.value * (1 - self.value) / self.n_effective
            return skewed_interval(self.value, variance, self.skew, critical)
        whole = score_interval(self.value, self.n_effective, critical)
        if self.groups is None:
            return whole
        ends = self.groups.interval_around(self.value, critical)
        if self.n_clusters is None or self.n_clusters == self.n:
            return ends
        # The groups know nothing of sessions, so it is no narrower than without them.
        return Interval(low=min(ends.low, whole.low), high=max(ends.high, whole.high))

    def estimate(self, conf: float = 0.95) -> Estimate:
        """The mean with its interval."""
        ends = self.interval_at(critical_value(conf, self.freedom))
        return Estimate(
            value=self.value,
            low=ends.low,
            high=ends.high,
            n=self.n,
            n_effective=self.n_effective if math.isfinite(self.n_effective) else None,
            n_clusters=self.n_clusters,
        )


@dataclass(frozen=True)
class Prior:
    """Observations that are added to the spread of values that are no flags, and do not move their mean.

    Attributes:
        observations: how many.
        distance: of each of them from the mean. None: they are spread as flags are.
    """

    observations: float
    distance: float | None = None

    def square(self, mean: float) -> float:
        """What each adds to the sum of squares."""
        return mean * (1 - mean) if self.distance is None else self.distance**2

    def cube(self) -> float:
        """What each adds to the sum of cubes. Of flags 0: the skewness of flags is Wilson's own."""
        return 0.0 if self.distance is None else self.distance**3


FEW_FLAGS = Prior(PRIOR_OBSERVATIONS)


def own_mean(
    values: Sequence[float] | Floats, pis: Sequence[float] | Floats, *, prior: Prior = FEW_FLAGS
) -> BoundedMean | None:
    """The mean over the traffic that the observations were drawn from, by independent (hash) draws.

    Hájek's mean Σwy/Σw with w = 1/π, variance Σ(1−π)w²(y−μ)²/(Σw)²: what has π = 1 leaves nothing open. Where all
    values agree the effective size is that of the weights, (Σw)²/Σ(1−π)w². Flags of very different weights get an
    interval from those of each weight (`WeightGroups`): a few heavy ones that agree would seem to be known well.

    Args:
        values: y, in [0, 1].
        pis: probabilities that a trace was selected and answered.
        prior: what is added to the spread; flags have none.

    Returns:
        None without observations.

    Raises:
        ValueError: lengths differ, a value outside [0, 1], or a probability outside (0, 1].
    """
    y, pi = checked(values, pis)
    if y.size == 0:
        return None
    w = 1 / pi
    total = float(w.sum())
    mean = _clipped(float((w * y).sum()) / total)
    open_weight = (1 - pi) * w * w
    left_open = float(open_weight.sum())
    alone = total**2 / left_open if left_open else math.inf
    variance = float((open_weight * (y - mean) ** 2).sum()) / total**2
    influence: Floats = w * (y - mean) / total
    if are_flags(y):
        groups, size = grouped_by_weight(y, w, open_weight), effective_size(mean, variance, alone)
        skew = None if groups else _more_skewed(_third(influence, pi), variance, mean, size)
        return BoundedMean(mean, y.size, size, groups=groups, skew=skew)
    kish = total**2 / float((w * w).sum())
    added = prior.observations / kish
    variance = (variance + added * prior.square(mean) / alone) / (1 + added)
    size = effective_size(mean, variance, alone)
    third = (_third(influence, pi) + added * 2 / 3 * prior.cube() / alone**2) / (1 + added)
    skew = _more_skewed(third, variance, mean, size)
    return BoundedMean(mean, y.size, size, _freedom(w * (y - mean), kish), skew=skew)


def behind_mean(
    values: Sequence[float] | Floats, pis: Sequence[float] | Floats, clusters: Clusters
) -> BoundedMean | None:
    """The mean of what the traffic comes from: another week of the same would have other sessions.

    Variance m/(m−1)·Σ_c(Σ_{i∈c} w(y−μ))²/(Σw)² over m clusters. It holds the draws of the sample as well. Few clusters
    tell little of it, so the interval is Student's with the clusters' effective number less one degrees of freedom.

    Returns:
        None without observations and with a single cluster.

    Raises:
        ValueError: as `own_mean`.
    """
    y, pi = checked(values, pis)
    if len(clusters) != y.size:
        raise ValueError("values, probabilities and clusters must have the same length")
    if y.size == 0:
        return None
    w = 1 / pi
    total = float(w.sum())
    mean = _clipped(float((w * y).sum()) / total)
    is_share = are_flags(y)
    behind = _clustered_mean(mean, w * (y - mean) / total, w / total, clusters, is_share=is_share)
    return replace(behind, groups=grouped_by_weight(y, w, w * w)) if behind and is_share else behind


def _clustered_mean(
    mean: float, influence: Floats, shares: Floats, clusters: Clusters, *, is_share: bool
) -> BoundedMean | None:
    """A mean whose observations move together, from how far each of them moves it.

    Args:
        mean: the value.
        influence: of each observation, summing to 0.
        shares: of each observation in all weight, summing to 1.
        clusters: what belongs together.
        is_share: whether the values are flags.
    """
    index = cluster_index(clusters)
    m = int(index.max()) + 1
    if m < 2:
        return None
    sums: Floats = np.bincount(index, weights=influence).astype(np.float64)
    variance = m / (m - 1) * float((sums**2).sum())
    kish = 1 / float((np.bincount(index, weights=shares) ** 2).sum())
    if is_share:
        # A share of n flags is never known better than by n independent ones.
        size = min(float(index.size), effective_size(mean, variance, kish))
        return BoundedMean(mean, index.size, size, None if m == index.size else max(1.0, kish - 1), m)
    rows = 1 / float((shares**2).sum())
    size = effective_size(mean, _with_prior(variance, mean, PRIOR_OBSERVATIONS / rows, rows), kish)
    return BoundedMean(mean, index.size, size, _freedom(sums, kish), m)


def are_flags(values: Floats) -> bool:
    """Whether all values are 0 or 1."""
    return bool(((values == 0) | (values == 1)).all())


def checked(values: Sequence[float] | Floats, pis: Sequence[float] | Floats) -> tuple[Floats, Floats]:
    """Values in [0, 1] and probabilities as arrays of one length.

    Raises:
        ValueError: they are not.
    """
    y, pi = np.asarray(values, dtype=np.float64), np.asarray(pis, dtype=np.float64)
    if y.shape != pi.shape:
        raise ValueError("values, probabilities and clusters must have the same length")
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError("values must lie in [0, 1]; leave out what was not judged")
    if not ((pi > 0) & (pi <= 1)).all():
        raise ValueError("selection probabilities must lie in (0, 1]")
    return y, pi


def _with_prior(variance: float, mean: float, prior: float, size: float) -> float:
    """The variance of a mean with observations of a flag's spread among those that it rests on.

    Args:
        variance: without them.
        mean: in [0, 1].
        prior: how many there are for each that was made.
        size: what the weights alone are worth.
    """
    return (variance + prior * mean * (1 - mean) / size) / (1 + prior)


def _third(influence: Floats, pi: Floats) -> float:
    """Σ(1−π)(2−π)r³/3 with r = w(y−μ)/Σw: how far the skewness of a mean of independent draws shifts an interval.

    It is A − K/3, with the third cumulant K = Σ(1−π)(1−2π)r³ of the mean and its covariance A = Σ(1−π)²r³ with its
    estimated variance. For equal draws of small π both are Σr³, as in Hall's expansion (1992, section 2.6). Where
    nearly all was judged K is negative, and A hardly counts.
    """
    return float(((1 - pi) * (2 - pi) * influence**3).sum()) / 3


def _more_skewed(third: float, variance: float, mean: float, size: float) -> float | None:
    """How fast the variance grows with the mean, where that is more than Wilson's interval takes it to be.

    Wilson's is that of flags, (1−2μ)/n*. It is too small in two cases: where nearly all was judged, the few that were
    not may hold a large value; and where the mean is of changes in both directions, most are small and few are large.

    Returns:
        None where Wilson's is at least as much.
    """
    if not variance or not math.isfinite(size):
        return None
    skew = third / variance
    return skew if abs(skew) > abs(1 - 2 * mean) / size else None


def _freedom(residuals: Floats, kish: float) -> float:
    """Degrees of freedom of Σz²: 2(Σz²)²/(Σz⁴ − (Σz²)²/m), which is m for normal z and fewer where some stand out."""
    squares = residuals * residuals
    square, fourth = float(squares.sum()), float((squares * squares).sum())
    spread = fourth - square * square / residuals.size
    by_tails = 2 * square * square / spread if spread > 0 else math.inf
    return max(1.0, min(kish - 1, by_tails))


def _clipped(mean: float) -> float:
    return min(1.0, max(0.0, mean))
