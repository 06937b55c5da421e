"""What the application itself took on both sides: tokens, cost and time of a request. A rate alone hides a price."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from assay.judges.schema import Record
from assay.worker.reporting.compare.selected import SelectedRows
from assay.worker.reporting.period.prompts import JUMP, JUMP_NUMBER
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.quantiles import weighted_quantile
from assay.worker.statistics.weighted import weighted_mean


class Measure(NamedTuple):
    """One number that is told of a request: a mean, or a quantile."""

    name: str
    column: str
    unit: Literal["tokens", "USD", "s"]
    quantile: float | None = None


MEASURES = (
    Measure("input tokens", "input_tokens", "tokens"),
    Measure("output tokens", "output_tokens", "tokens"),
    Measure("cost", "cost_usd", "USD"),
    Measure("duration p50", "duration_s", "s", 0.5),
    Measure("duration p95", "duration_s", "s", 0.95),
    Measure("first token p50", "first_token_s", "s", 0.5),
)
"""What is told of both sides, in this order."""


class UsageChange(Record):
    """One number of a request on both sides. None: too few traces say it.

    Attributes:
        ratio: `b` in times of `a`. None where one is not known or 0: a request takes something, so a 0 is most likely
            a number that nobody reported.
        is_jump: four-fold or more, up or down, with intervals that do not meet.
    """

    name: str
    unit: Literal["tokens", "USD", "s"]
    a: Estimate | None
    b: Estimate | None
    ratio: float | None = None
    is_jump: bool = False


def changes(a: SelectedRows | None, b: SelectedRows | None) -> tuple[UsageChange, ...]:
    """Every number that is known on at least one side. Unanswered traces have numbers, too."""
    told = [_change(measure, a, b) for measure in MEASURES]
    return tuple(change for change in told if change.a is not None or change.b is not None)


def _change(measure: Measure, a: SelectedRows | None, b: SelectedRows | None) -> UsageChange:
    before, after = (None if side is None else _estimate(side, measure) for side in (a, b))
    change = UsageChange(name=measure.name, unit=measure.unit, a=before, b=after)
    if before is None or after is None or before.value <= 0 or after.value <= 0:
        return change
    ratio = after.value / before.value
    is_far = ratio >= JUMP or ratio <= 1 / JUMP
    is_apart = after.low > before.high or after.high < before.low
    is_jump = is_far and is_apart and min(before.n, after.n) >= JUMP_NUMBER
    return change.model_copy(update={"ratio": ratio, "is_jump": is_jump})


def _estimate(rows: SelectedRows, measure: Measure) -> Estimate | None:
    """The number, weighted by 1/pi, answers of one session as one draw. None below two sessions."""
    values = rows.column(measure.column)
    known = ~np.isnan(values)
    if not known.any():
        return None
    pi, sessions = rows.column("pi")[known], rows.sessions()[known].astype(np.uint64)
    if measure.quantile is None:
        return weighted_mean(values[known], pi, clusters=sessions)
    return weighted_quantile(values[known], pi, measure.quantile, clusters=sessions)
