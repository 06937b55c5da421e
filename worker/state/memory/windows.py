"""The windows in the memory of one process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from assay.worker.records.windows import ResolvedRate, WindowRecord, merged_windows


class MemoryWindows:
    """`assay.worker.ports.windows.WindowsOfStores` without a server."""

    def __init__(self) -> None:
        self._epochs: dict[str, datetime] = {}
        self._windows: dict[tuple[str, datetime], WindowRecord] = {}
        self._store: str | None = None

    def of(self, store: str) -> MemoryWindows:
        """The windows of one store."""
        own = MemoryWindows()
        own._epochs, own._windows, own._store = self._epochs, self._windows, store
        return own

    async def epoch(self, now: datetime) -> datetime:
        """When this state began."""
        return self._epochs.setdefault(self._store or "", now)

    async def known_epoch(self) -> datetime | None:
        """When this state began, if anybody asked yet."""
        return self._epochs.get(self._store or "")

    async def between(self, start: datetime, end: datetime) -> Sequence[WindowRecord]:
        """Recorded windows with `start <= window.start < end`, in order of time."""
        return merged_windows(window for window in self._own() if start <= window.start < end)

    async def at(self, start: datetime) -> WindowRecord | None:
        """The recorded window that begins at a moment."""
        return next(iter(merged_windows(window for window in self._own() if window.start == start)), None)

    async def open(self, window: WindowRecord) -> WindowRecord:
        """Write the record unless there is one, and add rates that are not stored yet, or were lowered once more."""
        key = self._key(window)
        stored = self._windows.get(key, window.model_copy(update={"store": key[0]}))
        self._windows[key] = stored.model_copy(update={"rates": _latest(stored, window)})
        return self._windows[key]

    async def put(self, window: WindowRecord) -> None:
        """Write or replace one window's record. Rates that were lowered more often meanwhile stay."""
        key = self._key(window)
        stored = self._windows.get(key, window)
        self._windows[key] = window.model_copy(update={"store": key[0], "rates": _latest(stored, window)})

    def _own(self) -> Iterator[WindowRecord]:
        return (window for (store, _), window in self._windows.items() if self._store in (None, store))

    def _key(self, window: WindowRecord) -> tuple[str, datetime]:
        return window.store if self._store is None else self._store, window.start


def _latest(stored: WindowRecord, offered: WindowRecord) -> dict[str, ResolvedRate]:
    """The rates of both. Of one use case's the one that was lowered more often, else the stored one."""
    rates = dict(stored.rates)
    for name, rate in offered.rates.items():
        if name not in rates or rate.lowered > rates[name].lowered:
            rates[name] = rate
    return rates
