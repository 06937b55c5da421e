"""Forged messages on the queue: no worker dies, and the work behind them is done."""

from __future__ import annotations

from benchmarks.fire.forged import run
from tests.chaos.conftest import StartFire
from tests.chaos.looking import settled


def test_forged_messages_kill_nobody_and_the_queue_goes_on(start_fire: StartFire) -> None:
    fleet = start_fire(workers=1, mean=1.0)
    assert run(fleet, 60) == []
    fleet.start()  # it was stopped in the end: what was not in the record by then is there soon after
    settled(fleet)
