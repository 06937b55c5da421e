"""One suite for every implementation of the ledger as reports read it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assay.worker.ports.ledger import InFlight
from assay.worker.ports.state import FleetState
from assay.worker.records.ledger import LedgerState
from assay.worker.state.redis import ledger_reader
from tests.contract.state.making import DAY, LATER, NOW, SOON, Run, promise, transition


def test_counts_follow_every_move_and_always_sum_to_the_promises(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise(str(n)) for n in range(5)], now=NOW, due=SOON)
        judged = [transition(str(n), LedgerState.OPEN, LedgerState.JUDGED, due=SOON) for n in range(3)]
        await state.ledger.apply("grounding", judged, now=NOW)
        await state.ledger.apply(
            "grounding", [transition("0", LedgerState.JUDGED, LedgerState.POSTED, due=SOON)], now=NOW
        )
        await state.ledger.apply(
            "grounding", [transition("3", LedgerState.OPEN, LedgerState.SKIPPED, reason="empty")], now=NOW
        )
        await state.ledger.apply(
            "grounding", [transition("4", LedgerState.OPEN, LedgerState.DEAD, reason="bug")], now=NOW
        )
        counts = {(s, r): n for (_, _, s, r), n in (await state.ledger_reader.counts(DAY, DAY)).items()}
        assert counts == {
            (LedgerState.JUDGED, ""): 2,
            (LedgerState.POSTED, ""): 1,
            (LedgerState.SKIPPED, "empty"): 1,
            (LedgerState.DEAD, "bug"): 1,
        }

    run(check)


def test_promised_counts_what_was_ever_promised(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a"), promise("b"), promise("b", rubric="safety")], now=NOW, due=SOON)
        await state.ledger.promise([promise("a")], now=NOW, due=SOON)
        await state.ledger.apply("grounding", [transition("a", LedgerState.OPEN, LedgerState.SKIPPED)], now=NOW)
        assert await state.ledger_reader.promised(DAY, DAY) == {("bot", "grounding"): 2, ("bot", "safety"): 1}

    run(check)


def test_history_tells_what_happened_in_order(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a")], now=NOW, due=SOON)
        await state.ledger.apply(
            "grounding", [transition("a", LedgerState.OPEN, LedgerState.SKIPPED, reason="empty")], now=SOON
        )
        events = await state.ledger_reader.history("grounding", "a")
        assert [(e.at, e.state, e.reason) for e in events] == [
            (NOW, LedgerState.OPEN, "selected"),
            (SOON, LedgerState.SKIPPED, "empty"),
        ]

    run(check)


def test_scan_finds_entries_by_the_day_their_trace_started(run: Run) -> None:
    async def check(state: FleetState) -> None:
        yesterday = promise("old", start=NOW - timedelta(days=1))
        await state.ledger.promise([promise("new"), yesterday], now=NOW, due=SOON)
        assert [e.trace_id async for e in state.ledger_reader.scan(DAY, DAY)] == ["new"]
        both = [e.trace_id async for e in state.ledger_reader.scan(DAY - timedelta(days=1), DAY)]
        assert sorted(both) == ["new", "old"]

    run(check)


def test_what_is_in_flight_has_its_oldest_and_the_dead_are_counted(run: Run) -> None:
    async def check(state: FleetState) -> None:
        assert await state.ledger_reader.in_flight(NOW) == InFlight(None, 0, {})
        ages = {"open": 60, "backlog": 300, "judged": 30, "posted": 600, "ended": 900, "dead": 900, "dead-too": 900}
        asked = [promise(name, selected_at=NOW - timedelta(seconds=age)) for name, age in ages.items()]
        other = promise("dead", rubric="safety")
        await state.ledger.promise([*asked, other], now=NOW, due=LATER)
        await state.backlog.enter([asked[1]], now=NOW)
        opened, dead = LedgerState.OPEN, LedgerState.DEAD
        moves = [
            transition("judged", opened, LedgerState.JUDGED, due=LATER),
            transition("posted", opened, LedgerState.POSTED, due=NOW + timedelta(seconds=4)),
            transition("ended", opened, LedgerState.SKIPPED, reason="empty"),
            *(transition(name, opened, dead, reason="bug") for name in ("dead", "dead-too")),
        ]
        await state.ledger.apply("grounding", moves, now=NOW)
        await state.ledger.apply("safety", [transition("dead", opened, dead, reason="bug")], now=NOW)
        found = await state.ledger_reader.in_flight(NOW)
        assert found == InFlight(NOW - timedelta(seconds=600), 1, {"grounding": 2, "safety": 1})
        shown = [transition("posted", LedgerState.POSTED, LedgerState.SCORED)]
        await state.ledger.apply("grounding", shown, now=NOW)
        found = await state.ledger_reader.in_flight(NOW)
        assert (found.oldest_selected, found.unverified) == (NOW - timedelta(seconds=300), 0), "it waits in the backlog"

    run(check)


def test_dead_letters_beyond_those_that_are_told_apart_still_count(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_reader, "MOST_DEAD", 2)

    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise(str(n)) for n in range(5)], now=NOW, due=LATER)
        ends = [transition(str(n), LedgerState.OPEN, LedgerState.DEAD, reason="bug") for n in range(5)]
        await state.ledger.apply("grounding", ends, now=NOW)
        assert sum((await state.ledger_reader.in_flight(NOW)).dead.values()) == 5

    run(check)
