"""Distances of two sides of one column: lengths by their distribution, categories by their shares.

Each is computed for the observed split and for random ones at once, weighted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.worker.statistics.drift_permutation import Splits

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def kolmogorov_smirnov(values: Floats, splits: Splits) -> Floats:
    """Largest difference of the two distribution functions, for each split."""
    order, ends = _sorted(values)
    differences = np.cumsum(splits.signed[:, order], axis=1)[:, ends]
    largest: Floats = np.abs(differences).max(axis=1)
    return largest


def wasserstein(values: Floats, splits: Splits) -> float:
    """How far the observed sides' values lie apart on average, in their own unit: ∫ |F − G|."""
    order, _ = _sorted(values)
    difference = np.cumsum(splits.signed[0, order])[:-1]
    return float((np.abs(difference) * np.diff(values[order])).sum())


def table_distance(codes: Integers, splits: Splits) -> Floats:
    """Pearson's χ² of the two rows of shares, up to a factor that all splits share, for each split."""
    categories = np.eye(int(codes.max()) + 1)[codes]
    current, reference = splits.current @ categories, splits.reference @ categories
    pooled = current[0] + reference[0]
    distances: Floats = ((current - reference)[:, pooled > 0] ** 2 / pooled[pooled > 0]).sum(axis=1)
    return distances


def total_variation(reference: Floats, current: Floats) -> float:
    """The share of traffic that would have to change its category for both to be alike: ½ Σ |q − p|."""
    p, q = reference / reference.sum(), current / current.sum()
    return float(np.abs(q - p).sum() / 2)


def _sorted(values: Floats) -> tuple[Integers, Integers]:
    """The order of the values, and the last place of each run of equal ones."""
    order = np.argsort(values, kind="stable")
    in_order = values[order]
    ends = np.flatnonzero(np.append(in_order[1:] != in_order[:-1], [True]))
    return order, ends
