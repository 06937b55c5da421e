"""kill -9 of workers and of the broker, while model calls are in flight."""

from __future__ import annotations

import signal

from benchmarks.fire.faults import kill_broker
from tests.chaos.conftest import StartFire
from tests.chaos.looking import answered, await_that, in_flight, settled


def test_killed_workers_lose_nothing_and_only_calls_in_flight_are_paid_again(start_fire: StartFire) -> None:
    fleet = start_fire(workers=2, mean=1.0)
    fleet.load(120)
    fleet.start()
    lost_calls = 0
    for victim, share in (("assess1", 20), ("assess2", 60)):
        await_that(fleet, lambda share=share: answered(fleet) >= share and in_flight(fleet) > 0)  # type: ignore[misc]
        lost_calls += in_flight(fleet)
        assert fleet.send(victim, signal.SIGKILL)
    found = settled(fleet)
    assert found.states == {"scored": 120}, found.line()
    assert found.extra <= lost_calls, found.line()
    assert found.extra_kept == 0, found.line()


def test_broker_that_is_killed_costs_no_call_and_no_process(start_fire: StartFire) -> None:
    fleet = start_fire(workers=1, mean=3.0)
    fleet.load(60)
    fleet.start()
    await_that(fleet, lambda: answered(fleet) > 0 and in_flight(fleet) > 0)
    kill_broker(fleet, times=1)
    found = settled(fleet)
    assert found.states == {"scored": 60}, found.line()
    assert found.extra <= 1, found.line()
    assert not fleet.ended()
