"""How far stated risks are from what people marked (calibration error), and agreement beyond chance (kappa)."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from assay.judges.schema import Record
from assay.worker.statistics.bootstrap import RESAMPLES, BootstrapEstimate, ClusterBootstrap
from assay.worker.statistics.intervals import Estimate, wilson
from assay.worker.statistics.weighted import hajek_share

Floats = NDArray[np.float64]

BINS = 5
"""Few bins: with many, what is measured is the noise of small ones."""


class ReliabilityBin(Record):
    """Answers of similar risk: the mean risk stated, and the share that people marked."""

    stated: float
    marked: Estimate


def equal_mass_bins(risks: Sequence[float], bins: int = BINS) -> list[NDArray[np.intp]]:
    """Row numbers in bins of equal size by risk (at most `bins`); rows of equal risk are never parted.

    Raises:
        ValueError: a risk is not finite.
    """
    values = np.asarray(risks, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("risks must be finite; leave out what was not judged")
    order = np.argsort(values, kind="stable")
    # A bin ends where the next risk is another one, so that the order of the rows cannot change the figure.
    first_of_tie = np.searchsorted(values[order], values[order], side="left")
    number = first_of_tie * bins // max(1, values.size)
    return [order[number == label] for label in np.unique(number)]


def expected_calibration_error(labels: Sequence[int], risks: Sequence[float], bins: int = BINS) -> float | None:
    """Σ (bin size ÷ n) · |mean risk − share marked| over equal-mass bins (Naeini et al. 2015). None without rows.

    Raises:
        ValueError: lengths differ, a label is neither 0 nor 1, or a risk is not finite.
    """
    marks, values = _rows(labels, risks)
    if not values.size:
        return None
    return float(_weighted_ece(marks, values, equal_mass_bins(risks, bins), np.ones((1, values.size)))[0])


def ece_estimate(
    labels: Sequence[int],
    risks: Sequence[float],
    *,
    clusters: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    conf: float = 0.95,
) -> BootstrapEstimate | None:
    """The calibration error with a percentile interval from a bootstrap over clusters, the bins held fixed.

    Resampling adds noise to an absolute difference, so the interval leans upwards; see `ece_by_chance`.

    Returns:
        None without rows or with a single cluster.

    Raises:
        ValueError: as `expected_calibration_error`.
    """
    value = expected_calibration_error(labels, risks)
    if value is None:
        return None
    marks, values = _rows(labels, risks)
    members = equal_mass_bins(risks)
    bootstrap = ClusterBootstrap(len(labels), clusters, resamples, seed, conf)
    return bootstrap.estimate(value, lambda weights: _weighted_ece(marks, values, members, weights))


def ece_by_chance(risks: Sequence[float], *, draws: int = RESAMPLES, seed: int = 0, quantile: float = 0.95) -> float:
    """What the calibration error of perfectly calibrated risks stays below, in `quantile` of cases, at this n.

    Labels are drawn with the stated risks as their probabilities, so the point is that of independent rows.
    """
    values = np.asarray(risks, dtype=np.float64)
    generator = np.random.default_rng(seed)
    members = equal_mass_bins(risks)
    gaps = np.zeros(draws)
    for rows in members:
        marked = (generator.random((draws, rows.size)) < values[rows]).mean(axis=1)
        gaps += rows.size / values.size * np.abs(marked - values[rows].mean())
    return float(np.quantile(gaps, quantile))


def reliability(
    labels: Sequence[int], risks: Sequence[float], *, clusters: Sequence[Hashable] | None = None, bins: int = BINS
) -> list[ReliabilityBin]:
    """Each bin's mean risk and marked share, with a Wilson interval at the clusters' effective size."""
    marks, values = _rows(labels, risks)
    measured = []
    for rows in equal_mass_bins(risks, bins):
        groups = None if clusters is None else [clusters[row] for row in rows]
        share = hajek_share(marks[rows] > 0.5, np.ones(rows.size), clusters=groups)
        measured.append(ReliabilityBin(stated=float(values[rows].mean()), marked=share or _unclustered(marks[rows])))
    return measured


def cohen_kappa(labels: Sequence[int], flags: Sequence[bool]) -> float | None:
    """Agreement beyond chance, (pₒ − pₑ) ÷ (1 − pₑ) (Cohen 1960). None where both sides always say the same.

    Raises:
        ValueError: lengths differ or a label is neither 0 nor 1.
    """
    marks, flagged = _rows(labels, [float(flag) for flag in flags])
    value = _weighted_kappa(marks, flagged, np.ones((1, marks.size)))[0] if marks.size else math.nan
    return None if math.isnan(value) else float(value)


def kappa_estimate(
    labels: Sequence[int],
    flags: Sequence[bool],
    *,
    clusters: Sequence[Hashable] | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
    conf: float = 0.95,
) -> Estimate | None:
    """Cohen's kappa with an interval: from its large-sample error for independent rows, else bootstrapped.

    The error is that of Fleiss, Cohen & Everitt (1969). A bootstrap is taken over clusters.

    Returns:
        None where kappa is None, or with a single cluster.

    Raises:
        ValueError: as `cohen_kappa`.
    """
    value = cohen_kappa(labels, flags)
    if value is None:
        return None
    if clusters is None:
        half = NormalDist().inv_cdf(0.5 + conf / 2) * kappa_error(labels, flags)
        return Estimate(value=value, low=max(-1.0, value - half), high=min(1.0, value + half), n=len(labels))
    marks, flagged = _rows(labels, [float(flag) for flag in flags])
    bootstrap = ClusterBootstrap(len(labels), clusters, resamples, seed, conf)
    return bootstrap.estimate(value, lambda weights: _weighted_kappa(marks, flagged, weights))


def kappa_error(labels: Sequence[int], flags: Sequence[bool]) -> float:
    """Large-sample standard error of Cohen's kappa on independent rows (Fleiss, Cohen & Everitt 1969, eq. 13)."""
    marks, flagged = _rows(labels, [float(flag) for flag in flags])
    shares = np.array([[np.mean((marks == i) & (flagged == j)) for j in (0, 1)] for i in (0, 1)])
    people, judge = shares.sum(axis=1), shares.sum(axis=0)
    agreed, chance = float(np.trace(shares)), float(people @ judge)
    kappa = (agreed - chance) / (1 - chance)
    on = sum(shares[i, i] * (1 - (people[i] + judge[i]) * (1 - kappa)) ** 2 for i in (0, 1))
    off = sum(shares[i, 1 - i] * (judge[i] + people[1 - i]) ** 2 for i in (0, 1)) * (1 - kappa) ** 2
    variance = (on + off - (kappa - chance * (1 - kappa)) ** 2) / (len(labels) * (1 - chance) ** 2)
    return math.sqrt(max(0.0, float(variance)))


