"""How far this machine's clock is from Redis', told once a minute where it matters."""

from __future__ import annotations

import asyncio
import time

import structlog

from assay.worker.config.redis_answers import redis_trouble
from assay.worker.ports.clock import SharedClock
from assay.worker.ports.state import StateUnavailable

OFF_BY_S = 2.0
"""Clocks that NTP keeps differ by milliseconds. Moments in logs and on a screen are of little use beyond this."""

TELL_EVERY_S = 60.0
AGAIN_S = 2.0
ANSWER_WITHIN_S = 5.0
"""For a few questions. The state's own patience is longer, and would hide an outage from the log."""

log = structlog.get_logger(__name__)
_told_at: list[float] = []


async def wait_for_clock(clock: SharedClock) -> None:
    """Read Redis' clock, however long that takes, and tell how far this machine's is off."""
    told_at = float("-inf")
    while True:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await clock.synchronise()
        except (StateUnavailable, TimeoutError) as exc:
            if time.monotonic() - told_at > 10 * AGAIN_S:
                told_at = time.monotonic()
                log.warning("broker.away", error=f"Redis {redis_trouble(exc)}", again_in_s=AGAIN_S)
            await asyncio.sleep(AGAIN_S)
        else:
            break
    tell_offset(clock.offset_s)


def tell_offset(offset_s: float | None) -> None:
    """Log an error where the clock is off, at most once a minute."""
    if offset_s is None or abs(offset_s) <= OFF_BY_S:
        return
    now = time.monotonic()
    if not _told_at or now - _told_at[-1] >= TELL_EVERY_S:
        _told_at[:] = [now]
        log.error(
            "clock.off",
            seconds=round(offset_s, 1),
            remedy="set this machine's clock (NTP); the fleet keeps to Redis' clock meanwhile",
        )
