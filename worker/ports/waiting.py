"""Waiting for a store that has no room or does not answer, where giving up would mean to begin something long anew."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from assay.worker.ports.store_errors import StoreBusy, StoreUnavailable

PATIENCE_S = 600.0
"""How long one request waits: far longer than a minute's budget takes to come back, far shorter than for ever."""

LOGGED_FROM_S = 2.0
LONGEST_PAUSE_S = 30.0
"""Between two tries of what got no answer."""

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


async def wait_for_answer(
    ask: Callable[[], Awaitable[T]],
    *,
    may_pass: Callable[[StoreUnavailable], bool],
    first_pause_s: float = 1.0,
    patience_s: float | None = None,
) -> T:
    """What is asked, again and again while there is no room for it, or while the store fails and may soon not.

    Only for what may be done twice: a read, or a write by id.

    Args:
        ask: makes the request.
        may_pass: whether a failure is worth another try.
        first_pause_s: before the second try. It doubles with each.
        patience_s: how long it tries at most; None: `PATIENCE_S`.

    Raises:
        StoreBusy: no room for longer than that.
        StoreUnavailable: a failure that may not pass, or did not in that time. The message says what to do.
    """
    began = time.monotonic()
    patience_s = PATIENCE_S if patience_s is None else patience_s
    tries = 0
    while True:
        try:
            left_s = max(0.0, began + patience_s - time.monotonic())
            return await wait_for_budget(ask, patience_s=left_s)
        except StoreBusy:
            raise
        except StoreUnavailable as exc:
            if not may_pass(exc):
                raise
            tries += 1
            pause_s = max(exc.retry_after_s or 0.0, min(LONGEST_PAUSE_S, first_pause_s * 2 ** (tries - 1)))
            if time.monotonic() + pause_s > began + patience_s:
                raise StoreUnavailable(
                    f"{exc}. Asked {tries} times in {time.monotonic() - began:.0f} s. See why the store is slow, then "
                    "run the same command again: what is there already is not sent again"
                ) from exc
            log.warning("store.asked_again", seconds=round(pause_s, 1), why=str(exc)[:200])
            await asyncio.sleep(pause_s)
