"""The population stability index of two histograms, and what it comes to where nothing changed.

PSI = Σ (q − p) · ln(q / p), p the reference's shares and q the current ones. Without any drift it is about
(1/n + 1/m) · χ² of bins − 1 degrees of freedom (Yurdakul 2018): thresholds such as 0.1 say nothing without n.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.worker.statistics.chi_square import chi_square_quantile, chi_square_tail

Floats = NDArray[np.float64]

SMOOTHING = 0.5
"""Added to each bin on both sides: one emptied bin of 10 in 200 then gives 0.115, not any number."""


class Psi(NamedTuple):
    """The index with what it would be without drift.

    Attributes:
        value: smoothed.
        corrected: less what chance adds on average. Below 0 means less than that.
        expected: mean without drift.
        bound: the 99 % point without drift.
        p_value: probability of at least `value` without drift.
        bins: how many bins hold something on either side.
    """

    value: float
    corrected: float
    expected: float
    bound: float
    p_value: float
    bins: int


def psi(
    reference: Sequence[float] | Floats,
    current: Sequence[float] | Floats,
    *,
    sizes: tuple[float, float] | None = None,
    smoothing: float = SMOOTHING,
) -> Psi | None:
    """The index of two histograms over the same bins.

    Args:
        reference: counts, or sums of weights.
        current: the same of the other side.
        sizes: how many independent traces each side is worth. None: the sums of the counts.
        smoothing: added to each bin's count on both sides.

    Returns:
        None where a side is empty, or fewer than two bins hold anything.

    Raises:
        ValueError: lengths differ, or a count is negative.
    """
    before, now = _counts(reference, current)
    n, m = sizes or (float(before.sum()), float(now.sum()))
    held = (before + now) > 0
    bins = int(held.sum())
    if n <= 0 or m <= 0 or bins < 2 or before.sum() <= 0 or now.sum() <= 0:
        return None
    p = _smoothed(before[held] / before.sum() * n, smoothing)
    q = _smoothed(now[held] / now.sum() * m, smoothing)
    value = float(((q - p) * np.log(q / p)).sum())
    null = psi_without_drift(bins, n, m)
    p_value = chi_square_tail(value / (1 / n + 1 / m), bins - 1)
    return Psi(value, value - null.expected, null.expected, null.bound, p_value, bins)


class PsiNull(NamedTuple):
    """What the index is without drift: its mean, its 95 % point and its 99 % point."""

    expected: float
    usual: float
    bound: float


def psi_without_drift(bins: int, n: float, m: float) -> PsiNull:
    """The law of the index of two samples of these sizes of the same traffic."""
    scale = 1 / n + 1 / m
    return PsiNull(
        scale * (bins - 1),
        scale * chi_square_quantile(0.95, bins - 1),
        scale * chi_square_quantile(0.99, bins - 1),
    )


def share_without_drift(level: float, bins: int, n: float, m: float) -> float:
    """How often the index reaches a level without any drift, e.g. 0.95 for 0.1, 20 bins and 200 traces a side."""
    return chi_square_tail(level / (1 / n + 1 / m), bins - 1)


def effective_size(weights: Floats, clusters: NDArray[np.int64]) -> float:
    """How many independent traces these are worth: Kish's (Σw)²/Σw² over the weights of whole sessions."""
    if not weights.size:
        return 0.0
    _, at = np.unique(clusters, return_inverse=True)
    sums = np.bincount(at, weights=weights)
    return float(sums.sum() ** 2 / (sums**2).sum())


def _smoothed(counts: Floats, smoothing: float) -> Floats:
    smooth: Floats = counts + smoothing
    shares: Floats = smooth / smooth.sum()
    return shares


def _counts(reference: Sequence[float] | Floats, current: Sequence[float] | Floats) -> tuple[Floats, Floats]:
    before, now = np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64)
    if before.shape != now.shape:
        raise ValueError(f"{before.size} and {now.size} bins: both sides must have the same")
    if (before < 0).any() or (now < 0).any():
        raise ValueError("counts must not be negative")
    return before, now
