"""What only Redis can get wrong: names of keys, keys that never end, and a server that does not answer."""

from __future__ import annotations

import asyncio

import pytest

from assay.worker.launch.broker import Broker
from assay.worker.ports.limits import RateLimit
from assay.worker.ports.state import FleetState, StateUnavailable
from assay.worker.records.ledger import LedgerState, UnscoredSpend
from assay.worker.records.windows import WindowRecord
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.state import redis_state
from tests.contract.state.making import DAY, NOW, SOON, promise, transition

ENTRY = "grounding\x1f"


async def use_every_port(state: FleetState) -> None:
    await state.windows.epoch(NOW)
    await state.ledger.promise([promise("done"), promise("open"), promise("dead")], now=NOW, due=SOON)
    ended = [
        transition("done", LedgerState.OPEN, LedgerState.SKIPPED),
        transition("dead", LedgerState.OPEN, LedgerState.DEAD),
    ]
    await state.ledger.apply("grounding", ended, now=NOW)
    await state.windows.put(WindowRecord(start=NOW, end=SOON))
    await state.verdicts.keep_all({"v": b"v"}, ttl_s=60)
    await state.key_values.keep("k", b"v", ttl_s=60)
    await state.documents.put("d", "x")
    await state.locks.acquire("sweep", owner="a", ttl_s=60)
    await state.spend.add(DAY, UnscoredSpend(calls=1))
    await state.limits.reserve({RateLimit(name="store", amount=5): 1}, lease_s=60)


def test_keys_are_called_as_they_always_were_and_all_but_open_work_have_an_end(broker: Broker, key_prefix: str) -> None:
    """A fleet that is upgraded finds its work under the same names."""

    async def check() -> tuple[set[str], set[str]]:
        connection, state = RedisConnection(broker.url, prefix=key_prefix), redis_state(broker.url, prefix=key_prefix)
        try:
            await use_every_port(state)
            keys = [key async for key in connection.client.scan_iter(f"{key_prefix}*")]
            names = {key: key.decode().removeprefix(f"{key_prefix}state:") for key in keys}
            return set(names.values()), {names[key] for key in keys if await connection.client.ttl(key) < 0}
        finally:
            await state.close()
            await connection.close()

    names, endless = asyncio.run(check())
    open_work = {f"{kind}:{ENTRY}{trace}" for kind in ("entry", "history") for trace in ("open", "dead")}
    ended = {f"entry:{ENTRY}done", f"history:{ENTRY}done"}
    by_day = {f"{kind}:{DAY}" for kind in ("day", "count", "promised", "windows", "lost")}
    single = {"kept:k", "kept:v", "doc:d", "lock:sweep", "limit:store"}
    assert endless == {"epoch", "due:open", "dead", "ended", *open_work}
    assert names == {*endless, *ended, *by_day, *single}


def test_redis_that_cannot_be_reached_is_one_clear_error() -> None:
    async def check() -> None:
        state = redis_state("redis://:secret@127.0.0.1:1/0", prefix="x:", timeout_s=0.5)
        try:
            with pytest.raises(StateUnavailable, match="ASSAY_REDIS_URL") as caught:
                await state.ping()
            assert "secret" not in str(caught.value)
        finally:
            await state.close()

    asyncio.run(check())
