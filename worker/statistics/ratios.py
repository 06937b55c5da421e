"""The ratio of two means with its interval, e.g. tokens of one prompt version over those of another."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.student import critical_value

Floats = NDArray[np.float64]


def draws_mean(values: Floats, pis: Floats) -> tuple[float, float, float] | None:
    """The weighted mean of what lies behind the traffic, its variance and degrees of freedom. None below two values.

    Each observation is one draw, so that the interval keeps a width where all traffic was selected: the variance is
    n/(n − 1) Σ (w(y − μ))² / (Σw)², with w = 1/π.
    """
    known = ~np.isnan(values)
    y, w = values[known], 1 / pis[known]
    if y.size < 2:
        return None
    total = float(w.sum())
    mean = float((w * y).sum()) / total
    variance = y.size / (y.size - 1) * float(((w * (y - mean)) ** 2).sum()) / total**2
    return mean, variance, max(1.0, total**2 / float((w**2).sum()) - 1)


def ratio_of_means(first: tuple[Floats, Floats], second: tuple[Floats, Floats], conf: float = 0.95) -> Estimate | None:
    """How many times as much the first is: values and selection probabilities of either side, NaN for unknown.

    The interval is that of the logarithm by the delta method, with Welch's degrees of freedom: its lower end is above
    0, and it is the same for the ratio turned round.

    Returns:
        None where a side has less than two values, or a mean that is not above 0. `n` is that of the smaller side.
    """
    sides = [draws_mean(*side) for side in (first, second)]
    if sides[0] is None or sides[1] is None or min(sides[0][0], sides[1][0]) <= 0:
        return None
    relative = [variance / mean**2 for mean, variance, _ in (sides[0], sides[1])]
    spread = sum(relative)
    parts = sum(part**2 / side[2] for part, side in zip(relative, (sides[0], sides[1]), strict=True))
    half = critical_value(conf, max(1.0, spread**2 / parts)) * math.sqrt(spread) if spread else 0.0
    ratio = sides[0][0] / sides[1][0]
    n = min(int((~np.isnan(values)).sum()) for values, _ in (first, second))
    return Estimate(value=ratio, low=ratio * math.exp(-half), high=ratio * math.exp(half), n=n)
