"""A share as people see it, from a few answers that they labelled and many that a judge alone saw.

The judge's mean over all it judged is corrected by what people said differently where they looked. How much of the
judge's word is used, λ, is taken from the labels: a judge that tells nothing of people's opinion adds nothing, and the
labels stand alone. It is right whatever the judge is worth, as long as the labelled answers were drawn by chance from
the same traffic (PPI++; Angelopoulos et al. 2023, arXiv 2301.09633 and 2311.01453).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assay.worker.statistics.bounded import BoundedMean, Clusters, behind_mean, checked
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.weighted import cluster_index

Floats = NDArray[np.float64]

FOLDS = 10
"""Each tenth of the labels is corrected with a λ that the other nine tenths give. With one λ from all of them, 20
labels at a rate of 10 % came out 2 points too low: the λ grows with the very labels that it then takes down."""

PRIOR_LABELS = 12.0
"""The variance begins with so many labels of which the judge told nothing. Twenty labels that happen to agree with the
judge say little of the next one that does not."""


@dataclass(frozen=True)
class Weighted:
    """Values in [0, 1] with the probability π of each to be among them.

    Attributes:
        values: the values.
        pis: their probabilities, in (0, 1].
        clusters: what belongs together (sessions). None: each stands alone.
    """

    values: Floats
    pis: Floats
    clusters: Clusters | None = None

    @property
    def shares(self) -> Floats:
        """The share of each in all weight 1/π."""
        w = 1 / self.pis
        shares: Floats = w / w.sum()
        return shares

    @property
    def mean(self) -> float:
        """Hájek's mean."""
        return float((self.shares * self.values).sum())

    @property
    def kish(self) -> float:
        """How many evenly drawn ones the weights are worth."""
        return 1 / float((self.shares**2).sum())

    def index(self) -> NDArray[np.intp]:
        """The number of each one's cluster, from 0 on."""
        return np.arange(self.values.size) if self.clusters is None else cluster_index(self.clusters)

    def variance(self, values: Floats) -> float:
        """Variance of the mean of other values of the same observations, by clusters."""
        shares = self.shares
        off = shares * (values - float((shares * values).sum()))
        return float((np.bincount(self.index(), weights=off) ** 2).sum())


@dataclass(frozen=True)
class PredictionPowered:
    """A mean over all traffic as people see it.

    Attributes:
        lam: λ, how much of the judge's word was used: 0 none (labels only), 1 all of it.
        unclipped: the mean as it came out. It may lie a little outside [0, 1].
        standard_error: of the mean, as for many labels. The interval is wider where there are few.
        effective_labels: how many labels alone would have this standard error.
        mean: the mean with its interval, held inside [0, 1].
        labels_only: what the labels alone say.
    """

    lam: float
    unclipped: float
    standard_error: float
    effective_labels: float
    mean: BoundedMean
    labels_only: BoundedMean

    def estimate(self, conf: float = 0.95) -> Estimate:
        """The mean with its interval. `n` counts labels."""
        return self.mean.estimate(conf)


def prediction_powered(
    judged: Weighted, labels: Weighted, predicted: Floats, *, lam: float | None = None
) -> PredictionPowered | None:
    """λ·f̄ + mean of (Y − λf), each mean weighted by 1/π, with an interval that holds with few labels too.

    The interval is Wilson's at an effective size, with Student's critical value for the labels that there are.

    Args:
        judged: f, what the judge says of each answer that it saw, in [0, 1].
        labels: Y, what people say of those that they looked at, in [0, 1]; π of being judged and then shown to people.
        predicted: f of the labelled ones, in their order.
        lam: λ for all labels. None: taken from the labels, each part of them with the λ of the others.

    Returns:
        None with nothing judged, with fewer than three labels, and where all of them lie in one cluster.

    Raises:
        ValueError: lengths differ, a value outside [0, 1], or a probability outside (0, 1].
    """
    for values, pis in ((judged.values, judged.pis), (labels.values, labels.pis), (predicted, labels.pis)):
        checked(values, pis)
    index = labels.index()
    alone = behind_mean(labels.values, labels.pis, index) if labels.values.size > 2 and judged.values.size else None
    if alone is None:
        return None
    lams = _cross_lambdas(judged, labels, predicted, index) if lam is None else np.full(index.size, lam)
    used = float((labels.shares * lams).sum())
    change = labels.variance(labels.values - lams * predicted)
    seen = used**2 * judged.variance(judged.values)
    value = used * judged.mean + float((labels.shares * (labels.values - lams * predicted)).sum())
    variance, own = seen + change, labels.variance(labels.values)
    return PredictionPowered(
        lam=used,
        unclipped=value,
        standard_error=math.sqrt(variance),
        effective_labels=labels.kish * own / variance if variance else labels.kish,
        mean=_bounded(value, seen, change, labels),
        labels_only=alone,
    )


def best_lambda(judged: Weighted, labels: Weighted, predicted: Floats) -> float:
    """The λ that makes the variance least: cov(Y, f) / ((1 + n/N)·var f), in [0, 1]; n and N are effective sizes.

    It is 0 where the judge says the same of all, or people do.
    """
    n, n_judged = labels.kish, judged.kish
    y_mean, f_mean = labels.mean, float((labels.shares * predicted).sum())
    middle = (n * f_mean + n_judged * judged.mean) / (n + n_judged)
    squares = n * n * float((labels.shares**2 * (predicted - middle) ** 2).sum())
    squares += n_judged * n_judged * float((judged.shares**2 * (judged.values - middle) ** 2).sum())
    pooled = squares / max(1.0, n + n_judged - 1)
    covariance = n * float((labels.shares**2 * (labels.values - y_mean) * (predicted - f_mean)).sum())
    return min(1.0, max(0.0, covariance / ((1 + n / n_judged) * pooled))) if pooled > 1e-12 else 0.0


def _cross_lambdas(judged: Weighted, labels: Weighted, predicted: Floats, index: NDArray[np.intp]) -> Floats:
    """For each label the λ that the labels of other folds give; a cluster lies in one fold."""
    fold = index % FOLDS
    lams = np.zeros(index.size)
    for number in range(FOLDS):
        others = fold != number
        if others.all() or not others.any():
            continue
        kept = Weighted(labels.values[others], labels.pis[others])
        lams[~others] = best_lambda(judged, kept, predicted[others])
    return lams


def _bounded(value: float, seen: float, change: float, labels: Weighted) -> BoundedMean:
    """The mean with the effective size that its variance gives.

    Args:
        value: the mean.
        seen: variance that comes from what the judge saw.
        change: variance that comes from the labels.
        labels: these.
    """
    mean = min(1.0, max(0.0, value))
    kish, m = labels.kish, int(labels.index().max()) + 1
    spread = mean * (1 - mean)
    known = seen + m / (m - 1) * change
    variance = (kish * known + PRIOR_LABELS * spread / kish) / (kish + PRIOR_LABELS)
    size = spread / variance if spread > 0 and variance > 0 else kish
    clusters = None if labels.clusters is None else m
    return BoundedMean(mean, labels.values.size, size, max(1.0, min(kish, m) - 2), clusters)
