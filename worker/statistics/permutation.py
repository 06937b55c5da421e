"""Sign-flip permutation tests: under no change each item's difference is as likely up as down.

All take *drops*, how much worse an item became (positive = worse), and give one-sided p-values for a regression. The
items must have been measured equally often on both sides, or the differences are not symmetric under no change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

FLIPS = 10_000
EXACT_UP_TO = 16
"""With so many changed items all 2^16 sign patterns are counted; beyond it patterns are drawn."""

_SLACK = 1e-5
"""Sums this close (relative to the largest possible one) count as equal: rounding must not make a p-value smaller."""


def sign_flip_counts(drops: Sequence[int]) -> float:
    """Exact sign-flip test of whole-number drops, for any number of items: P(Σ ±|d| ≥ Σ d).

    The null distribution is a convolution of binomials, one for each size of |d|, so nothing is drawn. With drops of
    −1, 0 and 1 it is the exact McNemar test.

    Args:
        drops: passes lost per item or cluster over all repeats, e.g. −3…3 for an item with three repeats on both sides.
    """
    counts = Counter(abs(drop) for drop in drops if drop)
    return _lattice(tuple(sorted(counts.items())), sum(drops))


@lru_cache(maxsize=4096)
def _lattice(changed: tuple[tuple[int, int], ...], observed: int) -> float:
    """P(Σ ±size ≥ observed) for `count` items of each size."""
    # Shifted so that 0 stands for "every change an improvement": a flipped item of size s moves the sum by 2s.
    null: Floats = np.ones(1)
    for size, count in changed:
        spread = np.zeros(2 * size * count + 1)
        spread[:: 2 * size] = _fair(count)
        null = np.convolve(null, spread)
    reached = observed + sum(size * count for size, count in changed)
    return float(min(1.0, null[reached:].sum()))


def sign_flip(columns: Sequence[Sequence[float]], *, seed: int = 0) -> list[float]:
    """Sign-flip tests of the mean drop, one for each column.

    Exact for up to 16 changed items; else 10,000 sign patterns are drawn and p = (1 + hits) / (1 + drawn), which is
    a valid p-value however few are drawn (Phipson & Smyth 2010). Columns share the patterns drawn.

    Raises:
        ValueError: a drop is not finite.
    """
    changed = [np.asarray(column, dtype=np.float64) for column in columns]
    if not all(np.isfinite(column).all() for column in changed):
        raise ValueError("drops must be finite; leave out what was not measured")
    changed = [column[column != 0] for column in changed]
    p_values = [_exact(column) if column.size <= EXACT_UP_TO else 1.0 for column in changed]
    drawn = [index for index, column in enumerate(changed) if column.size > EXACT_UP_TO]
    for index, p_value in zip(drawn, _drawn([changed[index] for index in drawn], seed), strict=True):
        p_values[index] = p_value
    return p_values


def _exact(drops: Floats) -> float:
    """All sign patterns."""
    sums = np.zeros(1)
    for size in np.abs(drops):
        sums = np.concatenate([sums - size, sums + size])
    return float(np.mean(sums >= drops.sum() - 1e-9 * np.abs(drops).sum()))


def _drawn(columns: list[Floats], seed: int) -> list[float]:
    """Patterns drawn with a seeded generator."""
    if not columns:
        return []
    longest = max(column.size for column in columns)
    padded: Singles = np.zeros((len(columns), longest), dtype=np.float32)
    for index, column in enumerate(columns):
        # Scaled, so that the slack means the same for every column.
        padded[index, : column.size] = column / np.abs(column).sum()
    sums = padded @ _signs(1 << (longest - 1).bit_length(), seed)[:longest]
    hits = (sums >= padded.sum(axis=1, keepdims=True) - _SLACK).sum(axis=1)
    return [float(1 + count) / (1 + FLIPS) for count in hits]


@lru_cache(maxsize=4)
def _signs(width: int, seed: int) -> Singles:
    """Width × FLIPS random signs; a wider table begins like a narrower one, so no column depends on the others."""
    bits = np.random.default_rng(seed).integers(0, 2, size=(width, FLIPS), dtype=np.int8)
    signs: Singles = (2 * bits - 1).astype(np.float32)
    return signs


@lru_cache(maxsize=1024)
def _fair(n: int) -> Floats:
    """Probabilities of 0…n heads of a fair coin."""
    row = np.zeros(n + 1)
    row[0] = 1.0
    for _ in range(n):
        row[1:] = (row[1:] + row[:-1]) / 2
        row[0] /= 2
    return row
