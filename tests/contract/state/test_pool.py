"""Many requests at once: they wait for their turn, and what is our own limit is never called an outage."""

from __future__ import annotations

import asyncio

import pytest

from assay.worker.launch.broker import Broker
from assay.worker.ports.state import StateBusy
from assay.worker.state.redis import connection as connections
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.pool import MOST_CONNECTIONS, blocking_pool
from assay.worker.state.redis.state import redis_state


def test_a_thousand_requests_at_once_are_all_answered_over_a_few_connections(broker: Broker, key_prefix: str) -> None:
    async def check() -> int:
        state = redis_state(broker.url, prefix=key_prefix)
        connection = RedisConnection(broker.url, prefix=key_prefix)
        try:
            kept = [state.key_values.keep(f"k{n}", b"v", ttl_s=60) for n in range(1000)]
            assert await asyncio.gather(*kept) == [b"v"] * 1000
            await asyncio.gather(*(connection.ping() for _ in range(1000)))
            return len(connection.client.connection_pool._available_connections)
        finally:
            await state.close()
            await connection.close()

    assert asyncio.run(check()) <= MOST_CONNECTIONS


def test_who_waits_too_long_is_told_of_our_own_limit_and_not_of_an_outage(
    broker: Broker, key_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        connections, "blocking_pool", lambda url, timeout_s: blocking_pool(url, timeout_s=10, most=1, wait_s=0.05)
    )

    async def check() -> None:
        connection = RedisConnection(broker.url, prefix=key_prefix)
        try:
            taken = await connection.client.connection_pool.get_connection()  # type: ignore[no-untyped-call]
            with pytest.raises(StateBusy, match="all 1 connections of this process") as caught:
                await connection.ping()
            assert "server runs" not in str(caught.value)
            await connection.client.connection_pool.release(taken)
            await connection.ping()
        finally:
            await connection.close()

    asyncio.run(check())


def test_requests_that_are_cancelled_while_they_wait_hold_nobody_up(broker: Broker, key_prefix: str) -> None:
    async def check() -> None:
        connection = RedisConnection(broker.url, prefix=key_prefix)
        try:
            for _ in range(20):
                waiting = [asyncio.create_task(connection.ping()) for _ in range(3 * MOST_CONNECTIONS)]
                await asyncio.sleep(0)
                for task in waiting[::2]:
                    task.cancel()
                done = await asyncio.gather(*waiting, return_exceptions=True)
                assert all(error is None for error in done[1::2])
        finally:
            await connection.close()

    asyncio.run(check())
