"""The windows in the memory of one process."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from assay.worker.records.windows import WindowRecord


class MemoryWindows:
    """`assay.worker.ports.windows.Windows` without a server."""

    def __init__(self) -> None:
        self._epoch: datetime | None = None
        self._windows: dict[datetime, WindowRecord] = {}

    async def epoch(self, now: datetime) -> datetime:
        """When this state began."""
        self._epoch = self._epoch or now
        return self._epoch

    async def between(self, start: datetime, end: datetime) -> Sequence[WindowRecord]:
        """Recorded windows with `start <= window.start < end`, in order of time."""
        return [self._windows[at] for at in sorted(self._windows) if start <= at < end]

    async def open(self, window: WindowRecord) -> WindowRecord:
        """Write the record unless there is one, and add rates that are not stored yet."""
        stored = self._windows.get(window.start, window)
        self._windows[window.start] = stored.model_copy(update={"rates": {**window.rates, **stored.rates}})
        return self._windows[window.start]

    async def put(self, window: WindowRecord) -> None:
        """Write or replace one window's record."""
        self._windows[window.start] = window
