"""Values that expire, in Redis. Verdicts lie under the same keys.

Keys:
    kept:KEY   the value
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.worker.state.redis.connection import RedisConnection


class RedisKeyValues:
    """`assay.worker.ports.key_values.KeyValues`, and `assay.worker.ports.verdicts.VerdictCache` as well."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def keep(self, key: str, value: bytes, *, ttl_s: int, replace: bool = False) -> bytes:
        """Set a key unless it is set, or replace its value. Returns the value that lies there now."""
        full_key = self._redis.key(f"kept:{key}")
        async with self._redis.guard():
            if await self._redis.client.set(full_key, value, ex=ttl_s, nx=not replace):
                return value
            kept: Any = await self._redis.client.get(full_key)
        return value if kept is None else kept

    async def keep_all(self, values: Mapping[str, bytes], *, ttl_s: int, replace: bool = False) -> Mapping[str, bytes]:
        """Set keys unless they are set, or replace their values. Returns the values that lie there now."""
        async with self._redis.guard():
            pipe = self._redis.client.pipeline(transaction=False)
            for key, value in values.items():
                pipe.set(self._redis.key(f"kept:{key}"), value, ex=ttl_s, nx=not replace)
            was_set = await pipe.execute()
        earlier = await self.kept([key for key, is_new in zip(values, was_set, strict=True) if not is_new])
        return {**values, **earlier}

    async def kept(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Values by key. Expired ones are absent."""
        if not keys:
            return {}
        async with self._redis.guard():
            values: Any = await self._redis.client.mget([self._redis.key(f"kept:{key}") for key in keys])
        return {key: value for key, value in zip(keys, values, strict=True) if value is not None}
