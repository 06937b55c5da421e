"""The connection to Redis or Valkey that all ports share. The only file that talks to it by redis-py."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import DataError, RedisError

from assay.worker.ports.state import StateUnavailable

_LUA = Path(__file__).parent / "lua"
T = TypeVar("T")


class RedisConnection:
    """One client, its Lua scripts and the prefix of all keys.

    Attributes:
        client: the client; use it within `guard`.
        prefix: what every key of the state begins with.
        broker_prefix: what every key of Celery's queues begins with.
    """

    def __init__(self, url: str, *, prefix: str, timeout_s: float = 10.0) -> None:
        self.broker_prefix = prefix
        self.prefix = f"{prefix}state:"
        self.client: redis.Redis = redis.from_url(
            url,
            socket_timeout=timeout_s,
            socket_connect_timeout=timeout_s,
            retry=Retry(ExponentialBackoff(cap=1.0, base=0.05), 3),
            health_check_interval=25,
        )
        self._address = _without_password(url)
        self._scripts = {path.stem: self.client.register_script(path.read_text()) for path in _LUA.glob("*.lua")}

    def key(self, name: str) -> str:
        """The full name of a key."""
        return self.prefix + name

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Turn errors of the connection into the state's own.

        Raises:
            StateUnavailable
        """
        try:
            yield
        except DataError:
            raise  # a value of ours that Redis cannot hold: a bug, not an outage
        except (RedisError, OSError) as exc:
            raise StateUnavailable(
                f"Redis at {self._address}: {type(exc).__name__}: {exc}; check ASSAY_REDIS_URL and that the server runs"
            ) from exc

    async def run(self, script: str, keys: Sequence[str], args: Sequence[str | float]) -> Any:
        """Run a script of the folder `lua` by its name."""
        async with self.guard():
            return await self._scripts[script](keys=keys, args=args)

    async def pick(self, script: str, args: Sequence[str | float], items: Sequence[T]) -> list[T]:
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

    async def ping(self) -> None:
        """Return if the server answers."""
        async with self.guard():
            await self.client.ping()

    async def close(self) -> None:
        """Release connections."""
        await self.client.aclose()


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return parts.path if parts.scheme == "unix" else f"{parts.scheme}://{host}:{parts.port or 6379}"
