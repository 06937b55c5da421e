"""Which windows of root start times are due for a scan.

A closed window that was never seen is due at once. A recorded one is due again several times within a day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from assay.worker.config.deployment import Deployment
from assay.worker.ports.windows import Windows
from assay.worker.records.windows import WindowRecord

OLDEST = timedelta(days=13)
"""How far back unseen windows are looked for after an outage: final ledger entries live 14 days."""


LATEST_ARRIVAL = timedelta(hours=24)
"""How long after its window a trace may end or arrive and still be judged. Many stores show a trace only
once it has ended, under its old start. Nothing in the window tells that a trace is missing. So each window
is scanned that long."""

RESCAN_FACTOR = 4
"""From the second scan on, a window is scanned again at this many times its age, about five times in all.
So the longer a trace ran, the longer it may wait for its scores. Example: scanned at 1 h, then at 4 h, then
at 24 h."""

RESCAN_FACTOR_UNFINISHED = 2
"""The same for a window that holds traces which are known to run still."""

_LEAST_AGE = timedelta(minutes=15)

RETRY_LOOKBACK_AFTER = timedelta(minutes=10)
"""When a look-back that failed is due again."""

MAX_LOOK_BACKS = 12
"""Most windows that one sweep looks back at, so that no new window and no judging waits for them. Windows
of a minute need three look-backs a minute."""


async def due_windows(windows: Windows, deployment: Deployment, epoch: datetime, now: datetime) -> list[WindowRecord]:
    """Windows to scan: new ones and those with late traces, oldest first. Some look-backs come last.

    Raises:
        StateUnavailable
    """
    size = timedelta(seconds=deployment.window_seconds)
    first = first_start(deployment, epoch, now)
    closed_before = closed_until(deployment, now)
    recorded = await windows.between(first - timedelta(hours=1), now)
    due = [w for w in recorded if not w.is_final and (w.next_scan is None or w.next_scan <= now)]
    late = timedelta(seconds=deployment.late_seconds)
    soon = [w for w in due if not is_look_back(w, late)]
    new = sorted([*soon, *unrecorded(first, closed_before, size, recorded)], key=lambda window: window.start)
    # Longest due first: one that failed and was put off comes after the others.
    back = sorted((w for w in due if is_look_back(w, late)), key=lambda window: window.next_scan or now)
    return [*new, *back[:MAX_LOOK_BACKS]]


def closed_until(deployment: Deployment, now: datetime) -> datetime:
    """The moment until which windows are closed: their traces have had their quiet time."""
    return now - timedelta(seconds=deployment.defaults.quiet_seconds)


def tiles(start: datetime, end: datetime, size: timedelta, recorded: Sequence[WindowRecord]) -> list[WindowRecord]:
    """The windows of a range in the order of time: recorded ones as they are, and new ones where there is none.

    Args:
        start: where a window begins.
        end: up to where windows are looked for.
        size: how long new windows are.
        recorded: recorded windows in the order of time.
    """
    within = [w for w in recorded if start <= w.start < end]
    return sorted([*within, *unrecorded(start, end, size, recorded)], key=lambda w: w.start)


def first_start(deployment: Deployment, epoch: datetime, now: datetime) -> datetime:
    """The start of the oldest window that a sweep looks for."""
    oldest = max(epoch, now - OLDEST) - timedelta(hours=deployment.lookback_hours)
    return aligned(oldest, timedelta(seconds=deployment.window_seconds))


def is_look_back(window: WindowRecord, late: timedelta) -> bool:
    """Whether a window was already scanned after its late time. What turns up now came later still."""
    return window.next_scan is not None and window.next_scan > window.end + late


def is_over(age: timedelta, late: timedelta) -> bool:
    """Whether a scan at this age is the last."""
    return age >= max(late, LATEST_ARRIVAL)


def next_age(age: timedelta, late: timedelta, *, has_unfinished: bool) -> timedelta:
    """How old a window is to be when it is scanned after a scan at this age."""
    if age < late:
        return late
    factor = RESCAN_FACTOR_UNFINISHED if has_unfinished else RESCAN_FACTOR
    last, following = max(late, LATEST_ARRIVAL), factor * max(age, _LEAST_AGE)
    # No two scans close together at the end.
    return last if following * 1.5 > last else following


def is_nearly_counted(window: WindowRecord) -> bool:
    """Whether at most the last scan is still to come. Only traces that arrived hours late may be missing."""
    return window.is_final or (window.next_scan is not None and window.next_scan >= window.end + LATEST_ARRIVAL)


def unrecorded(
    start: datetime, closed_before: datetime, size: timedelta, recorded: Sequence[WindowRecord]
) -> list[WindowRecord]:
    """Closed windows from an aligned start on, and what windows of another size leave of one.

    What was counted under another window size stays counted, and what lies beside it is not forgotten. Example: after
    `window_seconds` was doubled at 12:31, the half hour 12:30 to 13:00 is a window of its own.
    """
    unseen: list[WindowRecord] = []
    at = 0
    while start + size <= closed_before:
        while at < len(recorded) and recorded[at].end <= start:
            at += 1
        unseen += _gaps(start, start + size, recorded, at)
        start += size
    return unseen


def _gaps(start: datetime, end: datetime, recorded: Sequence[WindowRecord], at: int) -> list[WindowRecord]:
    """What recorded windows, looked at from this one on, leave of a window: all of it, parts, or nothing."""
    gaps: list[WindowRecord] = []
    while at < len(recorded) and recorded[at].start < end:
        if start < recorded[at].start:
            gaps.append(WindowRecord(start=start, end=recorded[at].start))
        start = max(start, recorded[at].end)
        at += 1
    if start < end:
        gaps.append(WindowRecord(start=start, end=end))
    return gaps


def aligned(moment: datetime, size: timedelta) -> datetime:
    """The start of the window that a moment lies in."""
    seconds = size.total_seconds()
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)
