"""The windows in Redis.

Keys:
    windows:DATE   hash: window id → record, by UTC day of the window's start; of any store but the first ID~STORE
    epoch          when this state began, in seconds since 1970; of any store but the first epoch~STORE
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from assay.judges.cpu_executor import in_thread
from assay.worker.records.traces import utc_iso
from assay.worker.records.windows import WindowRecord, merged_windows
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.encoding import COUNTS_TTL_S, day_of, days_between, moment


class RedisWindows:
    """`assay.worker.ports.windows.WindowsOfStores`."""

    def __init__(self, redis: RedisConnection, store: str | None = None) -> None:
        self._redis = redis
        self._store = store

    def of(self, store: str) -> RedisWindows:
        """The windows of one store."""
        return RedisWindows(self._redis, store)

    async def epoch(self, now: datetime) -> datetime:
        """When this state began."""
        key = self._epoch
        async with self._redis.guard():
            await self._redis.client.set(key, now.timestamp(), nx=True)
            return moment(await self._redis.client.get(key))

    async def known_epoch(self) -> datetime | None:
        """When this state began, if anybody asked yet."""
        async with self._redis.guard():
            began = await self._redis.client.get(self._epoch)
        return None if began is None else moment(began)

    async def between(self, start: datetime, end: datetime) -> Sequence[WindowRecord]:
        """Recorded windows with `start <= window.start < end`, in order of time."""
        async with self._redis.guard():
            pipe = self._redis.client.pipeline(transaction=False)
            for day in days_between(start.astimezone(UTC).date(), end.astimezone(UTC).date()):
                pipe.hvals(self._redis.key(f"windows:{day}"))
            raw = [record for records in await pipe.execute() for record in records]
        windows = await in_thread(lambda: [WindowRecord.model_validate_json(record) for record in raw])
        own = (w for w in windows if self._store in (None, w.store) and start <= w.start < end)
        return merged_windows(own)

    async def at(self, start: datetime) -> WindowRecord | None:
        """The recorded window that begins at a moment."""
        if self._store is None:
            return next((w for w in await self.between(start, start + timedelta(microseconds=1))), None)
        async with self._redis.guard():
            raw = await self._redis.client.hget(
                self._redis.key(f"windows:{day_of(start)}"), _field(utc_iso(start), self._store)
            )
        return None if raw is None else WindowRecord.model_validate_json(raw)

    async def open(self, window: WindowRecord) -> WindowRecord:
        """Write the record unless there is one, and add rates that are not stored yet, or were lowered once more."""
        return WindowRecord.model_validate_json(await self._write(window, replace=False))

    async def put(self, window: WindowRecord) -> None:
        """Write or replace one window's record. Rates that were lowered more often meanwhile stay."""
        await self._write(window, replace=True)

    async def _write(self, window: WindowRecord, *, replace: bool) -> Any:
        own = window if self._store is None else window.model_copy(update={"store": self._store})
        field = _field(own.id, own.store)
        args: list[str | float] = [field, window_document(own), COUNTS_TTL_S, int(replace)]
        return await self._redis.run("write_window", [self._key(window)], args)

    def _key(self, window: WindowRecord) -> str:
        return self._redis.key(f"windows:{day_of(window.start)}")

    @property
    def _epoch(self) -> str:
        return self._redis.key(_field("epoch", self._store or ""))


def window_document(window: WindowRecord) -> str:
    """A window as it is kept. Older workers know one store alone, and read the windows of the first one."""
    return window.model_dump_json(exclude=None if window.store else {"store"})


def _field(name: str, store: str) -> str:
    return f"{name}~{store}" if store else name
