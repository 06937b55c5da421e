"""Did answers of a use case become worse: its last day against the week before, its last week against that before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from assay.worker.records.metrics import quality
from assay.worker.records.metrics.metric import Sample
from assay.worker.signals.rates import FAITHFUL
from assay.worker.signals.samples import estimate, number
from assay.worker.signals.window_columns import Rows
from assay.worker.signals.windows import AHEAD
from assay.worker.statistics.bounded import behind_mean
from assay.worker.statistics.combined import RateChange
from assay.worker.statistics.weighted import shared_correlation

FEWEST_AFTER = 30
"""Traces with a faithfulness that the last day, or the last week of refusals, has at least."""

FEWEST_BEFORE = 100
"""Those of the time that it is compared with."""

DAY, WEEK = timedelta(days=1), timedelta(days=7)


def decline_samples(rows: Rows, now: datetime, use_case: str, rubric: str) -> Iterator[Sample]:
    """How the share of faithful answers moved: the last 24 h against the 7 days before.

    Args:
        rows: scored ones of one revision, of the last eight days. None of a cascade: which answers a later tier judges
            depends on how they look.
        now: the present moment.
        use_case: whose.
        rubric: which.
    """
    known = rows.only(~np.isnan(rows["faithfulness"]))
    change = _change(known, now, DAY, lambda side: side["faithfulness"] >= FAITHFUL)
    if change is not None:
        yield from estimate(quality.DECLINE, change.difference(), use_case, rubric)
        yield from number(quality.DECLINE_P, one_sided(change), use_case, rubric)


def refusal_samples(rows: Rows, now: datetime, use_case: str, rubric: str) -> Iterator[Sample]:
    """How the share of refusals moved: the last 7 days against the 7 days before.

    Args:
        rows: scored ones of one revision, of the last fourteen days.
        now: the present moment.
        use_case: whose.
        rubric: which.
    """
    change = _change(rows, now, WEEK, lambda side: side["refused"])
    if change is not None:
        yield from estimate(quality.REFUSAL_TREND, change.difference(), use_case, rubric)


def one_sided(change: RateChange) -> float:
    """The p-value of no decline, from the two-sided one that agrees with the interval."""
    two_sided = change.p_value()
    return two_sided / 2 if change.after.value < change.before.value else 1 - two_sided / 2


def _change(rows: Rows, now: datetime, last: timedelta, values: Callable[[Rows], Any]) -> RateChange | None:
    """How a share of the last time moved against the week before it. None: too few traces to tell."""
    after = rows.only(rows.started(now - last, now + AHEAD))
    before = rows.only(rows.started(now - last - WEEK, now - last))
    if after.size < FEWEST_AFTER or before.size < FEWEST_BEFORE:
        return None
    sides = [(np.asarray(values(side), dtype=np.float64), side["pi"], side["cluster"]) for side in (before, after)]
    rates = [behind_mean(*side) for side in sides]
    if rates[0] is None or rates[1] is None:
        return None
    return RateChange(rates[0], rates[1], shared_correlation(sides[0], sides[1]))
