"""The server's time between readings: whatever happens to this machine's own clock, and to the server."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.ports.state import StateUnavailable
from assay.worker.state.redis.clock import ServerClock

SERVER_AT_START = 1_800_000_000.0


class World:
    """A machine and a server with clocks of their own, and a steady clock that nobody sets."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.steady_at_start = 17.0
        self.machine_ahead = 0.0
        self.server_ahead = 0.0
        self.answer_takes_s = 0.001
        self.server_is_away = False
        self.clock = ServerClock(self.read, steady=self.steady, machine=self.machine)

    def steady(self) -> float:
        return self.steady_at_start + self.elapsed

    def machine(self) -> float:
        return SERVER_AT_START + self.elapsed + self.machine_ahead

    def server(self) -> float:
        return SERVER_AT_START + self.elapsed + self.server_ahead

    async def read(self) -> float:
        if self.server_is_away:
            raise StateUnavailable("away")
        self.elapsed += self.answer_takes_s / 2
        moment = self.server()
        self.elapsed += self.answer_takes_s / 2
        return moment

    def synchronise(self) -> None:
        asyncio.run(self.clock.synchronise())

    def error_s(self) -> float:
        return abs(self.clock.now().timestamp() - self.server())


def test_machine_that_is_far_off_and_steps_reads_the_servers_time() -> None:
    world = World()
    world.machine_ahead = 300.0
    world.synchronise()
    assert world.error_s() < 0.01
    assert world.clock.offset_s == pytest.approx(300.0, abs=0.01)
    world.machine_ahead = -7200.0
    world.elapsed += 600
    assert world.error_s() < 0.01
    assert world.clock.offset_s == pytest.approx(-7200.0, abs=0.01)
    assert world.clock.now().tzinfo is UTC


def test_server_that_is_away_at_the_start_leaves_the_machines_clock_until_it_answers(
    capsys: pytest.CaptureFixture[str],
) -> None:
    world = World()
    world.machine_ahead, world.server_is_away = 40.0, True
    with pytest.raises(StateUnavailable):
        world.synchronise()
    assert world.clock.offset_s is None
    assert world.clock.now() == datetime.fromtimestamp(SERVER_AT_START + 40, UTC) == world.clock.now()
    assert capsys.readouterr().out.count("clock.unknown") == 1
    world.server_is_away = False
    world.synchronise()
    assert world.error_s() < 0.01


def test_failover_to_a_server_with_another_clock_is_followed_and_a_slow_answer_changes_little() -> None:
    world = World()
    world.synchronise()
    world.elapsed += 30
    world.answer_takes_s = 8.0
    world.synchronise()
    assert world.error_s() < 0.05
    world.server_ahead, world.answer_takes_s = -120.0, 0.002
    world.synchronise()
    assert world.error_s() < 0.01


def test_process_that_stood_still_for_minutes_reads_the_right_time_at_once() -> None:
    world = World()
    world.synchronise()
    world.elapsed += 300
    assert world.error_s() < 0.01


@given(
    steps=st.lists(st.tuples(st.floats(0, 3600), st.floats(0.0005, 5), st.floats(-1e6, 1e6)), min_size=1, max_size=20)
)
def test_error_stays_within_half_of_the_quickest_answer(steps: list[tuple[float, float, float]]) -> None:
    world = World()
    world.synchronise()
    for waited, answer_takes_s, machine_ahead in steps:
        world.elapsed += waited
        world.answer_takes_s, world.machine_ahead = answer_takes_s, machine_ahead
        world.synchronise()
        assert world.error_s() <= answer_takes_s / 2 + 1e-3
