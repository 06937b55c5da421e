"""Fits how much it says that a word is new, by a ridge regression on the new words of each sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.logistic_fit import Floats

LEAST_SENTENCES = 5
"""A word that is new in fewer sentences is not fitted."""

PENALTY = 10.0
SPREAD = 3.0
"""What is measured of every sentence anyway is scaled up so far that the penalty hardly holds it back."""

DIGITS = 3
"""Decimal places of a weight: more than its rows tell."""

_NEWTON_STEPS = 30
_CONJUGATE_STEPS = 200
_CLOSE = 1e-6
"""A step that changes no weight by more changes none of the digits that are kept."""


class NewWords(NamedTuple):
    """One sentence: its new words, what else is measured, whether it is bad, and how much it counts."""

    stems: Sequence[str]
    measured: Sequence[float]
    label: float
    weight: float


class _Design(NamedTuple):
    """Rows of the regression: places of the ones, then the dense columns, the last of which is the intercept's."""

    row: NDArray[np.int64]
    column: NDArray[np.int64]
    words: int
    dense: Floats

    def times(self, beta: Floats) -> Floats:
        """Rows times coefficients."""
        sparse = np.bincount(self.row, weights=beta[self.column], minlength=len(self.dense))
        return sparse + self.dense @ beta[self.words :]

    def transposed(self, residuals: Floats) -> Floats:
        """Columns times residuals."""
        sparse = np.bincount(self.column, weights=residuals[self.row], minlength=self.words)
        return np.concatenate([sparse, residuals @ self.dense])

    def squares(self, weights: Floats) -> Floats:
        """Weighted sum of squares of each column."""
        sparse = np.bincount(self.column, weights=weights[self.row], minlength=self.words)
        return np.concatenate([sparse, weights @ self.dense**2])


def fit_alarms(sentences: Sequence[NewWords]) -> dict[str, float]:
    """The weight of each stem: above zero where a sentence is bad more often than all else about it explains."""
    counts = Counter(stem for sentence in sentences for stem in set(sentence.stems))
    places = {stem: n for n, stem in enumerate(sorted(s for s, count in counts.items() if count >= LEAST_SENTENCES))}
    ones = [
        (number, places[stem])
        for number, sentence in enumerate(sentences)
        for stem in sorted(set(sentence.stems))
        if stem in places
    ]
    measured = np.array([sentence.measured for sentence in sentences])
    scaled = SPREAD * (measured - measured.mean(axis=0)) / measured.std(axis=0)
    dense = np.column_stack([scaled, np.ones(len(sentences))])
    row, column = np.array(ones, dtype=np.int64).reshape(-1, 2).T
    labels = np.array([sentence.label for sentence in sentences])
    weights = np.array([sentence.weight for sentence in sentences])
    beta = _ridge(_Design(row, column, len(places), dense), labels, weights)
    return {stem: round(float(beta[place]), DIGITS) for stem, place in places.items()}


def _ridge(design: _Design, y: Floats, w: Floats) -> Floats:
    """Newton's method, each step by conjugate gradients: the columns are too many for a matrix of all pairs."""
    penalty = np.full(design.words + design.dense.shape[1], PENALTY)
    penalty[-1] = 0.0
    beta = np.zeros(len(penalty))
    for _ in range(_NEWTON_STEPS):
        p = 1 / (1 + np.exp(-np.clip(design.times(beta), -30, 30)))
        gradient = design.transposed(w * (p - y)) + penalty * beta
        step = _solved(design, w * p * (1 - p), penalty, gradient)
        beta -= step
        if np.abs(step).max() < _CLOSE:
            break
    return beta


def _solved(design: _Design, curvature: Floats, penalty: Floats, gradient: Floats) -> Floats:
    """The step that the gradient asks for, by conjugate gradients on columns brought to one scale."""
    scale = 1.0 / (design.squares(curvature) + penalty)
    step = np.zeros_like(gradient)
    residual = gradient.copy()
    direction = scale * residual
    size = float(residual @ direction)
    close = size * _CLOSE**2
    for _ in range(_CONJUGATE_STEPS):
        if size <= close:
            break
        bent = design.transposed(curvature * design.times(direction)) + penalty * direction
        length = size / float(direction @ bent)
        step += length * direction
        residual -= length * bent
        scaled = scale * residual
        before, size = size, float(residual @ scaled)
        direction = scaled + size / before * direction
    return step
