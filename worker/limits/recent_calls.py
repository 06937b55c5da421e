"""Calls that the account is not told of one by one, because nothing was in force."""

from __future__ import annotations

import math

from assay.worker.limits.rules import RECENT_S


class RecentCalls:
    """How many calls of this process began lately, and when the last one was answered."""

    def __init__(self) -> None:
        self._since = -math.inf
        self._now = self._before = 0
        self._answered_at = -math.inf

    def began(self, now: float) -> None:
        """One more went."""
        self._roll(now)
        self._now += 1

    def answered(self, now: float) -> None:
        """One was answered."""
        self._answered_at = now

    def take(self, now: float) -> tuple[int, float | None]:
        """How many began, and how many seconds ago the last was answered; None: none was. They are told now."""
        self._roll(now)
        begun, self._now, self._before = self._now + self._before, 0, 0
        answered_at, self._answered_at = self._answered_at, -math.inf
        return begun, None if answered_at == -math.inf else now - answered_at

    def _roll(self, now: float) -> None:
        """Forget what is older, by halves of the time."""
        halves = (now - self._since) / (RECENT_S / 2)
        if halves >= 1:
            self._before = self._now if halves < 2 else 0
            self._now, self._since = 0, now
