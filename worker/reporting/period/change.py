"""A rate beside that of the period before: how far it moved, what a test says, and what so few could see."""

from __future__ import annotations

from statistics import NormalDist

from assay.worker.records.history import HistoryQuery
from assay.worker.reporting.period.records import Before, ChangeWord
from assay.worker.signals.changes import MetricChange, compare_rates
from assay.worker.signals.rates import Rates
from assay.worker.signals.traffic import Traffic

ALPHA, POWER = 0.05, 0.8

_REACH = NormalDist().inv_cdf(1 - ALPHA / 2) + NormalDist().inv_cdf(POWER)
"""Standard errors that a change must lie from 0 to be shown in four of five cases."""


def compared(
    traffic: Traffic, rates: Rates, earlier: Traffic | None, period: HistoryQuery, *, others: tuple[str, ...] = ()
) -> Before:
    """One revision beside itself in the period before.

    Args:
        traffic: now.
        rates: of now.
        earlier: the same revision then. None: it judged nothing.
        period: the period before.
        others: revisions that judged then in its place. Rates of two revisions are never compared.
    """
    n = 0 if earlier is None else earlier.n
    measure = "problem_share" if rates.problem_share is not None else "flagged"
    moved = compare_rates(earlier, traffic, rates.cut).metrics.get(measure) if earlier is not None and n else None
    if moved is None:
        return Before(since=period.since, until=period.until, n=n, word="not compared", note=_why_not(n, others))
    return Before(
        since=period.since,
        until=period.until,
        n=n,
        measure="problem_share" if measure == "problem_share" else "flagged",
        before=moved.before,
        after=moved.after,
        change=moved.difference,
        p_value=moved.p_value,
        smallest=_REACH * moved.standard_error if moved.standard_error else None,
        word=word_of(moved),
        note=_sessions(moved),
    )


def word_of(moved: MetricChange) -> ChangeWord:
    """What the test says. Both rates are bad ones, so more of them is worse."""
    if moved.p_value is None or moved.p_value >= ALPHA or moved.difference.value == 0:
        return "no change shown"
    return "worse" if moved.difference.value > 0 else "better"


def _why_not(n: int, others: tuple[str, ...]) -> str:
    if n:
        return f"of {n:,} scored then too few have a risk"
    if others:
        return f"judged by revision {', '.join(other[:12] for other in others)} then, which is another instrument"
    return "nothing was scored then"


def _sessions(moved: MetricChange) -> str:
    """That answers of one session count as one draw, where there are sessions of several."""
    then, now = moved.before.n_clusters, moved.after.n_clusters
    if then is None or now is None or then + now >= moved.before.n + moved.after.n:
        return ""
    return f"over {then + now:,} sessions"
