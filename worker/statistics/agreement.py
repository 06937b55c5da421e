"""How well scores agree with human labels: AUROC, sensitivity, specificity, balanced accuracy.

Label 1 means a person marked the answer; a higher score means the judge finds it more likely. Intervals are taken
over clusters (conversations, documents) where rows depend on each other.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from assay.judges.schema import Record
from assay.worker.statistics.bootstrap import RESAMPLES, BootstrapEstimate, ClusterBootstrap
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.weighted import hajek_share

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class ClassRates(Record):
    """Sensitivity, specificity and their mean, the balanced accuracy."""

    sensitivity: Estimate
    specificity: Estimate
    balanced_accuracy: BootstrapEstimate


def auroc(labels: Sequence[int], scores: Sequence[float]) -> float | None:
    """Probability that a marked row scores above an unmarked one, ties counting half (Hanley & McNeil 1982).

    Returns:
        None where one of the classes is absent: not estimable.

    Raises:
        ValueError: lengths differ, a label is neither 0 nor 1, or a score is not finite.
    """
    marked, values = _rows(labels, scores)
    if marked.all() or not marked.any():
        return None
    return float(_weighted_auroc(marked, values, np.ones((1, values.size)))[0])


def auroc_estimate(
    labels: Sequence[int],
    scores: Sequence[float],
    *,
    clusters: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    conf: float = 0.95,
) -> BootstrapEstimate | None:
    """AUROC with a percentile interval from a bootstrap over clusters (rows, where none are given).

    Returns:
        None where `auroc` is None, with a single cluster, or where hardly any resample holds both classes.

    Raises:
        ValueError: as `auroc`.
    """
    marked, values = _rows(labels, scores)
    value = auroc(labels, scores)
    if value is None:
        return None
    bootstrap = ClusterBootstrap(len(labels), clusters, resamples, seed, conf)
    return bootstrap.estimate(value, lambda weights: _weighted_auroc(marked, values, weights))


def class_rates(
    labels: Sequence[int],
    flagged: Sequence[bool],
    *,
    clusters: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    conf: float = 0.95,
) -> ClassRates | None:
    """Sensitivity and specificity (Wilson, at the clusters' effective size) and balanced accuracy (bootstrap).

    Args:
        labels: 1 where a person marked the row, else 0.
        flagged: the judge's decision.
        clusters: rows that depend on each other, same length.
        resamples: bootstrap samples.
        seed: of the bootstrap's generator; the same seed gives the same interval.
        conf: confidence of all three intervals.

    Returns:
        None where a rate or its interval cannot be estimated.

    Raises:
        ValueError: lengths differ or a label is neither 0 nor 1.
    """
    marked, decisions = _rows(labels, [float(flag) for flag in flagged])
    hits = (decisions > 0.5) == marked
    sensitivity = _rate(hits, marked, clusters, conf)
    specificity = _rate(hits, ~marked, clusters, conf)
    if sensitivity is None or specificity is None:
        return None
    value = (sensitivity.value + specificity.value) / 2
    bootstrap = ClusterBootstrap(len(labels), clusters, resamples, seed, conf)
    balanced = bootstrap.estimate(value, lambda weights: _weighted_balance(marked, hits, weights))
    if balanced is None:
        return None
    return ClassRates(sensitivity=sensitivity, specificity=specificity, balanced_accuracy=balanced)


def youden_lower(sensitivity: Estimate, specificity: Estimate) -> float:
    """Lower confidence bound of sensitivity + specificity − 1, from the two intervals by square-and-add.

    J − √((se − low_se)² + (sp − low_sp)²) (Newcombe 1998; Zou & Donner 2008): unlike a bootstrap it does not call a
    judge certain because it made no mistake on a few labels.
    """
    j = sensitivity.value + specificity.value - 1
    return j - math.hypot(sensitivity.value - sensitivity.low, specificity.value - specificity.low)


def _weighted_auroc(marked: Bools, values: Floats, weights: Floats) -> Floats:
    """AUROC per row of weights (resamples × rows); NaN where a class has no weight. Sorting makes it O(n log n)."""
    order = np.argsort(values, kind="stable")
    ties = np.flatnonzero(np.concatenate(([True], np.diff(values[order]) > 0)))
    sorted_weights, sorted_marked = weights[:, order], marked[order]
    positive = np.add.reduceat(sorted_weights * sorted_marked, ties, axis=1)
    negative = np.add.reduceat(sorted_weights * ~sorted_marked, ties, axis=1)
    below = np.cumsum(negative, axis=1) - negative
    wins = (positive * (below + negative / 2)).sum(axis=1)
    return _ratio(wins, positive.sum(axis=1) * negative.sum(axis=1))


def _weighted_balance(marked: Bools, hits: Bools, weights: Floats) -> Floats:
    """Balanced accuracy per row of weights; NaN where a class has no weight."""
    sensitivity = _ratio(weights @ (hits & marked).astype(np.float64), weights @ marked.astype(np.float64))
    specificity = _ratio(weights @ (hits & ~marked).astype(np.float64), weights @ (~marked).astype(np.float64))
    return (sensitivity + specificity) / 2


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    unknown: Floats = np.full(denominator.shape, np.nan)
    np.divide(numerator, denominator, out=unknown, where=denominator > 0)
    return unknown


def _rate(hits: Bools, within: Bools, clusters: Sequence[Hashable] | None, conf: float) -> Estimate | None:
    """Share of hits among the rows of one class."""
    groups = None if clusters is None else [group for group, inside in zip(clusters, within, strict=True) if inside]
    return hajek_share(hits[within], np.ones(int(within.sum())), clusters=groups, conf=conf)


def _rows(labels: Sequence[int], scores: Sequence[float]) -> tuple[Bools, Floats]:
    """Labels and scores as arrays, checked."""
    marks, values = np.asarray(labels), np.asarray(scores, dtype=np.float64)
    if marks.shape != values.shape:
        raise ValueError("labels and scores must have the same length")
    if not np.isin(marks, (0, 1)).all():
        raise ValueError("labels must be 0 or 1")
    if not np.isfinite(values).all():
        raise ValueError("scores must be finite; leave out what was not judged")
    return marks.astype(np.bool_), values
