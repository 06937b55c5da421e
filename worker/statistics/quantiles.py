"""Weighted quantiles with intervals, for scores, seconds and tokens of traces chosen with unequal probability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from assay.worker.statistics.bounded import Clusters, behind_mean, own_mean
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.student import critical_value

Floats = NDArray[np.float64]


def weighted_quantile(
    values: Sequence[float] | Floats,
    pis: Sequence[float] | Floats,
    q: float,
    *,
    clusters: Clusters | None = None,
    conf: float = 0.95,
) -> Estimate | None:
    """The value below which a share q of the weight lies. See `weighted_quantiles`."""
    return weighted_quantiles(values, pis, (q,), clusters=clusters, conf=conf)[0]


def weighted_quantiles(
    values: Sequence[float] | Floats,
    pis: Sequence[float] | Floats,
    qs: Sequence[float],
    *,
    clusters: Clusters | None = None,
    conf: float = 0.95,
) -> tuple[Estimate | None, ...]:
    """The values below which shares of the weight lie, each with Woodruff's interval.

    The interval of the share of weight up to the quantile is carried back through the weighted distribution (Woodruff
    1952), so that it needs no density and its ends are values that occur.

    Args:
        values: finite numbers of any range.
        pis: selection probabilities.
        qs: in (0, 1), e.g. 0.5 for the median.
        clusters: what belongs together. Given, the intervals are those of the quantiles behind the traffic.
        conf: of each interval.

    Returns:
        For each q an estimate, or None without values, and with a single cluster.

    Raises:
        ValueError: lengths differ, a value is not finite, a probability outside (0, 1], or a q outside (0, 1).
    """
    y, pi = np.asarray(values, dtype=np.float64), np.asarray(pis, dtype=np.float64)
    if not all(0 < q < 1 for q in qs) or not np.isfinite(y).all():
        raise ValueError("a quantile lies between 0 and 1, and values must be finite")
    if y.size == 0:
        return (None,) * len(qs)
    distribution = _Distribution(y, pi)
    return tuple(_quantile(distribution, q, clusters, conf) for q in qs)


class _Distribution:
    """A weighted distribution, sorted once."""

    def __init__(self, y: Floats, pi: Floats) -> None:
        self.y, self.pi = y, pi
        order = np.argsort(y)
        self._sorted = y[order]
        self._weight = np.cumsum(1 / pi[order])

    def value_at(self, share: float) -> float:
        """The smallest value up to which at least this share of the weight lies."""
        # What rounding adds to a sum of weights must not carry it over to the next value.
        at = int(np.searchsorted(self._weight, share * self._weight[-1] * (1 - 1e-12), side="left"))
        return float(self._sorted[min(at, self._sorted.size - 1)])


def _quantile(distribution: _Distribution, q: float, clusters: Clusters | None, conf: float) -> Estimate | None:
    value = distribution.value_at(q)
    below = (distribution.y <= value).astype(np.float64)
    mean = own_mean(below, distribution.pi) if clusters is None else behind_mean(below, distribution.pi, clusters)
    if mean is None:
        return None
    # The share up to the quantile is q or a little more; what is uncertain is where q lies.
    ends = replace(mean, value=q, groups=None).interval_at(critical_value(conf, mean.freedom))
    return Estimate(
        value=value,
        low=distribution.value_at(ends.low),
        high=distribution.value_at(ends.high),
        n=mean.n,
        n_clusters=mean.n_clusters,
    )
