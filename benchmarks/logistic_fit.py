"""Fits a penalised logistic regression whose coefficients may be held to one sign."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.judges.local.logistic import Logistic
from benchmarks.labelled_rows import fold_of

Floats = NDArray[np.float64]

PENALTY = 30.0
"""Of 3, 10, 30, 100 and 300 the one with the least loss in most inner folds of every corpus, or close to it."""

INNER_FOLDS = 4


class Table(NamedTuple):
    """What is fitted on: one row of features, a label and a weight each; signs are per column.

    `signs` is 1 where a coefficient may not be negative, −1 where it may not be positive, else 0.
    """

    rows: Floats
    labels: Floats
    weights: Floats
    signs: Floats

    def where(self, chosen: NDArray[np.bool_]) -> Table:
        """The chosen rows only."""
        return Table(self.rows[chosen], self.labels[chosen], self.weights[chosen], self.signs)


def inner_folds(groups: Sequence[str]) -> NDArray[np.int64]:
    """Folds within training data, by group."""
    return np.array([fold_of(group, INNER_FOLDS, salt="inner:") for group in groups])


def fit_logistic(table: Table, penalty: float = PENALTY) -> Logistic:
    """Newton's method on standardised features; the intercept goes free.

    Coefficients that come out with the wrong sign are set to zero and the rest is fitted again, until none does.
    """
    w = table.weights
    mean = (w[:, None] * table.rows).sum(axis=0) / w.sum()
    scale = np.sqrt((w[:, None] * (table.rows - mean) ** 2).sum(axis=0) / w.sum())
    constant = scale < 1e-9
    scale[constant] = 1.0
    x = np.column_stack([(table.rows - mean) / scale, np.ones(len(w))])
    free = np.append(~constant, True)
    beta = np.zeros(x.shape[1])
    while True:
        beta[~free] = 0.0
        beta[free] = _newton(x[:, free], table.labels, w, penalty, beta[free])
        wrong = np.append(beta[:-1] * table.signs < 0, False)
        if not wrong.any():
            break
        free &= ~wrong
    return Logistic(
        mean=_all_rounded(mean),
        scale=_all_rounded(scale),
        coefficients=_all_rounded(beta[:-1]),
        intercept=rounded(float(beta[-1])),
    )


def _newton(x: Floats, y: Floats, w: Floats, penalty: float, start: Floats) -> Floats:
    beta = start.copy()
    ridge = np.diag([penalty] * (x.shape[1] - 1) + [0.0])
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        gradient = x.T @ (w * (p - y)) + ridge @ beta
        step = np.linalg.solve((x * (w * p * (1 - p))[:, None]).T @ x + ridge, gradient)
        beta -= step
        if np.abs(step).max() < 1e-10:
            break
    return beta


def rounded(value: float) -> float:
    """Six significant digits: more than the data tell, and the same on every machine."""
    return float(f"{value:.6g}")


def _all_rounded(values: Floats) -> tuple[float, ...]:
    return tuple(rounded(float(value)) for value in values)
