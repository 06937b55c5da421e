"""What judging took that led to no score, in Redis.

Keys:
    lost:DATE   hash: calls, cost_usd and unpriced_calls of one UTC day
"""

from __future__ import annotations

from datetime import date

from assay.worker.records.ledger import UnscoredSpend
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.encoding import COUNTS_TTL_S, days_between


class RedisUnscoredSpending:
    """`assay.worker.ports.spend.UnscoredSpending`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def add(self, day: date, spend: UnscoredSpend) -> None:
        """Count what was paid on a UTC day for no score."""
        key = self._redis.key(f"lost:{day}")
        async with self._redis.guard(), self._redis.client.pipeline() as pipe:
            for field, amount in spend.model_dump().items():
                pipe.hincrbyfloat(key, field, amount)
            pipe.expire(key, COUNTS_TTL_S)
            await pipe.execute()

    async def total(self, first: date, last: date) -> UnscoredSpend:
        """What was paid for no score on these UTC days together."""
        days = await self._redis.hashes([f"lost:{day}" for day in days_between(first, last)])
        names = UnscoredSpend.model_fields
        return UnscoredSpend.model_validate({n: sum(float(day.get(n.encode(), 0)) for day in days) for n in names})
