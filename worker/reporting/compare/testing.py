"""One metric of two slices: the difference, the test, and what so many answers could see."""

from __future__ import annotations

import math
from collections.abc import Sequence

from assay.judges.schema import Record
from assay.worker.reporting.compare.question import Metric
from assay.worker.reporting.compare.result import Tested
from assay.worker.reporting.compare.verdict import LEAST_ANSWERS, LEAST_SESSIONS, CompareRules, Grounds, Reason
from assay.worker.signals.changes import MetricChange
from assay.worker.signals.rates import Bounds
from assay.worker.statistics.difference import Difference
from assay.worker.statistics.paired import holm
from assay.worker.statistics.sample_size import independent_size, size_per_side, visible_change


class Worsening(Record):
    """How much worse `b` is: a difference that is turned so that up is bad."""

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, change: Difference, metric: Metric) -> Worsening:
        """The difference of a metric, turned."""
        if metric.rising_is_worse:
            return cls(value=change.value, low=change.low, high=change.high)
        return cls(value=-change.value, low=-change.high, high=-change.low)


def tested(shown: MetricChange, one_sided: MetricChange, metric: Metric, rules: CompareRules) -> Tested:
    """What the test says, before Holm.

    Args:
        shown: the change with the interval that is shown.
        one_sided: the same with an interval whose ends hold at `alpha` in one direction.
        metric: which it is.
        rules: what is asked.
    """
    worse = Worsening.of(one_sided.difference, metric)
    half = shown.p_value / 2
    p_value = half if worse.value > 0 else 1 - half
    return Tested(
        a=shown.before,
        b=shown.after,
        change=shown.difference,
        p_value=p_value,
        adjusted_p=p_value,
        at_worst=worse.high,
        visible=_visible(shown, metric, rules),
        needed=_needed(shown, metric, rules),
    )


def adjusted(rows: Sequence[Tested]) -> list[Tested]:
    """The rows with Holm's p-values."""
    values = holm([row.p_value for row in rows])
    return [row.model_copy(update={"adjusted_p": p}) for row, p in zip(rows, values, strict=True)]


def grounds_of(row: Tested) -> Grounds:
    """What the verdict of a tested row depends on."""
    is_few = any(side.n < LEAST_ANSWERS or (side.n_clusters or side.n) < LEAST_SESSIONS for side in (row.a, row.b))
    return Grounds(
        gap=Reason.TOO_FEW if is_few else None, p_value=row.adjusted_p, at_worst=row.at_worst, visible=row.visible
    )


def could_turn(
    row: Tested, one_sided: Difference, metric: Metric, bounds: tuple[Bounds | None, Bounds | None], *, is_worse: bool
) -> bool:
    """Whether unanswered traces, all bad on one side and all good on the other, would show another result.

    Args:
        row: the test.
        one_sided: the change with an interval whose ends hold at `alpha` in one direction.
        metric: which it is.
        bounds: of the rate of `a` and of `b`. None: all were answered.
        is_worse: whether `b` is shown to be worse as it is.
    """
    a, b = (
        bound or Bounds(low=side.value, high=side.value) for bound, side in zip(bounds, (row.a, row.b), strict=True)
    )
    worse = Worsening.of(one_sided, metric)
    furthest = (b.low - a.high) if is_worse else (b.high - a.low)
    is_worse_then = worse.low + (furthest - row.change.value) > 0
    return is_worse_then != is_worse


def _visible(change: MetricChange, metric: Metric, rules: CompareRules) -> float | None:
    """The smallest worsening that is seen."""
    sizes = independent_size(change.before), independent_size(change.after)
    share = min(1.0, max(0.0, change.before.value))
    return visible_change(share, *sizes, alpha=rules.alpha, power=rules.power, rising=metric.rising_is_worse)


def _needed(change: MetricChange, metric: Metric, rules: CompareRules) -> int:
    """Answers that each side takes to see what must be seen, with weights and sessions as they are."""
    share = min(1.0, max(0.0, change.before.value))
    shifted = share + rules.must_see if metric.rising_is_worse else share - rules.must_see
    shifted = min(1.0, max(0.0, shifted))
    if shifted == share:
        return LEAST_ANSWERS
    both = independent_size(change.before) + independent_size(change.after)
    size = size_per_side(share, shifted, alpha=rules.alpha, power=rules.power)
    return max(LEAST_ANSWERS, math.ceil(size * (change.before.n + change.after.n) / both))
