"""One writer at a time for each request: what a request has of ours is read, added to, and written as a whole."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from assay.worker.ports.locks import Locks
from assay.worker.ports.store_errors import StoreBusy
from assay.worker.records.scores import Score

LOCK_TTL_S, MAX_WAIT_S, POLL_S = 30.0, 10.0, 0.05
REMEMBERED, VISIBLE_AFTER_S = 2000, 60.0
"""Requests whose scores a process remembers, and for how long: until a row shows for sure what was written."""


class Merging:
    """Who writes on which request, and what was written lately: a row may be read before it shows it."""

    def __init__(self, locks: Locks | None) -> None:
        self._locks = locks
        self._waiting: dict[str, tuple[asyncio.Lock, int]] = {}
        self._written: OrderedDict[str, tuple[float, dict[str, Score]]] = OrderedDict()

    @asynccontextmanager
    async def alone(self, request_id: str) -> AsyncIterator[None]:
        """Hold a request, against the other tasks of this process and, where there are locks, against other workers.

        Raises:
            StoreBusy: another worker has it for longer than we wait.
        """
        lock, users = self._waiting.get(request_id, (asyncio.Lock(), 0))
        self._waiting[request_id] = (lock, users + 1)
        try:
            async with lock, _held(self._locks, f"scores-of-{request_id}"):
                yield
        finally:
            lock, users = self._waiting.pop(request_id)
            if users > 1:
                self._waiting[request_id] = (lock, users - 1)

    def lately(self, request_id: str) -> Mapping[str, Score]:
        """What this process wrote on a request within the last minute, by name."""
        at, written = self._written.get(request_id, (0.0, {}))
        return written if time.monotonic() - at < VISIBLE_AFTER_S else {}

    def note(self, request_id: str, given: Mapping[str, Score]) -> None:
        """Remember what was written, of the latest requests."""
        self._written[request_id] = (time.monotonic(), {**self.lately(request_id), **given})
        self._written.move_to_end(request_id)
        while len(self._written) > REMEMBERED:
            self._written.popitem(last=False)


@asynccontextmanager
async def _held(locks: Locks | None, name: str) -> AsyncIterator[None]:
    if locks is None:
        yield
        return
    owner, until = uuid.uuid4().hex, time.monotonic() + MAX_WAIT_S
    while not await locks.acquire(name, owner=owner, ttl_s=LOCK_TTL_S):
        if time.monotonic() > until:
            raise StoreBusy("another worker writes scores on the same request", retry_after_s=MAX_WAIT_S)
        await asyncio.sleep(POLL_S)
    try:
        yield
    finally:
        await locks.release(name, owner=owner)
