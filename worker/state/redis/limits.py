"""The account of shared limits in Redis: three Lua scripts on the server's clock, so that workers need not agree.

Key: limit:NAME, a hash of at most one field for each part of a period, each open lease, and the pause.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from assay.worker.ports.limits import BUCKETS, RateLimit, Reservation

RunScript = Callable[[str, Sequence[str], Sequence[str | float]], Awaitable[Any]]
"""Runs a script of `worker/state/redis/lua` by name with keys and arguments."""


class RedisLimits:
    """`assay.worker.ports.limits.RateLimits` on the server of a `RedisState`, which lends its connection."""

    def __init__(self, run: RunScript, *, prefix: str) -> None:
        self._run = run
        self._prefix = prefix

    async def reserve(self, charges: Mapping[RateLimit, float], *, lease_s: float) -> Reservation:
        """Take this much of each limit, of all or of none."""
        lease = uuid.uuid4().hex
        args: list[str | float] = [self._prefix, lease, int(lease_s * 1000), BUCKETS]
        for limit, asked in charges.items():
            args += [limit.name, limit.amount, limit.period_s * 1000, min(asked, limit.amount)]
        wait_ms = float(await self._run("reserve", [], args))
        return Reservation(wait_s=wait_ms / 1000) if wait_ms else Reservation(lease=lease)

    async def settle(self, lease: str, charges: Mapping[RateLimit, float]) -> None:
        """End a lease, charging what was really used."""
        args: list[str | float] = [self._prefix, lease, BUCKETS]
        for limit, used in charges.items():
            args += [limit.name, limit.period_s * 1000, used]
        await self._run("settle", [], args)

    async def pause(self, limit: RateLimit, *, seconds: float) -> None:
        """Grant nothing of this limit for a while."""
        keep_ms = int((seconds + 3 * limit.period_s) * 1000)
        await self._run("pause", [f"{self._prefix}limit:{limit.name}"], [int(seconds * 1000), keep_ms])
