"""One suite for every account of calls to judge models. The clock is the test's own: no test waits."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest

from assay.worker.launch.broker import Broker
from assay.worker.limits.rules import FAILURES_TO_OPEN
from assay.worker.ports.call_limits import (
    ALL,
    Budget,
    CallAsk,
    CallEnd,
    EndKind,
    EndpointHealth,
    Exchange,
    Leave,
    Report,
    Scope,
    Spent,
    UnknownEnds,
)
from assay.worker.state.memory.call_account import MemoryCallAccount
from assay.worker.state.redis.call_account import RedisCallAccount
from assay.worker.state.redis.connection import RedisConnection

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp()


@dataclass
class Desk:
    """An account, its clock, and shorthand for what processes say to it."""

    account: MemoryCallAccount | RedisCallAccount
    now: list[float]
    names: itertools.count[int] = field(default_factory=itertools.count)

    def after(self, seconds: float) -> None:
        self.now[0] += seconds

    def call(self, *scopes: Scope, **fields: object) -> CallAsk:
        given: dict[str, object] = {"lease": f"l{next(self.names)}", "model": "m", "tokens": 100.0, "scopes": scopes}
        return CallAsk(**{**given, **fields})  # type: ignore[arg-type]

    async def say(self, *asks: CallAsk, ends: tuple[CallEnd, ...] = (), process: str = "p1") -> Exchange:
        return await self.account.exchange(Report("e", process, ends=ends, asks=asks, lease_s=100))

    async def ask(self, *scopes: Scope, process: str = "p1", **fields: object) -> tuple[CallAsk, Leave]:
        call = self.call(*scopes, **fields)
        return call, (await self.say(call, process=process)).leaves[0]

    async def goes(self, *scopes: Scope, process: str = "p1", **fields: object) -> str | None:
        """The lease, where leave was given."""
        call, leave = await self.ask(*scopes, process=process, **fields)
        return call.lease if leave.granted else None

    async def end(self, kind: EndKind, lease: str | None = "", **fields: float) -> Exchange:
        return await self.say(ends=(CallEnd(kind, lease or "", **fields),))  # type: ignore[arg-type]

    async def health(self) -> EndpointHealth:
        return (await self.account.endpoint("e", ())).health


Check = Callable[[Desk], Awaitable[None]]
Run = Callable[[Check], None]


@pytest.fixture(params=["memory", "redis"])
def at_desk(request: pytest.FixtureRequest, broker: Broker, key_prefix: str) -> Run:
    """Runs a check at a fresh account of each kind."""

    def on_account(check: Check) -> None:
        async def main() -> None:
            now = [NOON]
            if request.param == "memory":
                await check(Desk(MemoryCallAccount(now=lambda: now[0]), now))
                return
            connection = RedisConnection(broker.url, prefix=key_prefix)
            try:
                await check(Desk(RedisCallAccount(connection, now=lambda: now[0]), now))
            finally:
                await connection.close()

        asyncio.run(main())

    return on_account


def test_requests_go_evenly_after_a_small_burst(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        sixty = Scope("", requests=60)
        gone = [await desk.goes(sixty) for _ in range(5)]
        assert [lease is not None for lease in gone] == [True, True, True, False, False]
        _, held = await desk.ask(sixty)
        assert held == Leave(False, "limit", pytest.approx(60 / 57))  # type: ignore[arg-type]
        desk.after(held.wait_s)
        assert await desk.goes(sixty)
        assert not await desk.goes(sixty)

    at_desk(check)


def test_call_that_was_never_made_gives_its_request_back_and_others_do_not(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        twenty = Scope("", requests=20)
        first = await desk.goes(twenty)
        await desk.end("unused", first)
        second = await desk.goes(twenty)
        assert second
        await desk.end("failed", second, tokens=0, usd=0)
        assert not await desk.goes(twenty)

    at_desk(check)


def test_concurrency_holds_until_a_call_ends_or_its_lease_does(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        two = Scope("", concurrency=2)
        first, second = await desk.goes(two), await desk.goes(two, process="p2")
        assert first
        assert second
        assert not await desk.goes(two)
        await desk.end("answered", first, tokens=1)
        await desk.end("answered", first, tokens=1)
        assert await desk.goes(two)
        assert not await desk.goes(two), "ending a lease twice frees one slot"
        desk.after(99)
        assert not await desk.goes(two)
        desk.after(1)
        assert await desk.goes(two), "the process of the second may have died"

    at_desk(check)


def test_tokens_of_calls_under_way_count_with_their_bound_and_then_for_a_period(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        limit = Scope("", tokens=1000)
        lease = await desk.goes(limit, tokens=900.0)
        desk.after(30)
        assert not await desk.goes(limit, tokens=200.0)
        await desk.end("answered", lease, tokens=100)
        desk.after(30)
        assert await desk.goes(limit, tokens=900.0), "900 + 100 fit"
        assert not await desk.goes(limit, tokens=100.0)
        desk.after(32)
        assert (await desk.account.endpoint("e", [""])).used["", "tokens"] == 900, "the 100 left after a minute"

    at_desk(check)


def test_call_larger_than_the_limit_goes_when_nothing_else_counts(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        small = Scope("", tokens=50)
        lease = await desk.goes(small)
        assert lease
        await desk.end("answered", lease, tokens=100)
        desk.after(59)
        assert not await desk.goes(small)
        desk.after(70)
        assert await desk.goes(small)

    at_desk(check)


def test_all_of_several_scopes_or_none(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        endpoint, model = Scope("", concurrency=5), Scope("m", concurrency=1)
        assert await desk.goes(endpoint, model)
        for _ in range(4):
            assert not await desk.goes(endpoint, model)
        assert (await desk.account.endpoint("e", [""])).used["", "concurrency"] == 1
        assert [bool(await desk.goes(endpoint, model="n")) for _ in range(5)] == [True] * 4 + [False]

    at_desk(check)


def test_processes_that_wait_are_served_in_their_order_and_dead_ones_lose_their_place(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        one = Scope("", concurrency=1)
        held = await desk.goes(one, process="p0")
        assert not await desk.goes(one, process="p1")
        desk.after(0.1)
        assert not await desk.goes(one, process="p2")
        await desk.end("answered", held, tokens=1)
        assert not await desk.goes(one, process="p2"), "p1 came first"
        held = await desk.goes(one, process="p1")
        assert held
        desk.after(0.1)
        assert not await desk.goes(one, process="p1")
        await desk.end("answered", held, tokens=1)
        assert not await desk.goes(one, process="p1"), "it was just served"
        desk.after(5)
        assert await desk.goes(one, process="p1"), "p2 is gone"

    at_desk(check)


def test_several_calls_in_one_exchange_and_the_waits_of_those_that_stay(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        sixty = Scope("", requests=60)
        answer = await desk.say(*(desk.call(sixty) for _ in range(6)))
        assert [leave.granted for leave in answer.leaves] == [True] * 3 + [False] * 3
        waits = [leave.wait_s for leave in answer.leaves[3:]]
        assert waits == pytest.approx([60 / 57, 120 / 57, 180 / 57])
        assert answer.each_s == pytest.approx(60 / 57)

    at_desk(check)


def test_wait_for_a_slot_is_told_from_how_long_calls_take(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        two = Scope("", concurrency=2)
        first = await desk.goes(two)
        desk.after(6)
        await desk.end("answered", first, tokens=1)
        answer = await desk.say(*(desk.call(two) for _ in range(3)))
        assert [leave.granted for leave in answer.leaves] == [True, True, False]
        assert answer.each_s == pytest.approx(3.0)

    at_desk(check)


def test_golden_calls_go_before_traffic_and_find_room(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        four = Scope("", concurrency=4)
        held = [await desk.goes(four) for _ in range(4)]
        assert not await desk.goes(four)
        assert not await desk.goes(four, process="gate", golden=True)
        await desk.end("answered", held[0], tokens=1)
        assert not await desk.goes(four), "golden work waits"
        golden = await desk.goes(four, process="gate", golden=True)
        assert golden
        await desk.say(ends=(CallEnd("answered", golden, tokens=1),), process="gate")
        assert not await desk.goes(four), "the slot is kept for the next golden call"
        assert await desk.goes(four, process="gate", golden=True)
        desk.after(5)
        await desk.end("answered", held[1], tokens=1)
        assert await desk.goes(four), "golden work is over"

    at_desk(check)


def test_budget_pays_bounds_and_takes_back_what_was_not_used(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        budget = Budget("contracts", per_day=1.0)
        first = await desk.goes(budgets=(budget,), usd=0.6)
        assert first
        _, held = await desk.ask(budgets=(budget,), usd=0.6)
        assert held == Leave(False, "budget", 2.0, "contracts"), "what is under way may give some back"
        await desk.end("answered", first, tokens=10, usd=0.3)
        second = await desk.goes(budgets=(budget,), usd=0.6)
        await desk.end("answered", second, tokens=10, usd=0.6)
        _, held = await desk.ask(budgets=(budget,), usd=0.6)
        assert held == Leave(False, "budget", 12 * 3600, "contracts"), "the day ends at midnight"
        assert await desk.goes(budgets=(budget,), usd=0.1)
        spent = await desk.account.spent(["contracts", "other"])
        assert spent["other"] == Spent(day="2026-11-30", month="2026-11")
        assert spent["contracts"].day_usd == spent["contracts"].month_usd == pytest.approx(1.0)
        assert spent["contracts"].day_reserved_usd == pytest.approx(0.1)
        desk.after(12 * 3600)
        assert await desk.goes(budgets=(budget,), usd=0.6), "a new day"

    at_desk(check)


def test_budgets_of_all_and_of_the_month_hold_too(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        both = (Budget(ALL, per_month=1.0), Budget("bot", per_day=5.0))
        lease = await desk.goes(budgets=both, usd=1.0)
        await desk.end("answered", lease)
        desk.after(6 * 3600)
        _, held = await desk.ask(budgets=both, usd=0.5)
        assert held == Leave(False, "budget", 6 * 3600, ALL), "December comes"
        desk.after(6 * 3600)
        assert await desk.goes(budgets=both, usd=0.5)

    at_desk(check)


def test_calls_without_a_known_end_are_charged_in_full_and_counted(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        budget = Budget("bot", per_day=10.0)
        timed_out, dead = await desk.goes(budgets=(budget,), usd=1.0), await desk.goes(budgets=(budget,), usd=2.0)
        assert dead
        await desk.end("timed_out", timed_out)
        await desk.end("cancelled")
        await desk.end("cancelled", usd=0.25)
        today = date(2026, 11, 30)
        assert await desk.account.unknown_ends(today, today) == UnknownEnds(calls=3, cost_usd=1.25, unpriced_calls=1)
        desk.after(100)
        await desk.say()
        await desk.end("answered", dead, tokens=1, usd=0.0)
        assert await desk.account.unknown_ends(today, today) == UnknownEnds(calls=4, cost_usd=3.25, unpriced_calls=1)
        assert (await desk.account.spent(["bot"]))["bot"].day_usd == 3.0

    at_desk(check)


def test_breaker_opens_after_failures_in_a_row_and_lets_one_probe_go(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        for _ in range(FAILURES_TO_OPEN - 1):
            assert (await desk.end("failed")).is_watched
        assert await desk.goes()
        await desk.end("timed_out")
        _, held = await desk.ask()
        assert held == Leave(False, "breaker", 1.0)
        waits = []
        for _ in range(6):
            state = await desk.health()
            assert state.breaker == "open"
            assert state.next_probe_s is not None
            waits.append(state.next_probe_s)
            desk.after(state.next_probe_s)
            probe = await desk.goes()
            assert probe
            assert not await desk.goes(process="p2"), "one probe in the fleet"
            assert (await desk.health()).breaker == "half_open"
            await desk.end("failed", probe)
        assert waits == pytest.approx([1, 2, 4, 8, 10, 10])
        desk.after(10)
        await desk.end("answered", await desk.goes(), tokens=1)
        assert (await desk.health()).breaker == "closed"
        assert await desk.goes()

    at_desk(check)


def test_probe_that_was_cancelled_or_whose_process_died_lets_the_next_one_go(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        for _ in range(FAILURES_TO_OPEN):
            await desk.end("failed")
        desk.after(1)
        await desk.end("cancelled", await desk.goes())
        assert await desk.goes()
        desk.after(29)
        assert not await desk.goes()
        desk.after(1)
        assert await desk.goes()

    at_desk(check)


def test_any_answer_ends_a_run_of_failures_also_one_that_nobody_told_of(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        for n in range(4 * FAILURES_TO_OPEN):
            kinds: list[EndKind] = ["answered", "rejected", "refused"]
            if n % (FAILURES_TO_OPEN - 1) == 0:
                await desk.end(kinds[n % 3], tokens=0)
            await desk.end("failed")
        await desk.end("failed", answered_s_ago=7)
        assert (await desk.health()).failures_in_a_row > 1, "it answered before the first of them"
        desk.after(2)
        await desk.end("failed", answered_s_ago=1)
        assert (await desk.health()).failures_in_a_row == 1
        await desk.end("cancelled")
        assert (await desk.health()).failures_in_a_row == 1
        assert not (await desk.end("answered")).is_watched

    at_desk(check)


def test_refusals_slow_all_down_to_below_what_was_taken_and_little_by_little_go_away(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        for second in range(4):
            for n in range(20):
                await desk.end("answered" if n < 10 else "refused", begun_before=1)
            desk.after(1 if second < 3 else 0.5)
        slowed = (await desk.health()).slowed_to_per_minute
        assert slowed is not None
        assert 60 * 5 < slowed < 60 * 11
        gone = [await desk.goes() for _ in range(20)]
        assert sum(lease is not None for lease in gone) <= 6
        for _ in range(25):
            desk.after(1)
            last = await desk.end("answered", await desk.goes(), tokens=0)
        assert not last.is_watched
        assert (await desk.health()).slowed_to_per_minute is None

    at_desk(check)


def test_few_refusals_slow_nobody_down(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        for n in range(200):
            await desk.end("refused" if n % 10 == 0 else "answered", begun_before=1)
            desk.after(0.05)
        assert (await desk.health()).slowed_to_per_minute is None

    at_desk(check)


def test_endpoint_that_refuses_everything_stops_the_fleet_for_as_long_as_it_says(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        for _ in range(3):
            await desk.end("refused", retry_after_s=7)
        _, held = await desk.ask()
        assert held == Leave(False, "limit", 7.0)
        desk.after(7)
        assert await desk.goes()

    at_desk(check)


@pytest.mark.parametrize("model", ["m", "other"])
def test_large_call_is_not_overtaken_for_ever_by_small_ones(at_desk: Run, model: str) -> None:
    async def check(desk: Desk) -> None:
        limit = Scope("", tokens=6000)
        assert await desk.goes(limit, tokens=2000.0)
        for _ in range(80):
            if await desk.goes(limit, tokens=3000.0, process="large"):
                return
            for process in ("s1", "s2", "s3"):
                lease = await desk.goes(limit, tokens=100.0, process=process, model=model)
                if lease:
                    await desk.say(ends=(CallEnd("answered", lease, tokens=100.0),), process=process)
            desk.after(0.5)
        pytest.fail("40 s were not enough for 3,000 of 6,000 a minute")

    at_desk(check)


def test_lease_that_is_asked_for_again_is_given_once(at_desk: Run) -> None:
    """The answer was lost: whoever asked asks again, or the connection does."""

    async def check(desk: Desk) -> None:
        two, budget = Scope("", concurrency=2, tokens=10_000), Budget(ALL, per_day=1.0)
        call = desk.call(two, budgets=(budget,), usd=0.4)
        desk.after(1)
        for _ in range(3):
            assert (await desk.say(call)).leaves[0].granted
        used = (await desk.account.endpoint("e", [""])).used
        assert (used["", "concurrency"], used["", "tokens"]) == (1, 100)
        assert (await desk.account.spent([ALL]))[ALL].day_reserved_usd == 0.4
        desk.after(50)
        await desk.say(call)
        desk.after(60)
        await desk.end("answered", call.lease, tokens=10, usd=0.1)
        used = (await desk.account.endpoint("e", [""])).used
        assert (used["", "concurrency"], used["", "tokens"]) == (0, 10)
        spent = (await desk.account.spent([ALL]))[ALL]
        assert (spent.day_usd, spent.day_reserved_usd) == (0.1, 0)

    at_desk(check)


def test_lease_that_is_held_is_given_again_whatever_is_in_force_by_now(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        call = desk.call(Scope("", concurrency=1))
        assert (await desk.say(call)).leaves[0].granted
        for _ in range(FAILURES_TO_OPEN):
            await desk.end("failed")
        assert (await desk.say(call, desk.call())).leaves == (Leave(True), Leave(False, "breaker", 1.0))

    at_desk(check)


def test_call_that_was_never_made_costs_nothing(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        limit, budget = Scope("", tokens=100, requests=20), Budget("bot", per_day=1.0)
        for _ in range(5):
            lease = await desk.goes(limit, budgets=(budget,), usd=1.0)
            assert lease
            await desk.end("unused", lease)
        spent = (await desk.account.spent(["bot"]))["bot"]
        assert (spent.day_usd, spent.month_usd, spent.day_reserved_usd) == (0, 0, 0)

    at_desk(check)


def test_end_that_is_told_twice_counts_once(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        budget = Budget("bot", per_day=9.0)
        lease = await desk.goes(budgets=(budget,), usd=1.0)
        for _ in range(FAILURES_TO_OPEN):
            await desk.end("timed_out", lease)
        assert (await desk.health()).failures_in_a_row == 1
        assert (await desk.account.spent(["bot"]))["bot"].day_usd == 1.0
        today = date(2026, 11, 30)
        assert (await desk.account.unknown_ends(today, today)).calls == 1

    at_desk(check)


def test_report_that_comes_twice_is_heard_once_and_one_that_was_overtaken_not_at_all(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        def report(number: int, *asks: CallAsk, process: str = "p1") -> Report:
            return Report("e", process, [CallEnd("failed")], asks, 100, number)

        one = Scope("", concurrency=1)
        first, second = desk.call(one), desk.call(one)
        await desk.account.exchange(report(1))
        for _ in range(FAILURES_TO_OPEN):
            assert (await desk.account.exchange(report(2, first))).leaves[0].granted
        assert (await desk.health()).failures_in_a_row == 2
        await desk.account.exchange(Report("e", "p1", [CallEnd("unused", first.lease)], (), 100, 3))
        assert not (await desk.account.exchange(report(2, first))).leaves[0].granted
        assert (await desk.health()).failures_in_a_row == 2
        assert (await desk.account.endpoint("e", [""])).used["", "concurrency"] == 0
        assert (await desk.account.exchange(report(1, second, process="p2"))).leaves[0].granted, "numbers are its own"

    at_desk(check)


def test_leases_that_a_server_lost_leave_nothing_behind(broker: Broker, key_prefix: str) -> None:
    """A server that was told to throw keys away when its memory is full may throw away these."""

    async def main() -> None:
        connection = RedisConnection(broker.url, prefix=key_prefix)
        desk = Desk(RedisCallAccount(connection), [NOON])
        limit, budget = Scope("", concurrency=2, tokens=50_000), Budget(ALL, per_day=1.0)
        try:
            for lost in ("e", "other"):
                for _ in range(2):
                    ask = desk.call(limit, budgets=(budget,), usd=0.2)
                    await desk.account.exchange(Report(lost, "p1", asks=[ask]))
            await connection.client.delete(connection.key("calls:e:leases"), connection.key("calls:e:lease"))
            assert await desk.goes(limit, budgets=(budget,), usd=0.2)
            used = (await desk.account.endpoint("e", [""])).used
            assert (used["", "concurrency"], used["", "tokens"]) == (1, 100)
            spent = (await desk.account.spent([ALL]))[ALL]
            assert spent.day_reserved_usd == spent.day_usd == pytest.approx(0.6), "the other endpoint's stay"
        finally:
            await connection.close()

    asyncio.run(main())


def test_golden_work_that_waits_for_one_model_keeps_no_traffic_from_others(at_desk: Run) -> None:
    async def check(desk: Desk) -> None:
        all_models, slow = Scope("", concurrency=64), Scope("m1", requests=6)
        assert await desk.goes(all_models, slow, model="m1", process="gate", golden=True)
        assert not await desk.goes(all_models, slow, model="m1", process="gate", golden=True)
        assert await desk.goes(all_models, model="m2"), "another model"
        desk.after(9.9)
        assert not await desk.goes(all_models, slow, model="m1", process="gate", golden=True)
        desk.after(0.7)
        assert not await desk.goes(all_models, slow, model="m1"), "golden work waits for it"
        assert await desk.goes(all_models, slow, model="m1", process="gate", golden=True)

    at_desk(check)
