"""The windows in the memory of one process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from assay.worker.records.windows import ResolvedRate, WindowRecord


class MemoryWindows:
    """`assay.worker.ports.windows.Windows` without a server."""

    def __init__(self) -> None:
        self._epoch: datetime | None = None
        self._windows: dict[datetime, WindowRecord] = {}

    async def epoch(self, now: datetime) -> datetime:
        """When this state began."""
        self._epoch = self._epoch or now
        return self._epoch

    async def known_epoch(self) -> datetime | None:
        """When this state began, if anybody asked yet."""
        return self._epoch

    async def between(self, start: datetime, end: datetime) -> Sequence[WindowRecord]:
        """Recorded windows with `start <= window.start < end`, in order of time."""
        return [self._windows[at] for at in sorted(self._windows) if start <= at < end]

    async def at(self, start: datetime) -> WindowRecord | None:
        """The recorded window that begins at a moment."""
        return self._windows.get(start)

    async def open(self, window: WindowRecord) -> WindowRecord:
        """Write the record unless there is one, and add rates that are not stored yet, or were lowered once more."""
        stored = self._windows.get(window.start, window)
        self._windows[window.start] = stored.model_copy(update={"rates": _latest(stored, window)})
        return self._windows[window.start]

    async def put(self, window: WindowRecord) -> None:
        """Write or replace one window's record. Rates that were lowered more often meanwhile stay."""
        stored = self._windows.get(window.start, window)
        self._windows[window.start] = window.model_copy(update={"rates": _latest(stored, window)})


def _latest(stored: WindowRecord, offered: WindowRecord) -> dict[str, ResolvedRate]:
    """The rates of both. Of one use case's the one that was lowered more often, else the stored one."""
    rates = dict(stored.rates)
    for name, rate in offered.rates.items():
        if name not in rates or rate.lowered > rates[name].lowered:
            rates[name] = rate
    return rates
