"""Whose hands an entry is in: one suite for every implementation. Times are the state's own, since renewals are."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from assay.worker.launch.broker import Broker
from assay.worker.ports.ledger import OWNER_LEASE_S
from assay.worker.ports.state import FleetState
from assay.worker.records.ledger import LedgerState
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.deliveries import GRACE_S
from assay.worker.state.redis.state import redis_state
from tests.contract.state.making import NOW, SOON, Run, promise, transition

LEASE = timedelta(seconds=OWNER_LEASE_S)
MINUTE = timedelta(minutes=1)


async def taken(state: FleetState, owner: str, now: datetime, until: datetime | None = None) -> list[int]:
    """How many deliveries each entry that this owner gets has had."""
    entries = await state.ledger.begin("grounding", ["a"], owner=owner, now=now, until=until or now + 3 * MINUTE)
    return [entry.deliveries for entry in entries]


async def overdue(state: FleetState, now: datetime) -> int:
    return len(await state.ledger.overdue([LedgerState.OPEN], now=now, limit=10, push_to=now + MINUTE))


def test_entry_belongs_to_one_delivery_while_that_lives_and_the_same_one_may_come_again(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a")], now=NOW, due=SOON)
        assert await taken(state, "first", NOW) == [1]
        assert await taken(state, "redelivered", NOW + LEASE / 2) == []
        assert await taken(state, "first", NOW + LEASE / 2) == [1]
        assert await taken(state, "redelivered", NOW + LEASE) == []
        assert await taken(state, "redelivered", NOW + LEASE * 3 / 2) == [2]

    run(check)


def test_renewal_keeps_an_entry_in_its_owners_hands_and_away_from_reconcilers(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.clock.synchronise()
        now = state.clock.now()
        begun = now - LEASE + timedelta(seconds=1)
        await state.ledger.promise([promise("a")], now=begun, due=begun)
        assert await taken(state, "first", begun) == [1]
        await state.deliveries.renew([], owners=["first"])
        assert await taken(state, "other", now + LEASE / 2) == []
        assert await overdue(state, now + LEASE / 2) == 0
        assert await overdue(state, now + 3 * LEASE) == 1

    run(check)


def test_message_that_finds_an_entry_in_other_hands_leaves_it_due_when_these_hands_end(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.clock.synchronise()
        now = state.clock.now()
        begun = now - LEASE - timedelta(seconds=1)
        await state.ledger.promise([promise("a")], now=begun, due=begun)
        assert await taken(state, "slow", begun) == [1]
        assert await overdue(state, now) == 1  # and published again, to be back within a minute
        await state.deliveries.renew([], owners=["slow"])
        assert await taken(state, "other", now + LEASE / 2) == []
        assert await overdue(state, now + LEASE / 2) == 0
        assert await overdue(state, now + LEASE + timedelta(seconds=5)) == 1

    run(check)


def test_time_of_an_owner_ends_however_long_it_is_renewed(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a")], now=NOW, due=SOON)
        assert await taken(state, "hangs", NOW, until=NOW + LEASE / 2) == [1]
        assert await taken(state, "other", NOW + LEASE / 2) == [2]

    run(check)


def test_what_is_given_back_is_free_and_due_at_once_and_its_delivery_does_not_count(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a")], now=NOW, due=NOW + MINUTE)
        await taken(state, "first", NOW)
        assert await state.ledger.give_back("grounding", ["a", "b"], owner="other", now=NOW) == []
        assert await state.ledger.give_back("grounding", ["a", "b"], owner="first", now=NOW) == ["a"]
        assert await state.ledger.give_back("grounding", ["a"], owner="first", now=NOW) == []
        assert await overdue(state, NOW) == 1
        assert await taken(state, "other", NOW) == [1]
        await state.ledger.apply("grounding", [transition("a", LedgerState.OPEN, LedgerState.SKIPPED)], now=NOW)
        assert await state.ledger.give_back("grounding", ["a"], owner="other", now=NOW) == []

    run(check)


def test_work_of_a_dead_owner_is_overdue_as_soon_as_its_lease_is_over(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a")], now=NOW, due=NOW)
        await taken(state, "dies", NOW)
        assert [await overdue(state, NOW + LEASE / 2), await overdue(state, NOW + LEASE)] == [0, 1]

    run(check)


def test_after_a_silence_nothing_in_hand_is_taken_over_until_the_living_could_say_so(
    broker: Broker, key_prefix: str
) -> None:
    """As after an outage of the server: all leases ran out, and all workers live."""

    async def check() -> None:
        connection = RedisConnection(broker.url, prefix=key_prefix)
        state = redis_state(broker.url, prefix=key_prefix)
        try:
            await state.ledger.promise([promise("a")], now=NOW, due=NOW)
            await taken(state, "first", NOW)
            after = NOW + 2 * LEASE
            await connection.client.set(connection.key("renewed"), "1")
            await state.deliveries.renew([])
            assert await taken(state, "other", after) == []
            assert await overdue(state, after) == 0
            assert 0 < await connection.client.ttl(connection.key("grace")) <= GRACE_S
            await connection.client.delete(connection.key("grace"))
            await state.deliveries.renew([])
            assert not await connection.client.exists(connection.key("grace"))
            assert await taken(state, "other", after) == [2]
        finally:
            await state.close()
            await connection.close()

    asyncio.run(check())
