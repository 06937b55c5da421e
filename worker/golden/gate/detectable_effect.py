"""The smallest drop that a gate of so many items catches: known before anything is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.worker.golden.results.gate_result import FlipSource, Pair
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import PASS_RATE
from assay.worker.statistics.clusters import cluster_sizes
from assay.worker.statistics.flips import ASSUMED_FLIPS, Flips
from assay.worker.statistics.power import minimum_detectable_cluster_drop, minimum_detectable_drop
from assay.worker.statistics.repeats import measured_flips


@dataclass(frozen=True)
class DetectableEffect:
    """What a comparison of items in clusters of these sizes can show.

    `drop` is the smallest true drop of the pass rate that is caught with 80 % power, if it is spread over the items.
    None where no drop is large enough, or where another metric is primary, whose spread is not known beforehand.
    `cluster_drop` is the same for a drop that takes whole clusters; None also where every item stands alone.
    """

    metric: str
    drop: float | None
    cluster_drop: float | None
    sizes: tuple[int, ...]
    repeats: int
    alpha: float
    margin: float | None = None
    flips: Flips = ASSUMED_FLIPS
    measured: FlipSource = "assumed"

    @property
    def n(self) -> int:
        """Items compared."""
        return sum(self.sizes)

    @property
    def clusters(self) -> int:
        """Clusters that the items lie in."""
        return len(self.sizes)

    @property
    def is_none_promised(self) -> bool:
        """Whether no drop of the pass rate can be promised to be caught."""
        return self.metric == PASS_RATE and self.drop is None


def detectable_effect(golden: GoldenSet, *, repeats: int, pairs: Sequence[Pair] | None = None) -> DetectableEffect:
    """What a gate of this set can show.

    How many items flip by chance is measured: by the baseline's repeats in these pairs, else by what the reviewed
    baseline's outputs told when it was taken. It is assumed where neither tells it.

    Args:
        golden: the set.
        repeats: answers to each item, on both sides.
        pairs: items compared; None: all of the set, and nothing was asked yet.
    """
    settings = golden.manifest.gate
    clusters = list(golden.clusters.values()) if pairs is None else [pair.cluster_key for pair in pairs]
    sizes = tuple(sorted(cluster_sizes(clusters), reverse=True))
    flips, measured = _flips(golden, pairs or ())
    drop = cluster_drop = None
    if settings.primary == PASS_RATE and sizes:
        drop = minimum_detectable_drop(
            len(clusters),
            flip_rate=flips.rate,
            alpha=settings.alpha,
            repeats=repeats,
            sizes=sizes,
            together=flips.together,
        )
    if settings.primary == PASS_RATE and sizes and sizes[0] > 1:
        cluster_drop = minimum_detectable_cluster_drop(
            sizes, flip_rate=flips.rate, alpha=settings.alpha, repeats=repeats, together=flips.together
        )
    return DetectableEffect(
        metric=settings.primary,
        drop=drop,
        cluster_drop=cluster_drop,
        sizes=sizes,
        repeats=repeats,
        alpha=settings.alpha,
        margin=settings.margin,
        flips=flips,
        measured=measured,
    )


def _flips(golden: GoldenSet, pairs: Sequence[Pair]) -> tuple[Flips, FlipSource]:
    """How many items flip by chance, and how that is known."""
    statuses = [[answer.status for answer in pair.baseline] for pair in pairs]
    if not any(ItemStatus.MISSING in repeats for repeats in statuses):
        trials = [[status is ItemStatus.PASSED for status in repeats] for repeats in statuses]
        measured = measured_flips(trials, [pair.cluster_key for pair in pairs])
        if measured is not None:
            return measured, "repeats"
    reviewed = golden.baseline.record.flips if golden.baseline is not None else None
    return (ASSUMED_FLIPS, "assumed") if reviewed is None else (reviewed, "baseline")
