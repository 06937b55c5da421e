"""The server's time, kept between readings by this machine's steady clock.

Two processes that compare moments must read one clock. Machines' clocks are off by seconds, step, and are set back.
So the moment is the server's at the last reading and what `time.monotonic` has counted since. That clock is never set:
a machine whose clock jumps, or a process that stood still for minutes, reads the right time at once.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import structlog

READINGS = 5
"""Readings in one synchronisation. The one with the quickest answer counts, so one slow answer does no harm."""

DRIFT = 200e-6
"""How far a steady clock may drift from the server's in a second. Quartz keeps to 100 parts in a million."""

log = structlog.get_logger(__name__)


class ServerClock:
    """`assay.worker.ports.clock.SharedClock` over a server's TIME.

    Args:
        read: asks the server for its time, in seconds since 1970.
        steady: this machine's steady clock, in seconds.
        machine: this machine's clock, in seconds since 1970.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[float]],
        *,
        steady: Callable[[], float] = time.monotonic,
        machine: Callable[[], float] = time.time,
    ) -> None:
        self._read = read
        self._steady = steady
        self._machine = machine
        self._base: tuple[float, float, float] | None = None
        self._warned = False

    def now(self) -> datetime:
        """The server's time. Until it was read once, the machine's."""
        if self._base is None:
            if not self._warned:
                self._warned = True
                log.warning("clock.unknown", remedy="Redis has not answered yet; this machine's own clock is used")
            return datetime.fromtimestamp(self._machine(), UTC)
        server, at, _ = self._base
        return datetime.fromtimestamp(server, UTC) + timedelta(seconds=self._steady() - at)

    @property
    def offset_s(self) -> float | None:
        """How far this machine's clock is ahead of the server's, in seconds. None until it was read."""
        return None if self._base is None else self._machine() - self.now().timestamp()

    async def synchronise(self) -> None:
        """Read the server's time, several times.

        Raises:
            StateUnavailable
        """
        for _ in range(READINGS):
            asked = self._steady()
            server = await self._read()
            self.observe(server, asked=asked, answered=self._steady())

    def observe(self, server: float, *, asked: float, answered: float) -> None:
        """Take over a moment that an answer of the server carried, where it tells more than is known.

        It lies between question and answer, so half of that span is how wrong it may be. A reading that cannot be
        true beside what is known means another server, or one whose clock was set: then the new one is right.

        Args:
            server: the server's time, in seconds since 1970.
            asked: the steady clock when the question went out.
            answered: the steady clock when the answer was read.
        """
        error = (answered - asked) / 2
        server += error
        if self._base is not None:
            known, at, known_error = self._base
            known_error += (answered - at) * DRIFT
            contradicts = abs(known + answered - at - server) > known_error + error
            if error > known_error and not contradicts:
                return
        self._base = (server, answered, error)
