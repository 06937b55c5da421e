"""Running many awaitables with a limit on how many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def map_bounded(work: Callable[[T], Awaitable[R]], subjects: Sequence[T], *, concurrency: int) -> list[R]:
    """Results of `work` in the order of `subjects`; the first exception ends all and is raised as it is.

    Raises:
        ValueError: concurrency below 1.
    """
    if concurrency < 1:
        raise ValueError(f"concurrency must be at least 1, got {concurrency}")
    limit = asyncio.Semaphore(concurrency)

    async def one(subject: T) -> R:
        async with limit:
            return await work(subject)

    tasks = [asyncio.ensure_future(one(subject)) for subject in subjects]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        # Cancelled calls still close their connections; nothing may outlive this function.
        await asyncio.gather(*tasks, return_exceptions=True)
