"""One metric of two slices: the difference, the test, and what so many answers could see."""

from __future__ import annotations

from assay.judges.schema import Record
from assay.worker.reporting.compare.question import Metric
from assay.worker.reporting.compare.result import Tested
from assay.worker.reporting.compare.shares import LEAST_ANSWERS, LEAST_SESSIONS
from assay.worker.reporting.compare.unanswered import Unjudged
from assay.worker.reporting.compare.verdict import CompareRules, Grounds, Reason
from assay.worker.signals.changes import MetricChange
from assay.worker.statistics.difference import Difference
from assay.worker.statistics.sample_size import independent_size, visible_change

MOST_NEEDED = 10**15
"""Larger numbers of answers are not told apart."""

_NEARLY = 1e-6
"""How exactly `visible_change` tells a size."""


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


def tested(
    shown: MetricChange, one_sided: MetricChange, metric: Metric, unjudged: Unjudged | None, alpha: float
) -> Tested:
    """What the test says, as if it were the only one.

    Args:
        shown: the change with the interval that is shown.
        one_sided: the same with an interval whose ends hold at `alpha` in one direction.
        metric: which it is.
        unjudged: how far unanswered traces could move it. None: all were answered.
        alpha: of the test.
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
        level=alpha,
        at_worst=worse.high,
        if_unanswered_bad=None if unjudged is None else unjudged.if_bad,
    )


def among_all(row: Tested, metric: Metric, rules: CompareRules, adjusted_p: float, level: float) -> Tested:
    """The same row as one of all tests: with its p-value by Holm, and what is seen at the level that this leaves."""
    return row.model_copy(
        update={
            "adjusted_p": adjusted_p,
            "level": level,
            "visible": _visible(row, metric, rules.power, level, _sizes(row)),
            "needed": _needed(row, metric, rules, level),
        }
    )


def grounds_of(row: Tested, metric: Metric, rules: CompareRules) -> Grounds:
    """What the verdict of a tested row depends on, by its rate."""
    is_few = any(side.n < LEAST_ANSWERS or (side.n_clusters or side.n) < LEAST_SESSIONS for side in (row.a, row.b))
    return Grounds(
        gap=Reason.TOO_FEW if is_few else None,
        p_value=row.adjusted_p,
        at_worst=row.at_worst,
        visible=row.visible,
        hides=could_hide(row, metric, rules),
    )


def could_hide(row: Tested, metric: Metric, rules: CompareRules) -> bool:
    """Whether a worsening that a pass excludes may lie in the unanswered traces.

    A pass excludes a worsening of `must_see`. Against a margin it excludes all from there on, with what is uncertain.
    """
    if row.if_unanswered_bad is None:
        return False
    if rules.margin is None:
        return row.if_unanswered_bad >= rules.must_see
    moved = row.if_unanswered_bad - Worsening.of(row.change, metric).value
    return row.at_worst + moved >= rules.margin


def could_undo(one_sided: Difference, metric: Metric, unjudged: Unjudged | None) -> bool:
    """Whether `b` would not be shown to be worse if unanswered traces were good there, and bad on the other side.

    Args:
        one_sided: the change with an interval whose ends hold at the level of the row, in one direction.
        metric: which it is.
        unjudged: as in `tested`.
    """
    worse = Worsening.of(one_sided, metric)
    return unjudged is not None and worse.low + unjudged.if_good - worse.value <= 0


def _sizes(row: Tested) -> tuple[float, float]:
    return independent_size(row.a), independent_size(row.b)


def _share(row: Tested) -> float:
    return min(1.0, max(0.0, row.a.value))


def _visible(row: Tested, metric: Metric, power: float, level: float, sizes: tuple[float, float]) -> float | None:
    """The smallest worsening that is seen by so many independent answers. 0 where `a` is as bad as can be."""
    return visible_change(_share(row), *sizes, alpha=level, power=power, rising=metric.rising_is_worse)


def _needed(row: Tested, metric: Metric, rules: CompareRules, level: float) -> int:
    """Answers that each side takes to see what must be seen, with weights and sessions as they are.

    Where both sides have so many, `_visible` is no larger than that: a side that has them is never told to get them.
    """
    share = _share(row)
    room = 1 - share if metric.rising_is_worse else share
    size, level = (rules.must_see, level) if rules.margin is None else (rules.margin, rules.alpha)
    worths = tuple(worth / side.n for worth, side in zip(_sizes(row), (row.a, row.b), strict=True))

    def is_enough(n: int) -> bool:
        seen = _visible(row, metric, rules.power, level, (worths[0] * n, worths[1] * n))
        return seen is not None and seen <= min(size, room) + _NEARLY

    most = LEAST_ANSWERS
    while not is_enough(most) and most < MOST_NEEDED:
        most *= 2
    least = LEAST_ANSWERS
    while least < most:
        middle = (least + most) // 2
        least, most = (least, middle) if is_enough(middle) else (middle + 1, most)
    return most
