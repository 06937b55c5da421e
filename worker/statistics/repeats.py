"""What repeating a run tells: how much of the spread is noise of one item, and how much lies between items."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from assay.judges.schema import Record


class VarianceComponents(Record):
    """Spread of pass/fail trials within and between items.

    `icc` is between/(between + within), None where nothing varies. `run_se` is the standard error of a pass rate that
    comes from repeating alone, √(within / (n k)).
    """

    within: float
    between: float
    icc: float | None
    run_se: float


def variance_components(trials: Sequence[Sequence[bool]]) -> VarianceComponents | None:
    """Variance components of n items with k trials each: within = mean k/(k−1) p(1−p), between = var(p) − within/k.

    Returns:
        None with fewer than two items or two trials: not estimable.

    Raises:
        ValueError: items have different numbers of trials.
    """
    if len({len(row) for row in trials}) > 1:
        raise ValueError("every item needs the same number of trials")
    table = np.asarray(trials, dtype=np.float64)
    if table.ndim != 2 or table.shape[0] < 2 or table.shape[1] < 2:
        return None
    n, k = table.shape
    rates = table.mean(axis=1)
    within = float((k / (k - 1) * rates * (1 - rates)).mean())
    between = float(rates.var(ddof=1)) - within / k
    total = between + within
    return VarianceComponents(
        within=within,
        between=between,
        icc=between / total if total > 0 else None,
        run_se=math.sqrt(within / (n * k)),
    )
