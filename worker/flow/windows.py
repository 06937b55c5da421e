"""Which windows of root start times are to be looked at: closed ones never seen, and recorded ones due again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from worker.config import Deployment
from worker.ports import FleetState
from worker.schema import WindowRecord

OLDEST = timedelta(days=13)
"""How far back unseen windows are looked for after an outage: final ledger entries live 14 days."""


async def due_windows(state: FleetState, deployment: Deployment, epoch: datetime, now: datetime) -> list[WindowRecord]:
    """Windows to scan, oldest first.

    Raises:
        StateUnavailable
    """
    size = timedelta(seconds=deployment.window_seconds)
    first = _aligned(max(epoch, now - OLDEST) - timedelta(hours=deployment.lookback_hours), size)
    closed_before = now - timedelta(seconds=deployment.defaults.quiet_seconds)
    recorded = await state.windows(first - timedelta(hours=1), now)
    again = [w for w in recorded if not w.is_final and (w.next_scan is None or w.next_scan <= now)]
    return sorted([*again, *_unseen(first, closed_before, size, recorded)], key=lambda window: window.start)


def _unseen(
    start: datetime, closed_before: datetime, size: timedelta, recorded: Sequence[WindowRecord]
) -> list[WindowRecord]:
    """Closed windows that no recorded one overlaps: what was counted under another window size stays counted."""
    unseen: list[WindowRecord] = []
    at = 0
    while start + size <= closed_before:
        while at < len(recorded) and recorded[at].end <= start:
            at += 1
        if at == len(recorded) or recorded[at].start >= start + size:
            unseen.append(WindowRecord(start=start, end=start + size))
        start += size
    return unseen


def _aligned(moment: datetime, size: timedelta) -> datetime:
    seconds = size.total_seconds()
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)
