"""Celery's queues in Redis, as far as Celery itself does not look after them.

Keys (Celery's own, under its prefix):
    QUEUE           list of waiting messages
    unacked_index   sorted set of unacknowledged deliveries by the moment they were last known to be alive
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from assay.worker.ports.ledger import OWNER_LEASE_S
from assay.worker.state.redis.connection import RedisConnection

SILENCE_S = 12.0
"""Nobody has renewed for so long: three times what a worker waits between two renewals. Then the server was away."""

GRACE_S = 15
"""For so long after a silence nothing in hand is taken over: what a worker takes to find the server again and renew."""


class RedisDeliveries:
    """`assay.worker.ports.deliveries.Deliveries`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def queue_depth(self, queue: str) -> int:
        """Messages waiting in a Celery queue."""
        async with self._redis.guard():
            return int(await self._redis.client.llen(f"{self._redis.broker_prefix}{queue}"))

    async def in_hand(self) -> int:
        """Messages that are not acknowledged yet."""
        async with self._redis.guard():
            return int(await self._redis.client.zcard(f"{self._redis.broker_prefix}unacked_index"))

    async def renew(self, tags: Sequence[str], *, owners: Sequence[str] = ()) -> None:
        """Move the deadlines of deliveries and owners, by the server's clock, and read that clock.

        XX in the script: an acknowledged delivery must not come back.
        """
        args: list[str | float] = [self._redis.prefix, f"{self._redis.broker_prefix}unacked_index"]
        args += [OWNER_LEASE_S, SILENCE_S, GRACE_S, len(tags), *tags, *owners]
        asked = time.monotonic()
        seconds, microseconds = await self._redis.run("renew", [], args)
        moment = int(seconds) + int(microseconds) / 1e6
        self._redis.clock.observe(moment, asked=asked, answered=time.monotonic())
