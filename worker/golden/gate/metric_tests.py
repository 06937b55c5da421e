"""The metrics of two runs, and whether each is shown to be worse."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Literal

from assay.worker.golden.gate.findings import PrimaryHalfScored
from assay.worker.golden.results.gate_result import MetricTest, Pair
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import ItemResult
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import PASS_RATE
from assay.worker.statistics.noninferiority import tango
from assay.worker.statistics.paired import drop_p_value, holm
from assay.worker.statistics.permutation import EXACT_UP_TO, sign_flip, sign_flip_counts

LEAST_RATIO = 1.1
"""Tokens and seconds are named only if they grew by a tenth: with many items any trifle is significant."""

Way = Literal["higher", "lower"]
Value = Callable[[ItemResult], float | None]
Values = tuple[list[float | None], list[float | None]]
"""Of every answer to an item: the baseline's, the candidate's."""

_COUNTED: dict[str, Value] = {
    "target_tokens": lambda item: item.target_tokens,
    "target_latency_s": lambda item: item.target_latency_s,
}


@dataclass(frozen=True)
class GateTests:
    """All metrics tested. `least_p` is the primary's p-value if every answer of the candidate had failed.

    Above alpha `least_p` says that no release could be blocked. `gaps` tells of a primary that too many items have on
    one side only.
    """

    primary: MetricTest
    secondaries: tuple[MetricTest, ...]
    least_p: float
    gaps: tuple[PrimaryHalfScored, ...] = ()


@dataclass(frozen=True)
class Column:
    """One metric of the items that have it on both sides: means of the repeats before and after."""

    metric: str
    better_when: Way
    before: tuple[float, ...]
    after: tuple[float, ...]
    counted: bool = False

    def drops(self) -> list[float]:
        """How much worse each item became; for what is counted, the logarithm of the ratio."""
        sign = 1 if self.better_when == "higher" else -1
        if self.counted:
            return [math.log(new / old) for old, new in zip(self.before, self.after, strict=True)]
        return [sign * (old - new) for old, new in zip(self.before, self.after, strict=True)]


def gate_tests(pairs: Sequence[Pair], golden: GoldenSet) -> GateTests:
    """Test all metrics: the primary alone at the set's full alpha, the others with Holm's correction."""
    secondaries = _secondary_tests(pairs, golden)
    if golden.manifest.gate.primary == PASS_RATE:
        return _pass_rate_decides(pairs, golden.manifest.gate.alpha, secondaries)
    return _score_decides(pairs, golden, secondaries)


def _pass_rate_decides(pairs: Sequence[Pair], alpha: float, secondaries: tuple[MetricTest, ...]) -> GateTests:
    """Exact McNemar with one repeat, exact sign-flip test of the passes lost per item with more."""
    untested, drops = _pass_rate_test(pairs), [pair.drop for pair in pairs]
    repeats = max((len(pair.candidate) for pair in pairs), default=1)
    lost, gained = sum(drop for drop in drops if drop > 0), -sum(drop for drop in drops if drop < 0)
    p_value, interval, least_p = None, None, 1.0
    if pairs:
        most = [pair.most_to_lose for pair in pairs]
        p_value, least_p = (drop_p_value(passes_lost, repeats) for passes_lost in (drops, most))
        interval = tango(lost / repeats, gained / repeats, len(pairs), conf=1 - 2 * alpha)
    primary = untested.model_copy(
        update={
            "test": "exact McNemar" if repeats == 1 else "exact sign-flip",
            "p_value": p_value,
            "drop_interval": interval,
            "shown_worse": p_value is not None and p_value <= alpha,
        }
    )
    return GateTests(primary, secondaries, least_p)


def _score_decides(pairs: Sequence[Pair], golden: GoldenSet, secondaries: tuple[MetricTest, ...]) -> GateTests:
    """Sign-flip test of the items' means; see `_primary_values` for answers without a score."""
    settings, values = golden.manifest.gate, _primary_values(pairs, golden)
    column = Column(settings.primary, _way(settings.primary, golden), *_both_means(values))
    worst = 0.0 if column.better_when == "higher" else 1.0
    p_value, least_p = None, 1.0
    if column.before:
        (p_value,) = sign_flip([column.drops()])
        (least_p,) = sign_flip([replace(column, after=(worst,) * len(column.before)).drops()])
    half = _half_scored(pairs, values)
    gap = len(pairs) - len(half) < settings.min_completed * len(pairs)
    gaps = (PrimaryHalfScored(settings.primary, half, len(pairs)),) if gap else ()
    return GateTests(_tested(column, p_value, settings.alpha), secondaries, least_p, gaps)


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
    columns = [_score_column(name, pairs, golden) for name in names]
    columns += [_counted_column(name, value, pairs) for name, value in _COUNTED.items()]
    columns = [column for column in columns if column.before]
    p_values = sign_flip([column.drops() for column in columns])
    tests = [_tested(column, p_value, 0.0) for column, p_value in zip(columns, p_values, strict=True)]
    if settings.primary != PASS_RATE and pairs:
        pass_rate, drops = _pass_rate_test(pairs), [pair.drop for pair in pairs]
        tests.append(pass_rate.model_copy(update={"p_value": sign_flip_counts(drops)}))
    adjusted = holm([test.p_value if test.p_value is not None else 1.0 for test in tests])
    return tuple(
        test.model_copy(update={"adjusted_p": p, "shown_worse": p <= settings.alpha and _matters(test)})
        for test, p in zip(tests, adjusted, strict=True)
    )


