"""A limit of an endpoint holds over many processes and rubrics, and is used."""

from __future__ import annotations

from benchmarks.fire.limits import config, own_rubrics
from tests.chaos.conftest import StartFire
from tests.chaos.looking import await_that

RUBRICS = ("first", "second", "third")
LIMIT = 4


def test_eight_processes_and_three_rubrics_never_exceed_four_calls_in_flight(start_fire: StartFire) -> None:
    limits = {"endpoints": {"default": {"concurrency": LIMIT}}}
    fleet = start_fire(workers=8, mean=0.2, config=config(limits, rubrics=RUBRICS))
    own_rubrics(fleet.home, RUBRICS, fleet.checkout)
    fleet.load(40)
    fleet.start()
    await_that(fleet, lambda: fleet.final() >= 40 * len(RUBRICS))
    stats = fleet.judge.ask("stats")
    assert fleet.states() == {"scored": 120}
    assert stats["calls"] == 120
    assert stats["most_in_flight"] == LIMIT
