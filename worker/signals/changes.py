"""Did a rate move between two slices of traffic: two periods, two releases, two prompts."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from assay.judges.schema import Record
from assay.worker.signals.estimators import flagged_rate, mean_rate, problem_rate
from assay.worker.signals.rates import FAITHFUL
from assay.worker.signals.traffic import Bools, Floats, Traffic
from assay.worker.statistics.combined import Rate, RateChange
from assay.worker.statistics.difference import Difference
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.weighted import shared_correlation


class MetricChange(Record):
    """How far one rate moved.

    Attributes:
        before, after: the rates behind the traffic of both sides, answers of one session as one draw.
        difference: after minus before.
        p_value: of the two-sided test that agrees with the interval: below .05 exactly where the 95 % interval leaves
            out 0.
        standard_error: of the difference.
        degrees_of_freedom: None: enough to take the normal distribution.
    """

    before: Estimate
    after: Estimate
    difference: Difference
    p_value: float
    standard_error: float
    degrees_of_freedom: float | None


class Change(Record):
    """What moved between two slices, by the name of the rate. What cannot be estimated on both sides is not there."""

    metrics: Mapping[str, MetricChange]
    shared_sessions: int


def compare_rates(before: Traffic, after: Traffic, cut: float, *, conf: float = 0.95) -> Change:
    """Differences of `problem_share`, `flagged`, `refusals` and `faithful`, as rates behind the traffic.

    Of a cascade `faithful` is left out: which answers a later tier judged depends on how they look. Sessions with
    answers on both sides move both rates; the difference takes that into account. Who compares slices of two revisions
    compares two judges.

    Args:
        before: the first slice.
        after: the second.
        cut: the risk from which on an answer is flagged.
        conf: of all intervals.
    """
    rates: dict[str, tuple[Callable[[Traffic], Rate | None], Callable[[Traffic], tuple[Floats, Bools]]]] = {
        "problem_share": (lambda side: problem_rate(side, cut, "behind"), _risk),
        "flagged": (lambda side: flagged_rate(side, cut, "behind"), lambda side: _flags(side, cut)),
        "refusals": (_refusals, _refused),
        "faithful": (_faithful, _is_faithful),
    }
    metrics = {}
    for name, (rate, values) in rates.items():
        first, second = rate(before), rate(after)
        if first is not None and second is not None:
            change = RateChange(first, second, _correlation(before, after, values))
            metrics[name] = _metric(change, conf)
    return Change(metrics=metrics, shared_sessions=int(np.intersect1d(before.clusters, after.clusters).size))


def _metric(change: RateChange, conf: float) -> MetricChange:
    return MetricChange(
        before=change.before.estimate(conf),
        after=change.after.estimate(conf),
        difference=change.difference(conf),
        p_value=change.p_value(),
        standard_error=change.standard_error(conf),
        degrees_of_freedom=change.freedom,
    )


def _correlation(before: Traffic, after: Traffic, values: Callable[[Traffic], tuple[Floats, Bools]]) -> float:
    """Of a cascade it is that of the published values, whichever tier they come from."""
    first, second = ((y[of], side.pi[of], side.clusters[of]) for side in (before, after) for y, of in (values(side),))
    return shared_correlation(first, second)


def _risk(side: Traffic) -> tuple[Floats, Bools]:
    return side.risk, ~np.isnan(side.risk)


def _flags(side: Traffic, cut: float) -> tuple[Floats, Bools]:
    return np.asarray(side.risk >= cut, dtype=np.float64), ~np.isnan(side.risk)


def _refused(side: Traffic) -> tuple[Floats, Bools]:
    return np.asarray(side.is_state("refusal"), dtype=np.float64), np.ones(side.n, dtype=np.bool_)


def _is_faithful(side: Traffic) -> tuple[Floats, Bools]:
    return np.asarray(side.faithfulness >= FAITHFUL, dtype=np.float64), ~np.isnan(side.faithfulness)


def _refusals(side: Traffic) -> Rate | None:
    return mean_rate(side, *_refused(side), "behind")


def _faithful(side: Traffic) -> Rate | None:
    return None if side.screened is not None else mean_rate(side, *_is_faithful(side), "behind")
