"""Time-outs that are learnt, by a virtual clock: minutes of traffic in milliseconds."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pytest

from assay.judges.models.timeouts import CEILING_S, AdaptiveTimeout, FixedTimeout
from tests.virtual_clock import run_at_once

Latency = Callable[[Random, float], float]
"""Seconds of a call, by chance and by the moment it begins."""


def lognormal(mean: float, sigma: float) -> Latency:
    return lambda chance, _: chance.lognormvariate(math.log(mean) - sigma**2 / 2, sigma)


def mixed(share: float, seconds: float, rest: Latency) -> Latency:
    return lambda chance, now: seconds if chance.random() < share else rest(chance, now)


@dataclass
class Traffic:
    """What became of the calls, by the moment each began."""

    timeout: AdaptiveTimeout
    answered: list[tuple[float, float]] = field(default_factory=list)
    cut: list[tuple[float, float]] = field(default_factory=list)

    @property
    def cut_share(self) -> float:
        return len(self.cut) / (len(self.cut) + len(self.answered))


def traffic(
    latency: Latency, *, calls: int = 1500, in_flight: int = 64, pause_s: float = 0.0, seed: int = 1
) -> Traffic:
    """So many calls one after the other in each of `in_flight` places. A call that is cut off is not tried again."""
    seen = Traffic(AdaptiveTimeout())
    chance = Random(seed)
    waiting = iter(range(calls))

    async def place() -> None:
        loop = asyncio.get_running_loop()
        for _ in waiting:
            begun = loop.time()
            try:
                async with seen.timeout.limited(0):
                    await asyncio.sleep(latency(chance, begun))
                seen.answered.append((begun, loop.time() - begun))
            except TimeoutError:
                seen.cut.append((begun, loop.time() - begun))
            await asyncio.sleep(pause_s)

    async def all_places() -> None:
        await asyncio.gather(*(place() for _ in range(in_flight)))

    run_at_once(all_places())
    return seen


@pytest.mark.parametrize("in_flight", [4, 64])
@pytest.mark.parametrize(
    "latency",
    [
        lognormal(1, 0.5),
        lognormal(1, 1.0),
        lognormal(0.1, 0.5),
        lognormal(12, 0.7),
        mixed(0.1, 20, lognormal(1, 0.5)),
        mixed(0.5, 20, lognormal(1, 0.5)),
    ],
    ids=["sigma 0.5", "sigma 1", "quick", "slow", "bimodal 10 %", "bimodal 50 %"],
)
def test_hardly_any_call_that_would_be_answered_is_cut_off(latency: Latency, in_flight: int) -> None:
    seen = traffic(latency, in_flight=in_flight)
    assert seen.cut_share <= 0.012


def test_calls_that_hang_are_cut_off_soon_and_those_under_way_profit() -> None:
    seen = traffic(mixed(0.02, 1e6, lognormal(1, 0.4)), calls=300)
    assert 1 <= len(seen.cut) <= 15
    assert max(seconds for _, seconds in seen.cut) <= 8.0, "those of the first second too"
    assert max(begun for begun, _ in seen.answered) <= 20.0


def test_endpoint_that_becomes_slow_is_waited_for() -> None:
    """Five times as slow from the hundredth second on: what is under way shows it before much is cut off."""
    quick, slow = lognormal(1, 0.5), lognormal(5, 0.5)
    seen = traffic(lambda chance, now: (quick if now < 100 else slow)(chance, now), calls=8000)
    assert sum(begun >= 90 for begun, _ in seen.cut) <= 64, "no more than are under way at once"


def test_endpoint_that_stands_still_loses_no_call() -> None:
    """All calls of twenty seconds are answered at their end, e.g. while a server loads its weights anew."""
    usual = lognormal(1, 0.5)

    def latency(chance: Random, now: float) -> float:
        return 120 - now if 100 <= now < 120 else usual(chance, now)

    seen = traffic(latency, calls=8000)
    assert sum(100 <= begun < 120 for begun, _ in seen.cut) <= 3


def test_sparse_traffic_is_not_held_to_what_was_hours_ago() -> None:
    """One call a minute: a night later the endpoint is ten times as slow."""
    seen = traffic(lambda chance, now: 1.0 if now < 36_000 else 10.0, calls=700, in_flight=1, pause_s=60.0)
    assert not seen.cut


def test_request_that_needs_long_gets_it() -> None:
    timeout = AdaptiveTimeout()

    async def learn() -> None:
        for _ in range(60):
            async with timeout.limited(0):
                await asyncio.sleep(2.0)

    run_at_once(learn())
    assert [timeout.allowed_s(cuts) for cuts in range(5)] == pytest.approx([4, 4, 8, 32, 32])
    assert timeout.usual_s == pytest.approx(2.0)


def test_first_calls_have_the_ceiling() -> None:
    seen = traffic(lambda chance, now: 50.0, calls=20, in_flight=20)
    assert len(seen.answered) == 20
    assert AdaptiveTimeout().allowed_s(0) == CEILING_S


def test_call_that_never_ends_is_cut_off_at_the_ceiling() -> None:
    seen = traffic(lambda chance, now: 1e6, calls=4, in_flight=2)
    assert [seconds for _, seconds in seen.cut] == pytest.approx([CEILING_S] * 4, abs=0.6)


def test_failures_at_once_say_nothing() -> None:
    timeout = AdaptiveTimeout()

    async def fail() -> None:
        for _ in range(200):
            async with timeout.limited(0) as call:
                call.leave_out()
            with pytest.raises(ValueError, match="no answer"):
                async with timeout.limited(0):
                    raise ValueError("no answer")
            await asyncio.sleep(0.1)

    run_at_once(fail())
    assert timeout.usual_s is None
    assert timeout.allowed_s(0) == CEILING_S


def test_loop_that_stood_still_cuts_nothing_off() -> None:
    """The answer lies there unread. A look that comes late must not be the first to see the call."""
    timeout = AdaptiveTimeout(ceiling_s=1.0)

    async def run() -> str:
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        async with timeout.limited(0):
            loop = asyncio.get_running_loop()
            await asyncio.sleep(0.1)
            loop._jumping.now += 30.0  # type: ignore[attr-defined]  # the virtual clock
            loop.call_later(0.01, answer.set_result, "read")
            return await answer

    assert run_at_once(run()) == "read"


def test_a_setting_wins() -> None:
    async def run() -> float:
        timeout = FixedTimeout(7.0)
        assert (timeout.allowed_s(0), timeout.allowed_s(3), timeout.usual_s) == (7.0, 7.0, None)
        begun = asyncio.get_running_loop().time()
        with pytest.raises(TimeoutError):
            async with timeout.limited(0):
                await asyncio.sleep(1e6)
        return asyncio.get_running_loop().time() - begun

    assert run_at_once(run()) == pytest.approx(7.0)


def test_what_was_learnt_is_kept_for_a_later_loop() -> None:
    timeout = AdaptiveTimeout()

    async def learn() -> None:
        for _ in range(60):
            await _call(timeout, 2.0)
        leftover = asyncio.ensure_future(_call(timeout, 1e6))
        await asyncio.sleep(1.0)
        assert not leftover.done(), "the loop ends with a call under way"

    run_at_once(learn())
    run_at_once(_call(timeout, 2.0))
    assert timeout.allowed_s(0) <= 6.0


async def _call(timeout: AdaptiveTimeout, seconds: float) -> None:
    async with timeout.limited(0):
        await asyncio.sleep(seconds)
