"""Celery's queues in Redis, as far as Celery itself does not look after them.

Keys (Celery's own, under its prefix):
    QUEUE           list of waiting messages
    unacked_index   sorted set of unacknowledged deliveries by the moment they were last known to be alive
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from assay.worker.state.redis.connection import RedisConnection


class RedisDeliveries:
    """`assay.worker.ports.deliveries.Deliveries`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def queue_depth(self, queue: str) -> int:
        """Messages waiting in a Celery queue."""
        async with self._redis.guard():
            return int(await self._redis.client.llen(f"{self._redis.broker_prefix}{queue}"))

    async def renew(self, tags: Sequence[str], *, now: datetime) -> None:
        """Move the visibility deadline of deliveries. XX: an acknowledged one must not come back."""
        if not tags:
            return
        scores = dict.fromkeys(tags, now.timestamp())
        async with self._redis.guard():
            await self._redis.client.zadd(f"{self._redis.broker_prefix}unacked_index", scores, xx=True)
