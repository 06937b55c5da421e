"""Weeks of traffic of which the truth is known, as slices that the product's estimators take.

Sessions have a propensity of their own, so that their answers go wrong together. The judge scores good answers as
N(0, 1) and bad ones as N(d, 1) with d = z(.85) + z(.95): at the cut it catches 85 % of the bad and passes 95 % of the
good. Its risk is the calibrated one, P(bad | score).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from assay.worker.signals.traffic import ScreenedRows, SliceKey, Traffic, Unanswered

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SENSITIVITY, SPECIFICITY = 0.85, 0.95
_APART = NormalDist().inv_cdf(SENSITIVITY) + NormalDist().inv_cdf(SPECIFICITY)
_CUT_SCORE = NormalDist().inv_cdf(SPECIFICITY)
_SCREEN_APART = 1.5
_KEY = SliceKey("synthetic", "grounding", "r1")


@dataclass(frozen=True)
class Design:
    """How a week is made and judged.

    Attributes:
        traces: about how many a week has.
        rate: probability that an answer is bad.
        pi: with which traces are selected.
        turns: fewest and most traces of a session.
        icc: correlation of two answers of one session.
        boosted: whether traces with an error, more often bad, are all selected.
        cascade: whether a weaker judge screens and 5 % of what it settles is audited.
        silent_good, silent_bad: shares of good and bad answers that end without a verdict.
    """

    traces: int = 20_000
    rate: float = 0.05
    pi: float = 0.05
    turns: tuple[int, int] = (1, 8)
    icc: float = 0.15
    boosted: bool = False
    cascade: bool = False
    silent_good: float = 0.03
    silent_bad: float = 0.03


@dataclass(frozen=True)
class Week:
    """A week as it was sampled, and the truth.

    Attributes:
        traffic: what the product sees.
        own_problem: mean risk of all its traces, as the full judge would state it.
        own_flagged: share of all its traces that the full judge would flag.
        own_bad: share of all its traces that are bad.
        plain: mean risk of the scored traces without weights.
        drawn_problem, drawn_flagged: `own_problem` and `own_flagged` by Horvitz and Thompson, with probabilities that
            only the simulation knows. On the average over the draws they are the truth exactly, so that a bias is told
            from them with far less chance than from the truth itself.
    """

    traffic: Traffic
    own_problem: float
    own_flagged: float
    own_bad: float
    plain: float
    drawn_problem: float
    drawn_flagged: float


def cut_of(rate: float) -> float:
    """The risk at which the judge has its sensitivity and specificity."""
    return float(_risk(np.array([_CUT_SCORE]), rate, _APART)[0])


def stated_risk(bad: Bools, prior: float, generator: np.random.Generator) -> Floats:
    """The risk that the judge states of each answer, calibrated where a share `prior` is bad."""
    return _risk(generator.normal(np.where(bad, _APART, 0.0)), prior, _APART)


def flagged_behind(rate: float) -> float:
    """The share that is flagged in the long run."""
    return rate * SENSITIVITY + (1 - rate) * (1 - SPECIFICITY)


def make_week(design: Design, generator: np.random.Generator, *, risk_prior: float | None = None) -> Week:
    """One week. `risk_prior` is the rate that the risk was calibrated at; None: the true one."""
    sessions, bad = _answers(design, generator)
    error = generator.random(bad.size) < np.where(bad, 0.4, 0.06)
    prior = design.rate if risk_prior is None else risk_prior
    risk = stated_risk(bad, prior, generator)
    pi = np.where(error & design.boosted, 1.0, design.pi)
    taken = generator.random(bad.size) < pi
    silent = generator.random(bad.size) < np.where(bad, design.silent_bad, design.silent_good)
    scored = taken & ~silent
    published, screened = risk, None
    if design.cascade:
        screened, published = _screened(bad, risk, prior, pi, sessions, scored, generator)
    cut = cut_of(prior)
    answered = pi * (1 - np.where(bad, design.silent_bad, design.silent_good))
    drawn = [
        _drawn_mean(of_first, of_risk, scored, answered, screened)
        for of_first, of_risk in ((lambda y: y, risk), (lambda y: y >= cut, risk >= cut))
    ]
    return Week(
        traffic=_traffic(published[scored], pi[scored], sessions[scored], pi[taken & silent], screened),
        own_problem=float(risk.mean()),
        own_flagged=float((risk >= cut).mean()),
        own_bad=float(bad.mean()),
        plain=float(published[scored].mean()),
        drawn_problem=drawn[0],
        drawn_flagged=drawn[1],
    )


def halves(traffic: Traffic, generator: np.random.Generator, *, by_session: bool) -> tuple[Traffic, Traffic]:
    """One slice parted by chance, whole sessions or single traces."""
    if by_session:
        names, index = np.unique(traffic.clusters, return_inverse=True)
        first = (generator.random(names.size) < 0.5)[index]
    else:
        first = generator.random(traffic.n) < 0.5
    parts = [
        _traffic(traffic.risk[rows], traffic.pi[rows], traffic.clusters[rows], np.empty(0), None)
        for rows in (first, ~first)
    ]
    return parts[0], parts[1]


def _answers(design: Design, generator: np.random.Generator) -> tuple[NDArray[np.int64], Bools]:
    """The session of each trace, and whether its answer is bad."""
    low, high = design.turns
    sizes = generator.integers(low, high + 1, size=round(design.traces / ((low + high) / 2)))
    if design.icc:
        scale = (1 - design.icc) / design.icc
        propensity = generator.beta(design.rate * scale, (1 - design.rate) * scale, size=sizes.size)
    else:
        propensity = np.full(sizes.size, design.rate)
    sessions = np.repeat(np.arange(sizes.size, dtype=np.int64), sizes)
    return sessions, generator.random(sessions.size) < propensity[sessions]


def _drawn_mean(
    of_first: Callable[[Floats], Floats | Bools],
    of_risk: Floats | Bools,
    scored: Bools,
    answered: Floats,
    screened: ScreenedRows | None,
) -> float:
    """The mean over all traces by true probabilities: Σ(f + (y − f)/π₂)/p, the second term where y was seen, by N."""
    values = np.asarray(of_risk, dtype=np.float64)[scored]
    if screened is not None:
        first = np.asarray(of_first(screened.first), dtype=np.float64)
        values = first + np.where(screened.seen, values - first, 0.0) / screened.pi2
    return float((values / answered[scored]).sum() / scored.size)


def _risk(scores: Floats, rate: float, apart: float) -> Floats:
    odds = np.log(rate / (1 - rate)) + apart * scores - apart * apart / 2
    risk: Floats = 1 / (1 + np.exp(-odds))
    return risk


def _screened(
    bad: Bools,
    risk: Floats,
    prior: float,
    pi: Floats,
    sessions: NDArray[np.int64],
    scored: Bools,
    generator: np.random.Generator,
) -> tuple[ScreenedRows, Floats]:
    """The first phase of what was scored, and the risk that was published of each trace."""
    first = _risk(generator.normal(np.where(bad, _SCREEN_APART, 0.0)), prior, _SCREEN_APART)
    pi2 = np.where(first >= 0.08, 1.0, 0.05)
    seen = generator.random(bad.size) < pi2
    published = np.where(seen, risk, first)
    rows = ScreenedRows(
        first=first[scored],
        final=np.where(seen, risk, np.nan)[scored],
        seen=seen[scored],
        chosen=seen[scored],
        pi=pi[scored],
        pi2=pi2[scored],
        clusters=sessions[scored],
        days=np.zeros(int(scored.sum()), dtype=np.int64),
    )
    return rows, published


def _traffic(
    risk: Floats, pi: Floats, sessions: NDArray[np.int64], silent_pi: Floats, screened: ScreenedRows | None
) -> Traffic:
    zeros = np.zeros(risk.size, dtype=np.int64)
    silent = np.zeros(silent_pi.size, dtype=np.int64)
    return Traffic(
        key=_KEY,
        risk=risk,
        faithfulness=np.full(risk.size, np.nan),
        groundedness=np.full(risk.size, np.nan),
        pi=pi,
        clusters=sessions,
        days=zeros,
        state_codes=zeros,
        state_names=("judged",),
        calibrated=True,
        screened=screened,
        unanswered=Unanswered(silent_pi, silent, silent, ("dead: age",)),
    )
