"""Topics of vectors: k-means with a fixed seed, so that the same vectors give the same topics."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assay.worker.statistics.drift_vectors import squared_distances

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_ROUNDS = 50
"""Rounds at most; a few thousand vectors settle in about twenty."""

_STARTS = 4
"""Starts from other centres; the best end counts."""


def k_means(vectors: Floats, count: int, *, seed: int = 0) -> Floats:
    """Centres of so many clusters (Lloyd's rounds from k-means++ starts), the best of a few starts.

    Raises:
        ValueError: fewer vectors than clusters.
    """
    if count < 1 or len(vectors) < count:
        raise ValueError(f"{len(vectors)} vectors cannot make {count} clusters")
    rng = np.random.default_rng(seed)
    ends = [_settled(vectors, _first_centres(vectors, count, rng)) for _ in range(_STARTS)]
    return min(ends, key=lambda centres: float(squared_distances(vectors, centres).min(axis=1).sum()))


def nearest_centre(vectors: Floats, centres: Floats) -> tuple[Integers, Floats]:
    """The nearest centre of each vector, and its distance."""
    squares = squared_distances(vectors, centres)
    return squares.argmin(axis=1), np.sqrt(squares.min(axis=1))


def _first_centres(vectors: Floats, count: int, rng: np.random.Generator) -> Floats:
    """Vectors far from one another (Arthur & Vassilvitskii 2007)."""
    centres = [vectors[rng.integers(len(vectors))]]
    for _ in range(count - 1):
        squares = squared_distances(vectors, np.array(centres)).min(axis=1)
        total = squares.sum()
        shares = squares / total if total > 0 else None
        centres.append(vectors[rng.choice(len(vectors), p=shares)])
    return np.array(centres)


def _settled(vectors: Floats, centres: Floats) -> Floats:
    for _ in range(_ROUNDS):
        nearest = squared_distances(vectors, centres).argmin(axis=1)
        members = np.eye(len(centres))[nearest]
        sizes = members.sum(axis=0)
        moved = np.where(sizes[:, None] > 0, members.T @ vectors / np.maximum(sizes, 1)[:, None], centres)
        if np.allclose(moved, centres, rtol=0, atol=1e-9):
            break
        centres = moved
    return centres
