"""Which traces of a store no sweep will look at by itself, and the time range that a backfill must name for them."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime, Field, computed_field

from assay.judges.cpu_executor import in_thread
from assay.judges.schema import Record
from assay.worker.config.deployment import Deployment
from assay.worker.flow.candidates import Chooser
from assay.worker.flow.rates import DAY, midnight_of
from assay.worker.flow.windows import aligned, first_start
from assay.worker.ports.source import RootSource
from assay.worker.ports.windows import Windows
from assay.worker.records.traces import TraceRoot
from assay.worker.records.windows import WindowRecord

SLACK = timedelta(hours=1)
"""Windows that were recorded are looked at again although they began so much before the oldest new one."""

EARLIEST, LATEST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Coverage(Record):
    """What sweeps will do with traces that they have not looked at yet.

    Attributes:
        too_old: those that began before the oldest window that sweeps look for.
        already_swept: those in windows that were scanned for the last time without them.
        future: those that begin later than now. They are swept when their time has come.
        waiting: those in windows that are scanned again, the last of them at `waiting_until`. `waiting_command` judges
            them at once.
        next_sweep: those that the next sweep takes up.
        unmatched: those that no use case takes.
        excluded: those of evaluators, or without an environment.
        unfinished: those without an end. They are judged once they have one.
        first: when the oldest of the too old and already swept began.
        last: the moment after the newest of them, or after its window.
        swept_from: the start of the oldest window that sweeps look for.
        is_cut: whether the store holds more traces than were looked at.
    """

    too_old: int = 0
    already_swept: int = 0
    future: int = 0
    waiting: int = 0
    waiting_until: AwareDatetime | None = None
    waiting_command: str | None = None
    next_sweep: int = 0
    unmatched: int = 0
    excluded: int = 0
    unfinished: int = 0
    first: AwareDatetime | None = None
    last: AwareDatetime | None = None
    swept_from: AwareDatetime
    is_cut: bool = False
    lookback_hours: int = Field(description="As assay.yaml has it.")

    @computed_field  # type: ignore[prop-decorator]  # mypy does not know decorated properties
    @property
    def outside(self) -> int:
        """Traces that no sweep will look at by itself."""
        return self.too_old + self.already_swept

    @computed_field  # type: ignore[prop-decorator]
    @property
    def command(self) -> str | None:
        """The command that judges those. None where there are none."""
        return backfill_command(self.first, self.last) if self.first and self.last else None


def backfill_command(first: datetime, last: datetime) -> str:
    """The command that judges the traces of a range: its ends in whole minutes, rounded outwards."""
    minute = timedelta(minutes=1)
    until = last if last == aligned(last, minute) else aligned(last, minute) + minute
    return f"assay backfill --from {_minute(aligned(first, minute))} --to {_minute(until)}"


def _minute(moment: datetime) -> str:
    """A moment as options take it: `2026-11-20T09:30Z`."""
    return moment.astimezone(UTC).isoformat(timespec="minutes").replace("+00:00", "Z")


async def look_for_uncovered(
    source: RootSource,
    windows: Windows,
    chooser: Chooser,
    now: datetime,
    *,
    between: tuple[datetime, datetime] = (EARLIEST, LATEST),
    most: int,
) -> Coverage:
    """Look through a store for traces that sweeps have not looked at. For stores that cost nothing to list.

    Args:
        source: the store.
        windows: what was swept.
        chooser: knows which use case takes a trace.
        now: the current moment.
        between: only traces that started in this range.
        most: traces after which no more are looked at. The oldest come first.

    Raises:
        StateUnavailable, StoreUnavailable, StoreRejected
    """
    epoch = await windows.known_epoch() or now
    tally = _Tally(chooser, first_start(chooser.deployment, epoch, now), now)
    looked = 0
    async for page in source.list_roots(*between):
        for day in {midnight_of(root.start) for root in page if root.start <= now} - tally.days:
            tally.add_windows(day, await windows.between(day, day + DAY))
        await in_thread(tally.add, page)
        looked += len(page)
        if looked >= most:
            break
    return tally.coverage(is_cut=looked >= most)


class _Tally:
    """Counts traces by what sweeps will do with them."""

    def __init__(self, chooser: Chooser, swept_from: datetime, now: datetime) -> None:
        self.days: set[datetime] = set()
        self._chooser, self._now, self._swept_from = chooser, now, swept_from
        # What ended just now has no quiet time yet, but it has an end.
        self._soon = now + timedelta(seconds=chooser.deployment.defaults.quiet_seconds)
        self._windows: dict[datetime, list[WindowRecord]] = {}
        self._in_window: dict[datetime, tuple[WindowRecord, Counter[str]]] = {}
        self._counts: Counter[str] = Counter()
        self._first: datetime | None = None
        self._last: datetime | None = None

    def add_windows(self, day: datetime, recorded: Sequence[WindowRecord]) -> None:
        """Know the recorded windows of a day."""
        self.days.add(day)
        self._windows[day] = list(recorded)

    def add(self, page: Sequence[TraceRoot]) -> None:
        """Count a page of roots. The windows of their days are known."""
        past = [root for root in page if root.start <= self._now]
        seen = self._chooser.count_by_use_case(past, self._soon)
        self._counts.update(
            future=len(page) - len(past), unmatched=seen.unmatched, excluded=seen.excluded, unfinished=seen.unfinished
        )
        for root in past:
            case = self._chooser.use_case_of(root, self._soon)
            if case is not None:
                self._place(root, case.name)

    def _place(self, root: TraceRoot, use_case: str) -> None:
        windows = self._windows[midnight_of(root.start)]
        at = bisect_right(windows, root.start, key=lambda w: w.start) - 1
        if at >= 0 and root.start < windows[at].end:
            window = windows[at]
            self._in_window.setdefault(window.start, (window, Counter()))[1][use_case] += 1
        elif root.start < self._swept_from:
            self._leave_out("too_old", 1, root.start, root.start + timedelta(microseconds=1))
        else:
            self._counts["next_sweep"] += 1

    def _leave_out(self, why: str, traces: int, first: datetime, last: datetime) -> None:
        self._counts[why] += traces
        self._first, self._last = min(self._first or first, first), max(self._last or last, last)

    def coverage(self, *, is_cut: bool) -> Coverage:
        """The counts."""
        waiting: list[WindowRecord] = []
        for window, counts in self._in_window.values():
            new = sum(max(0, n - window.seen.get(name, 0)) for name, n in counts.items())
            if not new:
                continue
            if window.is_final or window.start < self._swept_from - SLACK:
                self._leave_out("already_swept" if window.scans else "too_old", new, window.start, window.end)
            elif window.next_scan is None:
                self._counts["next_sweep"] += new
            else:
                self._counts["waiting"] += new
                waiting.append(window)
        return Coverage(
            **self._counts,
            waiting_until=max((w.next_scan for w in waiting if w.next_scan), default=None),
            waiting_command=backfill_command(waiting[0].start, max(w.end for w in waiting)) if waiting else None,
            first=self._first,
            last=self._last,
            swept_from=self._swept_from,
            lookback_hours=self._chooser.deployment.lookback_hours,
            is_cut=is_cut,
        )


def uncovered_reason(
    start: datetime, window: WindowRecord | None, deployment: Deployment, epoch: datetime | None, now: datetime
) -> str | None:
    """Why no sweep will look at a trace by itself, and the command that judges it. None where one will.

    Args:
        start: when the trace started.
        window: its window, if that was recorded.
        deployment: how far back sweeps look.
        epoch: when the state began. None where no sweep ran yet.
        now: the current moment.
    """
    swept_from = first_start(deployment, epoch or now, now)
    size = timedelta(seconds=deployment.window_seconds)
    first, last = (window.start, window.end) if window else (aligned(start, size), aligned(start, size) + size)
    command = f"judge it: {backfill_command(first, last)}"
    if window is not None and window.is_final:
        return f"its window was scanned for the last time, and no sweep looks there again; {command}"
    if start < swept_from - (SLACK if window else timedelta()):
        return (
            f"it is older than what sweeps look at, from {swept_from:%d %b %H:%M} UTC on "
            f"(lookback_hours: {deployment.lookback_hours}); {command}"
        )
    return None
