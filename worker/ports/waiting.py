"""Waiting for room in the store's request budget, where giving up would mean to begin something long anew."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from assay.worker.ports.store_errors import StoreBusy

PATIENCE_S = 600.0
"""How long one request waits: far longer than a minute's budget takes to come back, far shorter than for ever."""

LOGGED_FROM_S = 2.0
T = TypeVar("T")
log = structlog.get_logger(__name__)


async def wait_for_budget(ask: Callable[[], Awaitable[T]], *, patience_s: float | None = None) -> T:
    """What is asked, again and again while there is no room for it, saying so on the log.

    Args:
        ask: makes the request.
        patience_s: how long it waits at most; None: `PATIENCE_S`.

    Raises:
        StoreBusy: no room for longer than that.
    """
    until = time.monotonic() + (PATIENCE_S if patience_s is None else patience_s)
    while True:
        try:
            return await ask()
        except StoreBusy as exc:
            wait_s = max(exc.retry_after_s or 0.0, 0.1)
            if time.monotonic() + wait_s > until:
                raise
            if wait_s >= LOGGED_FROM_S:
                log.warning("store.waiting_for_requests", seconds=round(wait_s), why=str(exc)[:200])
            await asyncio.sleep(wait_s)
