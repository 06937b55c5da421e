"""The same way over a real Redis: what dies with a process, and what may lie in Redis."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest

from assay.worker.launch.broker import Broker
from assay.worker.ports.batch_jobs import ANSWER_S, GATHERED_S, SENT_S
from assay.worker.records.ledger import LedgerState
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.state import redis_state
from tests.builders import make_trace
from tests.servers.batch_servers import BatchServer
from tests.unit.worker.flow.batch_calls.way import Way

SECRET = "Zanzibar"
N = 6

Travel = Callable[[Callable[[Way, RedisConnection], Awaitable[None]]], None]


@pytest.fixture
def travel(broker: Broker, key_prefix: str) -> Travel:
    def run(work: Callable[[Way, RedisConnection], Awaitable[None]]) -> None:
        async def main() -> None:
            with BatchServer() as server:
                traces = [make_trace(f"t{n}", input={"question": f"Is {SECRET} {n} an island?"}) for n in range(N)]
                way = Way(server, traces, state=redis_state(broker.url, prefix=key_prefix))
                redis = RedisConnection(broker.url, prefix=key_prefix)
                try:
                    await way.begin()
                    await work(way, redis)
                finally:
                    await way.close()
                    await redis.close()

        asyncio.run(main())

    return run


async def arrive(way: Way) -> None:
    way.server.end()
    await way.collect()
    await way.assess()
    assert await way.states() == {(LedgerState.JUDGED, ""): N}
    assert list(way.server.paid.values()) == [1] * N


async def calls(redis: RedisConnection) -> list[bytes]:
    return [key async for key in redis.client.scan_iter(match=f"{redis.prefix}batch:call:*")]


async def lives(redis: RedisConnection) -> int:
    """For how long the calls live, in seconds."""
    spans = [await redis.client.ttl(key) for key in await calls(redis)]
    assert 0 < max(spans) <= min(spans) + 10
    return min(spans)


async def all_of(redis: RedisConnection) -> bytes:
    """Everything that lies in Redis, inflated where it is packed."""
    client: Any = redis.client
    read: dict[bytes, Callable[[bytes], Awaitable[Any]]] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"zset": lambda key: client.zrange(key, 0, -1),
    }
    stored = b""
    async for key in client.scan_iter(match=f"{redis.prefix}*"):
        value = await read[await client.type(key)](key)
        parts = [part for pair in value.items() for part in pair] if isinstance(value, dict) else value
        for part in [parts] if isinstance(parts, bytes) else parts:
            stored += key + part
            with suppress(zlib.error):
                stored += zlib.decompress(part)
    return stored


def test_traces_whose_collector_died_with_its_memory_come_again(travel: Travel) -> None:
    async def work(way: Way, redis: RedisConnection) -> None:
        await way.assess()
        keys = await calls(redis)
        assert len(keys) == N
        assert await lives(redis) <= GATHERED_S
        way.restart()
        for key in keys:  # the quarter of an hour is over
            await redis.client.delete(key)
        way.later(minutes=31)
        await way.assess()
        await way.send()
        assert GATHERED_S < await lives(redis) <= SENT_S
        await arrive(way)
        assert SENT_S < await lives(redis) <= ANSWER_S

    travel(work)


def test_late_collector_whose_calls_another_has_taken_sends_none_of_them(travel: Travel) -> None:
    async def work(way: Way, redis: RedisConnection) -> None:
        await way.assess()
        late = way.desk
        way.restart()
        for key in await calls(redis):
            await redis.client.delete(key)
        way.later(minutes=31)
        await way.assess()
        await way.send()
        await late.flush(10)
        assert [len(lines) for lines in way.server.lines.values()] == [N]
        await arrive(way)

    travel(work)


def test_what_is_asked_never_lies_in_redis(travel: Travel) -> None:
    async def work(way: Way, redis: RedisConnection) -> None:
        await way.assess()
        await way.send()
        assert SECRET in str(way.server.lines), "it is in what is asked"
        await arrive(way)
        stored = await all_of(redis)
        assert b"batch:jobs" in stored
        assert b"prompt_tokens" in stored, "answers are inflated"
        assert SECRET.encode() not in stored

    travel(work)


def test_batch_that_takes_longer_than_a_day_keeps_its_calls(travel: Travel) -> None:
    async def work(way: Way, redis: RedisConnection) -> None:
        await way.assess()
        await way.send()
        for key in await calls(redis):
            await redis.client.expire(key, 60)
        way.later(hours=25)
        await way.collect()
        assert GATHERED_S < await lives(redis) <= SENT_S
        await way.assess()
        await arrive(way)

    travel(work)
