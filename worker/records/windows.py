"""Windows of root start times, and what sweeps saw in them."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from assay.judges.schema import Record
from assay.worker.records.traces import utc_iso


class ResolvedRate(Record):
    """The base rate of one use case in one window, and why it is that."""

    rate: float = Field(gt=0.0, le=1.0)
    why: Literal["configured", "low_traffic", "min_per_day"]


class WindowRecord(Record):
    """What sweeps saw in one window of root start times.

    Attributes:
        rates: resolved at the first scan and written before anything is promised. So a trace has one answer and one pi
            however often its window is scanned.
        seen: traces in the last scan, by use case.
        not_selected: those that the hash passed over, by `count_key`. The ledger counts what was selected.
        late: how many traces turned up only after `late_seconds`: they ran for long, or arrived late.
        rootless: about how many traces no sweep can see, because none of their steps is a root. None where nobody
            looked, which is most windows.
    """

    start: AwareDatetime
    end: AwareDatetime
    scans: int = 0
    is_final: bool = False
    next_scan: AwareDatetime | None = None
    seen: dict[str, int] = Field(default_factory=dict)
    not_selected: dict[str, int] = Field(default_factory=dict)
    rates: dict[str, ResolvedRate] = Field(default_factory=dict)
    unmatched: int = 0
    excluded: int = 0
    unfinished: int = 0
    late: int = 0
    rootless: int | None = None

    @property
    def id(self) -> str:
        """The window's start, as text that sorts in time."""
        return utc_iso(self.start)

    @property
    def total(self) -> int:
        """All traces in the last scan, whether or not a use case matched."""
        return sum(self.seen.values()) + self.unmatched + self.excluded + self.unfinished
