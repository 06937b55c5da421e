"""Waiting for leave: no failed try, no age, one line of history. One suite for every implementation."""

from __future__ import annotations

from datetime import timedelta

from assay.worker.ports.state import FleetState
from assay.worker.records.ledger import LedgerState
from tests.contract.state.making import NOW, Run, promise, transition

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


async def hold(state: FleetState, at: timedelta, reason: str = "held_limit") -> None:
    """Take the entry, try for a minute, and hold it for an hour."""
    entries = await state.ledger.begin("grounding", ["a"], owner=f"m{at}", now=NOW + at, until=NOW + at + HOUR)
    assert len(entries) == 1
    ended = NOW + at + MINUTE
    held = transition("a", LedgerState.OPEN, LedgerState.OPEN, reason=reason, due=ended + HOUR, held=True)
    assert await state.ledger.apply("grounding", [held], now=ended) == ["a"]


def test_age_begins_at_the_first_try_and_stands_still_while_an_entry_is_held(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a")], now=NOW, due=NOW)
        for n in (5, 8, 20):
            await hold(state, n * HOUR)
        now = NOW + 30 * HOUR
        entry = (await state.ledger.begin("grounding", ["a"], owner="m", now=now, until=now + HOUR))[0]
        assert abs(now - entry.since) < timedelta(seconds=1)
        assert (entry.attempts, entry.deliveries) == (0, 1)
        failed = transition("a", LedgerState.OPEN, LedgerState.OPEN, reason="x", due=now + HOUR, failed_attempt=True)
        await state.ledger.apply("grounding", [failed], now=now + MINUTE)
        entry = (await state.ledger.begin("grounding", ["a"], owner="m", now=now + 2 * HOUR, until=now + 3 * HOUR))[0]
        assert abs(now - entry.since) < timedelta(seconds=1)
        assert entry.attempts == 1

    run(check)


def test_held_entry_is_not_taken_before_its_time_and_due_then(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a")], now=NOW, due=NOW)
        await hold(state, timedelta())
        early, due = NOW + HOUR, NOW + HOUR + MINUTE
        assert not await state.ledger.begin("grounding", ["a"], owner="n", now=early, until=due)
        assert not await state.ledger.overdue([LedgerState.OPEN], now=early, limit=9, push_to=due + HOUR)
        assert len(await state.ledger.overdue([LedgerState.OPEN], now=due, limit=9, push_to=due + HOUR)) == 1
        assert len(await state.ledger.begin("grounding", ["a"], owner="n", now=due, until=due + HOUR)) == 1

    run(check)


def test_history_tells_each_kind_of_hold_once(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a")], now=NOW, due=NOW)
        for n, reason in enumerate(("held_limit", "held_limit", "held_budget", "held_budget", "held_limit")):
            await hold(state, n * 2 * HOUR, reason)
        lines = await state.ledger_reader.history("grounding", "a")
        assert [line.reason for line in lines] == ["selected", "held_limit", "held_budget", "held_limit"]
        counts = await state.ledger_reader.counts(NOW.date(), NOW.date())
        assert {key[3]: n for key, n in counts.items()} == {"held_limit": 1}

    run(check)
