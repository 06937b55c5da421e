"""The values of one metric on both sides, item by item: what a test is made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from assay.worker.golden.results.gate_result import Pair
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import ItemResult
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.statistics.clusters import cluster_sums

Way = Literal["higher", "lower"]
Value = Callable[[ItemResult], float | None]
Values = tuple[list[float | None], list[float | None]]
"""Of every answer to an item: the baseline's, the candidate's."""
Means = tuple[tuple[float, ...], tuple[float, ...], tuple[str, ...]]
"""Means of the items before and after, and their clusters."""


@dataclass(frozen=True)
class Column:
    """One metric of the items that have it on both sides: means of the repeats before and after, and the clusters."""

    metric: str
    better_when: Way
    before: tuple[float, ...]
    after: tuple[float, ...]
    clusters: tuple[str, ...]
    counted: bool = False

    def drops(self) -> list[float]:
        """How much worse each item became; for what is counted, the logarithm of the ratio."""
        sign = 1 if self.better_when == "higher" else -1
        if self.counted:
            return [math.log(new / old) for old, new in zip(self.before, self.after, strict=True)]
        return [sign * (old - new) for old, new in zip(self.before, self.after, strict=True)]

    def summed(self) -> list[float]:
        """How much worse each cluster became."""
        return cluster_sums(self.drops(), self.clusters)


def score_column(name: str, pairs: Sequence[Pair], golden: GoldenSet) -> Column:
    """A score as it was given."""
    return Column(name, way_of(name, golden), *_means(lambda item: item.scores.get(name), pairs))


def counted_column(name: str, value: Value, pairs: Sequence[Pair]) -> Column:
    """What an answer took. A zero has no logarithm and says that nothing was measured."""
    return Column(name, "lower", *_means(lambda item: value(item) or None, pairs), counted=True)


def primary_values(pairs: Sequence[Pair], golden: GoldenSet) -> list[Values]:
    """The score that decides, of every answer to each item; None where it has none and that is no fault of its own.

    An answer that failed without a score (a refusal) counts as the worst there is. Where a refusal is expected there is
    nothing to score: it counts as the best, anything else as the worst. A missing answer of the candidate counts as the
    worst; one of the baseline as the best where the candidate did not pass, else as no better than the candidate's, so
    that it costs the candidate what it costs in the pass rate.
    """
    name = golden.manifest.gate.primary
    best, worst = (1.0, 0.0) if way_of(name, golden) == "higher" else (0.0, 1.0)
    refusals = {item.id for item in golden.items if item.expect == "refusal"}

    def value(item: ItemResult, missing: float | None) -> float | None:
        if item.status is ItemStatus.MISSING:
            return missing
        failed = item.status is ItemStatus.FAILED
        if item.id in refusals:
            return worst if failed else best
        return item.scores.get(name, worst if failed else None)

    def both(pair: Pair) -> Values:
        after = [value(item, worst) for item in pair.candidate]
        passed = all(item.status is ItemStatus.PASSED for item in pair.candidate)
        unknown = _mean(after) if passed else best
        return [value(item, unknown) for item in pair.baseline], after

    return [both(pair) for pair in pairs]


def way_of(name: str, golden: GoldenSet) -> Way:
    """Which way a score of the set's rubric is good."""
    return "higher" if golden.rubric.scores[name] == "maximize" else "lower"


def _means(value: Value, pairs: Sequence[Pair]) -> Means:
    return both_means(pairs, [([*map(value, pair.baseline)], [*map(value, pair.candidate)]) for pair in pairs])


def both_means(pairs: Sequence[Pair], values: Sequence[Values]) -> Means:
    """Means over the repeats of the items that have every value on both sides, and the clusters of these items."""
    means = [(_mean(before), _mean(after)) for before, after in values]
    clusters = [pair.cluster_key for pair in pairs]
    known = [
        (old, new, cluster)
        for (old, new), cluster in zip(means, clusters, strict=True)
        if old is not None and new is not None
    ]
    return tuple(old for old, _, _ in known), tuple(new for _, new, _ in known), tuple(name for _, _, name in known)


def _mean(repeats: Sequence[float | None]) -> float | None:
    """Mean over the repeats; None where one of them lacks the value."""
    known = [number for number in repeats if number is not None]
    return sum(known) / len(known) if known and len(known) == len(repeats) else None
