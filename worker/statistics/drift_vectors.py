"""Distances of two sets of vectors: MMD with a Gaussian kernel, energy distance, and the cosine of the centroids.

Each is computed for the observed split and for random ones at once, from one matrix over all vectors.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.worker.statistics.drift_permutation import Splits

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def squared_distances(vectors: Floats, others: Floats | None = None) -> Floats:
    """Squared Euclidean distances of each vector to each other."""
    against = vectors if others is None else others
    squares = (vectors**2).sum(axis=1)[:, None] + (against**2).sum(axis=1)[None, :] - 2 * vectors @ against.T
    if others is None:
        np.fill_diagonal(squares, 0.0)
    clipped: Floats = np.maximum(squares, 0.0)
    return clipped


def median_gamma(squares: Floats) -> float:
    """The kernel's width by the median heuristic: 1 / the median of the squared distances between different vectors."""
    distances = squares[np.triu_indices_from(squares, k=1)]
    positive = distances[distances > 0]
    return 1 / float(np.median(positive)) if positive.size else 1.0


def mmd_squared(squares: Floats, splits: Splits, *, gamma: float | None = None) -> Floats:
    """Unbiased MMD² of each split, with the kernel exp(−gamma · squared distance). About 0 without drift.

    Args:
        squares: squared distances among all vectors.
        splits: who is on which side.
        gamma: the kernel's width. None: by the median heuristic.
    """
    kernel = np.exp(-(median_gamma(squares) if gamma is None else gamma) * squares)
    forms = _forms(kernel, splits)
    diagonal = np.diagonal(kernel)
    within = [
        (form - side**2 @ diagonal) / (1 - (side**2).sum(axis=1))
        for form, side in ((forms.current, splits.current), (forms.reference, splits.reference))
    ]
    unbiased: Floats = within[0] + within[1] - 2 * forms.between
    return unbiased


def energy_distance(squares: Floats, splits: Splits) -> Floats:
    """Energy distance of each split (as a V-statistic): 2 E|X − Y| − E|X − X'| − E|Y − Y'|."""
    forms = _forms(np.sqrt(squares), splits)
    return 2 * forms.between - forms.current - forms.reference


def topic_contrast(squares: Floats, topics: Integers, *, gamma: float) -> float:
    """MMD² of a topic against all others, on average over a sample's vectors: what a change of topic comes to.

    √(MMD² / contrast) is then a size of the change: the share of traffic that would have to move to another topic for
    an MMD² like that. Unlike a p-value it does not grow with the number of traces.

    Args:
        squares: squared distances among the sample's vectors.
        topics: of each vector.
        gamma: the kernel's width.

    Returns:
        0 where there are no two topics of two vectors.
    """
    inside = topics == np.unique(topics)[:, None]
    sizes = inside.sum(axis=1)
    can_be_told = (sizes > 1) & (sizes < topics.size - 1)
    if not can_be_told.any():
        return 0.0
    inside, sizes = inside[can_be_told], sizes[can_be_told]
    splits = Splits(_shares_of(inside), _shares_of(~inside), sizes / topics.size)
    return max(0.0, float(np.average(mmd_squared(squares, splits, gamma=gamma), weights=sizes)))


def centroid_distances(vectors: Floats, splits: Splits) -> Floats:
    """1 − cosine of the centroids of each split."""
    current, reference = splits.current @ vectors, splits.reference @ vectors
    norms = np.linalg.norm(current, axis=1) * np.linalg.norm(reference, axis=1)
    cosines = np.divide((current * reference).sum(axis=1), norms, out=np.ones_like(norms), where=norms > 0)
    distances: Floats = 1 - cosines
    return distances


def centroid_without_drift(vectors: Floats, n: float, m: float) -> float:
    """What 1 − cosine of two centroids is on average without drift: tr(Σ⊥)(1/n + 1/m) / (2 |μ|²).

    Args:
        vectors: any sample of the traffic.
        n: how many independent traces one side has.
        m: how many the other has.
    """
    mean = vectors.mean(axis=0)
    square = float(mean @ mean)
    along = (vectors - mean) @ mean / np.sqrt(square)
    across = float(vectors.var(axis=0, ddof=1).sum() - along.var(ddof=1))
    return across * (1 / n + 1 / m) / (2 * square)


def _shares_of(rows: NDArray[np.bool_]) -> Floats:
    shares: Floats = rows / rows.sum(axis=1, keepdims=True)
    return shares


class _Forms(NamedTuple):
    """Means of a matrix over pairs of traces, for each split: within the sides, and between them."""

    current: Floats
    reference: Floats
    between: Floats


def _forms(matrix: Floats, splits: Splits) -> _Forms:
    """All three from one product: both sides together are the same in every split."""
    weight = splits.weight[:, None]
    both = splits.weight[0] * splits.current[0] + (1 - splits.weight[0]) * splits.reference[0]
    rows = splits.current @ matrix
    others = (both @ matrix - weight * rows) / (1 - weight)
    return _Forms(
        current=(rows * splits.current).sum(axis=1),
        reference=(others * splits.reference).sum(axis=1),
        between=(rows * splits.reference).sum(axis=1),
    )
