"""The interval of a share whose flags have very different weights: each weight's flags tell what they are worth."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.worker.statistics.intervals import Interval, score_interval

Floats = NDArray[np.float64]

WIDEST = 4.0
"""Weights of one group differ by less than so many times, e.g. π = .05 and .1 are one group, and π = 1 another."""


@dataclass(frozen=True)
class WeightGroups:
    """Flags in groups of similar weight.

    One effective size for all would take its skewness from the share of all. A hundred flagged traces that were judged
    whole then hide that of the two hundred others, which stand for twenty each, only four are flagged.

    Attributes:
        weights: of each group in all weight, summing to 1.
        shares: flagged, of each group.
        sizes: how many independent flags each share is worth. Infinite where nothing is left to chance.
        between: variance of the whole that comes from the groups' own random sizes.
    """

    weights: tuple[float, ...]
    shares: tuple[float, ...]
    sizes: tuple[float, ...]
    between: float

    def interval_around(self, share: float, critical: float) -> Interval:
        """Wilson's intervals of the groups, put together by their distances from the shares.

        The variance of a sum is recovered at each end from the limits there: share − √Σ W²(p − l)² and share +
        √Σ W²(u − p)² (Zou & Donner 2008; Yan & Su 2010).
        """
        below = above = critical * critical * self.between
        for weight, own, size in zip(self.weights, self.shares, self.sizes, strict=True):
            ends = score_interval(own, size, critical)
            below += (weight * (own - ends.low)) ** 2
            above += (weight * (ends.high - own)) ** 2
        return Interval(low=max(0.0, share - math.sqrt(below)), high=min(1.0, share + math.sqrt(above)))


def grouped_by_weight(flags: Floats, weights: Floats, left_open: Floats) -> WeightGroups | None:
    """Flags in groups of similar weight, from the heaviest on. None where there is one group alone.

    Args:
        flags: each 0 or 1; at least one.
        weights: 1/π of each.
        left_open: what each adds to the variance of a sum, for a distance of 1: (1−π)/π² of this very traffic, 1/π² of
            what is behind it.
    """
    w = weights
    group = np.floor(np.log(w.max() / w) / math.log(WIDEST) + 1e-9).astype(np.int64)
    if not group.any():
        return None
    total = float(w.sum())
    mean = float((w * flags).sum()) / total
    parts, shares, sizes, between = [], [], [], 0.0
    for number in np.unique(group):
        rows = group == number
        own = float(w[rows].sum())
        share = min(1.0, float((w[rows] * flags[rows]).sum()) / own)
        open_weight = float(left_open[rows].sum())
        variance = float((left_open[rows] * (flags[rows] - share) ** 2).sum()) / own**2
        parts.append(own / total)
        shares.append(share)
        sizes.append(effective_size(share, variance, own**2 / open_weight if open_weight else math.inf))
        between += open_weight * (share - mean) ** 2 / total**2
    return WeightGroups(tuple(parts), tuple(shares), tuple(sizes), between)


def effective_size(mean: float, variance: float, alone: float) -> float:
    """Independent flags that the mean is worth; `alone` by the weights alone, where its variance says nothing."""
    of_flags = mean * (1 - mean)
    if of_flags == 0:
        return alone
    return of_flags / variance if variance > 0 else math.inf
