"""Says in `assay up` when Redis does not do its part, why, and when it does again. Nothing ends: the fleet waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from assay.worker.config.redis_answers import redis_trouble
from assay.worker.config.redis_probe import probe_commands
from assay.worker.ports.state import StateUnavailable
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.wiring.queues import ASSESS_QUEUE, CONTROL_QUEUE, GOLDEN_QUEUE

LOOK_EVERY_S = 3.0
ANSWER_WITHIN_S = 5.0


@contextmanager
def watched_broker(url: str, prefix: str, report: Callable[[str], None]) -> Iterator[None]:
    """Watch in a thread of its own until the block ends."""
    ended = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_watch(url, prefix, report, ended)), daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(LOOK_EVERY_S)


async def _watch(url: str, prefix: str, report: Callable[[str], None], ended: threading.Event) -> None:
    connection, last = RedisConnection(url, prefix=prefix, timeout_s=ANSWER_WITHIN_S), ""
    try:
        while not ended.is_set():
            trouble = await broker_trouble(connection)
            if trouble != last:
                report(f"Redis {trouble}; the fleet waits" if trouble else "Redis takes work again")
            last = trouble
            for _ in range(int(LOOK_EVERY_S / 0.25)):
                if not ended.is_set():
                    await asyncio.sleep(0.25)
    finally:
        with suppress(StateUnavailable, TimeoutError):
            async with asyncio.timeout(1):
                await connection.close()


async def broker_trouble(connection: RedisConnection) -> str:
    """Why Redis does not take what work needs; empty where it does."""
    pipe = connection.client.pipeline(transaction=False)
    for command in probe_commands(connection.broker_prefix, (ASSESS_QUEUE, CONTROL_QUEUE, GOLDEN_QUEUE)):
        pipe.execute_command(*command)
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S), connection.guard():
            await pipe.execute()
    except (StateUnavailable, TimeoutError) as exc:
        return redis_trouble(exc)
    return ""
