"""When a failed model call is tried again, and after how long. Attempts and time spent waiting are bounded."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from assay.judges.errors import TransientModelError

T = TypeVar("T")

_BACKOFF_S = 0.5
"""Upper end of the first wait; it doubles with each attempt."""

_LONGEST_BACKOFF_S = 8.0
_JITTER_S = 0.25
"""Callers that were told the same time do not come back in the same instant."""


async def retried(attempt: Callable[[], Awaitable[T]], *, max_attempts: int, max_wait_s: float) -> T:
    """Make an attempt, and further ones after errors that may pass. The last error leaves it as it is.

    Args:
        attempt: one attempt.
        max_attempts: attempts in all.
        max_wait_s: seconds of waiting in all. An error that asks for more than is left is raised at once, so that the
            caller can put the work aside for as long as the endpoint asked.
    """
    waited_s = 0.0
    for number in range(1, max_attempts):
        try:
            return await attempt()
        except TransientModelError as error:
            wait_s = wait_before_next(error, number)
            if waited_s + wait_s > max_wait_s:
                raise
        waited_s += wait_s
        await asyncio.sleep(wait_s)
    return await attempt()


def wait_before_next(error: TransientModelError, attempts: int) -> float:
    """Seconds until the next attempt: what the endpoint asked plus a little jitter, else back-off with full jitter.

    Args:
        error: what the last attempt ended with.
        attempts: how many were made.
    """
    backoff_s = random.uniform(0.0, min(_LONGEST_BACKOFF_S, _BACKOFF_S * 2 ** (attempts - 1)))  # noqa: S311  # jitter
    return backoff_s if error.retry_after_s is None else error.retry_after_s + min(backoff_s, _JITTER_S)
