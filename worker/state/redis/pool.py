"""The connections of one process to Redis: few, and who finds none free waits for one.

redis-py's own pool has 100 and raises at the next request, which looks like an outage of a server that is well.
"""

from __future__ import annotations

import asyncio
from typing import Any

from redis.asyncio.connection import AbstractConnection, BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

MOST_CONNECTIONS = 32
"""Connections of one process. A request takes about a millisecond, so 32 carry some ten thousand a second; a process
that judges 256 traces at once has far fewer under way. Fifty processes then hold 1,600 of the server's 10,000."""

WAIT_S = 30.0
"""How long a request waits for a connection. Longer than the server may take to answer, so that a slow server is told
as what it is."""


class NoConnectionFree(RedisError):
    """No connection came free in time. That is a limit of this process, and no fault of the server."""


class BoundedPool(BlockingConnectionPool):
    """A pool in which a request waits for its turn."""

    async def get_connection(self, command_name: Any = None, *keys: Any, **options: Any) -> AbstractConnection:
        """A connection of one's own until it is released.

        Raises:
            NoConnectionFree: none came free in time.
        """
        try:
            connection: AbstractConnection = await super().get_connection()  # type: ignore[no-untyped-call]
        except RedisConnectionError as exc:
            if isinstance(exc.__cause__, TimeoutError) and not self.can_get_connection():
                limit = f"all {self.max_connections} connections of this process were in use for {self.timeout:.0f} s"
                raise NoConnectionFree(f"{limit}; run fewer judgements at once in a process") from exc
            raise
        except asyncio.CancelledError:
            # A wake-up that came together with the cancellation would be lost, and the next in line wait for nothing.
            async with self._condition:
                self._condition.notify()
            raise
        return connection


def blocking_pool(url: str, *, timeout_s: float, most: int = MOST_CONNECTIONS, wait_s: float = WAIT_S) -> BoundedPool:
    """A pool for a server's address. It connects on first use.

    Args:
        url: the server's address.
        timeout_s: how long one answer may take, in seconds.
        most: connections at once.
        wait_s: how long a request waits for one of them, in seconds.
    """
    return BoundedPool.from_url(
        url,
        max_connections=most,
        timeout=wait_s,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(ExponentialBackoff(cap=1.0, base=0.05), 3),
        health_check_interval=25,
    )
