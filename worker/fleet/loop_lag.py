"""How late a process' event loop runs what is due. The loop measures itself, and others see that it does not."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

LOOK_EVERY_S = 0.5
"""Between two looks: 120 timers a minute, which cost a loop nothing."""

KEPT_S = 60.0
"""The worst of so many seconds is told: a scrape comes every 15 or 30."""


class LoopLag:
    """Measures one loop. It may be read from any thread."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Not measured yet: nothing is late.

        Args:
            now: seconds that pass.
        """
        self._now = now
        self._due: float | None = None
        self._looks: deque[tuple[float, float]] = deque(maxlen=int(KEPT_S / LOOK_EVERY_S))

    async def watch(self) -> None:
        """Measure for ever, on the loop that is measured."""
        while True:
            self._due = self._now() + LOOK_EVERY_S
            await asyncio.sleep(LOOK_EVERY_S)
            self._looks.append((self._now(), max(0.0, self._now() - self._due)))

    @property
    def overdue_s(self) -> float:
        """How long the look that is due now has been waiting."""
        due = self._due
        return 0.0 if due is None else max(0.0, self._now() - due)

    @property
    def worst_s(self) -> float:
        """The largest lateness of the last minute, and of now."""
        since = self._now() - KEPT_S
        return max([self.overdue_s, *(late for at, late in list(self._looks) if at >= since)])
