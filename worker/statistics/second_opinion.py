"""The share of answers that people see as bad: they looked at all that a judge flagged, and at a few of the others.

Each class counts by how much of the traffic it is: what is flagged, what people see for another reason, and what was
drawn by chance. Of the drawn ones the judge's risk says what is to be expected, and the labels correct it by what
they say differently, each weighted by 1/π (difference estimator; Särndal, Swensson & Wretman 1992, ch. 9). It is right
whatever the risk is worth. Answers that nobody has looked at yet are made up for by others of their class.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.worker.statistics.intervals import Estimate, score_interval
from assay.worker.statistics.student import critical_value

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

PRIOR_LABELS = 10.0
"""To the spread of what labels say so many are added that spread as the risk says. Thirty labels of which none is bad
say little of the next one that is."""


class Opinions(NamedTuple):
    """Labels of one class.

    Attributes:
        labels: 1 where people see a problem, else 0.
        risks: what the judge said of the same answers.
        weights: 1/π of each, π that of having been judged, and then shown to people.
    """

    labels: Floats
    risks: Floats
    weights: Floats

    @property
    def size(self) -> float:
        """How many evenly drawn labels the weights are worth."""
        return float(self.weights.sum()) ** 2 / float((self.weights**2).sum()) if self.weights.size else 0.0


class Share(NamedTuple):
    """A share and its variance."""

    value: float
    variance: float


def certain_share(seen: Opinions) -> Share:
    """Of a class that goes to people whole. With few labels half a label of each kind widens it."""
    size = seen.size
    value = float((seen.weights * seen.labels).sum()) / float(seen.weights.sum())
    smoothed = (value * size + 0.5) / (size + 1)
    return Share(value, smoothed * (1 - smoothed) / (size + 1))


def drawn_share(seen: Opinions, expected: float | None) -> Share:
    """Of a class of which a few were drawn.

    Args:
        seen: their labels.
        expected: the mean risk of the whole class, where a risk is a probability. None: the labels stand alone.
    """
    shares, size = seen.weights / seen.weights.sum(), seen.size
    change = seen.labels if expected is None else seen.labels - seen.risks
    mean = float((shares * change).sum())
    value = min(1.0, max(0.0, mean + (expected or 0.0)))
    seen_variance = float((shares**2 * (change - mean) ** 2).sum())
    if expected is None:
        smoothed = (value * size + 0.5) / (size + 1)
        prior = smoothed * (1 - smoothed) / size
    else:
        prior = float((shares**2 * seen.risks * (1 - seen.risks)).sum())
    return Share(value, (size * seen_variance + PRIOR_LABELS * prior) / (size + PRIOR_LABELS))


def reviewed_share(
    parts: list[tuple[float, Share]], *, traffic_size: float, freedom: float, n: int, conf: float = 0.95
) -> Estimate:
    """All classes together: the rate behind the traffic, with Wilson's interval at the effective size.

    Args:
        parts: the share of traffic that each class is, and the share of bad ones in it.
        traffic_size: how many independent answers the shares of the classes rest on.
        freedom: labels less one of the class that was drawn.
        n: labels.
        conf: of the interval.
    """
    value = sum(weight * share.value for weight, share in parts)
    between = sum(weight * (share.value - value) ** 2 for weight, share in parts) / traffic_size
    variance = between + sum(weight**2 * share.variance for weight, share in parts)
    spread = value * (1 - value)
    # Where none is bad, or all are, labels of flagged answers must not count for what was drawn.
    size = spread / variance if spread > 0 and variance > 0 else min(float(n), traffic_size, max(1.0, freedom + 1))
    ends = score_interval(value, size, critical_value(conf, max(1.0, freedom)))
    if not math.isfinite(size):
        size = float(n)
    return Estimate(value=value, low=min(value, ends.low), high=max(value, ends.high), n=n, n_effective=size)
