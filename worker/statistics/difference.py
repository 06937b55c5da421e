"""The difference of two estimates. `combined.RateChange` makes it."""

from __future__ import annotations

from assay.judges.schema import Record


class Difference(Record):
    """How far a later estimate lies from an earlier one, and both ends of the interval."""

    value: float
    low: float
    high: float

    @property
    def is_shown(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0
