"""Who ended a worker: told by marks around each step of CPU work on a trace that a worker has vanished with.

A trace can end its process only while the process works on it: reading it, building its prompt, parsing its reply.
While it waits for the model it cannot. A worker that is killed from outside has hundreds of traces in hand, and blames
one at most: the process lets one suspect at a time into such a step.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

from assay.judges.cpu_executor import Watch
from assay.worker.flow.outbox import Outbox
from assay.worker.ports.state import StateUnavailable
from assay.worker.ports.suspects import Suspects

SUSPICIOUS_DELIVERIES = 2
"""Taken so often without an outcome: a worker vanished with it before."""

MOST_BLAMED = 3
"""A trace that was blamed more often is poison. It is blamed once for each worker that it really ends. For a trace that
does nothing it takes as many kills from outside, each in the few milliseconds of its own steps."""


@dataclass(frozen=True)
class Suspicion:
    """Watches the steps of suspects. One instance serves a process."""

    suspects: Suspects
    outbox: Outbox
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def watch(self, rubric: str, trace_id: str, owner: str) -> Watch:
        """What each step of CPU work on a suspect is to run within."""

        def step() -> AbstractAsyncContextManager[None]:
            return self._step(rubric, trace_id, owner)

        return step

    @asynccontextmanager
    async def _step(self, rubric: str, trace_id: str, owner: str) -> AsyncIterator[None]:
        absolve = partial(self.suspects.absolve, rubric, trace_id, owner=owner)
        async with self.turn:
            try:
                await self.suspects.blame(rubric, trace_id, owner=owner)
            except StateUnavailable:
                yield  # nobody is blamed while the state is away
                return
            except asyncio.CancelledError:
                self.outbox.owe(absolve)  # the state may have it, and the step is not made
                raise
            try:
                yield
            finally:
                try:
                    await absolve()
                except StateUnavailable:
                    self.outbox.owe(absolve)
