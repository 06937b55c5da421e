"""Comparing two releases on the same items: only items whose verdict changed carry information."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assay.worker.statistics.permutation import sign_flip_counts

Floats = NDArray[np.float64]


def mcnemar_exact(b: int, c: int) -> float:
    """One-sided exact McNemar test for a regression: P(X ≥ b), X ~ Bin(b + c, ½) (McNemar 1947).

    Args:
        b: items that passed before and fail now.
        c: items that failed before and pass now.

    Returns:
        The p-value; 1.0 where nothing changed.

    Raises:
        ValueError: a negative count.
    """
    if b < 0 or c < 0:
        raise ValueError(f"counts cannot be negative, got b={b}, c={c}")
    m = b + c
    ways, extreme = 1, 0
    for i in range(m, b - 1, -1):
        extreme += ways
        ways = ways * i // (m - i + 1)
    return float(extreme / (1 << m))


def drop_p_value(drops: Sequence[int]) -> float:
    """One-sided exact p-value of passes lost per item or cluster, asked equally often on both sides.

    Args:
        drops: passes lost, e.g. −1, 0 or 1 for an item asked once. Then it is McNemar's test, else the sign-flip test,
            of which McNemar's is a case.
    """
    if all(abs(drop) <= 1 for drop in drops):
        return mcnemar_exact(sum(drop > 0 for drop in drops), sum(drop < 0 for drop in drops))
    return sign_flip_counts(drops)


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given: sorted p times m, m−1, …, running maximum (Holm 1979)."""
    adjusted = [0.0] * len(p_values)
    running = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = running
    return adjusted


@lru_cache(maxsize=4096)
def _critical_count(m: int, alpha: float) -> int:
    """Of m discordant items, the smallest b that rejects; m + 1 where none does."""
    tails = np.cumsum(binomial(m, 0.5)[::-1])
    return m + 1 - int(np.count_nonzero(tails <= alpha * (1 + 1e-9)))


def mcnemar_power(n: int, drop: float, *, flip_rate: float, alpha: float = 0.05) -> float:
    """Probability that `mcnemar_exact` rejects at `alpha` when the true drop of the pass rate is `drop`.

    Items are independent and flip from fail to pass with probability `flip_rate`, from pass to fail with `flip_rate`
    plus the drop. The power is exact and unconditional: the number of discordant items is Bin(n, 2f + d), those
    against the candidate Bin(m, (f + d)/(2f + d)) (Connor 1987).
    """
    discordant = 2 * flip_rate + drop
    if discordant <= 0:
        return 0.0
    against = (flip_rate + drop) / discordant
    chance_of_m = binomial(n, discordant)
    likely = [int(m) for m in np.flatnonzero(chance_of_m > 1e-9)]
    return math.fsum(
        float(chance_of_m[m]) * float(binomial(m, against)[_critical_count(m, alpha) :].sum()) for m in likely
    )


def binomial(n: int, p: float) -> Floats:
    """Probabilities of 0…n successes in n trials."""
    if p <= 0 or p >= 1:
        certain = np.zeros(n + 1)
        certain[n if p >= 1 else 0] = 1.0
        return certain
    k = np.arange(n + 1)
    log_factorial = np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, n + 1)))))
    log_choose = log_factorial[n] - log_factorial - log_factorial[::-1]
    probabilities: Floats = np.exp(log_choose + k * math.log(p) + (n - k) * math.log1p(-p))
    return probabilities
