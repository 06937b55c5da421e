"""How evenly calls go: levels that fill with time, and the window of tokens that no minute may exceed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from assay.worker.limits.line import Ahead
from assay.worker.limits.rules import BURST, EXPECTED_WEIGHT, PARTS, SUSTAINED, TOKEN_WINDOW
from assay.worker.ports.call_limits import Scope

EPSILON = 1e-9
"""What sums of floats may be off."""

LEAST_WAIT_S = 0.01
"""The shortest wait that is told, in seconds."""

SOON_S = 0.1
"""How soon to look again where calls under way decide, in seconds: each may end at any moment."""

SLOT_S, LONGEST_SLOT_S = 0.02, 0.25
"""How soon to look again for a free slot, for each one ahead, and at the latest."""


@dataclass
class Level:
    """What may go now. It fills at a rate, up to a burst, and is below zero after more went. None: full."""

    amount: float | None = None
    at: float = 0.0

    def now(self, now: float, rate: float, burst: float) -> float:
        """How much there is."""
        if self.amount is None:
            return burst
        return min(burst, self.amount + max(0.0, now - self.at) * rate)

    def take(self, now: float, rate: float, burst: float, amount: float) -> None:
        """Take some of it."""
        self.amount = self.now(now, rate, burst) - amount
        self.at = now

    def wait_s(self, now: float, rate: float, burst: float, need: float, spared: float = 0.0) -> float:
        """Seconds until so much is there, beside what is spared for others; 0: it is."""
        filled, wanted = self.now(now, rate, burst), min(need + spared, burst)
        if filled + EPSILON >= wanted:
            return 0.0
        return max((max(need, wanted) - filled) / rate, LEAST_WAIT_S)


@dataclass
class ScopeUse:
    """What a scope has used. Moments are seconds of the account's clock.

    Attributes:
        under_way: calls.
        tokens_under_way: their bounds.
        expected: share of its bound that a call is expected to use.
        seconds: how long a call is expected to take. None: not known yet.
    """

    period_s: float
    under_way: int = 0
    tokens_under_way: float = 0.0
    expected: float = 1.0
    seconds: float | None = None
    requests: Level = field(default_factory=Level)
    tokens: Level = field(default_factory=Level)
    request_parts: dict[int, float] = field(default_factory=dict)
    token_parts: dict[int, float] = field(default_factory=dict)

    def part(self, now: float) -> int:
        """The part of a period that a moment lies in."""
        return math.floor(now / (self.period_s / PARTS))

    def window(self, now: float) -> list[tuple[float, float]]:
        """When each part of the tokens used in the last period leaves the window, the first one first."""
        width = self.period_s / PARTS
        for parts in (self.request_parts, self.token_parts):
            for part in [part for part in parts if (part + 1) * width + self.period_s <= now]:
                del parts[part]
        return sorted(((part + 1) * width + self.period_s, used) for part, used in self.token_parts.items())

    def expected_of(self, bound: float) -> float:
        """Tokens that a call with this bound is expected to use."""
        return bound * min(self.expected, 1.0)

    def request_pace(self, limit: float) -> tuple[float, float]:
        """Rate and burst of requests."""
        return SUSTAINED * limit / self.period_s, max(1.0, BURST * limit)

    def token_pace(self, limit: float, bound: float) -> tuple[float, float]:
        """Rate and burst of tokens. A burst holds one call at least."""
        return limit / self.period_s, max(BURST * limit, self.expected_of(bound))

    def wait_s(self, limit: Scope, bound: float, now: float, ahead: Ahead, kept: tuple[bool, int]) -> float:
        """Seconds until one more call goes, behind others; 0: now. `kept`: for golden work, half a burst and slots."""
        spares, slots = kept
        leaving = self.window(now)
        waits = [0.0]
        if limit.requests is not None:
            rate, burst = self.request_pace(limit.requests)
            waits.append(self.requests.wait_s(now, rate, burst, 1.0 + ahead.calls, burst / 2 if spares else 0.0))
        if limit.tokens is not None:
            rate, burst = self.token_pace(limit.tokens, max(bound, ahead.largest))
            need = self.expected_of(bound) + self.expected_of(ahead.tokens)
            waits.append(self.tokens.wait_s(now, rate, burst, need, burst / 2 if spares else 0.0))
            waits.append(self._window_wait_s(leaving, limit.tokens, bound, now, ahead))
        if limit.concurrency is not None and self.under_way + 1 + ahead.calls + slots > limit.concurrency:
            waits.append(min(SLOT_S * (1 + ahead.calls), LONGEST_SLOT_S))
        return max(waits)

    def _window_wait_s(
        self, leaving: list[tuple[float, float]], limit: float, bound: float, now: float, ahead: Ahead
    ) -> float:
        held = sum(used for _, used in leaving) + self.tokens_under_way
        over = held + bound + ahead.tokens - max(TOKEN_WINDOW * limit, bound)
        if over <= EPSILON or held <= EPSILON:
            return 0.0
        frees = SOON_S
        for moment, used in leaving:
            if over <= EPSILON:
                break
            over, frees = over - used, moment - now
        return max(min(frees, SOON_S * (1 + ahead.calls)) if self.tokens_under_way > 0 else frees, LEAST_WAIT_S)

    def each_s(self, limit: Scope, bound: float) -> float:
        """Seconds that a call waits for each one ahead of it."""
        by_requests = 0.0 if limit.requests is None else 1.0 / self.request_pace(limit.requests)[0]
        by_tokens = 0.0 if limit.tokens is None else self.expected_of(bound) * self.period_s / limit.tokens
        by_slots = 0.0 if limit.concurrency is None else (self.seconds or 0.0) / limit.concurrency
        return max(by_requests, by_tokens, by_slots)

    def answered_after(self, seconds: float) -> None:
        """A call took so long."""
        known = seconds if self.seconds is None else self.seconds
        self.seconds = known + EXPECTED_WEIGHT * (seconds - known)

    def take(self, limit: Scope, bound: float, now: float) -> Held:
        """Let a call go."""
        self.under_way += 1
        held = Held(limit.name)
        if limit.requests is not None:
            self.requests.take(now, *self.request_pace(limit.requests), 1.0)
            held.request_part = self.part(now)
            self.request_parts[held.request_part] = self.request_parts.get(held.request_part, 0.0) + 1
        if limit.tokens is not None:
            held.expected = self.expected_of(bound)
            self.tokens.take(now, *self.token_pace(limit.tokens, bound), held.expected)
            self.tokens_under_way += bound
        return held

    def give_back(self, held: Held, bound: float, tokens: float, now: float, *, is_unused: bool) -> None:
        """A call ended, and had used so many tokens."""
        self.under_way -= 1
        if held.request_part is not None and is_unused:
            self.requests.amount = (self.requests.amount or 0.0) + 1
            if held.request_part in self.request_parts:
                self.request_parts[held.request_part] -= 1
        if held.expected is None:
            return
        self.tokens_under_way -= bound
        self.tokens.amount = (self.tokens.amount or 0.0) + held.expected - tokens
        if tokens > 0:
            part = self.part(now)
            self.token_parts[part] = self.token_parts.get(part, 0.0) + tokens
            self.expected += EXPECTED_WEIGHT * (min(tokens / bound, 2.0) - self.expected)


@dataclass
class Held:
    """What a call under way holds of a scope: its request's part of the period, and the tokens it will likely use."""

    scope: str
    request_part: int | None = None
    expected: float | None = None
