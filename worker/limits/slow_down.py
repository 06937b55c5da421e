"""The pace at an endpoint that answers 429: cut to below what it really took, then raised little by little."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from assay.worker.limits.pace import Level
from assay.worker.limits.rules import (
    CUT_EVERY_S,
    RECENT_S,
    REFUSAL_DOUBT,
    REGAINED,
    SLOWED,
    TOLERATED_REFUSALS,
)

LEAST_RATE = 0.5
"""Calls a second that always go, so that an endpoint that took none for a moment is asked again."""

REFUSALS_TO_PAUSE = 3
"""429s within the last seconds, and no answer, after which nobody asks until the endpoint's own Retry-After."""

ALL_REFUSED = 0.8
"""Share of 429s among the calls begun lately that means all of them, where there was no answer: some are under way."""

RATE_AFTER_PAUSE = 4.0
"""Calls a second that go after a pause, and more from then on. Without it the whole fleet would ask at once."""

LONGEST_PAUSE_S = 30.0
"""How long an endpoint that refuses everything may stop the fleet by its Retry-After. Then it is asked again."""


@dataclass
class SlowDown:
    """What 429s make of the pace. Moments are seconds of the account's clock.

    Attributes:
        cap: calls a second that may go; None: no 429s.
        paused_until: nothing goes before.
    """

    cap: float | None = None
    paused_until: float = 0.0
    level: Level = field(default_factory=Level)
    _cut_to: float = 0.0
    _cut_at: float = -math.inf
    _grown_at: float = 0.0
    _begun: dict[int, int] = field(default_factory=dict)
    _answers: dict[int, int] = field(default_factory=dict)
    _refusals: dict[int, int] = field(default_factory=dict)

    @property
    def burst(self) -> float:
        """Calls that may go at once: those of half a second."""
        return max(1.0, (self.cap or 0.0) / 2)

    def began(self, now: float, calls: int = 1) -> None:
        """So many calls went. What becomes of them is not known yet: refusals come faster than answers."""
        second = math.floor(now)
        self._begun[second] = self._begun.get(second, 0) + calls

    def answered(self, now: float) -> None:
        """A call was answered."""
        second = math.floor(now)
        self._answers[second] = self._answers.get(second, 0) + 1

    def refused(self, now: float, retry_after_s: float | None) -> None:
        """A call was refused."""
        second = math.floor(now)
        self._refusals[second] = self._refusals.get(second, 0) + 1
        begun, answers, refusals, span = self._recent(now)
        if now - self._cut_at < CUT_EVERY_S:
            return
        calls = max(begun, refusals)
        if answers == 0 and refusals >= max(REFUSALS_TO_PAUSE, ALL_REFUSED * calls):
            pause = min(max(1.0 if retry_after_s is None else retry_after_s, 1.0), LONGEST_PAUSE_S)
            self.paused_until = max(self.paused_until, now + pause)
            self._cut(RATE_AFTER_PAUSE, now)
        elif (answers or calls > refusals) and refusals > TOLERATED_REFUSALS * calls + REFUSAL_DOUBT * math.sqrt(calls):
            self._cut(max(LEAST_RATE, SLOWED * (calls - refusals) / span), now)

    def _cut(self, rate: float, now: float) -> None:
        if self.cap is None or rate < self.cap:
            self.cap = self._cut_to = rate
            self.level = Level(0.0, now)
            self._cut_at = self._grown_at = now

    def grow(self, now: float) -> None:
        """Raise the pace by the time that passed."""
        self._recent(now)
        if self.cap is not None:
            self.cap += (now - self._grown_at) * max(0.25, REGAINED * self._cut_to)
            self._grown_at = now
            if self.cap >= 2 * self._cut_to:
                self.cap, self._cut_at, self.level = None, -math.inf, Level()

    def _recent(self, now: float) -> tuple[int, int, int, float]:
        """Calls begun, answers and refusals of the last seconds, and over how many seconds."""
        every = (self._begun, self._answers, self._refusals)
        for counts in every:
            for second in [second for second in counts if second <= now - RECENT_S]:
                del counts[second]
        first = min((second for counts in every for second in counts), default=now)
        begun, answers, refusals = (sum(counts.values()) for counts in every)
        return begun, answers, refusals, max(1.0, now - first)