def _pass_rate_test(pairs: Sequence[Pair]) -> MetricTest:
    """The pass rate on both sides, not tested yet."""
    return MetricTest(
        metric=PASS_RATE,
        test="exact sign-flip",
        n=len(pairs),
        baseline=_passing(pairs, lambda pair: pair.baseline),
        candidate=_passing(pairs, lambda pair: pair.candidate),
        better_when="higher",
        p_value=None,
    )


def _tested(column: Column, p_value: float | None, alpha: float) -> MetricTest:
    before = fmean(column.before) if column.before else None
    after = fmean(column.after) if column.after else None
    changed = sum(drop != 0 for drop in column.drops())
    return MetricTest(
        metric=column.metric,
        test="exact sign-flip" if changed <= EXACT_UP_TO else "sign-flip, 10,000 patterns",
        n=len(column.before),
        baseline=before,
        candidate=after,
        better_when=column.better_when,
        p_value=p_value,
        ratio=after / before if column.counted and before and after is not None else None,
        shown_worse=p_value is not None and p_value <= alpha,
    )


def _matters(test: MetricTest) -> bool:
    return test.ratio is None or test.ratio >= LEAST_RATIO


def _score_column(name: str, pairs: Sequence[Pair], golden: GoldenSet) -> Column:
    """A score as it was given."""
    return Column(name, _way(name, golden), *_means(lambda item: item.scores.get(name), pairs))


def _primary_values(pairs: Sequence[Pair], golden: GoldenSet) -> list[Values]:
    """The score that decides, of every answer to each item; None where it has none and that is no fault of its own.

    An answer that failed without a score (a refusal) counts as the worst there is. Where a refusal is expected there is
    nothing to score: it counts as the best, anything else as the worst. A missing answer of the candidate counts as the
    worst; one of the baseline as the best where the candidate did not pass, else as no better than the candidate's, so
    that it costs the candidate what it costs in the pass rate.
    """
    name = golden.manifest.gate.primary
    best, worst = (1.0, 0.0) if _way(name, golden) == "higher" else (0.0, 1.0)
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


def _way(name: str, golden: GoldenSet) -> Way:
    return "higher" if golden.rubric.scores[name] == "maximize" else "lower"


def _counted_column(name: str, value: Value, pairs: Sequence[Pair]) -> Column:
    """What an answer took. A zero has no logarithm and says that nothing was measured."""
    return Column(name, "lower", *_means(lambda item: value(item) or None, pairs), counted=True)


def _means(value: Value, pairs: Sequence[Pair]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return _both_means(([*map(value, pair.baseline)], [*map(value, pair.candidate)]) for pair in pairs)


def _both_means(values: Iterable[Values]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Means over the repeats of the items that have every value on both sides."""
    means = [(_mean(before), _mean(after)) for before, after in values]
    known = [(old, new) for old, new in means if old is not None and new is not None]
    return tuple(old for old, _ in known), tuple(new for _, new in known)


def _mean(repeats: Sequence[float | None]) -> float | None:
    """Mean over the repeats; None where one of them lacks the value."""
    known = [number for number in repeats if number is not None]
    return sum(known) / len(known) if known and len(known) == len(repeats) else None


def _passing(pairs: Sequence[Pair], side: Callable[[Pair], tuple[ItemResult, ...]]) -> float | None:
    judged = [item for pair in pairs for item in side(pair) if item.status is not ItemStatus.MISSING]
    return fmean(item.status is ItemStatus.PASSED for item in judged) if judged else None
