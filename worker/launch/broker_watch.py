"""Says in `assay up` when Redis does not do its part, why, and when it does again. Nothing ends: the fleet waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from assay.worker.config.redis_answers import redis_trouble
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.state import StateUnavailable
from assay.worker.state.redis.state import redis_state

LOOK_EVERY_S = 3.0
ANSWER_WITHIN_S = 5.0

_PROBE = "up:probe"
"""A key that is written at each look. A replica, a full memory and a full disk answer a PING, but take no write."""


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
    state, last = redis_state(url, prefix=prefix, timeout_s=ANSWER_WITHIN_S), ""
    try:
        while not ended.is_set():
            trouble = await _trouble(state.key_values)
            if trouble != last:
                report(f"Redis {trouble}; the fleet waits" if trouble else "Redis takes work again")
            last = trouble
            for _ in range(int(LOOK_EVERY_S / 0.25)):
                if not ended.is_set():
                    await asyncio.sleep(0.25)
    finally:
        with suppress(StateUnavailable, TimeoutError):
            async with asyncio.timeout(1):
                await state.close()


async def _trouble(values: KeyValues) -> str:
    """Why a write is not taken; empty where it is."""
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            await values.keep(_PROBE, b"1", ttl_s=60, replace=True)
    except (StateUnavailable, TimeoutError) as exc:
        return redis_trouble(exc)
    return ""
