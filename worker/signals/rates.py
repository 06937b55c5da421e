"""Rates of one slice of traffic, each with its interval, its denominator and what it leaves open."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal

import numpy as np
from pydantic import AwareDatetime

from assay.judges.schema import Record
from assay.worker.signals.estimators import (
    answered_pi,
    flagged_of_all,
    flagged_rate,
    mean_rate,
    problem_rate,
    response_share,
)
from assay.worker.signals.traffic import Floats, Traffic
from assay.worker.statistics.combined import Rate
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.judge_error import FEWEST_LABELS, LEAST_YOUDEN, JudgeLabels, true_share
from assay.worker.statistics.quantiles import weighted_quantile

FAITHFUL = 0.8
"""From this faithfulness on an answer counts as faithful."""


class Bounds(Record):
    """A rate if all unanswered traces were good, and if all were bad."""

    low: float
    high: float


class Corrected(Record):
    """The flagged share with the judge's own errors taken out. See `assay.worker.statistics.judge_error`.

    Attributes:
        share: None where the judge is no better than a coin, or too few labels examine it.
        sensitivity, specificity: of the judge, from labels by people.
        clipped: the estimate lay outside [0, 1].
        by: where the labels come from: the anchors of a golden set, or reviews of this traffic.
        labels: how many there are.
        since, until: when they were given, where that is known.
        note: what to know of it, e.g. why there is none.
    """

    share: Estimate | None
    sensitivity: Estimate | None = None
    specificity: Estimate | None = None
    clipped: bool = False
    by: Literal["anchors", "reviews"] = "anchors"
    labels: int = 0
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    note: str = ""


class Rates(Record):
    """What one slice says. A number that cannot be estimated is None.

    Attributes:
        n: traces that were scored.
        with_risk: traces with a risk: what the next five speak of.
        problem_share: the headline: expected share of answers with a problem, the weighted mean of the risk. None where
            the risk is not calibrated.
        flagged: share of traces with a risk whose risk is at least the cut.
        problem_behind, flagged_behind: the same as rates behind this traffic, answers of one session as one draw. What
            periods and releases are compared by.
        flagged_of_all: flagged share of all judged traffic, those without a risk among it. None where nothing has a
            risk: what cannot be flagged is not flagged in 0 % of cases.
        bounds: of `problem_share` where there is one, else of `flagged`, over what stayed unanswered. None: all
            were answered.
        response_share: weighted share of selected traces that were answered.
        refusals: weighted share of the scored that refused.
        refusals_behind: the same as the rate behind this traffic.
        faithful: weighted share of scored traces with a faithfulness of at least .80.
        median_faithfulness, median_groundedness, median_risk: weighted, with Woodruff's interval.
        corrected: the second figure, with the judge's errors taken out.
        cascade: whether the first five are two-phase estimates. The other shares and the medians are then of the values
            that were published, whichever tier they come from: to look at, not to compare by.
    """

    n: int
    with_risk: int
    cut: float
    calibrated: bool
    cascade: bool
    problem_share: Estimate | None
    flagged: Estimate | None
    problem_behind: Estimate | None
    flagged_behind: Estimate | None
    flagged_of_all: Estimate | None
    bounds: Bounds | None
    response_share: float | None
    refusals: Estimate | None
    refusals_behind: Estimate | None = None
    faithful: Estimate | None
    median_faithfulness: Estimate | None
    median_groundedness: Estimate | None
    median_risk: Estimate | None
    corrected: Corrected | None = None


def rates(traffic: Traffic, cut: float, *, labels: JudgeLabels | None = None) -> Rates:
    """The rates of one slice.

    Args:
        traffic: the slice.
        cut: the risk from which on an answer is flagged.
        labels: how the judge did on answers that people labelled, at this cut.
    """
    problem, flagged = (rate(traffic, cut, "own") for rate in (problem_rate, flagged_rate))
    has_risk, everything = ~np.isnan(traffic.risk), np.ones(traffic.n, dtype=np.bool_)
    headline = problem or flagged
    return Rates(
        n=traffic.n,
        with_risk=int(has_risk.sum()),
        cut=cut,
        calibrated=traffic.calibrated,
        cascade=traffic.screened is not None,
        problem_share=_estimate(problem),
        flagged=_estimate(flagged),
        problem_behind=_estimate(problem_rate(traffic, cut, "behind")),
        flagged_behind=_estimate(flagged_rate(traffic, cut, "behind")),
        flagged_of_all=_estimate(flagged_of_all(traffic, cut)) if has_risk.any() else None,
        bounds=_bounds(traffic, headline),
        response_share=response_share(traffic),
        refusals=_estimate(mean_rate(traffic, traffic.is_state("refusal"), everything, "own")),
        refusals_behind=_estimate(mean_rate(traffic, traffic.is_state("refusal"), everything, "behind")),
        faithful=_estimate(
            mean_rate(traffic, traffic.faithfulness >= FAITHFUL, ~np.isnan(traffic.faithfulness), "own")
        ),
        median_faithfulness=_median(traffic, traffic.faithfulness),
        median_groundedness=_median(traffic, traffic.groundedness),
        median_risk=_median(traffic, traffic.risk),
        corrected=_corrected(flagged, labels, int(has_risk.sum())) if labels else None,
    )


def _estimate(rate: Rate | None) -> Estimate | None:
    return rate.estimate() if rate else None


def _median(traffic: Traffic, values: Floats) -> Estimate | None:
    there = ~np.isnan(values)
    return weighted_quantile(values[there], answered_pi(traffic)[there], 0.5)


def _bounds(traffic: Traffic, headline: Rate | None) -> Bounds | None:
    """The rate if all unanswered traces were good, and if all were bad, each weighted by 1/pi as the answered are."""
    silent = float((1 / traffic.unanswered.pi).sum())
    if headline is None or not silent:
        return None
    known = float((1 / traffic.pi[~np.isnan(traffic.risk)]).sum())
    low = headline.value * known / (known + silent)
    return Bounds(low=low, high=low + silent / (known + silent))


def _corrected(flagged: Rate | None, labels: JudgeLabels, n: int) -> Corrected:
    sensitivity, specificity = labels.sensitivity(), labels.specificity()
    known = Corrected(
        share=None,
        sensitivity=sensitivity,
        specificity=specificity,
        by=labels.by,
        labels=sum(labels.counted),
        since=labels.since,
        until=labels.until,
    )
    if not labels.are_enough:
        bad, good = labels.counted
        counts = f"{bad} answers labelled as bad and {good} as good"
        return known.model_copy(update={"note": f"{counts}; {FEWEST_LABELS} of each kind are needed"})
    if flagged is None:
        return known.model_copy(update={"note": "no flagged share to correct"})
    true = true_share(flagged.value, worth(flagged), labels)
    if true is None:
        note = f"sensitivity + specificity is not above {1 + LEAST_YOUDEN:g}: this judge is hardly better than a coin"
        return known.model_copy(update={"note": note})
    clipped = true.share.value != true.unclipped
    note = _of_variance(true.variance_parts, labels)
    if clipped:
        note = f"the estimate came out at {true.unclipped:.1%} and was set to {true.share.value:.0%}; {note}"
    share = true.share.model_copy(update={"n": n})
    return known.model_copy(update={"share": share, "clipped": clipped, "note": note})


def worth(rate: Rate) -> float:
    """How many independent flags a share is worth, by the width of its interval."""
    z = NormalDist().inv_cdf(0.975)
    ends = rate.interval_at(z)
    if ends.high == ends.low:
        return math.inf
    # Wilson's interval is as wide as √(4np(1−p) + z²)·z/(n + z²): solved for n.
    width, spread = ends.high - ends.low, rate.value * (1 - rate.value)
    half = (4 * spread * z * z / (2 * width * width)) - z * z
    return max(1.0, half + math.sqrt(max(0.0, half * half - z**4 + z**4 / (width * width))))


def _of_variance(parts: tuple[float, float, float], labels: JudgeLabels) -> str:
    """What the width of the corrected share mostly comes from."""
    sources = (
        "the number of judged traces",
        f"the {labels.counted[0]} answers labelled as bad",
        f"the {labels.counted[1]} answers labelled as good",
    )
    largest = max(range(3), key=parts.__getitem__)
    return f"{parts[largest]:.0%} of its uncertainty comes from {sources[largest]}"
