"""A limit of an endpoint holds over many processes and rubrics, and is used."""

from __future__ import annotations

from benchmarks.fire.limits import config, own_rubrics
from tests.chaos.conftest import StartFire
from tests.chaos.looking import await_that

RUBRICS = ("first", "second", "third")
LIMIT = 4
TRACES = 30

WORKERS = 3
"""Enough to exceed the limit: each alone may have 128 calls in flight. Each more takes seconds of
processor time to start; `benchmarks.fire.limits` has eight."""


def test_three_processes_and_three_rubrics_never_exceed_four_calls_in_flight(start_fire: StartFire) -> None:
    limits = {"endpoints": {"default": {"concurrency": LIMIT}}}
    fleet = start_fire(workers=WORKERS, mean=0.2, config=config(limits, rubrics=RUBRICS))
    own_rubrics(fleet.home, RUBRICS, fleet.checkout)
    fleet.load(TRACES)
    fleet.start()
    await_that(fleet, lambda: fleet.final() >= TRACES * len(RUBRICS))
    stats = fleet.judge.ask("stats")
    assert fleet.states() == {"scored": TRACES * len(RUBRICS)}
    assert stats["calls"] == TRACES * len(RUBRICS)
    assert stats["most_in_flight"] == LIMIT
