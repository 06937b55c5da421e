"""About how many traces no sweep can see, because none of their steps is a root."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import structlog

from assay.worker.ports.locks import Locks
from assay.worker.ports.source import RootSource
from assay.worker.ports.store_errors import StoreError
from assay.worker.records.windows import WindowRecord

COUNT_EVERY_S, COUNT_WITHIN_S = 3600.0, 20.0
"""In seconds: one window an hour is counted, and no count takes longer than 20 s. The count is for people
who wonder what is missing. On a big project it costs as much as the sweep itself."""

LEAST_AGE = timedelta(hours=6)
"""A younger window may hold traces that still run: steps without a root, as yet."""

log = structlog.get_logger(__name__)


async def count_rootless(source: RootSource, locks: Locks, window: WindowRecord, *, now: datetime) -> int | None:
    """The window's count of traces without a root. Counts them if it is time for that.

    Args:
        source: where the traces are.
        locks: lets one window an hour through, whoever sweeps.
        window: the window, with the count it has.
        now: the current moment.

    Returns:
        The count that the window has or has now. None where it was not counted, or the store could not tell.
    """
    if window.rootless is not None or now - window.end < LEAST_AGE:
        return window.rootless
    # Never given back: the lock's end is when the next window may be counted, whoever sweeps then.
    if not await locks.acquire("rootless", owner=window.id, ttl_s=COUNT_EVERY_S):
        return None
    try:
        async with asyncio.timeout(COUNT_WITHIN_S):
            return await source.count_rootless(window.start, window.end)
    except (StoreError, TimeoutError) as exc:
        log.warning("sweep.rootless_not_counted", window=window.id, error=str(exc)[:200] or "took too long")
        return None
