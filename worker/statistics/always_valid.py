"""Tests and intervals of a share that may be looked at after every trace, for as long as anybody likes.

An exact test that is repeated so gives a false alarm in one of four services within 500 traces. These do not.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from assay.worker.statistics.intervals import Interval, regularised_beta


class Sprt(NamedTuple):
    """Wald's sequential test of p0 against p1, for a question that is asked once, as of a canary (Wald 1945).

    Attributes:
        p0, p1: the two shares.
        alpha: probability of deciding for p1 where p0 is true.
        beta: that of deciding for p0 where p1 is true.
    """

    p0: float
    p1: float
    alpha: float
    beta: float

    @property
    def upper(self) -> float:
        """From this log-likelihood ratio on it is p1."""
        return math.log((1 - self.beta) / self.alpha)

    @property
    def lower(self) -> float:
        """Down from this one on it is p0."""
        return math.log(self.beta / (1 - self.alpha))

    def decision(self, hits: Iterable[bool]) -> tuple[Literal["H0", "H1"], int] | None:
        """What is decided, and at which trace. None: more traces are needed."""
        hit, miss = math.log(self.p1 / self.p0), math.log((1 - self.p1) / (1 - self.p0))
        ratio = 0.0
        for at, is_hit in enumerate(hits):
            ratio += hit if is_hit else miss
            if ratio >= self.upper:
                return "H1", at
            if ratio <= self.lower:
                return "H0", at
        return None


def log_mixture_e(k: int, n: int, p0: float) -> float:
    """Log e-value against a share of at most p0: 1/alpha is reached with probability alpha at most, at whatever n.

    The likelihood under p0, over its mean under Jeffreys' prior cut to (p0, 1) (Ville 1939; Robbins 1970).

    Raises:
        ValueError: k outside [0, n], or p0 outside (0, 1).
    """
    if not 0 <= k <= n or not 0 < p0 < 1:
        raise ValueError(f"need 0 <= k <= n and 0 < p0 < 1, got {k}, {n}, {p0}")
    a = b = 0.5
    behind = _log_beta(k + a, n - k + b) + _log_tail(p0, k + a, n - k + b)
    before = _log_beta(a, b) + _log_tail(p0, a, b)
    return behind - before - k * math.log(p0) - (n - k) * math.log1p(-p0)


def confidence_sequence(k: int, n: int, alpha: float = 0.05) -> Interval:
    """An interval that holds the share at every n at once with probability 1 − alpha (Robbins 1970).

    All shares whose likelihood is more than alpha times the mean over a uniform prior. Wider than a fixed interval: the
    price of looking whenever one likes.

    Raises:
        ValueError: k outside [0, n], or alpha outside (0, 1).
    """
    if not 0 <= k <= n or not 0 < alpha < 1:
        raise ValueError(f"need 0 <= k <= n and 0 < alpha < 1, got {k}, {n}, {alpha}")
    mean = _log_beta(k + 1, n - k + 1)
    best = k / n if n else 0.5

    def is_inside(p: float) -> bool:
        likelihood = (k * math.log(p) if k else 0.0) + ((n - k) * math.log1p(-p) if n > k else 0.0)
        return likelihood > math.log(alpha) + mean

    low = 0.0 if k == 0 else _edge(is_inside, best, 0.0)
    high = 1.0 if k == n else _edge(is_inside, best, 1.0)
    return Interval(low=low, high=high)


def _edge(is_inside: Callable[[float], bool], inside: float, outside: float) -> float:
    """Where the interval ends between a share inside and one that is not."""
    inside = min(1 - 1e-15, max(1e-15, inside))
    while abs(outside - inside) > 1e-12:
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if is_inside(middle) else (inside, middle)
    return outside


def _log_tail(p0: float, a: float, b: float) -> float:
    """Log of the part of Beta(a, b) above p0."""
    return math.log(max(5e-324, regularised_beta(1 - p0, b, a)))


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
