"""A bootstrap over clusters: percentile intervals for any statistic of row weights."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.weighted import cluster_index

Floats = NDArray[np.float64]

RESAMPLES = 2000
_CELLS_AT_ONCE = 2_000_000
_FEWEST_RESAMPLES = 100


class BootstrapEstimate(Estimate):
    """An estimate whose interval comes from a bootstrap; `ignored` resamples lacked one of the classes."""

    resamples: int
    ignored: int


class ClusterBootstrap:
    """Resamples whole clusters and turns a statistic of row weights into an interval."""

    def __init__(self, rows: int, clusters: Sequence[Hashable] | None, resamples: int, seed: int, conf: float) -> None:
        self._clustered = clusters is not None
        self._index = np.arange(rows) if clusters is None else cluster_index(clusters)
        if self._index.size != rows:
            raise ValueError("clusters must have one entry per row")
        self._m = int(self._index.max()) + 1
        self._resamples = resamples
        self._seed = seed
        self._tail = (1 - conf) / 2

    def estimate(self, value: float, statistic: Callable[[Floats], Floats]) -> BootstrapEstimate | None:
        """The interval around `value`; `statistic` maps weights (resamples × rows) to values, NaN = a class lacks."""
        if self._m < 2:
            return None
        values = np.concatenate([statistic(weights) for weights in self._weights()])
        usable = values[~np.isnan(values)]
        if usable.size < min(_FEWEST_RESAMPLES, self._resamples):
            return None
        low, high = np.quantile(usable, [self._tail, 1 - self._tail])
        return BootstrapEstimate(
            value=value,
            low=min(value, float(low)),
            high=max(value, float(high)),
            n=self._index.size,
            n_clusters=self._m if self._clustered else None,
            resamples=self._resamples,
            ignored=int(values.size - usable.size),
        )

    def _weights(self) -> Iterator[Floats]:
        """How often each row is drawn, in blocks of resamples small enough for memory."""
        generator = np.random.default_rng(self._seed)
        block = max(1, _CELLS_AT_ONCE // self._index.size)
        shares = np.full(self._m, 1 / self._m)
        for start in range(0, self._resamples, block):
            size = min(block, self._resamples - start)
            yield generator.multinomial(self._m, shares, size=size).astype(np.float64)[:, self._index]
