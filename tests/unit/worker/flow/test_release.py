"""Release: a noisy use case, or one on hold, hardly delays the others, and no worker is left without work."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from datetime import timedelta

import pytest

from assay.worker.config.use_cases import UseCase
from assay.worker.flow.assess_report import AssessReport
from assay.worker.flow.release import read_backlog, weights_of
from assay.worker.ports.backlog import BACKFILL, BACKFILL_WEIGHT
from assay.worker.ports.state import StateUnavailable
from assay.worker.records.messages import AssessMessage, RecordMessage
from tests.builders import NOW, make_deployment
from tests.unit.worker.flow.simulated_fleet import SimulatedFleet, p95, run_fleet

VERIFY_EVERY_S, READ_LAG_S = 5.0, 1.0
UNTIL_S = 90


def steady(use_case: str, n: int, *, phase_s: float) -> list[tuple[float, str, int]]:
    return [(t + phase_s, use_case, n) for t in range(0, UNTIL_S, 3)]


OTHERS = [*steady("b", 12, phase_s=0.3), *steady("c", 12, phase_s=1.4)]
NOISE = [(0.0, "a", 900), *steady("a", 240, phase_s=0.0)]
"""Beside 8 a second from the others, 80 a second and 900 at once: the fleet can do 64."""


def to_score_s(fleet: SimulatedFleet, use_case: str) -> list[float]:
    """From selection until the store shows the score: it is written at once, and read back every five seconds."""
    return sorted(
        VERIFY_EVERY_S * math.ceil((end + READ_LAG_S) / VERIFY_EVERY_S) - fleet.selected[trace_id]
        for trace_id, end in fleet.done.items()
        if trace_id.startswith(use_case)
    )


def of(arrivals: Sequence[tuple[float, str, int]], **over: object) -> SimulatedFleet:
    return run_fleet(SimulatedFleet(slots=8, concurrency=64, **over), arrivals, UNTIL_S + 2.0)  # type: ignore[arg-type]


def test_noisy_use_case_delays_the_others_by_less_than_a_fifth() -> None:
    alone, beside = of(OTHERS), of([*OTHERS, *NOISE])
    for use_case in "bc":
        assert p95(to_score_s(beside, use_case)) < 1.2 * p95(to_score_s(alone, use_case))
        assert p95(beside.latencies(use_case)) < p95(alone.latencies(use_case)) + 1.0
    at_once = of([*OTHERS, *NOISE], fair=False)
    assert p95(at_once.latencies("b")) > 30, "the noise is too quiet to tell anything"
    assert beside.idle_s < 1.0, "with a backlog there is always work in hand"
    assert len(beside.done) >= 0.99 * len(at_once.done)


def test_use_case_on_hold_is_hardly_tried_and_the_others_flow_on() -> None:
    fleet = of([(0.0, "a", 3000), *OTHERS], held={"a": "breaker"}, hold_s=10.0)
    assert p95(fleet.latencies("b")) < 2.5
    assert fleet.tried_held < 3000 / 4, "thousands that wait are not tried one by one"
    assert asyncio.run(read_backlog(fleet.backlog, fleet.clock)).waiting > 2700
    tried, fleet.held = fleet.tried_held, {}
    run_fleet(fleet, [], UNTIL_S + 100.0)
    assert fleet.tried_held == tried
    assert len(fleet.latencies("a")) == 3000, "what was held is judged once it may be"


def test_what_the_broker_did_not_take_waits_on() -> None:
    fleet = SimulatedFleet()

    async def refuse(messages: Sequence[AssessMessage | RecordMessage]) -> None:
        raise StateUnavailable("broker is gone")

    async def check() -> None:
        taking = fleet.releaser
        object.__setattr__(taking, "publish", refuse)
        with pytest.raises(StateUnavailable):
            await fleet.select("bot", 40)
        assert (await read_backlog(fleet.backlog, fleet.clock)).waiting == 40
        object.__setattr__(taking, "publish", fleet.publish)
        fleet.clock.moment = NOW + timedelta(seconds=1)
        assert (await taking.tick()).messages == 3

    asyncio.run(check())


def test_worker_that_cannot_reach_the_state_leaves_the_release_to_the_next_tick() -> None:
    fleet = SimulatedFleet()

    async def refuse(messages: Sequence[AssessMessage | RecordMessage]) -> None:
        raise StateUnavailable("broker is gone")

    async def check() -> None:
        await fleet.select("bot", 400)
        object.__setattr__(fleet.releaser, "publish", refuse)
        message = fleet.queue.popleft()
        await fleet.releaser.after(message, AssessReport(judged=16), worker="w", slots=16)
        assert (await read_backlog(fleet.backlog, fleet.clock)).waiting == 400 - 16 * 16

    asyncio.run(check())


def test_weights_are_those_that_are_not_one_and_the_backfills() -> None:
    deployment = make_deployment(UseCase(name="bot"), UseCase(name="legal", weight=2.0))
    assert weights_of(deployment) == {"legal": 2.0, BACKFILL: BACKFILL_WEIGHT}
