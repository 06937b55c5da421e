"""The difference of two independent estimates, with an interval made of theirs."""

from __future__ import annotations

import math

from assay.judges.schema import Record
from assay.worker.statistics.intervals import Estimate


class Difference(Record):
    """How far a later estimate lies from an earlier one, and both ends of the interval."""

    value: float
    low: float
    high: float

    @property
    def is_shown(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def difference(before: Estimate, after: Estimate) -> Difference:
    """After minus before, by the method of variance estimates recovery (Zou & Donner 2008).

    For shares with Wilson intervals it is Newcombe's hybrid score interval (Newcombe 1998, method 10):
    L = d − √((p₂−l₂)² + (u₁−p₁)²), U = d + √((u₂−p₂)² + (p₁−l₁)²). The samples must be independent.
    """
    value = after.value - before.value
    below = math.hypot(after.value - after.low, before.high - before.value)
    above = math.hypot(after.high - after.value, before.value - before.low)
    return Difference(value=value, low=value - below, high=value + above)
