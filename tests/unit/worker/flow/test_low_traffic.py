"""Low traffic is judged whole from the first trace on, and a flood never is. Pi stays what each trace's chance was."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import Defaults, LowTraffic, Match, UseCase
from assay.worker.flow.rates import RateResolver, taken_in
from assay.worker.records.ledger import LedgerEntry
from assay.worker.records.traces import TraceRoot
from assay.worker.records.windows import ResolvedRate, WindowRecord
from tests.builders import NOW, make_deployment, make_root
from tests.unit.worker.flow.test_sweep import World

DAY = timedelta(days=1)


def shipped(*use_cases: UseCase, **low_traffic: int) -> Deployment:
    defaults = Defaults(low_traffic=LowTraffic(**low_traffic))
    return make_deployment(*(use_cases or (UseCase(name="bot"),)), defaults=defaults)


def in_hours(deployment: Deployment, **over: object) -> Deployment:
    """With windows of an hour, which are fewer."""
    return deployment.model_copy(update={"window_seconds": 3600, **over})


def traces(n: int, start: datetime, over: timedelta = timedelta(seconds=5), prefix: str = "t") -> list[TraceRoot]:
    return [make_root(f"{prefix}-{i}", start=start + over * i / n) for i in range(n)]


def windows(world: World) -> Sequence[WindowRecord]:
    return asyncio.run(world.state.windows.between(NOW - 30 * DAY, NOW + 30 * DAY))


def rates(world: World, use_case: str = "bot") -> list[ResolvedRate]:
    return [w.rates[use_case] for w in windows(world) if use_case in w.rates]


def entries(world: World) -> dict[str, LedgerEntry]:
    ids = [root.trace_id for root in world.store.roots]
    return dict(asyncio.run(world.state.ledger.entries("grounding", ids)))


@pytest.mark.parametrize("n", [1, 40, 61, 999])
def test_burst_on_an_empty_day_is_judged_whole(n: int) -> None:
    world = World(*traces(n, NOW - timedelta(hours=1)), deployment=shipped())
    assert world.sweep().selected == n
    assert {rate.why for rate in rates(world)} == {"volume_unknown"}
    assert {entry.promise.pi for entry in entries(world).values()} == {1.0}


def test_flood_is_never_judged_whole() -> None:
    flood = traces(20_000, NOW - timedelta(hours=1), timedelta(minutes=50))
    world = World(*flood, deployment=shipped())
    assert 1500 < world.sweep().selected < 3200
    assert sum(taken_in(w, "bot") for w in windows(world)) < 1000 + 0.1 * 20_000


def test_flood_that_begins_slowly_is_whole_up_to_the_bar_only() -> None:
    slow = traces(5000, NOW - timedelta(hours=20), timedelta(hours=19))
    world = World(*slow, deployment=shipped())
    world.sweep()
    whole = [w for w in windows(world) if w.rates and w.rates["bot"].rate == 1.0]
    assert sum(w.seen["bot"] for w in whole) < 1000
    assert {w.rates["bot"].why for w in windows(world) if w.rates} == {"volume_unknown", "configured"}


def test_volume_that_was_counted_beforehand_is_known_from_the_first_window_on() -> None:
    world = World(*traces(5000, NOW - timedelta(hours=20), timedelta(hours=19)), deployment=shipped())
    world.counts_ahead = True
    assert 400 < world.sweep().selected < 600
    assert {rate.why for rate in rates(world)} == {"configured"}


@pytest.mark.parametrize("hour", [0, 5, 12, 23])
def test_volume_is_that_of_any_24_hours_and_not_of_a_calendar_day(hour: int) -> None:
    now = NOW.replace(hour=hour, minute=30)
    world = World(*traces(1500, now - timedelta(hours=23), timedelta(hours=22)), deployment=shipped())
    world.counts_ahead = True
    world.sweep(now)
    assert {rate.why for rate in rates(world)} == {"configured"}


def test_week_of_low_days_is_judged_whole_although_it_has_thousands() -> None:
    week = [root for day in range(6) for root in traces(700, NOW - (6 - day) * DAY, timedelta(hours=20), f"d{day}")]
    world = World(*week, deployment=in_hours(shipped(), lookback_hours=24 * 7))
    world.counts_ahead = True
    assert world.sweep().selected == 4200


def test_nightly_batch_with_a_known_history_is_judged_whole() -> None:
    """The pace of the hour says 144,000 a day. The days before say 500."""
    nights = [root for day in range(6) for root in traces(500, NOW - day * DAY - timedelta(hours=2), prefix=f"n{day}")]
    world = World(*nights, deployment=in_hours(shipped(), lookback_hours=24 * 7))
    assert world.sweep().selected == 3000
    assert "low_traffic" in {rate.why for rate in rates(world)}


def test_day_after_a_flood_does_not_begin_whole_again() -> None:
    world = World(*traces(3000, NOW - timedelta(hours=3), timedelta(hours=2)), deployment=shipped())
    world.sweep()
    world.store.roots += traces(30, NOW + timedelta(hours=30), prefix="next")
    world.sweep(NOW + timedelta(hours=31))
    assert rates(world)[-1].why == "configured"


def test_caps_bound_a_window_and_24_hours() -> None:
    deployment = shipped(most_per_window=50, most_per_day=120)
    early, late = NOW - timedelta(hours=3), NOW - timedelta(hours=2)
    middle = early + timedelta(minutes=30)
    bursts = traces(80, early, prefix="a") + traces(80, middle, prefix="b") + traces(80, late, prefix="c")
    world = World(*bursts, deployment=deployment)
    world.sweep()
    assert [rate.rate for rate in rates(world)] == pytest.approx([50 / 80, 50 / 80, 20 / 80], abs=1e-8)
    assert sum(taken_in(w, "bot") for w in windows(world)) <= 120
    pis = {entry.promise.pi for entry in entries(world).values()}
    assert pis == {rate.rate for rate in rates(world)}


def test_flood_that_comes_late_into_a_quiet_window_is_not_judged_whole() -> None:
    """Its window was given the rate 1 for ten traces. The 5,000 that turn up later have a lower one."""
    start = NOW - timedelta(minutes=8)
    world = World(*traces(10, start, prefix="first"), deployment=shipped())
    assert world.sweep().selected == 10
    world.store.roots += traces(5000, start, prefix="late")
    assert 400 < world.sweep(NOW + timedelta(minutes=20)).selected < 600
    by_id = entries(world)
    assert {by_id[f"first-{n}"].promise.pi for n in range(10)} == {1.0}
    assert {e.promise.pi for key, e in by_id.items() if key.startswith("late")} == {0.1}
    row = world.funnel().rows[0]
    assert world.funnel().adds_up
    assert row.seen == 5010
    again = [world.sweep(NOW + timedelta(hours=hours)).selected for hours in (1, 3, 6, 12, 25)]
    assert sum(again) == 0
    assert world.funnel().rows[0].seen == 5010


def test_few_late_traces_are_taken_under_the_rate_of_their_window() -> None:
    start = NOW - timedelta(minutes=8)
    world = World(*traces(10, start, prefix="first"), deployment=shipped())
    world.sweep()
    world.store.roots += traces(5, start, prefix="late")
    assert world.sweep(NOW + timedelta(minutes=20)).selected == 5
    assert rates(world)[0].lowered == 0


def test_interrupted_scan_leaves_what_it_counted_and_a_flood_behind_it_is_told_from_that() -> None:
    """The store gives pages of seven. The first page was promised under the rate 1."""
    start = NOW - timedelta(minutes=8)
    world = World(*traces(10, start, prefix="first"), deployment=shipped())
    world.published.broken = True
    with pytest.raises(Exception, match="broker"):
        world.sweep()
    world.published.broken = False
    world.store.roots += traces(5000, start, prefix="late")
    world.sweep()
    by_id = entries(world)
    assert {by_id[f"first-{n}"].promise.pi for n in range(7)} == {1.0}
    assert {e.promise.pi for key, e in by_id.items() if key.startswith("late")} == {0.1}
    assert 400 < len(by_id) < 620
    assert world.funnel().rows[0].seen == 5010


def test_two_sweeps_of_one_window_at_once_give_one_rate_and_one_entry_each() -> None:
    world = World(*traces(300, NOW - timedelta(minutes=30)), deployment=shipped(most_per_window=100))
    rivals = [world.sweeper(NOW) for _ in range(2)]
    start = (NOW - timedelta(minutes=30)).replace(second=0)
    window = WindowRecord(start=start, end=start + timedelta(minutes=5))

    async def both() -> list[int]:
        async def one_of(sweeper: object) -> int:
            scanner = sweeper.scanner  # type: ignore[attr-defined]

            async def release(choice: object, now: datetime) -> object:
                return await scanner.promiser.release(choice.promises, now, may_be_old=False)  # type: ignore[attr-defined]

            resolver = RateResolver(world.state.windows, world.deployment)
            return int((await scanner.scan(window, release, resolver, NOW))[1].selected)

        return list(await asyncio.gather(*(one_of(rival) for rival in rivals)))

    assert sum(asyncio.run(both())) == len(entries(world))
    assert len({entry.promise.pi for entry in entries(world).values()}) == 1


def test_use_cases_have_volumes_of_their_own() -> None:
    busy = UseCase(name="busy", match=Match(trace_name=("busy",)))
    world = World(
        *[make_root(f"busy-{n}", name="busy", start=NOW - timedelta(hours=1)) for n in range(3000)],
        *[make_root(f"bot-{n}", start=NOW - timedelta(hours=1)) for n in range(30)],
        deployment=shipped(busy, UseCase(name="bot")),
    )
    world.sweep()
    assert (rates(world, "busy")[0].rate, rates(world)[0].rate) == (0.1, 1.0)


def test_weights_sum_to_the_traffic_whatever_the_caps_do() -> None:
    """Horvitz-Thompson: the sum of 1/pi is unbiased for the number of traces, over days of every kind."""
    draw = random.Random(7)
    scores = []
    for day in range(40):
        deployment = shipped(most_per_window=draw.choice([20, 60, 1000]), most_per_day=draw.choice([100, 300, 1000]))
        bursts = [
            traces(draw.choice([1, 30, 250, 900]), NOW - timedelta(hours=draw.uniform(1, 20)), prefix=f"{day}-{burst}")
            for burst in range(draw.randint(1, 5))
        ]
        bursts.append(traces(draw.choice([1, 30]), NOW - timedelta(minutes=65), prefix=f"{day}-soon"))
        world = World(*[root for burst in bursts for root in burst], deployment=in_hours(deployment, salt=f"day {day}"))
        world.sweep()
        world.store.roots += traces(draw.choice([5, 400]), NOW - timedelta(minutes=65), prefix=f"{day}-late")
        for _ in range(3):  # a sweep looks back at a dozen windows
            world.sweep(NOW + timedelta(hours=5))
        pis = [entry.promise.pi for entry in entries(world).values()]
        variance = sum((1 - pi) / pi**2 for pi in pis)
        error = sum(1 / pi for pi in pis) - len(world.store.roots)
        if variance:
            scores.append(error / math.sqrt(variance))
        else:
            assert error == 0
    assert len(scores) > 20
    assert abs(sum(scores) / len(scores)) < 2.6 / math.sqrt(len(scores))
    assert sum(abs(score) < 1.96 for score in scores) / len(scores) > 0.85
