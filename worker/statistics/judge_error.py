"""The share of bad answers behind a share of flagged ones: a judge's errors taken out, by labels that people gave."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal

from pydantic import AwareDatetime, Field

from assay.judges.schema import Record
from assay.worker.statistics.intervals import Estimate, wilson

LEAST_YOUDEN = 0.1
"""A judge whose sensitivity + specificity − 1 is no more is a coin: dividing by that tells nothing."""


FEWEST_LABELS = 10
"""Labels of each kind below which a judge is not examined well enough to correct a rate by."""


class JudgeLabels(Record):
    """How the judge did on answers that people labelled, at the cut that flags are counted with.

    Attributes:
        positives: answers that people marked.
        caught: those of them that the judge flagged.
        negatives: answers that people did not mark.
        passed: those of them that the judge did not flag.
        by: where people gave the labels: on the anchors of a golden set, or in a review queue. There each stands for
            another number of answers, and the counts above are what they are worth.
        given: how many labels there are, of bad and of good answers. None: as many as are counted.
        since, until: when they were given.
    """

    positives: float = Field(ge=0)
    caught: float = Field(ge=0)
    negatives: float = Field(ge=0)
    passed: float = Field(ge=0)
    by: Literal["anchors", "reviews"] = "anchors"
    given: tuple[int, int] | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None

    @property
    def counted(self) -> tuple[int, int]:
        """How many labels there are, of bad and of good answers."""
        return self.given or (round(self.positives), round(self.negatives))

    @property
    def are_enough(self) -> bool:
        """Whether they examine a judge well enough to correct a rate by."""
        return min(self.counted) >= FEWEST_LABELS

    def sensitivity(self, conf: float = 0.95) -> Estimate | None:
        """Share of the bad answers that are flagged. None without any."""
        return _share(self.caught, self.positives, self.counted[0], conf)

    def specificity(self, conf: float = 0.95) -> Estimate | None:
        """Share of the good answers that are not flagged. None without any."""
        return _share(self.passed, self.negatives, self.counted[1], conf)


class TrueShare(Record):
    """A share without the judge's errors.

    Attributes:
        share: with Lang and Reiczigel's interval, both held inside [0, 1].
        unclipped: the estimate as it came out; below 0 where fewer were flagged than the judge flags by mistake.
        variance_parts: what share of the variance comes from the traffic, from the labels of bad and of good answers.
    """

    share: Estimate
    unclipped: float
    variance_parts: tuple[float, float, float]


def true_share(flagged: float, n_effective: float, labels: JudgeLabels, *, conf: float = 0.95) -> TrueShare | None:
    """θ = (p + sp − 1)/(se + sp − 1) (Rogan & Gladen 1978) with the interval of Lang & Reiczigel (2014).

    The interval adds z² pseudo-observations to the flagged share, one success and one failure to each kind of
    label, and moves the centre by 2z²(θ'·se'(1−se')/m₁' − (1−θ')·sp'(1−sp')/m₀'). It is right as long as the judge errs
    in this traffic as it did on the labels, which must not have been chosen by what it said.

    Args:
        flagged: share of traces flagged.
        n_effective: independent flags that it is worth. Infinite: nothing is left to chance.
        labels: of the same judge.
        conf: of the interval.

    Returns:
        None without labels of both kinds, and where the judge is no better than a coin (`LEAST_YOUDEN`).

    Raises:
        ValueError: a share outside [0, 1], or no observations.
    """
    if not 0 <= flagged <= 1 or not n_effective > 0:
        raise ValueError(f"need a share in [0, 1] of more than 0 observations, got {flagged} of {n_effective}")
    if not labels.positives or not labels.negatives:
        return None
    se, sp = labels.caught / labels.positives, labels.passed / labels.negatives
    youden = se + sp - 1
    if youden <= LEAST_YOUDEN + 1e-9:
        return None
    estimate = (flagged + sp - 1) / youden
    parts = (
        flagged * (1 - flagged) / n_effective,
        estimate**2 * se * (1 - se) / labels.positives,
        (1 - estimate) ** 2 * sp * (1 - sp) / labels.negatives,
    )
    low, high = _lang_reiczigel(flagged, n_effective, labels, conf)
    value = _clipped(estimate)
    n = round(n_effective) if math.isfinite(n_effective) else 0
    share = Estimate(value=value, low=min(value, low), high=max(value, high), n=n)
    whole = sum(parts) or 1.0
    traffic, positives, negatives = (part / whole for part in parts)
    return TrueShare(share=share, unclipped=estimate, variance_parts=(traffic, positives, negatives))


def _lang_reiczigel(flagged: float, n: float, labels: JudgeLabels, conf: float) -> tuple[float, float]:
    z = NormalDist().inv_cdf(0.5 + conf / 2)
    added = z * z / n
    p, n = (flagged + added / 2) / (1 + added), n + z * z
    m1, m0 = labels.positives + 2, labels.negatives + 2
    se, sp = (labels.caught + 1) / m1, (labels.passed + 1) / m0
    youden = se + sp - 1
    if youden <= 0:
        return 0.0, 1.0
    theta = (p + sp - 1) / youden
    error_of_se, error_of_sp = se * (1 - se) / m1, sp * (1 - sp) / m0
    shift = 2 * z * z * (theta * error_of_se - (1 - theta) * error_of_sp)
    variance = p * (1 - p) / n + theta**2 * error_of_se + (1 - theta) ** 2 * error_of_sp
    half = z * math.sqrt(variance) / youden
    return _clipped(theta + shift - half), _clipped(theta + shift + half)


def _share(k: float, worth: float, n: int, conf: float) -> Estimate | None:
    interval = wilson(min(k, worth), worth, conf)
    if interval is None:
        return None
    effective = None if worth == n else worth
    return Estimate(value=k / worth, low=interval.low, high=interval.high, n=n, n_effective=effective)


def _clipped(value: float) -> float:
    return min(1.0, max(0.0, value))
