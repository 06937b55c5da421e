"""Permutation of two sides of traffic: whole sessions change sides, with their weights.

Without drift any split of the sessions into two sides was as likely as the one that was seen. So every statistic of two
sides, however odd its law, is held against its values over random splits (p = (1 + hits) / (1 + splits), which is valid
however few are drawn; Phipson & Smyth 2010).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]

SPLITS = 999
"""Random splits: the smallest p-value is 0.001, so that a dozen tests together can still say something at 5 %."""

_SLACK = 1e-9
"""Values so close to the observed one, relative to the largest, count as equal to it."""

_ROUNDING = 1e-12
"""What rounding makes of a statistic that is 0 for every split, as that of a column with one value."""


class Sides(NamedTuple):
    """The traces of both sides, one row each.

    Attributes:
        is_current: which side.
        weights: how many traces of the traffic each stands for. Only their proportions on each side count.
        clusters: what belongs together.
    """

    is_current: Bools
    weights: Floats
    clusters: Integers

    @classmethod
    def of(cls, reference: tuple[Floats, Integers], current: tuple[Floats, Integers]) -> Sides:
        """Both sides, each as weights and clusters. A session that lies on both sides is two."""
        weights = [side[0] / side[0].mean() if side[0].size else side[0] for side in (reference, current)]
        numbers = [np.unique(side[1], return_inverse=True)[1].astype(np.int64) for side in (reference, current)]
        numbers[1] = numbers[1] + (int(numbers[0].max()) + 1 if numbers[0].size else 0)
        is_current = np.repeat([False, True], [weights[0].size, weights[1].size])
        return cls(is_current, np.concatenate(weights), np.concatenate(numbers))

    def is_like(self, other: Sides) -> bool:
        """Whether they have the same weights and sessions in the same order."""
        return all(np.array_equal(own, its) for own, its in zip(self, other, strict=True))

    @property
    def is_testable(self) -> bool:
        """Whether each side has two sessions at least."""
        return all(np.unique(self.clusters[side]).size > 1 for side in (self.is_current, ~self.is_current))


class Splits(NamedTuple):
    """The observed split and random ones.

    Attributes:
        current, reference: each row is a split, and holds of each trace its share of that side, 0 on the other.
            The first row is the observed split. Every row sums to 1.
        weight: of the current side in each split, as a share of both.
    """

    current: Floats
    reference: Floats
    weight: Floats

    @property
    def signed(self) -> Floats:
        """What each trace adds to the difference of the sides."""
        return self.current - self.reference


def splits_of(sides: Sides, *, count: int = SPLITS, seed: int = 0) -> Splits:
    """Random splits of the sessions into as many current and other ones as there are.

    Raises:
        ValueError: a side has fewer than two sessions.
    """
    if not sides.is_testable:
        raise ValueError("each side needs two sessions at least")
    _, at = np.unique(sides.clusters, return_inverse=True)
    of_cluster = np.zeros(int(at.max()) + 1, dtype=np.bool_)
    of_cluster[at] = sides.is_current
    labels = np.tile(of_cluster, (count + 1, 1))
    labels[1:] = np.random.default_rng(seed).permuted(labels[1:], axis=1)
    chosen = labels[:, at] * sides.weights
    others = sides.weights - chosen
    current, rest = chosen.sum(axis=1, keepdims=True), others.sum(axis=1, keepdims=True)
    return Splits(chosen / current, others / rest, (current / (current + rest))[:, 0])


def p_value(statistics: Floats) -> float:
    """Share of splits, the observed one first, whose statistic is at least as large as the observed one."""
    slack = _ROUNDING + _SLACK * float(np.abs(statistics).max(initial=0.0))
    return float((statistics >= statistics[0] - slack).mean())


def null_bound(statistics: Floats, share: float = 0.99) -> float:
    """The value below which a share of the random splits lie."""
    return float(np.quantile(statistics[1:], share))
