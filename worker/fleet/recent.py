"""An answer that is kept for a moment, so that many who ask at once cost one look."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[T]):
    """Reads at most once in so many seconds, and never twice at once. All calls come from one event loop."""

    def __init__(self, read: Callable[[], Awaitable[T]], *, keep_s: float) -> None:
        """Nothing read yet.

        Args:
            read: reads it. An error is kept as long as an answer.
            keep_s: for how long.
        """
        self._read = read
        self._keep_s = keep_s
        self._task: asyncio.Task[T] | None = None
        self._begun = 0.0

    async def get(self) -> T:
        """The answer: of now, of a moment ago, or of the look that is under way."""
        task = self._task
        if task is None or (task.done() and time.monotonic() - self._begun >= self._keep_s):
            self._begun = time.monotonic()
            task = self._task = asyncio.ensure_future(self._awaited())
        return await asyncio.shield(task)

    async def _awaited(self) -> T:
        return await self._read()
