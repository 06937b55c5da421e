"""What repeating a run tells: how much of the spread is noise of one item, and how much lies between items."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

import numpy as np

from assay.judges.schema import Record
from assay.worker.statistics.clusters import cluster_sizes, cluster_sums, mean_cluster_size
from assay.worker.statistics.flips import Flips


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


def measured_flips(trials: Sequence[Sequence[bool]], clusters: Sequence[Hashable]) -> Flips | None:
    """What k runs of one release say: the mean of k/(k−1) p(1−p) over the items, and how much moves in clusters.

    Two runs of an item that passes with probability p differ each way with p(1−p).

    Returns:
        None with fewer than two items or two runs: not estimable.

    Raises:
        ValueError: items have different numbers of trials.
    """
    components = variance_components(trials)
    if components is None:
        return None
    return Flips(rate=min(0.25, components.within), together=share_together(trials, clusters))


def share_together(trials: Sequence[Sequence[bool]], clusters: Sequence[Hashable]) -> float:
    """The share of chance changes that take a whole cluster along, from k trials of each item; 0 to 1.

    The variance of a cluster's sum of passes over the trials is compared with what its items' own variances add up
    to: their ratio is 1 + (m − 1) times the share, with m the mean cluster size. 0 where nothing varies.
    """
    table = np.asarray(trials, dtype=np.float64)
    size = mean_cluster_size(cluster_sizes(clusters))
    if table.ndim != 2 or table.shape[1] < 2 or size <= 1:
        return 0.0
    columns = [cluster_sums(column.tolist(), clusters) for column in table.T]
    together = float(np.asarray(columns).var(axis=0, ddof=1).sum())
    alone = float(table.var(axis=1, ddof=1).sum())
    return min(1.0, max(0.0, (together / alone - 1) / (size - 1))) if alone > 0 else 0.0