def _weighted_ece(marks: Floats, values: Floats, members: Sequence[NDArray[np.intp]], weights: Floats) -> Floats:
    """The calibration error per row of weights (resamples × rows)."""
    gaps = [np.abs(weights[:, rows] @ (values[rows] - marks[rows])) for rows in members]
    total: Floats = np.sum(gaps, axis=0) / weights.sum(axis=1)
    return total


def _weighted_kappa(marks: Floats, flagged: Floats, weights: Floats) -> Floats:
    """Kappa per row of weights; NaN where chance agreement is certain."""
    total = weights.sum(axis=1)
    people, judge = (weights @ marks) / total, (weights @ flagged) / total
    agreed = (weights @ (marks == flagged).astype(np.float64)) / total
    chance = people * judge + (1 - people) * (1 - judge)
    unknown: Floats = np.full(total.shape, np.nan)
    np.divide(agreed - chance, 1 - chance, out=unknown, where=1 - chance > 1e-12)
    return unknown


def _unclustered(marks: Floats) -> Estimate:
    """A share of rows that all belong to one cluster: the interval of independent rows is the best there is."""
    interval = wilson(float(marks.sum()), marks.size)
    assert interval is not None  # noqa: S101  # bins are never empty
    return Estimate(value=float(marks.mean()), low=interval.low, high=interval.high, n=marks.size)


def _rows(labels: Sequence[int], values: Sequence[float]) -> tuple[Floats, Floats]:
    marks, numbers = np.asarray(labels, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if marks.shape != numbers.shape:
        raise ValueError("labels and risks must have the same length")
    if not np.isin(marks, (0, 1)).all():
        raise ValueError("labels must be 0 or 1")
    if not np.isfinite(numbers).all():
        raise ValueError("risks must be finite; leave out what was not judged")
    return marks, numbers
