"""The clock of the fleet: RedBeat's scheduler, which marks each of its rounds as a sign of life."""

from __future__ import annotations

from typing import Any

from redbeat.schedulers import RedBeatScheduler

from assay.worker.config.settings import load_settings
from assay.worker.fleet.alive import mark_alive


class BeatClock(RedBeatScheduler):
    """Of several beats only the one with the lock ticks, and a beat that waits for the lock marks nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        self._settings = load_settings()

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """One round: send what is due. Returns the seconds until the next."""
        pause_s: float = super().tick(*args, **kwargs)  # type: ignore[no-untyped-call]
        mark_alive(self._settings)
        return pause_s
