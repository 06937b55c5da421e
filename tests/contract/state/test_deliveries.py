"""The broker's queues and deliveries. Only Redis has any."""

from __future__ import annotations

import asyncio
from typing import Any

from assay.worker.launch.broker import Broker
from assay.worker.ports.state import FleetState
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.deliveries import RedisDeliveries
from tests.contract.state.making import NOW, Run


def test_queue_that_is_not_there_is_empty_and_renewing_nothing_changes_nothing(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.deliveries.renew([])
        assert await state.deliveries.queue_depth("assess") == 0
        assert await state.deliveries.in_hand() == 0

    run(check)


def test_renewal_moves_deliveries_to_the_servers_now_and_brings_no_acknowledged_one_back(
    broker: Broker, key_prefix: str
) -> None:
    async def check() -> tuple[int, dict[bytes, float], float]:
        connection = RedisConnection(broker.url, prefix=key_prefix)
        deliveries, unacked = RedisDeliveries(connection), f"{key_prefix}unacked_index"
        try:
            await connection.client.rpush(f"{key_prefix}assess", "a message", "another")
            await connection.client.zadd(unacked, {"in work": NOW.timestamp()})
            seconds, _ = await connection.client.time()
            await deliveries.renew(["in work", "acknowledged"], owners=["m"])
            left: Any = await connection.client.zrange(unacked, 0, -1, withscores=True)
            assert await deliveries.in_hand() == 1
            return await deliveries.queue_depth("assess"), dict(left), seconds
        finally:
            await connection.client.delete(unacked, f"{key_prefix}assess")
            await connection.close()

    depth, left, asked = asyncio.run(check())
    assert (depth, list(left)) == (2, [b"in work"])
    assert asked <= left[b"in work"] < asked + 60


def test_renewal_reads_the_servers_clock(broker: Broker, key_prefix: str) -> None:
    async def check() -> None:
        connection = RedisConnection(broker.url, prefix=key_prefix)
        try:
            assert connection.clock.offset_s is None
            await RedisDeliveries(connection).renew([])
            assert connection.clock.offset_s is not None
        finally:
            await connection.close()

    asyncio.run(check())
