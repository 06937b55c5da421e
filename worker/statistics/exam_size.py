"""How many labelled answers an exam of a judge needs, so that chance does not fail a judge that is good enough."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from assay.worker.statistics.intervals import wilson
from assay.worker.statistics.paired import binomial

LIKELY = 0.9
"""An exam is large enough where a judge passes it with this probability."""

SIZES = (10, 15, 20, 30, 40, 60, 80, 100, 120, 160, 200, 300, 400, 600, 800, 1000)
"""Labels of each class that are tried."""


@lru_cache(maxsize=512)
def pass_probability(positives: int, negatives: int, *, sensitivity: float, specificity: float, bar: float) -> float:
    """Probability that the lower 95 % bound of sensitivity + specificity − 1 lies above the bar.

    The bound is `agreement.youden_lower` from Wilson intervals. The answers are independent.

    Args:
        positives: labelled answers with a hallucination.
        negatives: labelled answers without one.
        sensitivity: the judge's true share of hits among the former.
        specificity: the same among the latter.
        bar: what the bound must exceed.
    """
    if positives < 1 or negatives < 1:
        return 0.0
    hits, below_hits = _shares(positives)
    rights, below_rights = _shares(negatives)
    bound = (hits[:, None] + rights[None, :] - 1) - np.hypot(below_hits[:, None], below_rights[None, :])
    chance = np.outer(binomial(positives, sensitivity), binomial(negatives, specificity))
    return float(chance[bound > bar].sum())


def labels_needed(*, sensitivity: float, specificity: float, bar: float) -> int | None:
    """The smallest of `SIZES`, labels of each class, with which such a judge is likely to pass; None where none is."""
    return next(
        (
            size
            for size in SIZES
            if pass_probability(size, size, sensitivity=sensitivity, specificity=specificity, bar=bar) >= LIKELY
        ),
        None,
    )


@lru_cache(maxsize=64)
def _shares(n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """k/n for every k, and how far below it the 95 % interval reaches."""
    shares = np.arange(n + 1) / n
    lows = [interval.low if (interval := wilson(k, n)) is not None else 0.0 for k in range(n + 1)]
    return shares, shares - np.asarray(lows)
