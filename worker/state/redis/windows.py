"""The windows in Redis.

Keys:
    windows:DATE   hash: window id → record, by UTC day of the window's start
    epoch          when this state began, in seconds since 1970
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from assay.judges.cpu_executor import in_thread
from assay.worker.records.windows import WindowRecord
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.encoding import COUNTS_TTL_S, day_of, days_between, moment


class RedisWindows:
    """`assay.worker.ports.windows.Windows`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def epoch(self, now: datetime) -> datetime:
        """When this state began."""
        key = self._redis.key("epoch")
        async with self._redis.guard():
            await self._redis.client.set(key, now.timestamp(), nx=True)
            return moment(await self._redis.client.get(key))

    async def between(self, start: datetime, end: datetime) -> Sequence[WindowRecord]:
        """Recorded windows with `start <= window.start < end`, in order of time."""
        async with self._redis.guard():
            pipe = self._redis.client.pipeline(transaction=False)
            for day in days_between(start.astimezone(UTC).date(), end.astimezone(UTC).date()):
                pipe.hvals(self._redis.key(f"windows:{day}"))
            raw = [record for records in await pipe.execute() for record in records]
        windows = await in_thread(lambda: [WindowRecord.model_validate_json(record) for record in raw])
        return sorted((w for w in windows if start <= w.start < end), key=lambda w: w.start)

    async def open(self, window: WindowRecord) -> WindowRecord:
        """Write the record unless there is one, and add rates that are not stored yet."""
        rates = window.model_dump_json(include={"rates"})
        args: list[str | float] = [window.id, window.model_dump_json(), rates, COUNTS_TTL_S]
        return WindowRecord.model_validate_json(await self._redis.run("open_window", [self._key(window)], args))

    async def put(self, window: WindowRecord) -> None:
        """Write or replace one window's record."""
        async with self._redis.guard(), self._redis.client.pipeline() as pipe:
            pipe.hset(self._key(window), window.id, window.model_dump_json())
            pipe.expire(self._key(window), COUNTS_TTL_S)
            await pipe.execute()

    def _key(self, window: WindowRecord) -> str:
        return self._redis.key(f"windows:{day_of(window.start)}")
