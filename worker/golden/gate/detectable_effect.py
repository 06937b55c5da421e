"""The smallest drop that a gate of so many items catches: known before anything is asked."""

from __future__ import annotations

from dataclasses import dataclass

from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import PASS_RATE
from assay.worker.statistics.power import minimum_detectable_drop

ASSUMED_FLIP_RATE = 0.02
"""Share of items assumed to flip each way by chance alone, for the minimum detectable drop."""


@dataclass(frozen=True)
class DetectableEffect:
    """What a comparison of `n` items can show.

    `drop` is the smallest true drop of the pass rate that is caught with 80 % power. None where no drop is large
    enough, or where another metric is primary, whose spread is not known beforehand.
    """

    metric: str
    drop: float | None
    n: int
    repeats: int
    alpha: float
    margin: float | None = None
    flip_rate: float = ASSUMED_FLIP_RATE

    @property
    def is_none_promised(self) -> bool:
        """Whether no drop of the pass rate can be promised to be caught."""
        return self.metric == PASS_RATE and self.drop is None


def detectable_effect(golden: GoldenSet, *, n: int | None = None, repeats: int) -> DetectableEffect:
    """What a gate of this set can show.

    Args:
        golden: the set.
        n: items compared; None: all of the set.
        repeats: answers to each item, on both sides.
    """
    settings = golden.manifest.gate
    n = len(golden.items) if n is None else n
    drop = None
    if settings.primary == PASS_RATE:
        drop = minimum_detectable_drop(n, flip_rate=ASSUMED_FLIP_RATE, alpha=settings.alpha, repeats=repeats)
    return DetectableEffect(
        metric=settings.primary, drop=drop, n=n, repeats=repeats, alpha=settings.alpha, margin=settings.margin
    )
