"""What the beat process knows of itself, for its pages: its rounds, and whether it stands by for another beat."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from assay.worker.fleet.loop import LoopThread
from assay.worker.fleet.loop_lag import LoopLag
from assay.worker.records.metrics.metric import Sample
from assay.worker.wiring.part_looks import redis_look

NO_ROUND_AFTER_S = 60.0
"""A round, or a try of one, comes every 5 s. One that waits for Redis gives up within 20."""

READY_WITHIN_S = 4.0


class BeatSide:
    """`assay.worker.fleet.pages.ProcessSide` of beat."""

    def __init__(self, loop: LoopThread, ping: Callable[[], Awaitable[None]]) -> None:
        """No round yet.

        Args:
            loop: of the process.
            ping: asks Redis.
        """
        self._loop = loop
        self._ping = ping
        self._lag = LoopLag()
        self._tried: float | None = None
        self._done: float | None = None
        self._stands_by = False
        loop.spawn(self._lag.watch())

    def round_begins(self) -> None:
        """A round is tried."""
        self._tried = time.monotonic()

    def round_done(self) -> None:
        """What was due is sent."""
        self._done = time.time()

    @contextmanager
    def standing_by(self) -> Iterator[None]:
        """Wait for the lock of another beat, for as long as that lives."""
        self._stands_by = True
        try:
            yield
        finally:
            self._stands_by = False
            self.round_begins()

    def loop_late_s(self) -> float:
        """How long the loop has not run what is due."""
        return self._lag.overdue_s

    def worst_lag_s(self) -> float:
        """The largest lateness of the loop within the last minute."""
        return self._lag.worst_s

    def beat_round_at(self) -> float | None:
        """When it last went through its schedule. None: it has not, or stands by."""
        return None if self._stands_by else self._done

    def ailing(self) -> str:
        """Why no rounds go on. A beat that stands by, or waits for Redis, does its work."""
        if self._stands_by or self._tried is None:
            return ""
        since = time.monotonic() - self._tried
        return f"no round of the schedule for {since:.0f} s" if since > NO_ROUND_AFTER_S else ""

    async def readiness(self) -> tuple[bool, Mapping[str, Any]]:
        """Redis answers. A beat that stands by could take over at once."""
        future = asyncio.run_coroutine_threadsafe(redis_look(self._ping), self._loop.loop)
        stands_by = self._stands_by or self._tried is None
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                redis = await asyncio.wrap_future(future)
        except TimeoutError:
            return False, {"stands_by": stands_by, "why": "the event loop does not answer"}
        parts = {"redis": redis.model_dump(mode="json", exclude_defaults=True)}
        return redis.ok and not self.ailing(), {"stands_by": stands_by, "parts": parts}

    async def samples(self) -> Sequence[Sample]:
        """Beat serves its own metrics alone."""
        return ()
