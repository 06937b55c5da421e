"""How a use case's traffic spreads over a day, and how much of today's is still to come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from assay.worker.flow.rates import DAY, midnight_of
from assay.worker.records.windows import WindowRecord

_PACE_WEIGHT = 0.05
"""So much of an ordinary day's traffic is believed before today's own: a busy first minute proves no busy day."""

_PACE_BOUNDS = (0.3, 3.0)
"""Today is taken for at most so many times less or more than an ordinary day."""


class DayProfiles:
    """How traffic spreads over a day, from the complete days before."""

    def __init__(self, windows: Sequence[WindowRecord], window_seconds: int) -> None:
        """Read recorded windows of the days before, each so many seconds long."""
        self._window_seconds = window_seconds
        self._slots = 86400 // window_seconds
        by_day: dict[datetime, list[WindowRecord]] = defaultdict(list)
        for window in windows:
            by_day[midnight_of(window.start)].append(window)
        self._days = {day: of for day, of in by_day.items() if len(of) >= self._slots}

    def of(self, use_case: str) -> DayProfile:
        """The profile of one use case. Days without any trace of it are no days of its."""
        counts, days = [0] * self._slots, 0
        for midnight, windows in self._days.items():
            seen = [(w.start, n) for w in windows if (n := w.seen.get(use_case, 0))]
            days += bool(seen)
            for start, n in seen:
                counts[int((start - midnight).total_seconds()) // self._window_seconds] += n
        return DayProfile(counts, days, self._window_seconds)


class DayProfile:
    """How one use case's traffic spreads over a day."""

    def __init__(self, counts: Sequence[int], days: int, window_seconds: int) -> None:
        """Take traces by window of the day, summed over so many days."""
        self.is_known = days > 0
        self._window_seconds = window_seconds
        # Traces from each window on, on an ordinary day.
        self._rest = [0.0] * (len(counts) + 1)
        for slot in reversed(range(len(counts))):
            self._rest[slot] = self._rest[slot + 1] + counts[slot] / max(1, days)

    @property
    def day(self) -> float:
        """Traces of an ordinary day."""
        return self._rest[0]

    def rest(self, moment: datetime) -> float:
        """Traces of an ordinary day from a time of day on."""
        at = (moment - midnight_of(moment)).total_seconds() / self._window_seconds
        slot = min(int(at), len(self._rest) - 2)
        return self._rest[slot] - (at - slot) * (self._rest[slot] - self._rest[slot + 1])

    def still_to_come(self, seen: int, begun: datetime | None, since: datetime) -> float:
        """Traces until midnight.

        Args:
            seen: traces of this day up to a moment.
            begun: when the first window with one of them began.
            since: the moment.
        """
        if self.is_known:
            before = self.day - self.rest(since)
            weight = _PACE_WEIGHT * self.day
            pace = (seen + weight) / (before + weight)
            return self.rest(since) * min(max(pace, _PACE_BOUNDS[0]), _PACE_BOUNDS[1])
        elapsed = (since - begun).total_seconds() if begun else 0.0
        return seen / elapsed * (midnight_of(since) + DAY - since).total_seconds() if elapsed else 0.0
