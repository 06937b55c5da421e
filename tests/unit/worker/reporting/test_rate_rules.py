"""Which rule is in force and why, in a sentence."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from assay.worker.config.use_cases import Defaults, LowTraffic, UseCase
from assay.worker.reporting.rate_rules import RateRule, read_rate_rules
from tests.builders import NOW, make_deployment
from tests.unit.worker.flow.test_low_traffic import in_hours, shipped, traces
from tests.unit.worker.flow.test_sweep import World

DAY = timedelta(days=1)


def rule(world: World) -> RateRule:
    return asyncio.run(read_rate_rules(world.state.windows, world.deployment, world.clock.now()))[0]


def test_before_any_trace_it_says_that_the_volume_is_not_known() -> None:
    told = rule(World(deployment=shipped()))
    assert told.sentence == (
        "judged whole until its volume is known: 0 traces seen in 24 hours, below 1,000 a day; "
        "at most 1,000 a window and 1,000 in 24 hours"
    )


def test_caps_of_the_file_are_told() -> None:
    world = World(*traces(40, NOW - timedelta(hours=1)), deployment=shipped(most_per_window=200, most_per_day=500))
    world.sweep()
    assert rule(world).sentence == (
        "judged whole until its volume is known: 40 traces seen in 24 hours, below 1,000 a day; "
        "at most 200 a window and 500 in 24 hours"
    )


def test_flood_gives_the_rate_and_its_number() -> None:
    world = World(*traces(1500, NOW - timedelta(hours=1)), deployment=shipped())
    world.sweep()
    assert rule(world).sentence == "rate 0.1: 1,500 traces seen in 24 hours, not below 1,000 a day"


def test_cap_that_is_used_up_is_told() -> None:
    world = World(*traces(300, NOW - timedelta(hours=1)), deployment=shipped(most_per_day=200))
    world.sweep()
    assert rule(world).sentence == (
        "rate 0.1: the 200 traces that low traffic may take in 24 hours are taken; 300 traces seen in 24 hours"
    )


@pytest.mark.parametrize(
    ("a_day", "why", "said"),
    [
        (300, "low_traffic", "judged whole: about 300 traces a day, "),
        (2000, "configured", "rate 0.1: "),
    ],
)
def test_known_volume_is_told(a_day: int, why: str, said: str) -> None:
    week = [root for day in range(6) for root in traces(a_day, NOW - (6 - day) * DAY, timedelta(hours=23), f"d{day}")]
    world = World(*week, deployment=in_hours(shipped(), lookback_hours=24 * 7))
    world.sweep()
    told = rule(world)
    assert (told.why, told.sentence[: len(said)]) == (why, said)


def test_rule_that_is_off_is_told() -> None:
    defaults = Defaults(low_traffic=LowTraffic(below_per_day=0), min_per_day=0)
    assert rule(World(deployment=make_deployment(UseCase(name="bot"), defaults=defaults))).sentence == (
        "rate 0.1: as configured, low_traffic is off"
    )


@pytest.mark.parametrize(
    ("rate", "words", "paced"),
    [(0.04, "lowered to 0.04 so that the day's budget lasts", 0.4), (0.0, "none: the budget is spent", 0.0)],
)
def test_what_the_budget_left_of_a_rate_is_told(rate: float, words: str, paced: float) -> None:
    world = World(*traces(1500, NOW - timedelta(hours=1)), deployment=shipped())
    world.sweep()

    async def lower() -> None:
        windows = await world.state.windows.between(NOW - DAY, NOW)
        last = max((window for window in windows if window.rates), key=lambda window: window.start)
        lowered = {
            name: known.model_copy(update={"rate": rate, "full": 0.1, "lowered": 1})
            for name, known in last.rates.items()
        }
        await world.state.windows.put(last.model_copy(update={"rates": lowered}))

    asyncio.run(lower())
    told = rule(world)
    assert told.sentence.endswith(f"; in the last window {words}")
    assert told.paced == pytest.approx(paced)
    assert told.rate == 0.1, "what the next window would be given without the budget"
