"""The account of shared limits in Redis: three Lua scripts on the server's clock, so that workers need not
agree.

Keys:
    limit:NAME   hash: a field for each part of a period, each open lease, and the pause
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from assay.worker.ports.limits import BUCKETS, RateLimit, Reservation
from assay.worker.state.redis.connection import RedisConnection


class RedisLimits:
    """`assay.worker.ports.limits.RateLimits`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def reserve(self, charges: Mapping[RateLimit, float], *, lease_s: float) -> Reservation:
        """Take this much of each limit, of all or of none."""
        lease = uuid.uuid4().hex
        args: list[str | float] = [self._redis.prefix, lease, int(lease_s * 1000), BUCKETS]
        for limit, asked in charges.items():
            args += [limit.name, limit.amount, limit.period_s * 1000, min(asked, limit.amount)]
        wait_ms = float(await self._redis.run("reserve", [], args))
        return Reservation(wait_s=wait_ms / 1000) if wait_ms else Reservation(lease=lease)

    async def settle(self, lease: str, charges: Mapping[RateLimit, float]) -> None:
        """End a lease, charging what was really used."""
        args: list[str | float] = [self._redis.prefix, lease, BUCKETS]
        for limit, used in charges.items():
            args += [limit.name, limit.period_s * 1000, used]
        await self._redis.run("settle", [], args)

    async def pause(self, limit: RateLimit, *, seconds: float) -> None:
        """Grant nothing of this limit for a while."""
        keep_ms = int((seconds + 3 * limit.period_s) * 1000)
        await self._redis.run("pause", [self._redis.key(f"limit:{limit.name}")], [int(seconds * 1000), keep_ms])
