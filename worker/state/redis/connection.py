"""The connection to Redis or Valkey that all ports share. This file and its pool alone talk to it by redis-py."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import redis.asyncio as redis
from redis.exceptions import DataError, RedisError

from assay.worker.ports.state import StateBusy, StateUnavailable
from assay.worker.state.redis.clock import ServerClock
from assay.worker.state.redis.pool import BoundedPool, NoConnectionFree, blocking_pool

_LUA = Path(__file__).parent / "lua"
T = TypeVar("T")
Argument = str | float | bytes
"""What a script takes. Bytes are passed on as they are."""


class RedisConnection:
    """One client, its Lua scripts and the prefix of all keys.

    Attributes:
        client: the client; use it within `guard`.
        clock: the server's time.
        prefix: what every key of the state begins with.
        broker_prefix: what every key of Celery's queues begins with.
    """

    def __init__(self, url: str, *, prefix: str, timeout_s: float = 10.0) -> None:
        self.broker_prefix = prefix
        self.prefix = f"{prefix}state:"
        self._pool: BoundedPool = blocking_pool(url, timeout_s=timeout_s)
        self.client = redis.Redis(connection_pool=self._pool)
        self.clock = ServerClock(self._time)
        self._address = _without_password(url)
        self._scripts = {path.stem: self.client.register_script(path.read_text()) for path in _LUA.glob("*.lua")}

    def key(self, name: str) -> str:
        """The full name of a key."""
        return self.prefix + name

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Turn errors of the connection into the state's own.

        Raises:
            StateBusy: this process asks more than its own connections carry. The server is not to blame.
            StateUnavailable
        """
        try:
            yield
        except DataError:
            raise  # a value of ours that Redis cannot hold: a bug, not an outage
        except NoConnectionFree as exc:
            raise StateBusy(f"Redis at {self._address} was not asked: {exc}") from exc
        except (RedisError, OSError) as exc:
            raise StateUnavailable(
                f"Redis at {self._address}: {type(exc).__name__}: {exc}; check ASSAY_REDIS_URL and that the server runs"
            ) from exc

    async def run(self, script: str, keys: Sequence[str], args: Sequence[Argument]) -> Any:
        """Run a script of the folder `lua` by its name."""
        async with self.guard():
            return await self._scripts[script](keys=keys, args=args)

    async def pick(self, script: str, args: Sequence[Argument], items: Sequence[T]) -> list[T]:
        """Run a script that answers with 1-based positions. Returns the items at these."""
        if not items:
            return []
        return [items[int(position) - 1] for position in await self.run(script, [], args)]

    async def hashes(self, keys: Sequence[str]) -> list[dict[bytes, bytes]]:
        """The fields of several hashes in one round trip. Keys are given without the prefix.

        A hash that is not there is empty.
        """
        async with self.guard():
            pipe = self.client.pipeline(transaction=False)
            for key in keys:
                pipe.hgetall(self.key(key))
            return list(await pipe.execute())

    async def _time(self) -> float:
        async with self.guard():
            seconds, microseconds = await self.client.time()
        return int(seconds) + int(microseconds) / 1e6

    async def ping(self) -> None:
        """Return if the server answers."""
        async with self.guard():
            await self.client.ping()

    async def close(self) -> None:
        """Release connections."""
        await self.client.aclose()
        await self._pool.aclose()


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return parts.path if parts.scheme == "unix" else f"{parts.scheme}://{host}:{parts.port or 6379}"
