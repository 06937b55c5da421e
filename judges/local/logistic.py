"""Logistic regression as it is read: what it was fitted by stands in `benchmarks/logistic_fit.py`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from assay.judges.schema import Record

_MOST = 30.0
"""Log-odds are held within so much of zero: beyond it a probability is 0 or 1 in all but name."""


class Logistic(Record):
    """One logistic regression over standardised features, in the order of their names."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    coefficients: tuple[float, ...]
    intercept: float

    def log_odds(self, rows: Sequence[Sequence[float]] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Log-odds of label 1 for each row, shape (rows,)."""
        slopes, offset = self._line
        odds = (np.asarray(rows, dtype=np.float64) * slopes).sum(axis=1) + offset
        return np.asarray(np.minimum(np.maximum(odds, -_MOST), _MOST))

    def probability(self, rows: Sequence[Sequence[float]] | NDArray[np.float64]) -> NDArray[np.float64]:
        """P(label = 1) for each row, shape (rows,)."""
        return sigmoid(self.log_odds(rows))

    @cached_property
    def _line(self) -> tuple[NDArray[np.float64], float]:
        """Slopes and offset over the raw features."""
        slopes = np.asarray(self.coefficients) / np.asarray(self.scale)
        return slopes, self.intercept - float((slopes * np.asarray(self.mean)).sum())


def sigmoid(odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probabilities of log-odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-odds)))
