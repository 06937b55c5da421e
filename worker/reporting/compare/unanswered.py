"""How far traces without a verdict could move a difference: their answers may be good or bad, nobody knows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.worker.reporting.compare.question import Metric
from assay.worker.signals.changes import MetricChange
from assay.worker.signals.rates import Bounds
from assay.worker.signals.traffic import Bools, Traffic


@dataclass(frozen=True)
class Unjudged:
    """How much worse `b` would be in both extremes.

    Attributes:
        if_bad: if unanswered traces were all bad on `b`, and all good on `a`.
        if_good: the other way round.
    """

    if_bad: float
    if_good: float


def unjudged_of(change: MetricChange, before: Traffic, after: Traffic, metric: Metric) -> Unjudged | None:
    """Both extremes of one metric. None where all traces were answered."""
    if not before.unanswered.pi.size and not after.unanswered.pi.size:
        return None
    a = bounds_of(change.before.value, before, metric)
    b = bounds_of(change.after.value, after, metric)
    if metric.rising_is_worse:
        return Unjudged(if_bad=b.high - a.low, if_good=b.low - a.high)
    return Unjudged(if_bad=a.high - b.low, if_good=a.low - b.high)


def bounds_of(rate: float, traffic: Traffic, metric: Metric) -> Bounds:
    """A rate if none of the unanswered traces counted in it, and if all did, each weighted as the answered are."""
    silent = float((1 / traffic.unanswered.pi).sum())
    known = float((1 / traffic.pi[rows_of(traffic, metric)]).sum())
    if not silent or not known:
        return Bounds(low=rate, high=rate)
    low = rate * known / (known + silent)
    return Bounds(low=low, high=low + silent / (known + silent))


def rows_of(traffic: Traffic, metric: Metric | None) -> Bools:
    """The scored rows that a metric is about."""
    if metric is Metric.REFUSALS:
        return np.ones(traffic.n, dtype=np.bool_)
    rows: Bools = ~np.isnan(traffic.faithfulness if metric is Metric.FAITHFUL else traffic.risk)
    return rows
