"""A second request for a call that takes unusually long (Dean and Barroso 2013, "The tail at scale").

It is asked for within a stated share of extra calls. The answer that comes first counts. The other request is
cancelled, and may be paid all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_MOST_SAVED = 8.0
"""Second requests that may be sent at once after a quiet time."""


class HedgeBudget:
    """At most `share` second requests for each first one, e.g. 0.02: two for a hundred. 0: none."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._saved = 0.0

    def earn(self) -> None:
        """A first request is sent."""
        self._saved = min(_MOST_SAVED, self._saved + self._share)

    def spend(self) -> bool:
        """Whether a second request may be sent now. It is then counted."""
        if self._saved < 1:
            return False
        self._saved -= 1
        return True


async def hedged(
    first: Coroutine[Any, Any, T], second: Callable[[], Coroutine[Any, Any, T]], *, after_s: float, budget: HedgeBudget
) -> tuple[T, bool]:
    """The answer of `first`, or of `second`, which is begun when `first` takes longer than `after_s` seconds.

    Returns:
        The answer, and whether the other request was left without a known end.

    Raises:
        Exception: that of `first`, where no request brought an answer.
    """
    tasks = [asyncio.ensure_future(first)]
    try:
        done, _ = await asyncio.wait(tasks, timeout=after_s)
        if not done and budget.spend():
            tasks.append(asyncio.ensure_future(second()))
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if all(task.exception() for task in done):
                await asyncio.wait(tasks)
        best = next((task for task in tasks if task.done() and not task.exception()), tasks[0])
        return await best, any(not task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
