"""The windows in Redis.

Keys:
    windows:DATE   hash: window id → record, by UTC day of the window's start
    epoch          when this state began, in seconds since 1970
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from assay.judges.cpu_executor import in_thread
from assay.worker.records.traces import utc_iso
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

    async def known_epoch(self) -> datetime | None:
        """When this state began, if anybody asked yet."""
        async with self._redis.guard():
            began = await self._redis.client.get(self._redis.key("epoch"))
        return None if began is None else moment(began)

    async def between(self, start: datetime, end: datetime) -> Sequence[WindowRecord]:
        """Recorded windows with `start <= window.start < end`, in order of time."""
        async with self._redis.guard():
            pipe = self._redis.client.pipeline(transaction=False)
            for day in days_between(start.astimezone(UTC).date(), end.astimezone(UTC).date()):
                pipe.hvals(self._redis.key(f"windows:{day}"))
            raw = [record for records in await pipe.execute() for record in records]
        windows = await in_thread(lambda: [WindowRecord.model_validate_json(record) for record in raw])
        return sorted((w for w in windows if start <= w.start < end), key=lambda w: w.start)

    async def at(self, start: datetime) -> WindowRecord | None:
        """The recorded window that begins at a moment."""
        async with self._redis.guard():
            raw = await self._redis.client.hget(self._redis.key(f"windows:{day_of(start)}"), utc_iso(start))
        return None if raw is None else WindowRecord.model_validate_json(raw)

    async def open(self, window: WindowRecord) -> WindowRecord:
        """Write the record unless there is one, and add rates that are not stored yet, or were lowered once more."""
        return WindowRecord.model_validate_json(await self._write(window, replace=False))

    async def put(self, window: WindowRecord) -> None:
        """Write or replace one window's record. Rates that were lowered more often meanwhile stay."""
        await self._write(window, replace=True)

    async def _write(self, window: WindowRecord, *, replace: bool) -> Any:
        args: list[str | float] = [window.id, window.model_dump_json(), COUNTS_TTL_S, int(replace)]
        return await self._redis.run("write_window", [self._key(window)], args)

    def _key(self, window: WindowRecord) -> str:
        return self._redis.key(f"windows:{day_of(window.start)}")
