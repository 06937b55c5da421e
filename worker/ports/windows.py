"""The windows of root start times that sweeps have recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from assay.worker.records.windows import WindowRecord


class Windows(Protocol):
    """One record for each window. Every method is atomic and safe to repeat.

    Raises (all methods):
        StateUnavailable
    """

    async def epoch(self, now: datetime) -> datetime:
        """When this state began: `now` on the first call ever, that same moment afterwards."""
        ...

    async def known_epoch(self) -> datetime | None:
        """When this state began. None where nothing asked for `epoch` yet."""
        ...

    async def between(self, start: datetime, end: datetime) -> Sequence[WindowRecord]:
        """Recorded windows with `start <= window.start < end`, in order of time."""
        ...

    async def at(self, start: datetime) -> WindowRecord | None:
        """The recorded window that begins at a moment. None where there is none."""
        ...

    async def open(self, window: WindowRecord) -> WindowRecord:
        """Write the record unless there is one, and add rates that are not stored yet, or were lowered once more.

        Whoever comes second gets the first one's rates.

        Returns:
            What is stored.
        """
        ...

    async def put(self, window: WindowRecord) -> None:
        """Write or replace one window's record. Rates that were lowered more often meanwhile stay."""
        ...


class WindowsOfStores(Windows, Protocol):
    """The windows of all stores of a deployment, those of the same time read as one record. Nobody writes these."""

    def of(self, store: str) -> Windows:
        """The windows of one store, to read and write; of the first or only one for an empty name."""
        ...
