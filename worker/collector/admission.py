"""Who is let in: so many requests and bytes a second, so many at once. Others are asked to come again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

from assay.worker.collector.counts import Counts
from assay.worker.collector.refusals import Refusal, not_now
from assay.worker.config.collecting import MEGABYTE, Collecting

BURST_S = 5.0
"""Seconds whose share may be used at once, after that much quiet."""

LONGEST_WAIT_S = 30.0
"""The longest that a sender is asked to wait."""


class Bucket:
    """A rate: so much a second, and a burst."""

    def __init__(self, per_second: float, *, now: Callable[[], float] = time.monotonic) -> None:
        """Begin with a whole burst.

        Args:
            per_second: the rate.
            now: a clock that only goes forward.
        """
        self._rate = per_second
        self._burst = max(1.0, per_second * BURST_S)
        self._now = now
        self._left = self._burst
        self._at = now()

    def wait_s(self) -> float:
        """Seconds until there is one. 0: there is."""
        now = self._now()
        self._left = min(self._burst, self._left + (now - self._at) * self._rate)
        self._at = now
        return max(0.0, (1 - self._left) / self._rate)

    def take(self, amount: float) -> None:
        """Use some, also more than there is: what came is paid for by those that come next."""
        self._left -= amount


class Held:
    """Bytes that one request holds until it is answered."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.bytes = 0

    def take(self, amount: int) -> None:
        """Hold so many more.

        Raises:
            Refusal: all requests together would hold too many.
        """
        self._door.hold(amount)
        self.bytes += amount


class Door:
    """Lets requests in."""

    def __init__(self, limits: Collecting, counts: Counts, *, now: Callable[[], float] = time.monotonic) -> None:
        """Begin with nobody inside.

        Args:
            limits: how many may come.
            counts: how many are inside.
            now: a clock that only goes forward.
        """
        self._limits = limits
        self._counts = counts
        self._requests = Bucket(limits.requests_per_second, now=now)
        self._bytes = Bucket(limits.mb_per_second * MEGABYTE, now=now)

    @contextmanager
    def inside(self) -> Iterator[Held]:
        """Let one request in, until it is answered.

        Raises:
            Refusal: it has to wait.
        """
        self._check()
        self._requests.take(1)
        held = Held(self)
        self._counts.open_requests += 1
        try:
            yield held
        finally:
            self._counts.open_requests -= 1
            self._counts.held_bytes -= held.bytes

    def hold(self, amount: int) -> None:
        """Hold so many bytes more for a request that is inside.

        Raises:
            Refusal: there is no room for them.
        """
        if self._counts.held_bytes + amount > self._limits.held_bytes:
            raise not_now("too many bytes wait to be written; come again")
        self._counts.held_bytes += amount
        self._counts.bytes += amount
        self._bytes.take(amount)

    def _check(self) -> None:
        wait_s = max(self._requests.wait_s(), self._bytes.wait_s())
        if wait_s > 0:
            after_s = math.ceil(min(wait_s, LONGEST_WAIT_S))
            raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, "more than the rate that is taken", retry_after_s=after_s)
        if self._counts.open_requests >= self._limits.requests_at_once:
            raise not_now("too many requests at once; come again")
