"""The broker's queues and deliveries. Only Redis has any."""

from __future__ import annotations

import asyncio
from typing import Any

from assay.worker.launch.broker import Broker
from assay.worker.ports.state import FleetState
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.deliveries import RedisDeliveries
from tests.contract.state.making import LATER, NOW, Run


def test_queue_that_is_not_there_is_empty_and_renewing_nothing_changes_nothing(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.deliveries.renew([], now=NOW)
        assert await state.deliveries.queue_depth("assess") == 0

    run(check)


def test_renewal_moves_deliveries_in_work_and_brings_no_acknowledged_one_back(broker: Broker, key_prefix: str) -> None:
    async def check() -> tuple[int, dict[bytes, float]]:
        connection = RedisConnection(broker.url, prefix=key_prefix)
        deliveries, unacked = RedisDeliveries(connection), f"{key_prefix}unacked_index"
        try:
            await connection.client.rpush(f"{key_prefix}assess", "a message", "another")
            await connection.client.zadd(unacked, {"in work": NOW.timestamp()})
            await deliveries.renew(["in work", "acknowledged"], now=LATER)
            left: Any = await connection.client.zrange(unacked, 0, -1, withscores=True)
            return await deliveries.queue_depth("assess"), dict(left)
        finally:
            await connection.client.delete(unacked, f"{key_prefix}assess")
            await connection.close()

    assert asyncio.run(check()) == (2, {b"in work": LATER.timestamp()})
