"""Which rate holds in a window.

A stored rate stays as it is, but for what turns up later. A new one comes from the traffic of the days before, and of
the 24 hours around the window as far as they are known.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import UseCase
from assay.worker.flow import selection
from assay.worker.ports.windows import Windows
from assay.worker.records.windows import ResolvedRate, WindowRecord

if TYPE_CHECKING:
    from assay.worker.flow.pacing import Pacer

DAY = timedelta(days=1)
HISTORY = timedelta(days=7)
"""How many days before a window speak for its traffic."""


class CountedAhead:
    """Traces by use case in windows that were counted before any of them was scanned."""

    def __init__(self, counted: Mapping[datetime, Mapping[str, int]] | None = None) -> None:
        self._by_day: dict[datetime, dict[datetime, Mapping[str, int]]] = {}
        for start, counts in (counted or {}).items():
            self.add(start, counts)

    def add(self, start: datetime, counts: Mapping[str, int]) -> None:
        """Know a window's traces, by the window's start."""
        self._by_day.setdefault(midnight_of(start), {})[start] = counts

    def around(self, start: datetime) -> Iterator[tuple[datetime, Mapping[str, int]]]:
        """The other windows less than a day away."""
        day = midnight_of(start)
        for beside in (day - DAY, day, day + DAY):
            for at, counts in self._by_day.get(beside, {}).items():
                if at != start and abs(at - start) < DAY:
                    yield at, counts


class RateResolver:
    """Resolves the rates of one window after another.

    The days before a window's own are read once. So one resolver serves one sweep or backfill, not longer.
    """

    def __init__(
        self,
        windows: Windows,
        deployment: Deployment,
        ahead: CountedAhead | None = None,
        pacer: Pacer | None = None,
    ) -> None:
        self._pacer = pacer
        self._windows = windows
        self._deployment = deployment
        self._ahead = ahead or CountedAhead()
        self._history: tuple[datetime, History] | None = None

    async def resolve(
        self, window: WindowRecord, seen: Mapping[str, int], strata: Mapping[tuple[str, float], int] | None = None
    ) -> dict[str, ResolvedRate]:
        """Rates of the use cases that have traces in a window.

        Args:
            window: the window.
            seen: how many traces each use case has in it.
            strata: how many of them lie in strata, by use case and the stratum's rate.

        Raises:
            StateUnavailable
        """
        if not needs_rates(self._deployment, window, seen):
            return window.rates
        midnight = midnight_of(window.start)
        around = await self._windows.between(window.start - DAY, window.start + DAY)
        if self._history is None or self._history[0] != midnight:
            recorded = await self._windows.between(midnight - HISTORY, midnight)
            self._history = midnight, History(recorded, self._deployment.window_seconds)
        rates = rates_for(self._history[1], around, self._deployment, window, seen, self._ahead)
        if self._pacer is None:
            return rates
        asked = {
            name: _asked(name, rate, seen, strata or {})
            for name, rate in rates.items()
            if rate != window.rates.get(name)
        }
        self._pacer.look(self._history[1].recorded, around, window, seen, asked)
        return {
            name: self._pacer.pace(name, rate, asked[name], seen[name] - rate.earlier) if name in asked else rate
            for name, rate in rates.items()
        }


def _asked(
    use_case: str, rate: ResolvedRate, seen: Mapping[str, int], strata: Mapping[tuple[str, float], int]
) -> float:
    """How many of a window's traces a rate that is new in it takes, strata included, before money is counted."""
    raised = sum(n * max(0.0, high - rate.rate) for (name, high), n in strata.items() if name == use_case)
    return rate.rate * (seen[use_case] - rate.earlier) + raised


def rates_for(
    history: History,
    around: Sequence[WindowRecord],
    deployment: Deployment,
    window: WindowRecord,
    seen: Mapping[str, int],
    ahead: CountedAhead,
) -> dict[str, ResolvedRate]:
    """Rates of the use cases that have traces in a window.

    Args:
        history: the days before the window's own.
        around: recorded windows in the order of time, at least those less than a day away.
        deployment: the use cases.
        window: the window.
        seen: how many traces each use case has in it.
        ahead: what is known of windows that nobody has scanned yet.
    """
    rates = dict(window.rates)
    for case in needs_rates(deployment, window, seen):
        stored = rates.get(case.name)
        before = _seen_in(window, case.name)
        volume = volume_of(case.name, history, around, window, seen[case.name] - before, ahead)
        if stored is None:
            rates[case.name] = selection.resolve_rate(case, deployment.defaults, volume)
        else:
            rates[case.name] = _after_growth(case, deployment, stored, volume, before)
    return rates


def needs_rates(deployment: Deployment, window: WindowRecord, seen: Mapping[str, int]) -> list[UseCase]:
    """The use cases that have no rate in a window yet, or a raised one and more traces than it was raised for."""
    return [case for case in deployment.use_cases if seen.get(case.name) and _is_open(window, case.name, seen)]


def taken_in(window: WindowRecord, use_case: str) -> float:
    """How many of a use case's traces in a window are selected on average."""
    rate = window.rates.get(use_case)
    return 0.0 if rate is None else rate.taken(_seen_in(window, use_case))


