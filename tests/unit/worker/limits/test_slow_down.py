"""The pace at endpoints that answer 429, simulated: a second is twenty steps, no test waits."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import pytest

from assay.worker.ports.call_limits import CallAsk, CallEnd, EndKind, Report
from assay.worker.state.memory.call_account import MemoryCallAccount

STEP_S = 0.05


class Fleet:
    """Calls that always want to go, `wanted` a second, each asked again after a 429. The endpoint answers at once."""

    def __init__(self, wanted: float, takes: Callable[[float], bool], *, seed: int = 1) -> None:
        self.now = 1_000_000.0
        self.account = MemoryCallAccount(now=lambda: self.now)
        self.wanted = wanted
        self.takes = takes
        self.random = random.Random(seed)
        self.answered: list[float] = []
        self.refused: list[float] = []
        self._number = 0

    async def _step(self) -> None:
        self.now += STEP_S
        due = int(self.wanted * STEP_S) + (self.random.random() < self.wanted * STEP_S % 1)
        asks = []
        for _ in range(due):
            self._number += 1
            asks.append(CallAsk(str(self._number), "m", 1.0))
        answer = await self.account.exchange(Report("e", "p", asks=asks))
        ends = []
        for ask, leave in zip(asks, answer.leaves, strict=True):
            if leave.granted:
                kind: EndKind = "answered" if self.takes(self.now) else "refused"
                (self.answered if kind == "answered" else self.refused).append(self.now)
                ends.append(CallEnd(kind, ask.lease, 0.0, 0.0, retry_after_s=1.0))
        if ends:
            await self.account.exchange(Report("e", "p", ends=ends))

    def run(self, seconds: float) -> None:
        async def steps() -> None:
            for _ in range(int(seconds / STEP_S)):
                await self._step()

        asyncio.run(steps())

    def answers_per_second(self, after_s: float) -> float:
        begin = 1_000_000.0 + after_s
        return sum(moment >= begin for moment in self.answered) / (self.now - begin)

    def refused_share(self, after_s: float) -> float:
        begin = 1_000_000.0 + after_s
        refused = sum(moment >= begin for moment in self.refused)
        return refused / (refused + sum(moment >= begin for moment in self.answered))


def bucket(per_second: float) -> Callable[[float], bool]:
    """An endpoint that really takes so many calls a second, and a second's worth at once."""
    left, at = per_second, 1_000_000.0

    def takes(now: float) -> bool:
        nonlocal left, at
        left, at = min(per_second, left + (now - at) * per_second), now
        if left < 1:
            return False
        left -= 1
        return True

    return takes


@pytest.mark.parametrize("wanted", [20.0, 60.0, 300.0])
def test_fleet_settles_at_what_the_endpoint_takes(wanted: float) -> None:
    fleet = Fleet(wanted, bucket(10.0))
    fleet.run(180)
    assert fleet.answers_per_second(30) >= 8.5
    assert fleet.refused_share(30) <= 0.25


@pytest.mark.parametrize("wanted", [4.0, 20.0, 200.0])
def test_endpoint_that_refuses_one_call_in_ten_at_random_is_hardly_slowed(wanted: float) -> None:
    chance = random.Random(2)
    fleet = Fleet(wanted, lambda _: chance.random() >= 0.1)
    fleet.run(180)
    assert fleet.answers_per_second(0) >= 0.9 * wanted / 1.15


def test_fleet_goes_on_at_full_pace_soon_after_a_shortage() -> None:
    narrow, wide = bucket(5.0), bucket(100.0)
    fleet = Fleet(50.0, lambda now: narrow(now) if now < 1_000_060 else wide(now))
    fleet.run(150)
    assert fleet.answers_per_second(110) >= 45


def test_endpoint_that_refuses_everything_is_hardly_asked_and_found_again() -> None:
    fleet = Fleet(50.0, lambda now: now >= 1_000_060)
    fleet.run(60)
    assert len(fleet.refused) <= 60 * 6
    fleet.run(60)
    assert fleet.answers_per_second(100) >= 25
