"""Named locks in Redis: two Lua scripts.

Keys:
    lock:NAME   the owner, expires with the lock
"""

from __future__ import annotations

from assay.worker.state.redis.connection import RedisConnection


class RedisLocks:
    """`assay.worker.ports.locks.Locks`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def acquire(self, name: str, *, owner: str, ttl_s: float) -> bool:
        """Take a named lock, or hold one's own for longer."""
        return bool(await self._redis.run("acquire", [self._redis.key(f"lock:{name}")], [owner, int(ttl_s * 1000)]))

    async def release(self, name: str, *, owner: str) -> None:
        """Give a lock back if this owner still holds it."""
        await self._redis.run("release", [self._redis.key(f"lock:{name}")], [owner])
