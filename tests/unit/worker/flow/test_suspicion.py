"""Marks around the steps of suspects: one suspect at a time, taken back whatever the step did."""

from __future__ import annotations

import asyncio

import pytest

from assay.judges.cpu_executor import in_thread, watched_steps
from assay.worker.flow.outbox import Outbox
from assay.worker.flow.suspicion import Suspicion
from assay.worker.ports.state import StateUnavailable
from assay.worker.state.memory.key_values import MemoryKeyValues


class Marks:
    """`Suspects` that remembers who is blamed, and fails while it is told to."""

    def __init__(self) -> None:
        self.blamed: list[str] = []
        self.most_at_once = 0
        self.away: set[str] = set()

    async def blame(self, rubric: str, trace_id: str, *, owner: str) -> None:
        if "blame" in self.away:
            raise StateUnavailable("away")
        self.blamed.append(trace_id)
        self.most_at_once = max(self.most_at_once, len(self.blamed))
        await asyncio.sleep(0)

    async def absolve(self, rubric: str, trace_id: str, *, owner: str) -> None:
        if "absolve" in self.away:
            self.away.discard("absolve")
            raise StateUnavailable("away")
        self.blamed.remove(trace_id)


def suspicion_of(marks: Marks) -> Suspicion:
    return Suspicion(marks, Outbox(MemoryKeyValues(), ttl_s=60))


async def step(suspicion: Suspicion, trace_id: str, work: object = str) -> None:
    with watched_steps(suspicion.watch("grounding", trace_id, "m")):
        await in_thread(work)  # type: ignore[arg-type]


def test_suspects_step_one_at_a_time_and_work_without_a_watch_is_not_held_up() -> None:
    async def check() -> None:
        marks = Marks()
        suspicion = suspicion_of(marks)
        await asyncio.gather(*(step(suspicion, f"t{n}") for n in range(8)))
        assert (marks.most_at_once, marks.blamed) == (1, [])
        async with suspicion.turn:
            assert await in_thread(str) == ""

    asyncio.run(check())


def test_step_that_fails_or_is_cancelled_is_absolved() -> None:
    async def check() -> None:
        marks = Marks()
        suspicion = suspicion_of(marks)
        with pytest.raises(ZeroDivisionError):
            await step(suspicion, "t0", lambda: 1 // 0)
        assert marks.blamed == []
        waiting = asyncio.Event()
        cancelled = asyncio.create_task(step(suspicion, "t1", waiting.is_set))
        await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.wait([cancelled])
        await step(suspicion, "t2")
        assert await suspicion.outbox.drain(60)
        assert marks.blamed == []

    asyncio.run(check())


def test_state_that_is_away_blames_nobody_and_blame_is_taken_back_later() -> None:
    async def check() -> None:
        marks = Marks()
        suspicion = suspicion_of(marks)
        marks.away = {"blame"}
        await step(suspicion, "t0")
        marks.away = {"absolve"}
        await step(suspicion, "t1")
        assert await suspicion.outbox.drain(60)
        assert marks.blamed == []

    asyncio.run(check())
