"""Rate limits per route group, and the log of requests by which a test proves that a budget was kept."""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.servers.langfuse.issues import Reply
from tests.servers.langfuse.settings import WINDOWS


@dataclass(frozen=True)
class Logged:
    """One request as it was answered; `at` is when it arrived, by the machine's monotonic clock."""

    at: float
    method: str
    path: str
    query: str
    group: str
    status: int
    sent_bytes: int = 0


@dataclass
class RequestLog:
    """Every request, oldest first; the newest million are kept."""

    entries: deque[Logged] = field(default_factory=lambda: deque(maxlen=1_000_000))

    def counts(self) -> Counter[str]:
        """How many requests of each `METHOD /path`."""
        return Counter(f"{one.method} {one.path}" for one in self.entries)

    def peak(self, group: str, *, seconds: float = 60.0) -> int:
        """The most requests of a group within any span of so many seconds, refused ones too."""
        times = [one.at for one in self.entries if one.group == group]
        most, first = 0, 0
        for last, moment in enumerate(times):
            while moment - times[first] >= seconds:
                first += 1
            most = max(most, last - first + 1)
        return most

    def statuses(self, group: str | None = None) -> Counter[int]:
        """How often each status was given; 0 stands for a connection that was closed instead."""
        return Counter(one.status for one in self.entries if group in (None, one.group))


class RateLimits:
    """Fixed windows that start with a group's first request; longer for some groups."""

    def __init__(self, limits: Mapping[str, int], minute_s: float) -> None:
        self._limits = dict(limits)
        self._minute = timedelta(seconds=minute_s)
        self._open: dict[str, tuple[datetime, int]] = {}

    def refusal(self, group: str, now: datetime) -> Reply | None:
        """The 429, when the group's window is used up.

        The request that would use the last point is refused already: of a limit of N, N - 1 pass.
        """
        limit = self._limits.get(group)
        if limit is None:
            return None
        window = self._minute * WINDOWS.get(group, 1)
        start, used = self._open.get(group, (now, 0))
        if now - start >= window:
            start, used = now, 0
        used += 1
        self._open[group] = (start, used)
        if used < limit:
            return None
        rest = (start + window - now).total_seconds()
        headers = {
            "Retry-After": str(max(1, math.ceil(rest))),
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": f"{start + window:%a %b %d %Y %H:%M:%S} GMT+0000 (Coordinated Universal Time)",
        }
        return Reply(429, text="429 - rate limit exceeded", headers=headers)
