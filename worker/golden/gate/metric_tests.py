"""The metrics of two runs, and whether each is shown to be worse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from assay.worker.golden.gate.columns import (
    Column,
    Value,
    Values,
    both_means,
    counted_column,
    primary_values,
    score_column,
    way_of,
)
from assay.worker.golden.gate.findings import PrimaryHalfScored
from assay.worker.golden.results.gate_result import MetricTest, Pair
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import ItemResult
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import PASS_RATE
from assay.worker.statistics.clusters import cluster_sums
from assay.worker.statistics.noninferiority import drop_interval
from assay.worker.statistics.paired import drop_p_value, holm
from assay.worker.statistics.permutation import EXACT_UP_TO, sign_flip, sign_flip_counts

LEAST_RATIO = 1.1
"""Tokens and seconds are named only if they grew by a tenth: with many items any trifle is significant."""

_COUNTED: dict[str, Value] = {
    "target_tokens": lambda item: item.target_tokens,
    "target_latency_s": lambda item: item.target_latency_s,
}


@dataclass(frozen=True)
class GateTests:
    """All metrics tested. `least_p` is the primary's p-value if every answer of the candidate had failed.

    Above alpha `least_p` says that no release could be blocked. `least_p_alone` is the same if every item stood alone.
    `drops` are how much worse the primary became item by item, in [−1, 1], and `clusters` the clusters of these items.
    `gaps` tells of a primary that too many items have on one side only.
    """

    primary: MetricTest
    secondaries: tuple[MetricTest, ...]
    least_p: float
    least_p_alone: float
    drops: tuple[float, ...] = ()
    clusters: tuple[str, ...] = ()
    gaps: tuple[PrimaryHalfScored, ...] = ()


def gate_tests(pairs: Sequence[Pair], golden: GoldenSet) -> GateTests:
    """Test all metrics: the primary alone at the set's full alpha, the others with Holm's correction."""
    secondaries = _secondary_tests(pairs, golden)
    if golden.manifest.gate.primary == PASS_RATE:
        return _pass_rate_decides(pairs, golden.manifest.gate.alpha, secondaries)
    return _score_decides(pairs, golden, secondaries)


def _pass_rate_decides(pairs: Sequence[Pair], alpha: float, secondaries: tuple[MetricTest, ...]) -> GateTests:
    """Exact sign-flip test of the passes lost per cluster: McNemar's with one repeat of items that stand alone."""
    untested, clusters = _pass_rate_test(pairs), [pair.cluster_key for pair in pairs]
    repeats = max((len(pair.candidate) for pair in pairs), default=1)
    drops = tuple(pair.drop / repeats for pair in pairs)
    p_value, interval, least_p, least_p_alone = None, None, 1.0, 1.0
    if pairs:
        most = [pair.most_to_lose for pair in pairs]
        p_value = drop_p_value(cluster_sums([pair.drop for pair in pairs], clusters))
        least_p, least_p_alone = drop_p_value(cluster_sums(most, clusters)), drop_p_value(most)
        interval = drop_interval(drops, clusters, conf=1 - 2 * alpha)
    primary = untested.model_copy(
        update={
            "test": "exact McNemar" if repeats == 1 and untested.clusters == len(pairs) else untested.test,
            "p_value": p_value,
            "drop_interval": interval,
            "shown_worse": p_value is not None and p_value <= alpha,
        }
    )
    return GateTests(primary, secondaries, least_p, least_p_alone, drops, tuple(clusters))


def _score_decides(pairs: Sequence[Pair], golden: GoldenSet, secondaries: tuple[MetricTest, ...]) -> GateTests:
    """Sign-flip test of the clusters' summed changes; see `primary_values` for answers without a score."""
    settings, values = golden.manifest.gate, primary_values(pairs, golden)
    column = Column(settings.primary, way_of(settings.primary, golden), *both_means(pairs, values))
    worst = 0.0 if column.better_when == "higher" else 1.0
    p_value, least_p, least_p_alone = None, 1.0, 1.0
    if column.before:
        failed = replace(column, after=(worst,) * len(column.before))
        p_value, least_p, least_p_alone = sign_flip([column.summed(), failed.summed(), failed.drops()])
    half = _half_scored(pairs, values)
    gap = len(pairs) - len(half) < settings.min_completed * len(pairs)
    gaps = (PrimaryHalfScored(settings.primary, half, len(pairs)),) if gap else ()
    primary, drops = _tested(column, p_value, settings.alpha), tuple(column.drops())
    return GateTests(primary, secondaries, least_p, least_p_alone, drops, column.clusters, gaps)


