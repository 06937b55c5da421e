"""The chi-square distribution: its tail, its quantiles, and the test of two rows of counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

_TERMS = 10_000
"""Terms of a series or fraction at most; they end far earlier."""

_ENOUGH = 1e-15
"""A term this small, relative to the sum, changes no digit that is shown."""


def chi_square_tail(value: float, freedom: float) -> float:
    """Probability that a chi-square number of so many degrees of freedom is at least `value`: Q(freedom/2, value/2).

    Raises:
        ValueError: degrees of freedom that are not positive.
    """
    if freedom <= 0:
        raise ValueError(f"degrees of freedom must be positive, got {freedom}")
    if value <= 0:
        return 1.0
    a, x = freedom / 2, value / 2
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    return 1 - scale * _series(a, x) if x < a + 1 else scale * _fraction(a, x)


@lru_cache(maxsize=1024)
def chi_square_quantile(share: float, freedom: float) -> float:
    """The number below which a share of the distribution lies, e.g. 3.841 for .95 and one degree of freedom.

    Raises:
        ValueError: a share outside (0, 1), or degrees of freedom that are not positive.
    """
    if not 0 < share < 1:
        raise ValueError(f"a quantile's share lies between 0 and 1, got {share}")
    low, high = 0.0, max(1.0, freedom)
    while chi_square_tail(high, freedom) > 1 - share:
        low, high = high, 2 * high
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if chi_square_tail(middle, freedom) > 1 - share else (low, middle)
    return high


def chi_square_test(reference: Sequence[float], current: Sequence[float]) -> float:
    """p-value of Pearson's test that two rows of counts come from the same shares.

    Categories that neither row has are left out. Counts may be fractions, as effective ones are.

    Raises:
        ValueError: lengths differ, or a row is empty.
    """
    table = np.array([reference, current], dtype=np.float64)
    table = table[:, table.sum(axis=0) > 0]
    if (table.sum(axis=1) <= 0).any():
        raise ValueError("both rows must hold something")
    if table.shape[1] < 2:
        return 1.0
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    return chi_square_tail(statistic, table.shape[1] - 1)


def _series(a: float, x: float) -> float:
    """P(a, x) without its factor, by its power series: quick where x is small."""
    term = total = 1 / a
    for k in range(1, _TERMS):
        term *= x / (a + k)
        total += term
        if term < total * _ENOUGH:
            break
    return total


def _fraction(a: float, x: float) -> float:
    """Q(a, x) without its factor, by its continued fraction (Lentz): quick where x is large."""
    b = x + 1 - a
    c, d = 1e300, 1 / b
    product = d
    for k in range(1, _TERMS):
        step = -k * (k - a)
        b += 2
        d = 1 / (step * d + b)
        c = b + step / c
        product *= d * c
        if abs(d * c - 1) < _ENOUGH:
            break
    return product
