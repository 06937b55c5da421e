"""Shares of good traces, what they burn of an error budget, and what is left of it."""

from __future__ import annotations

from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from assay.worker.config.objectives import Objective
from assay.worker.signals.slos.aims import AT
from assay.worker.signals.slos.records import Attained
from assay.worker.signals.slos.rows import TWO_PHASE
from assay.worker.signals.slos.traces import SloTraces
from assay.worker.signals.slos.verdicts import Verdict, Verdicts
from assay.worker.signals.traffic import Bools
from assay.worker.statistics.alarms import burn_rate, exact_lower_bound, exact_upper_bound, worth_of
from assay.worker.statistics.bounded import BoundedMean, behind_mean
from assay.worker.statistics.combined import Rate
from assay.worker.statistics.difference import Difference
from assay.worker.statistics.intervals import Estimate, Interval
from assay.worker.statistics.phases import PhaseColumns
from assay.worker.statistics.two_phase import two_phase_rate

BURN_ALPHA = 0.001
"""Probability that a bound of a burn rate is wrong. It is looked at every minute: at .05 it would be, every day."""

_CRITICAL = NormalDist().inv_cdf(1 - BURN_ALPHA)


class Phased(NamedTuple):
    """What the last tier and the first one say, where both are asked the same."""

    final: Verdicts
    first: Verdicts


def attained(traces: SloTraces, objective: Objective) -> Attained:
    """What an objective came to."""
    final = traces.of(objective.name)
    first = traces.first[:, AT[objective.name]] if objective.name in TWO_PHASE else final
    known = is_known(final)
    asked = final != Verdict.NOT_ASKED
    bad = bad_rate(traces, Phased(final, first))
    weights = 1 / traces.pi
    return Attained(
        n=int(known.sum()),
        known=float(weights[known].sum() / weights[asked].sum()) if asked.any() else None,
        good=None if bad is None else good_of(bad.estimate()),
        burn=None if bad is None else _burn(bad, traces, final, objective.allowed),
    )


def bad_rate(traces: SloTraces, phased: Phased) -> Rate | None:
    """The share of bad traces among those that are known, as the rate behind the traffic.

    What a cascade judged is a two-phase estimate: an answer that its first tier passed counts as that tier says,
    corrected by what the audit of such answers found. Of a single session nothing but the share is known.
    """
    known = is_known(phased.final)
    if traces.is_final.all():
        return _behind(traces.only(known), phased.final[known])
    # Whom a later tier was asked about in vain stands for others of its kind: they are made up for.
    counted = known | (traces.is_lost & is_known(phased.first))
    some = traces.only(counted)
    first, final = ((verdicts[counted] == Verdict.BAD).astype(np.float64) for verdicts in (phased.first, phased.final))
    columns = PhaseColumns(first, final, some.is_final, some.is_chosen, some.pi, some.pi2)
    return two_phase_rate(columns, clusters=some.clusters)


def is_known(verdicts: Verdicts) -> Bools:
    """Which traces are good or bad."""
    rows: Bools = (verdicts == Verdict.GOOD) | (verdicts == Verdict.BAD)
    return rows


def good_of(bad: Estimate) -> Estimate:
    """The share of good ones."""
    return bad.model_copy(update={"value": 1 - bad.value, "low": 1 - bad.high, "high": 1 - bad.low})


def budget_left(good: Estimate | None, allowed: float) -> Difference | None:
    """The part of an error budget that is left after a share of good traces. None: nothing is known."""
    if good is None:
        return None
    ends = (1 - burn_rate(1 - share, allowed) for share in (good.value, good.low, good.high))
    value, low, high = ends
    return Difference(value=value, low=low, high=high)


def _behind(traces: SloTraces, verdicts: Verdicts) -> Rate | None:
    bad = verdicts == Verdict.BAD
    mean = behind_mean(bad.astype(np.float64), traces.pi, traces.clusters)
    if mean is not None or not traces.n:
        return mean
    share = float((bad / traces.pi).sum() / (1 / traces.pi).sum())
    return BoundedMean(share, traces.n, n_effective=1.0, n_clusters=1)


def _burn(bad: Rate, traces: SloTraces, verdicts: Verdicts, allowed: float) -> Difference:
    """Of a cascade the bounds are those of its estimate, which knows how little an audit saw."""
    ends = bad.interval_at(_CRITICAL)
    if isinstance(bad, BoundedMean):
        exact = _exact(traces, verdicts)
        ends = exact if bad.groups is None else Interval(low=min(ends.low, exact.low), high=max(ends.high, exact.high))
    value, low, high = (burn_rate(share, allowed) for share in (bad.value, ends.low, ends.high))
    return Difference(value=value, low=low, high=high)


def _exact(traces: SloTraces, verdicts: Verdicts) -> Interval:
    known = is_known(verdicts)
    worth = worth_of(1 / traces.pi[known], verdicts[known] == Verdict.BAD, traces.clusters[known])
    if worth is None:
        return Interval(low=0.0, high=1.0)
    hits = min(worth.n, worth.share * worth.n)
    return Interval(low=exact_lower_bound(hits, worth.n, BURN_ALPHA), high=exact_upper_bound(hits, worth.n, BURN_ALPHA))
