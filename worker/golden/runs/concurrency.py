"""Running many awaitables with a limit on how many at once, and on how long in all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def limit_of(concurrency: int) -> asyncio.Semaphore:
    """A limit that several calls of `map_bounded` can share.

    Raises:
        ValueError: concurrency below 1.
    """
    if concurrency < 1:
        raise ValueError(f"concurrency must be at least 1, got {concurrency}")
    return asyncio.Semaphore(concurrency)


async def map_bounded(
    work: Callable[[T], Awaitable[R]], subjects: Sequence[T], *, limit: asyncio.Semaphore, deadline: float | None = None
) -> list[R | None]:
    """Results of `work` in the order of `subjects`; the first exception ends all and is raised as it is.

    Args:
        work: done for each subject.
        subjects: what to work on.
        limit: how many at once.
        deadline: on the loop's clock; what is not done by then is cancelled and comes back as None.
    """

    async def limited(subject: T) -> R:
        async with limit:
            return await work(subject)

    tasks = [asyncio.ensure_future(limited(subject)) for subject in subjects]
    if not tasks:
        return []
    left = None if deadline is None else max(0.0, deadline - asyncio.get_running_loop().time())
    try:
        done, _ = await asyncio.wait(tasks, timeout=left, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
        return [task.result() if task in done else None for task in tasks]
    finally:
        await _cancel(tasks)


async def together(*works: Coroutine[Any, Any, Any]) -> list[Any]:
    """Results of all; the first exception cancels the others and is raised as it is."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        await _cancel(tasks)


async def _cancel(tasks: Sequence[asyncio.Future[Any]]) -> None:
    for task in tasks:
        task.cancel()
    # Cancelled calls still close their connections; nothing may outlive this function.
    await asyncio.gather(*tasks, return_exceptions=True)
