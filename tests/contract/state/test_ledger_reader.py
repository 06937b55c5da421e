"""One suite for every implementation of the ledger as reports read it."""

from __future__ import annotations

from datetime import timedelta

from assay.worker.ports.state import FleetState
from assay.worker.records.ledger import LedgerState
from tests.contract.state.making import DAY, NOW, SOON, Run, promise, transition


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
