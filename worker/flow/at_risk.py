"""How many judgements a process has under way: as many as it can keep the answers of.

An answer that was paid for lies in memory until its verdict is read and kept. A process that is killed then loses it,
and it is paid for again. Where the judge answers faster than the processor reads, hundreds would lie there. So the
number under way grows while few answers wait, and shrinks while many do: with a judge of a second and a free processor
it reaches what the limits allow after four calls' time, and costs nothing from there on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from assay.judges.models.call_context import CallContext, calling_for

MOST_UNKEPT = 16
"""Answers that may wait for their keeping. At 64 answers a second, each kept within 0.05 s, 3 do."""

FIRST_ROOM = 32
"""Judgements under way when a process begins, before it has shown what it can keep."""

LEAST_ROOM = 16
"""However slow the processor is: one message's traces."""


class AtRisk:
    """Lets judgements begin, use cases in turn. One for each process, used from one event loop."""

    def __init__(self) -> None:
        self.room = FIRST_ROOM
        self._under_way: dict[int, CallContext] = {}
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._busy = 0

    @asynccontextmanager
    async def judging(self, use_case: str) -> AsyncIterator[None]:
        """Wait for room, then judge one sample for a use case within the block. It ends when its verdict is kept."""
        await self._enter(use_case)
        with calling_for(use_case=use_case) as context:
            self._under_way[id(context)] = context
            try:
                yield
            finally:
                self._leave(context)

    @property
    def unkept(self) -> int:
        """Judgements under way whose answer, or the first of several, is paid."""
        return sum(context.has_paid for context in self._under_way.values())

    async def _enter(self, use_case: str) -> None:
        if self._busy < self.room and not self._waiting:
            self._busy += 1
            return
        leave: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(use_case, deque()).append(leave)
        try:
            await leave
        except BaseException:
            if leave.done() and not leave.cancelled():
                self._busy -= 1  # it was let in and cancelled in the same turn of the loop
                self._let_in()
            raise

    def _leave(self, context: CallContext) -> None:
        if context.has_paid:
            self.room = self.room + 1 if self.unkept <= MOST_UNKEPT else max(LEAST_ROOM, self.room - 1)
        del self._under_way[id(context)]
        self._busy -= 1
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self._busy < self.room:
            use_case = next(iter(self._waiting))
            queue = self._waiting.pop(use_case)
            leave = queue.popleft()
            if queue:
                self._waiting[use_case] = queue  # at the end: the other use cases' turn is next
            if not leave.done():
                self._busy += 1
                leave.set_result(None)
