"""Totals of all traffic from traces chosen with unequal probability, of which some do not tell the number."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from assay.judges.schema import Record
from assay.worker.statistics.student import critical_value

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Total(Record):
    """An estimated total.

    Attributes:
        value, low, high: with its interval. Both ends are the value where everything was selected and known.
        variance: of the value.
        freedom: degrees of freedom of the interval.
        observed: the sum over the sample itself. No total is less.
        n: observations whose number is known.
        observations: how many observations of all traffic it is about, as the weights say.
        known_share: weighted share of those whose number is known.
    """

    value: float
    low: float
    high: float
    variance: float
    freedom: float
    observed: float
    n: int
    observations: float
    known_share: float


def estimated_total(
    values: Floats,
    pis: Floats,
    weights: Floats,
    *,
    members: Bools | None = None,
    counted: bool = False,
    conf: float = 0.95,
) -> Total | None:
    """The total of a number over all traffic, or over a part of it.

    An unknown number counts as the mean of the known ones of its part, never as 0. T = Ŵ ȳ with the known mean
    ȳ = Σwy/Σw and the weight Ŵ of the whole part (Horvitz & Thompson 1952; a ratio estimator where the number of all
    observations was counted). The variance is that of the linearised total: Σ w² (1−π) z², and for those that do not
    tell Σ w² (1−K)/K² (y−ȳ)² with their known share K (Särndal, Swensson & Wretman 1992, sections 5.5 and 15.6).
    Selection is independent from trace to trace, so there are no clusters in it.

    Args:
        values: of the sample. NaN: unknown.
        pis: selection probabilities.
        weights: 1/π, or what calibration to a count made of it.
        members: which observations are of the part. None: all.
        counted: whether the weights come to a number of observations that was counted, and does not vary.
        conf: of the interval.

    Returns:
        None where no number is known, and for a single known one that is not all there is.
    """
    part = np.ones(values.size, dtype=np.bool_) if members is None else members
    known = part & ~np.isnan(values)
    if not (n := int(known.sum())):
        return None
    w, y = weights[known], values[known]
    all_weight, part_weight, known_weight = float(weights.sum()), float(weights[part].sum()), float(w.sum())
    share = min(1.0, known_weight / part_weight)
    mean = float((w * y).sum()) / known_weight
    total = part_weight * mean
    is_census = share == 1.0 and bool((pis == 1.0).all())
    if n < 2 and not is_census:
        return None
    z = np.where(part, mean, 0.0) - (total / all_weight if counted else 0.0)
    z[known] += (y - mean) / share
    variance = float((weights**2 * (1 - pis) * z**2).sum())
    variance += (1 - share) / share**2 * float((w**2 * (y - mean) ** 2).sum())
    variance *= n / max(1, n - 1)
    freedom = max(1.0, known_weight**2 / float((w**2).sum()) - 1)
    observed = float(y.sum())
    low, high = total_ends(total, variance, freedom, conf)
    return Total(
        value=total,
        low=min(total, max(observed, low)),
        high=high,
        variance=variance,
        freedom=freedom,
        observed=observed,
        n=n,
        observations=part_weight,
        known_share=share,
    )


def total_ends(value: float, variance: float, freedom: float, conf: float = 0.95) -> tuple[float, float]:
    """The interval of a total of numbers that are never negative, by its logarithm.

    Cost and tokens have a long tail, so what lies above an estimate may be further off than what lies below it. Of a
    total of 0 it is 0.
    """
    if value <= 0:
        return 0.0, math.sqrt(variance) * critical_value(conf, freedom)
    reach = math.exp(min(_MOST_LOG, critical_value(conf, freedom) * math.sqrt(variance) / value))
    return value / reach, value * reach


_MOST_LOG = 50.0
"""Beyond it an interval says nothing, and its upper end would be no number."""
