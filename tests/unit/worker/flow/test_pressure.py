"""Backpressure: the sweep waits while judging what is selected takes too long, and loses nothing by it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from assay.worker.flow.pressure import Pressure, drains, read_pressure
from assay.worker.ports.backlog import BACKFILL, Lane
from assay.worker.state.memory.key_values import MemoryKeyValues
from tests.builders import NOW, make_root
from tests.unit.worker.flow.test_sweep import World, roots

LONG_AGO = NOW - timedelta(minutes=10)
HOUR = timedelta(hours=1)


def lane(waiting: int, per_second: float | None = 1.0, **over: object) -> Lane:
    fields = {"turn": "bot", "use_case": "bot", "rubric": "grounding", "since": LONG_AGO}
    return Lane.model_validate({**fields, "waiting": waiting, "per_second": per_second, **over})


class Lanes:
    """A backlog that is as it is told to be."""

    def __init__(self, *lanes: Lane) -> None:
        self.now = list(lanes)

    async def lanes(self, now: datetime) -> Sequence[Lane]:
        return self.now


def test_time_to_drain_is_by_rubric_over_all_use_cases() -> None:
    lanes = [lane(600, 1.0), lane(600, 3.0, use_case="faq", turn="faq"), lane(10, 1.0, rubric="other")]
    told = {drain.rubric: (drain.waiting, drain.drain_s) for drain in drains(lanes, NOW)}
    assert told == {"grounding": (1200, 300.0), "other": (10, 10.0)}


@pytest.mark.parametrize(
    "idle",
    [
        lane(0),
        lane(500, 0.001, since=NOW - timedelta(seconds=60)),
        lane(500, 0.001, hold="budget", held_until=NOW + HOUR),
        lane(500, 0.001, hold="breaker", held_until=NOW + HOUR),
        lane(500, 0.001, hold="access", held_until=NOW + HOUR),
        lane(500, 0.001, turn=BACKFILL),
    ],
)
def test_what_just_came_or_waits_for_something_else_tells_nothing(idle: Lane) -> None:
    assert drains([idle], NOW) == []


def test_where_nothing_ever_ended_it_takes_as_long_as_it_has_waited() -> None:
    assert [drain.drain_s for drain in drains([lane(500, None)], NOW)] == [600.0]


def test_sweeps_are_held_back_and_go_on_again_with_hysteresis() -> None:
    async def check() -> None:
        backlog, kept = Lanes(lane(3000)), MemoryKeyValues()
        pressure = Pressure(backlog, kept, HOUR)  # type: ignore[arg-type]
        assert await pressure.look(NOW) is None
        backlog.now = [lane(4000)]
        held = await pressure.look(NOW)
        assert held is not None
        assert (held.rubric, held.drain_s, held.since) == ("grounding", 4000.0, NOW)
        assert await read_pressure(kept) == held
        assert "1.1 h" in held.sentence
        backlog.now = [lane(3000)]
        later = await pressure.look(NOW + HOUR)
        assert later is not None
        assert later.since == NOW, "below the bound, and not yet below half of it"
        backlog.now = [lane(1700)]
        assert await pressure.look(NOW + 2 * HOUR) is None
        assert await read_pressure(kept) is None

    asyncio.run(check())


def test_held_back_sweep_looks_through_nothing_and_the_next_one_finds_everything() -> None:
    world = World(*roots(40))
    sweeper = world.sweeper(NOW)
    held = Pressure(Lanes(lane(9000)), world.state.key_values, HOUR)  # type: ignore[arg-type]
    object.__setattr__(sweeper, "pressure", held)
    report = asyncio.run(sweeper.sweep())
    assert report.held_back
    assert (report.windows, report.selected) == (0, 0)
    world.store.roots.append(make_root("later", start=NOW - timedelta(minutes=20)))
    report = world.sweep(NOW + timedelta(minutes=1))
    assert (report.held_back, report.selected) == (False, 41)