def midnight_of(moment: datetime) -> datetime:
    """When the UTC day of a moment began."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _is_open(window: WindowRecord, use_case: str, seen: Mapping[str, int]) -> bool:
    """Whether the window has no rate for the use case yet, or a raised one and more traces than it was raised for."""
    rate = window.rates.get(use_case)
    return rate is None or (rate.why != "configured" and seen[use_case] > _seen_in(window, use_case))


def _seen_in(window: WindowRecord, use_case: str) -> int:
    """Traces that the last scan saw. A scan that was interrupted has left its number with the rate."""
    rate = window.rates.get(use_case)
    return max(window.seen.get(use_case, 0), rate.seen if rate else 0)


def _after_growth(
    use_case: UseCase, deployment: Deployment, stored: ResolvedRate, volume: selection.Volume, before: int
) -> ResolvedRate:
    """The stored rate, or a lower one for traces that turned up since: they may be a flood.

    Those that were there before have their promise already. The lower rate selects only among the others: the hash
    takes no trace under it that the higher one would not have taken.
    """
    taken = stored.taken(before)
    with_earlier = volume._replace(
        in_day=volume.in_day + before,
        taken_in_day=volume.taken_in_day + taken,
        was_whole=volume.was_whole or stored.is_for_low_traffic,
    )
    fresh = selection.resolve_rate(use_case, deployment.defaults, with_earlier)
    if fresh.rate >= stored.rate:
        return stored
    lowered = {
        "lowered": stored.lowered + 1,
        "earlier": before,
        "earlier_taken": taken,
        "seen": before + volume.in_window,
        "strata": stored.strata,
    }
    return fresh.model_copy(update=lowered)


def volume_of(
    use_case: str,
    history: History,
    around: Sequence[WindowRecord],
    window: WindowRecord,
    in_window: int,
    ahead: CountedAhead,
) -> selection.Volume:
    """What is known of a use case's traffic around a window.

    Args:
        use_case: its name.
        history: the days before.
        around: recorded windows in the order of time, those less than a day away among them.
        window: the window.
        in_window: traces that the rate will be for.
        ahead: what is known of windows that nobody has scanned yet.
    """
    first = bisect_right(around, window.start - DAY, key=_start)
    last = bisect_left(around, window.start + DAY, key=_start)
    others = [w for w in around[first:last] if w.start != window.start]
    seen = {other.start: _seen_in(other, use_case) for other in others}
    for start, counts in ahead.around(window.start):
        seen[start] = max(seen.get(start, 0), counts.get(use_case, 0))
    before = (w.rates[use_case] for w in reversed(others) if use_case in w.rates and w.start < window.start)
    previous = next(before, None) or history.last_rate(use_case)
    return selection.Volume(
        in_window=in_window,
        in_day=round(_most_in_a_day(seen, window.start)),
        taken_in_day=_most_in_a_day({w.start: taken_in(w, use_case) for w in others}, window.start),
        complete_days=history.days(use_case).complete,
        partial_days=history.days(use_case).partial,
        was_whole=previous is not None and previous.is_for_low_traffic,
    )


def _start(window: WindowRecord) -> datetime:
    return window.start


def _most_in_a_day(amounts: Mapping[datetime, float], around: datetime) -> float:
    """The largest sum of any 24 hours that have a moment in them."""
    moments = sorted(moment for moment, amount in amounts.items() if amount)
    most = total = 0.0
    end = 0
    for begin, first in enumerate(moments):
        if first > around:
            # The 24 hours that begin at the moment itself.
            return max(most, sum(amounts[moment] for moment in moments[begin:] if moment < around + DAY))
        while end < len(moments) and moments[end] < first + DAY:
            total += amounts[moments[end]]
            end += 1
        if around < first + DAY:
            most = max(most, total)
        total -= amounts[first]
    return most


class Days(NamedTuple):
    """Volumes of earlier days: those that were seen whole, and those seen in part."""

    complete: tuple[int, ...]
    partial: tuple[int, ...]


class History:
    """What the windows of the days before say about each use case."""

    def __init__(self, recorded: Sequence[WindowRecord], window_seconds: int) -> None:
        self.recorded = recorded
        self._windows_a_day = 86400 // window_seconds
        self._days: dict[str, Days] = {}

    def last_rate(self, use_case: str) -> ResolvedRate | None:
        """The rate of the last window that had one."""
        return next((w.rates[use_case] for w in reversed(self.recorded) if use_case in w.rates), None)

    def days(self, use_case: str) -> Days:
        """Volumes since the use case first had a trace.

        The day of its first trace counts as seen in part: it may have begun at any hour.
        """
        if use_case not in self._days:
            self._days[use_case] = self._volumes(use_case)
        return self._days[use_case]

    def _volumes(self, use_case: str) -> Days:
        seen: Counter[datetime] = Counter()
        windows: Counter[datetime] = Counter()
        born: datetime | None = None
        for window in self.recorded:
            day = midnight_of(window.start)
            born = born or (day if use_case in window.rates else None)
            windows[day] += 1
            seen[day] += window.seen.get(use_case, 0)
        days = [day for day in windows if born is not None and day >= born]
        complete = [day for day in days if windows[day] >= self._windows_a_day and day != born]
        return Days(tuple(seen[day] for day in complete), tuple(seen[day] for day in days if day not in complete))
