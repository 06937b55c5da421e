"""One suite for every account of shared limits. Periods are short here; what holds for them holds for minutes.

A machine may stand still for longer than a period. What must be refused is therefore refused for a minute, or a grant
counts as wrong only where it came within the period.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from itertools import pairwise

import pytest

from assay.worker.launch.broker import Broker
from assay.worker.ports.limits import LimitReached, RateLimit, RateLimits, admitted
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.state.redis.state import redis_state
from tests.waiting import PATIENCE_S

Check = Callable[[RateLimits], Awaitable[None]]
Run = Callable[[Check], None]
PERIOD = 0.6
LEASE_S = PATIENCE_S
"""Longer than any test: a lease that ended would be charged in full."""


@pytest.fixture(params=["memory", "redis"])
def run(request: pytest.FixtureRequest, broker: Broker, key_prefix: str) -> Run:
    """Runs a check against a fresh account of each kind."""

    def on_limits(check: Check) -> None:
        async def main() -> None:
            if request.param == "memory":
                await check(MemoryLimits())
                return
            state = redis_state(broker.url, prefix=key_prefix)
            try:
                await check(state.limits)
            finally:
                await state.close()

        asyncio.run(main())

    return on_limits


def limit(amount: float, name: str = "calls", period_s: float = PERIOD) -> RateLimit:
    return RateLimit(name=name, amount=amount, period_s=period_s)


async def spend(limits: RateLimits, charges: dict[RateLimit, float]) -> bool:
    """Take and settle at once; whether it was granted."""
    lease = (await limits.reserve(charges, lease_s=LEASE_S)).lease
    if lease is not None:
        await limits.settle(lease, charges)
    return lease is not None


async def granted_after(limits: RateLimits, charges: dict[RateLimit, float], begun: float) -> float:
    """Seconds from `begun` until the charges are granted, asked for again and again."""
    async with asyncio.timeout(PATIENCE_S):
        while not await spend(limits, charges):
            await asyncio.sleep(0.01)
    return time.monotonic() - begun


def test_reserve_grants_the_amount_and_no_more(run: Run) -> None:
    async def check(limits: RateLimits) -> None:
        three = limit(3, period_s=60)
        assert [await spend(limits, {three: 1}) for _ in range(5)] == [True, True, True, False, False]
        refused = await limits.reserve({three: 1}, lease_s=LEASE_S)
        assert 0 < refused.wait_s <= 60 * 1.1

    run(check)


def test_reserve_grants_again_after_the_wait_it_named(run: Run) -> None:
    async def check(limits: RateLimits) -> None:
        one = limit(1)
        assert await spend(limits, {one: 1})
        while (refused := await limits.reserve({one: 1}, lease_s=LEASE_S)).lease is not None:
            await limits.settle(refused.lease, {one: 1})  # the machine stood still for a period
        await asyncio.sleep(refused.wait_s)
        assert await spend(limits, {one: 1})

    run(check)


def test_open_lease_counts_until_it_is_settled_and_then_for_a_period(run: Run) -> None:
    async def check(limits: RateLimits) -> None:
        one = limit(1)
        lease = (await limits.reserve({one: 1}, lease_s=LEASE_S)).lease
        assert lease is not None
        await asyncio.sleep(PERIOD * 1.2)
        assert not await spend(limits, {one: 1}), "its request may still arrive"
        settled = time.monotonic()
        await limits.settle(lease, {one: 1})
        assert await granted_after(limits, {one: 1}, settled) >= PERIOD, "it may just have arrived"

    run(check)


def test_lease_of_a_worker_that_died_is_charged_in_full_when_it_ends(run: Run) -> None:
    async def check(limits: RateLimits) -> None:
        ten = limit(10)
        begun = time.monotonic()
        assert (await limits.reserve({ten: 8}, lease_s=0.2)).lease
        await asyncio.sleep(0.3)
        assert await spend(limits, {ten: 2})
        assert await granted_after(limits, {ten: 3}, begun) >= 0.2 + PERIOD, "the dead worker's eight still count"

    run(check)


def test_settle_gives_back_what_was_not_used_and_changes_nothing_twice(run: Run) -> None:
    async def check(limits: RateLimits) -> None:
        tokens = limit(100, period_s=60)
        lease = (await limits.reserve({tokens: 90}, lease_s=LEASE_S)).lease
        assert lease is not None
        assert not await spend(limits, {tokens: 50})
        await limits.settle(lease, {tokens: 20})
        await limits.settle(lease, {tokens: 20})
        assert await spend(limits, {tokens: 80})
        assert not await spend(limits, {tokens: 1})

    run(check)


def test_reserve_takes_all_of_several_limits_or_none(run: Run) -> None:
    async def check(limits: RateLimits) -> None:
        calls, tokens = limit(5, period_s=60), limit(100, "tokens", period_s=60)
        assert await spend(limits, {calls: 1, tokens: 90})
        for _ in range(3):
            assert not await spend(limits, {calls: 1, tokens: 20})
        assert [await spend(limits, {calls: 1}) for _ in range(5)] == [True] * 4 + [False]

    run(check)


def test_asking_for_more_than_the_limit_holds_waits_for_all_of_it(run: Run) -> None:
    async def check(limits: RateLimits) -> None:
        ten = limit(10, period_s=60)
        assert await spend(limits, {ten: 50})
        assert not await spend(limits, {ten: 1})

    run(check)


def test_pause_holds_everybody_and_a_shorter_one_does_not_end_it(run: Run) -> None:
    async def check(limits: RateLimits) -> None:
        many = limit(100)
        await limits.pause(many, seconds=60)
        await limits.pause(many, seconds=0.01)
        refused = await limits.reserve({many: 1}, lease_s=LEASE_S)
        assert refused.lease is None
        assert 30 < refused.wait_s <= 60

    run(check)


def test_pause_ends_when_it_said(run: Run) -> None:
    async def check(limits: RateLimits) -> None:
        many = limit(100)
        begun = time.monotonic()
        await limits.pause(many, seconds=0.4)
        assert await granted_after(limits, {many: 1}, begun) >= 0.4

    run(check)


def test_limits_of_other_names_are_apart(run: Run) -> None:
    async def check(limits: RateLimits) -> None:
        assert await spend(limits, {limit(1, "a", 60): 1})
        assert await spend(limits, {limit(1, "b", 60): 1})
        assert not await spend(limits, {limit(1, "a", 60): 1})

    run(check)


def test_no_span_of_a_period_ever_holds_more_than_the_amount_when_many_compete(run: Run) -> None:
    """The promise itself: forty tasks, each request counted where it happens."""
    times: list[float] = []

    async def check(limits: RateLimits) -> None:
        eight = limit(8, period_s=0.5)

        async def one() -> None:
            async with admitted(limits, {eight: 1}, max_wait_s=PATIENCE_S):
                await asyncio.sleep(0.01)
                times.append(time.monotonic())

        await asyncio.gather(*(one() for _ in range(40)))

    run(check)
    assert len(times) == 40
    times.sort()
    assert all(later - times[n] >= 0.5 for n, later in enumerate(times[8:]))
    assert any(b - a > 0.05 for a, b in pairwise(times)), "nothing was ever held back"


def test_admitted_refuses_at_once_when_the_wait_would_be_too_long(run: Run) -> None:
    async def check(limits: RateLimits) -> None:
        one = limit(1, period_s=60)
        assert await spend(limits, {one: 1})
        with pytest.raises(LimitReached, match="calls") as caught:
            async with admitted(limits, {one: 1}, max_wait_s=5):
                pass
        assert 30 < caught.value.wait_s <= 62

    run(check)


def test_admitted_charges_what_the_body_says_it_used_even_when_it_fails(run: Run) -> None:
    async def check(limits: RateLimits) -> None:
        tokens = limit(100, period_s=60)

        async def fail() -> None:
            async with admitted(limits, {tokens: 90}, max_wait_s=1) as used:
                used[tokens] = 10
                raise OSError("broke")

        with pytest.raises(OSError, match="broke"):
            await fail()
        assert await spend(limits, {tokens: 90})
        assert not await spend(limits, {tokens: 1})

    run(check)
