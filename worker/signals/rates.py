"""Rates of one slice of traffic, each with its interval, its denominator and what it leaves open."""

from __future__ import annotations

from assay.judges.schema import Record
from assay.worker.statistics.intervals import Estimate


class Bounds(Record):
    """A rate if all unanswered traces were good, and if all were bad."""

    low: float
    high: float


class Corrected(Record):
    """The flagged share with the judge's own errors taken out (Rogan & Gladen 1978, Lang & Reiczigel 2014).

    Attributes:
        share: None where the judge is no better than a coin, or too few labels examine it.
        sensitivity, specificity: of the judge, from labels by people.
        clipped: the estimate lay outside [0, 1].
        note: what to know of it, e.g. why there is none.
    """

    share: Estimate | None
    sensitivity: Estimate | None = None
    specificity: Estimate | None = None
    clipped: bool = False
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
        flagged_of_all: flagged share of all judged traffic, those without a risk among it.
        bounds: of `problem_share` where there is one, else of `flagged`, over what stayed unanswered. None: all
            were answered.
        response_share: weighted share of selected traces that were answered.
        refusals: weighted share of the scored that refused.
        faithful: weighted share of scored traces with a faithfulness of at least .80.
        median_faithfulness, median_groundedness, median_risk: weighted, with Woodruff's interval.
        corrected: the second figure, with the judge's errors taken out.
        cascade: whether the first two are two-phase estimates.
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
    faithful: Estimate | None
    median_faithfulness: Estimate | None
    median_groundedness: Estimate | None
    median_risk: Estimate | None
    corrected: Corrected | None = None
