"""Estimates from traces chosen with unequal probability: each counts 1/π, so the plain mean would be wrong."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from assay.judges.schema import Record
from assay.worker.records.columns import by_first
from assay.worker.statistics.intervals import Estimate, wilson
from assay.worker.statistics.student import critical_value

Floats = NDArray[np.float64]
Labels = NDArray[np.uint64] | NDArray[np.int64]
"""Names of clusters as numbers: for many observations, of which each name would be an object."""


class HajekMean(Record):
    """A weighted mean with its variance.

    `n_kish` is the effective size of the weights alone, (Σw)²/Σw², taken over clusters where there are any.
    """

    value: float
    variance: float
    n: int
    n_clusters: int | None
    n_kish: float


def hajek_mean(
    values: Sequence[float] | Floats,
    pis: Sequence[float] | Floats,
    *,
    clusters: Sequence[Hashable] | Labels | None = None,
) -> HajekMean | None:
    """Hájek mean Σwy/Σw with w = 1/π, and its linearised variance.

    Without clusters the variance is Σ (1−π)/π² (y−μ)² / (Σw)², for independent (hash) selection (Hájek 1971; Särndal,
    Swensson & Wretman 1992). With clusters it is m/(m−1) Σ_c (Σ_{i∈c} w(y−μ))² / (Σw)² over m clusters.

    Args:
        values: y, one per observation.
        pis: selection probabilities in (0, 1], same length.
        clusters: which observations belong together (session, conversation), same length.

    Returns:
        None without observations, and with only one cluster, whose variance cannot be estimated.

    Raises:
        ValueError: lengths differ, a value is not finite, or a probability lies outside (0, 1].
    """
    y = np.asarray(values, dtype=np.float64)
    pi = np.asarray(pis, dtype=np.float64)
    _check(y, pi, clusters)
    if y.size == 0:
        return None
    w = 1 / pi
    total = float(w.sum())
    mu = float((w * y).sum() / total)
    if clusters is None:
        variance = float(((1 - pi) / pi**2 * (y - mu) ** 2).sum()) / total**2
        kish = total**2 / float((w**2).sum())
        return HajekMean(value=mu, variance=variance, n=y.size, n_clusters=None, n_kish=kish)
    index = cluster_index(clusters)
    m = int(index.max()) + 1
    if m < 2:
        return None
    residuals = np.bincount(index, weights=w * (y - mu))
    variance = m / (m - 1) * float((residuals**2).sum()) / total**2
    kish = total**2 / float((np.bincount(index, weights=w) ** 2).sum())
    return HajekMean(value=mu, variance=variance, n=y.size, n_clusters=m, n_kish=kish)


def hajek_share(
    flags: Sequence[bool] | Sequence[int] | NDArray[np.bool_],
    pis: Sequence[float] | Floats,
    *,
    clusters: Sequence[Hashable] | Labels | None = None,
    conf: float = 0.95,
) -> Estimate | None:
    """Weighted share of flagged observations with a Korn–Graubard interval: Wilson at n* = μ(1−μ)/variance.

    n* never exceeds n: where nearly everything was selected the design's own variance goes to 0, but the next
    window's traffic still varies. Where all flags agree the variance says nothing and n* is the weights' effective
    size (over clusters, if given) (Korn & Graubard 1998).

    Returns:
        None where `hajek_mean` is None: not estimable.

    Raises:
        ValueError: as `hajek_mean`.
    """
    mean = hajek_mean(np.asarray(flags, dtype=np.float64), pis, clusters=clusters)
    if mean is None:
        return None
    mu = min(1.0, max(0.0, mean.value))
    agree = mu in (0.0, 1.0)
    if agree:
        n_star = min(float(mean.n), mean.n_kish)
    else:
        n_star = float(mean.n) if mean.variance == 0 else min(float(mean.n), mu * (1 - mu) / mean.variance)
    interval = wilson(min(n_star * mu, n_star), n_star, conf)
    if interval is None:
        return None
    return Estimate(
        value=mu,
        low=min(mu, interval.low),
        high=max(mu, interval.high),
        n=mean.n,
        n_effective=n_star,
        n_clusters=mean.n_clusters,
    )


def weighted_mean(
    values: Sequence[float] | Floats,
    pis: Sequence[float] | Floats,
    *,
    clusters: Sequence[Hashable] | Labels | None = None,
    conf: float = 0.95,
) -> Estimate | None:
    """Hájek mean of numbers of any range, e.g. seconds or dollars, with Student's interval.

    Returns:
        None where `hajek_mean` is None, and of a single observation.

    Raises:
        ValueError: as `hajek_mean`.
    """
    mean = hajek_mean(values, pis, clusters=clusters)
    if mean is None or mean.n < 2:
        return None
    half = critical_value(conf, max(1.0, mean.n_kish - 1)) * math.sqrt(mean.variance)
    return Estimate(
        value=mean.value, low=mean.value - half, high=mean.value + half, n=mean.n, n_clusters=mean.n_clusters
    )


def shared_correlation(first: tuple[Floats, Floats, Labels], second: tuple[Floats, Floats, Labels]) -> float:
    """Correlation of two Hájek means that clusters with observations on both sides cause, in [−1, 1]; 0 without any.

    Args:
        first: values, selection probabilities and clusters of one side.
        second: those of the other.
    """
    sums = [_cluster_residuals(*side) for side in (first, second)]
    names, at_first, at_second = np.intersect1d(sums[0][0], sums[1][0], assume_unique=True, return_indices=True)
    spread = math.sqrt(float((sums[0][1] ** 2).sum()) * float((sums[1][1] ** 2).sum()))
    if not names.size or not spread:
        return 0.0
    together = float((sums[0][1][at_first] * sums[1][1][at_second]).sum())
    return min(1.0, max(-1.0, together / spread))


def _cluster_residuals(values: Floats, pis: Floats, clusters: Labels) -> tuple[NDArray[np.int64], Floats]:
    """The name of each cluster, in order, and the sum of its w(y−μ)."""
    w = 1 / pis
    mean = float((w * values).sum() / w.sum()) if w.size else 0.0
    names, index = np.unique(clusters, return_inverse=True)
    residuals: Floats = np.bincount(index, weights=w * (values - mean), minlength=names.size).astype(np.float64)
    return names.astype(np.int64), residuals


def cluster_index(clusters: Sequence[Hashable] | Labels) -> NDArray[np.intp]:
    """Cluster labels as integers 0…m−1 in order of first appearance."""
    if isinstance(clusters, np.ndarray):
        return by_first(clusters)[1]
    seen: dict[Hashable, int] = {}
    return np.asarray([seen.setdefault(cluster, len(seen)) for cluster in clusters], dtype=np.intp)


def _check(y: Floats, pi: Floats, clusters: Sequence[Hashable] | Labels | None) -> None:
    if y.shape != pi.shape or (clusters is not None and len(clusters) != y.size):
        raise ValueError("values, probabilities and clusters must have the same length")
    if not np.isfinite(y).all():
        raise ValueError("values must be finite; leave out what was not judged")
    if not ((pi > 0) & (pi <= 1)).all():
        raise ValueError("selection probabilities must lie in (0, 1]")
