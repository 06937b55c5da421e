"""Limits that all workers share: so much of something in any period, reserved before it is used.

A reservation counts from the moment it is made until its work is over, and for one period after that; what
was reserved by a worker that died is charged in full when its lease ends. So no period of the limit's
length ever holds more than its amount, whoever counts, wherever their clock stands.

    async with admitted(limits, {RateLimit(name="store:general", amount=27): 1}, max_wait_s=10):
        ...  # one request
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Protocol

from pydantic import Field

from assay.judges.errors import EvaluationError
from assay.judges.schema import Record

BUCKETS = 60
"""Parts of a period: what was used leaves the account at most one part of a period late, never early."""

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class RateLimit(Record):
    """At most `amount` (requests, tokens) in any `period_s` seconds, under a name all workers know it by."""

    name: str
    amount: Positive
    period_s: Positive = 60.0


class Reservation(Record):
    """The answer to a request: a lease if it was granted, else for how long to wait before asking again."""

    lease: str | None = None
    wait_s: float = 0.0


class LimitReached(EvaluationError):
    """There will be no room for longer than the caller is willing to wait; `wait_s` says for how long."""

    def __init__(self, names: str, wait_s: float) -> None:
        super().__init__(f"limit {names}: no room for about {wait_s:.0f} s; raise the limit or let less through")
        self.wait_s = wait_s


class RateLimits(Protocol):
    """The account of all limits: Redis in the fleet, memory within one process.

    Raises (all methods):
        StateUnavailable
    """

    async def reserve(self, charges: Mapping[RateLimit, float], *, lease_s: float) -> Reservation:
        """Take this much of each limit, of all or of none.

        A lease that is not settled is charged in full after `lease_s` seconds.
        """
        ...

    async def settle(self, lease: str, charges: Mapping[RateLimit, float]) -> None:
        """End a lease, charging what was really used; settling twice, or too late, changes nothing."""
        ...

    async def pause(self, limit: RateLimit, *, seconds: float) -> None:
        """Grant nothing of this limit for a while: the other side asked all of us to slow down."""
        ...


@asynccontextmanager
async def admitted(
    limits: RateLimits, charges: Mapping[RateLimit, float], *, max_wait_s: float, lease_s: float = 60.0
) -> AsyncIterator[dict[RateLimit, float]]:
    """Wait for room, then run the body; it may correct the amounts it is given, and is charged these at the
    end.

    Raises:
        LimitReached: the wait would be longer than `max_wait_s` in all.
        StateUnavailable
    """
    until = time.monotonic() + max_wait_s
    while (granted := await limits.reserve(charges, lease_s=lease_s)).lease is None:
        if time.monotonic() + granted.wait_s > until:
            raise LimitReached(", ".join(limit.name for limit in charges), granted.wait_s)
        await asyncio.sleep(granted.wait_s)
    used = dict(charges)
    try:
        yield used
    finally:
        await limits.settle(granted.lease, used)
