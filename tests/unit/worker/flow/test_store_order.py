"""Another first store is told, and nothing is swept under other ids."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from assay.judges.rubric import Rubric
from assay.worker.flow.store_order import First, StoreOrder
from assay.worker.flow.store_sweeps import Sweeps
from assay.worker.ports.clock import FixedClock
from assay.worker.state.memory.state import memory_state
from tests.builders import NOW, make_deployment, make_sweeper
from tests.fakes import FlakyStore
from tests.unit.worker.flow.test_store_sweeps import Listed, nowhere


class Project(FlakyStore):
    """A store of a project."""

    def __init__(self, project: str) -> None:
        super().__init__()
        self.project = project

    async def project_id(self) -> str:
        return self.project


def order(name: str, project: str, *names: str, stores: int = 2) -> StoreOrder:
    first = First(name=name, kind="sqlite", stores=stores)
    return StoreOrder(memory_state().key_values, Project(project), first, names or (name,))


@pytest.mark.parametrize(
    ("before", "now", "is_trouble"),
    [
        (order("chat", "p1", "chat", "rag"), order("chat", "p1", "chat", "rag"), False),
        (order("chat", "p1", "chat", "rag"), order("rag", "p2", "rag", "chat"), True),
        (order("chat", "p1", "chat", "rag"), order("rag", "p2", stores=1), True),
        (order("chat", "p1", "chat", "rag"), order("talk", "p1", "talk", "rag"), False),
        (order("", "p1", stores=1), order("chat", "p1", "chat", "rag"), False),
        (order("", "p1", stores=1), order("rag", "p2", "rag", "chat"), True),
        (order("", "p1", stores=1), order("", "p2", stores=1), False),
        (order("chat", "p1", "chat", "rag"), order("", "p1", stores=1), False),
    ],
)
def test_first_store_that_changed_is_told(before: StoreOrder, now: StoreOrder, is_trouble: bool) -> None:
    async def check() -> str:
        assert await before.trouble() == ""
        await before.remember()
        return await replace(now, key_values=before.key_values).trouble()

    trouble = asyncio.run(check())
    assert ("List the former one first again" in trouble) is is_trouble, trouble


def test_nothing_is_swept_while_another_store_is_the_first() -> None:
    state, deployment = memory_state(), make_deployment(window_seconds=3600, lookback_hours=6)
    sweeper = make_sweeper(Listed("t"), state, deployment, Rubric(name="grounding"), nowhere, FixedClock(NOW))
    chat = replace(order("chat", "p1", "chat", "rag"), key_values=state.key_values)
    asyncio.run(chat.remember())
    other = replace(order("rag", "p2", "rag", "chat"), key_values=state.key_values)
    assert asyncio.run(Sweeps({"rag": sweeper}, sweeper.scanner, other).sweep()).windows == 0
    assert asyncio.run(Sweeps({"chat": sweeper}, sweeper.scanner, chat).sweep()).windows > 0
