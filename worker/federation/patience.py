"""How long a process waits for one store of several: one that hangs or is down never takes the time of the others.

What is not asked is told as `StoreBusy`: it costs neither an attempt nor age.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import count
from typing import TypeVar

from assay.worker.ports.store_errors import StoreBusy, StoreUnavailable

T = TypeVar("T")

FAILURES = 3
"""So many failures in a row, and the store is left alone for a while."""

FIRST_PAUSE_S, LONGEST_PAUSE_S = 2.0, 60.0
"""How long it is left alone at first, and after many failures. Then one call tries it."""

SLOW_S = 5.0
"""A call that takes longer makes the store a slow one."""

WAITING = 4
"""Most calls of a process that wait for a slow store at once."""

AGAIN_S = 2.0
"""When to come again to a slow store."""


class Patience:
    """What one process knows of how a store answers."""

    def __init__(self, store: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Know nothing yet.

        Args:
            store: its name, for messages.
            clock: seconds that only grow.
        """
        self._store = store
        self._clock = clock
        self._failures = 0
        self._left_alone_until = 0.0
        self._answered_at = clock()
        self._waiting: dict[int, float] = {}
        self._numbers = count()

    async def call(self, work: Callable[[], Awaitable[T]]) -> T:
        """Ask the store.

        Raises:
            StoreBusy: it was not asked, because it does not answer.
        """
        with self.asking():
            return await work()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """The body asks the store.

        Raises:
            StoreBusy: as `call`.
        """
        self._refuse_if_pointless()
        number, began = next(self._numbers), self._clock()
        self._waiting[number] = began
        try:
            yield
        except StoreBusy:
            raise  # a limit of our own tells nothing of the store
        except StoreUnavailable:
            self._failed()
            raise
        except asyncio.CancelledError:
            if self._clock() - began >= SLOW_S:
                self._failed()
            raise
        except BaseException:
            self._answered()  # whatever it said, it answers
            raise
        else:
            self._answered()
        finally:
            del self._waiting[number]

    def _refuse_if_pointless(self) -> None:
        now = self._clock()
        if self._failures >= FAILURES and (now < self._left_alone_until or self._waiting):
            wait_s = max(AGAIN_S, self._left_alone_until - now)
            raise StoreBusy(f"store {self._store}: does not answer; it is asked again later", retry_after_s=wait_s)
        if len(self._waiting) < WAITING:
            return
        oldest = min(self._waiting.values())
        if now - oldest >= SLOW_S and self._answered_at <= oldest:
            raise StoreBusy(
                f"store {self._store}: {len(self._waiting)} calls wait for its answer", retry_after_s=AGAIN_S
            )

    def _answered(self) -> None:
        self._failures, self._answered_at = 0, self._clock()

    def _failed(self) -> None:
        self._failures += 1
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** max(0, self._failures - FAILURES))
        self._left_alone_until = self._clock() + pause_s
