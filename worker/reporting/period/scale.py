"""Scales from 0 to a round share, on which intervals are drawn."""

from __future__ import annotations

from collections.abc import Sequence

from assay.worker.statistics.intervals import Estimate

SCALE_TOPS = {0.01: 4, 0.02: 4, 0.05: 5, 0.1: 5, 0.2: 4, 0.3: 3, 0.4: 4, 0.6: 3, 0.8: 4, 1.0: 5}
"""Shares at which a scale may end, and into how many parts its lines cut it, e.g. 30 % into three."""


def scale_top(rates: Sequence[Estimate | None]) -> float:
    """The lowest round share that no interval rises above."""
    most = max((rate.high for rate in rates if rate is not None), default=1.0)
    return next((top for top in SCALE_TOPS if most <= top), 1.0)
