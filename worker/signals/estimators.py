"""Which estimator answers for which share of a slice: plain or two-phase, of the traffic itself or behind it."""

from __future__ import annotations

from typing import Literal

import numpy as np

from assay.worker.signals.traffic import Bools, Floats, ScreenedRows, Traffic
from assay.worker.statistics.bounded import behind_mean, own_mean
from assay.worker.statistics.combined import Among, Rate
from assay.worker.statistics.phases import PhaseColumns
from assay.worker.statistics.two_phase import two_phase_rate

Target = Literal["own", "behind"]
"""`own`: this very traffic. `behind`: what it comes from, answers of one session as one draw."""


def response_share(traffic: Traffic) -> float | None:
    """Weighted share of selected traces that were answered. None where none was selected."""
    answered, silent = float((1 / traffic.pi).sum()), float((1 / traffic.unanswered.pi).sum())
    return answered / (answered + silent) if answered + silent else None


def problem_rate(traffic: Traffic, cut: float, target: Target) -> Rate | None:
    """The mean risk of traces that have one. None where no risk is calibrated, or it cannot be estimated."""
    if not traffic.calibrated:
        return None
    if traffic.screened is not None:
        return _two_phase(traffic.screened, traffic, cut, target, of_flags=False)
    has_risk = ~np.isnan(traffic.risk)
    return mean_rate(traffic, traffic.risk, has_risk, target)


def flagged_rate(traffic: Traffic, cut: float, target: Target) -> Rate | None:
    """The share of traces with a risk whose risk is at least the cut."""
    if traffic.screened is not None:
        return _two_phase(traffic.screened, traffic, cut, target, of_flags=True)
    return mean_rate(traffic, traffic.risk >= cut, ~np.isnan(traffic.risk), target)


def flagged_of_all(traffic: Traffic, cut: float) -> Rate | None:
    """The share of all judged traffic that is flagged. What has no risk is not."""
    if traffic.screened is not None:
        whole = two_phase_rate(_flags(traffic.screened, cut, _other_silence(traffic)))
        return Among(whole, _all_to_screened(traffic, traffic.screened)) if whole else None
    return mean_rate(traffic, traffic.risk >= cut, np.ones(traffic.n, dtype=np.bool_), "own")


def mean_rate(traffic: Traffic, values: Floats | Bools, of: Bools, target: Target) -> Rate | None:
    """The weighted mean of values in [0, 1] over some rows of a slice."""
    y = np.asarray(values, dtype=np.float64)[of]
    if target == "behind":
        return behind_mean(y, traffic.pi[of], traffic.cluster_codes[of])
    return own_mean(y, answered_pi(traffic)[of])


def answered_pi(traffic: Traffic) -> Floats:
    """Probabilities that a trace was selected and answered, as if each were answered as likely as any other."""
    share = response_share(traffic)
    pi: Floats = traffic.pi * share if share else traffic.pi
    return pi


def _two_phase(rows: ScreenedRows, traffic: Traffic, cut: float, target: Target, *, of_flags: bool) -> Rate | None:
    """A two-phase mean over all traces of a cascade, as one over those that have a risk."""
    silence = _other_silence(traffic)
    clusters = rows.clusters if target == "behind" else None
    high = rows.first >= cut
    whole = two_phase_rate(
        _flags(rows, cut, silence) if of_flags else _risks(rows, silence), high=high, clusters=clusters
    )
    having = two_phase_rate(_flags(rows, None, silence))
    if whole is None or having is None or having.value == 0:
        return None
    return Among(whole, having.value)


def _flags(rows: ScreenedRows, cut: float | None, silence: float) -> PhaseColumns:
    """Whether each trace is flagged; without a cut whether it has a risk. What has none is not flagged."""
    least = -np.inf if cut is None else cut
    first, final = (np.asarray(risk >= least, dtype=np.float64) for risk in (rows.first, rows.final))
    return PhaseColumns(first, final, rows.seen, rows.chosen, rows.pi * silence, rows.pi2)


def _risks(rows: ScreenedRows, silence: float) -> PhaseColumns:
    first, final = (np.nan_to_num(risk, nan=0.0) for risk in (rows.first, rows.final))
    return PhaseColumns(first, final, rows.seen, rows.chosen, rows.pi * silence, rows.pi2)


def _all_to_screened(traffic: Traffic, rows: ScreenedRows) -> float:
    """How many times all judged traffic is what a first tier saw: no tier is asked where there is no evidence."""
    published = np.where(rows.seen, rows.final, rows.first)
    screened, without = float((1 / rows.pi).sum()), float((1 / rows.pi[np.isnan(published)]).sum())
    unasked = max(0.0, float((1 / traffic.pi[np.isnan(traffic.risk)]).sum()) - without)
    return (screened + unasked) / screened


def _other_silence(traffic: Traffic) -> float:
    """Share of selected traces that the first tier of a cascade judged. A later tier's silence is made up for there."""
    screened = 0.0 if traffic.screened is None else float((1 / traffic.screened.pi).sum())
    lost = max(0.0, screened - float((1 / traffic.pi).sum()))
    silent = max(0.0, float((1 / traffic.unanswered.pi).sum()) - lost)
    return screened / (screened + silent) if screened else 1.0
