"""A drop that the test does not show and that is too large to pass: it lies in too few clusters."""

from __future__ import annotations

from collections import defaultdict
from statistics import fmean

from assay.worker.golden.gate.findings import DropNotShown
from assay.worker.golden.gate.metric_tests import GateTests
from assay.worker.golden.sets.clusters import shown_name
from assay.worker.golden.sets.manifest import GateSettings
from assay.worker.statistics.permutation import sign_flip

LARGE_DROP = 0.2
"""From 20 points on no drop passes, whatever the test says.

Of unchanged releases hardly any fall so far (`benchmarks/gate_clusters.py`).
"""

_ROUNDING = 1e-9


def unshown_drop(tests: GateTests, settings: GateSettings) -> list[DropNotShown]:
    """Why a primary metric that is not shown to be worse is no pass all the same; empty where it is one.

    A drop is too large to pass from `LARGE_DROP` on. A smaller one is no pass where only the clusters keep it from
    being shown: item by item the test would show it, and its interval leaves out 0.
    """
    primary, drops = tests.primary, tests.drops
    if primary.shown_worse or primary.p_value is None or not drops:
        return []
    if fmean(drops) < LARGE_DROP - _ROUNDING and not _hidden_by_clusters(tests, settings.alpha):
        return []
    lost: dict[str, float] = defaultdict(float)
    for drop, cluster in zip(drops, tests.clusters, strict=True):
        lost[cluster] += drop
    worse = sorted((name for name in lost if lost[name] > 0), key=lambda name: -lost[name])
    items = sum(drop > 0 and lost[name] > 0 for drop, name in zip(drops, tests.clusters, strict=True))
    return [
        DropNotShown(
            test=primary,
            drop=fmean(drops),
            items=items,
            worse=tuple(shown_name(name) for name in worse),
            cluster_by=settings.cluster_by,
            alpha=settings.alpha,
        )
    ]


def _hidden_by_clusters(tests: GateTests, alpha: float) -> bool:
    """Whether items that stood alone would show the drop, and its interval leaves out 0."""
    interval = tests.primary.drop_interval
    return interval is not None and interval.low > 0 and sign_flip([tests.drops])[0] <= alpha