def _half_scored(pairs: Sequence[Pair], values: Sequence[Values]) -> tuple[str, ...]:
    """Items on which the primary cannot be compared though it is known of one of their answers.

    Such an item says nothing about a drop, and a release that no longer gives the score must not pass by that.
    """
    half = []
    for pair, (before, after) in zip(pairs, values, strict=True):
        numbers = [*before, *after]
        if None in numbers and any(number is not None for number in numbers):
            half.append(pair.id)
    return tuple(half)


def _secondary_tests(pairs: Sequence[Pair], golden: GoldenSet) -> tuple[MetricTest, ...]:
    """All other metrics, by sign-flip tests with Holm's correction over the family at the set's alpha."""
    settings = golden.manifest.gate
    names = [name for name in golden.rubric.scores if name != settings.primary]
    columns = [score_column(name, pairs, golden) for name in names]
    columns += [counted_column(name, value, pairs) for name, value in _COUNTED.items()]
    columns = [column for column in columns if column.before]
    p_values = sign_flip([column.summed() for column in columns])
    tests = [_tested(column, p_value, 0.0) for column, p_value in zip(columns, p_values, strict=True)]
    if settings.primary != PASS_RATE and pairs:
        lost = cluster_sums([pair.drop for pair in pairs], [pair.cluster_key for pair in pairs])
        tests.append(_pass_rate_test(pairs).model_copy(update={"p_value": sign_flip_counts(lost)}))
    adjusted = holm([test.p_value if test.p_value is not None else 1.0 for test in tests])
    return tuple(
        test.model_copy(update={"adjusted_p": p, "shown_worse": p <= settings.alpha and _matters(test)})
        for test, p in zip(tests, adjusted, strict=True)
    )


def _pass_rate_test(pairs: Sequence[Pair]) -> MetricTest:
    """The pass rate on both sides, not tested yet."""
    clusters = len({pair.cluster_key for pair in pairs})
    return MetricTest(
        metric=PASS_RATE,
        test=_test_name("exact sign-flip", len(pairs), clusters),
        n=len(pairs),
        clusters=clusters,
        baseline=_passing(pairs, lambda pair: pair.baseline),
        candidate=_passing(pairs, lambda pair: pair.candidate),
        better_when="higher",
        p_value=None,
    )


def _tested(column: Column, p_value: float | None, alpha: float) -> MetricTest:
    before = fmean(column.before) if column.before else None
    after = fmean(column.after) if column.after else None
    n, clusters = len(column.before), len(set(column.clusters))
    changed = sum(drop != 0 for drop in column.summed())
    return MetricTest(
        metric=column.metric,
        test=_test_name("exact sign-flip" if changed <= EXACT_UP_TO else "sign-flip, 10,000 patterns", n, clusters),
        n=n,
        clusters=clusters,
        baseline=before,
        candidate=after,
        better_when=column.better_when,
        p_value=p_value,
        ratio=after / before if column.counted and before and after is not None else None,
        shown_worse=p_value is not None and p_value <= alpha,
    )


def _test_name(name: str, n: int, clusters: int) -> str:
    """The name of a test, and over how many clusters it is where items share one."""
    return name if clusters == n else f"{name} over {clusters} clusters"


def _matters(test: MetricTest) -> bool:
    return test.ratio is None or test.ratio >= LEAST_RATIO


def _passing(pairs: Sequence[Pair], side: Callable[[Pair], tuple[ItemResult, ...]]) -> float | None:
    judged = [item for pair in pairs for item in side(pair) if item.status is not ItemStatus.MISSING]
    return fmean(item.status is ItemStatus.PASSED for item in judged) if judged else None
