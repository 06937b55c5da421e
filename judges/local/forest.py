"""Boosted trees of a few leaves, read without the library that grew them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from assay.judges.schema import Record

LEAVES = 8
"""Most leaves of a tree: so many bits tell which of them a row may still end at."""

SPLITS = LEAVES - 1
"""Splits of such a tree."""

ALL_LEAVES = 2**LEAVES - 1

_LEFTMOST = np.array([(bits & -bits).bit_length() - 1 if bits else 0 for bits in range(ALL_LEAVES + 1)])
"""Number of the leftmost leaf of those that bits say: 2 for `0b1100`."""


class Forest(Record):
    """Trees as flat arrays, `SPLITS` splits and `LEAVES` leaves each. What a tree does not use is filled up.

    No tree is walked. Every split is asked at once, each that a row passes on the right rules out the leaves on its
    left, and the row ends at the leftmost leaf that nothing ruled out.

    Attributes:
        features: the column each split asks for.
        thresholds: the greatest value that goes left there.
        kept: the leaves that are left where a value is greater, as bits. The lowest is the leftmost.
        leaves: log-odds that each leaf adds.
    """

    features: tuple[int, ...]
    thresholds: tuple[float, ...]
    kept: tuple[int, ...]
    leaves: tuple[float, ...]

    def log_odds(self, rows: Sequence[Sequence[float]] | NDArray[np.float64]) -> NDArray[np.float64]:
        """The sum over all trees for each row, shape (rows,)."""
        features, thresholds, kept, leaves, first_leaf = self._arrays
        values = np.asarray(rows, dtype=np.float64)
        goes_left = values[:, features] <= thresholds
        reachable = np.bitwise_and.reduce(kept | goes_left * np.uint8(ALL_LEAVES), axis=1)
        return np.asarray(leaves[first_leaf + _LEFTMOST[reachable]].sum(axis=1))

    @cached_property
    def _arrays(
        self,
    ) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.uint8], NDArray[np.float64], NDArray[np.int64]]:
        """Everything as arrays, the splits in shape (splits, trees): that is how they are compared fastest."""
        trees = len(self.leaves) // LEAVES
        return (
            np.ascontiguousarray(np.array(self.features).reshape(trees, SPLITS).T),
            np.ascontiguousarray(np.array(self.thresholds).reshape(trees, SPLITS).T),
            np.ascontiguousarray(np.array(self.kept, dtype=np.uint8).reshape(trees, SPLITS).T),
            np.array(self.leaves),
            np.arange(trees) * LEAVES,
        )
