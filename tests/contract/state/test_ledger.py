"""One suite for every implementation of the ledger."""

from __future__ import annotations

import asyncio

from assay.judges.schema import Screening
from assay.worker.ports.state import FleetState
from assay.worker.records.ledger import Judgement, LedgerState, Unanswered
from tests.contract.state.making import DAY, LATER, NOW, SOON, Run, promise, transition


def test_promise_is_opened_once_however_often_it_is_made(run: Run) -> None:
    async def check(state: FleetState) -> None:
        first = await state.ledger.promise([promise("a"), promise("b")], now=NOW, due=SOON)
        again = await state.ledger.promise([promise("b"), promise("c")], now=NOW, due=SOON)
        assert [p.trace_id for p in first] == ["a", "b"]
        assert [p.trace_id for p in again] == ["c"]
        assert await state.ledger_reader.counts(DAY, DAY) == {("bot", "grounding", LedgerState.OPEN, ""): 3}

    run(check)


def test_promise_takes_more_than_one_chunk_and_any_unicode_id(run: Run) -> None:
    async def check(state: FleetState) -> None:
        promises = [promise(f"träce-{n}-💥") for n in range(1203)]
        assert len(await state.ledger.promise(promises, now=NOW, due=SOON)) == 1203
        entries = await state.ledger.entries("grounding", [p.trace_id for p in promises])
        assert len(entries) == 1203

    run(check)


def test_entry_under_another_rubric_is_another_entry(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a"), promise("a", rubric="safety")], now=NOW, due=SOON)
        await state.ledger.apply(
            "safety", [transition("a", LedgerState.OPEN, LedgerState.SKIPPED, reason="x")], now=NOW
        )
        assert (await state.ledger.entries("grounding", ["a"]))["a"].state is LedgerState.OPEN
        assert (await state.ledger.entries("safety", ["a"]))["a"].state is LedgerState.SKIPPED

    run(check)


def test_failed_try_is_not_taken_before_its_back_off_is_over(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a")], now=NOW, due=SOON)
        await state.ledger.apply("grounding", [transition("a", LedgerState.OPEN, LedgerState.OPEN, due=SOON)], now=NOW)
        early = await state.ledger.begin("grounding", ["a"], owner="m", now=NOW, until=LATER)
        late = await state.ledger.begin("grounding", ["a"], owner="m", now=SOON, until=LATER)
        assert [len(early), len(late)] == [0, 1]

    run(check)


def test_deliveries_are_counted_once_each_and_cleared_by_an_outcome(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a")], now=NOW, due=SOON)
        for owner, now in (("m", NOW), ("m", NOW), ("n", SOON)):
            entry = (await state.ledger.begin("grounding", ["a"], owner=owner, now=now, until=LATER))[0]
        assert entry.deliveries == 2
        judged = transition("a", LedgerState.OPEN, LedgerState.JUDGED, due=LATER)
        await state.ledger.apply("grounding", [judged], now=SOON)
        assert (await state.ledger.entries("grounding", ["a"]))["a"].deliveries == 0

    run(check)


def test_move_applies_only_from_an_expected_state(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a")], now=NOW, due=SOON)
        wrong = transition("a", LedgerState.POSTED, LedgerState.SCORED)
        right = transition("a", LedgerState.OPEN, LedgerState.JUDGED, due=SOON)
        assert await state.ledger.apply("grounding", [wrong], now=NOW) == []
        assert await state.ledger.apply("grounding", [right], now=NOW) == ["a"]
        assert await state.ledger.apply("grounding", [right], now=NOW) == []

    run(check)


def test_concurrent_moves_apply_once(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a")], now=NOW, due=SOON)
        change = [transition("a", LedgerState.OPEN, LedgerState.JUDGED, due=SOON)]
        results = await asyncio.gather(*(state.ledger.apply("grounding", change, now=NOW) for _ in range(20)))
        assert sum(map(len, results)) == 1

    run(check)


def test_overdue_hands_each_entry_out_once_and_only_past_its_deadline(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a"), promise("b")], now=NOW, due=SOON)
        states = [LedgerState.OPEN]
        early = await state.ledger.overdue(states, now=NOW, limit=10, push_to=LATER)
        first = await state.ledger.overdue(states, now=SOON, limit=1, push_to=LATER)
        second = await state.ledger.overdue(states, now=SOON, limit=10, push_to=LATER)
        third = await state.ledger.overdue(states, now=SOON, limit=10, push_to=LATER)
        assert (len(early), len(third)) == (0, 0)
        assert sorted(e.trace_id for e in [*first, *second]) == ["a", "b"]

    run(check)


def test_overdue_never_returns_what_ended(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a")], now=NOW, due=SOON)
        await state.ledger.apply("grounding", [transition("a", LedgerState.OPEN, LedgerState.SKIPPED)], now=NOW)
        assert not await state.ledger.overdue(list(LedgerState), now=LATER, limit=10, push_to=LATER)

    run(check)


def test_judgement_and_attempts_are_remembered_and_cleared_by_a_fresh_start(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a")], now=NOW, due=SOON)
        judgement = Judgement(
            verdict_key="k", revision="r", judge="local", state="judged", values={"x": 1.0, "s": "judged"}
        )
        retry = transition("a", LedgerState.OPEN, LedgerState.OPEN, due=SOON, failed_attempt=True)
        await state.ledger.apply("grounding", [retry], now=NOW)
        await state.ledger.apply("grounding", [retry.model_copy(update={"judgement": judgement})], now=NOW)
        await state.ledger.apply(
            "grounding", [transition("a", LedgerState.OPEN, LedgerState.DEAD, reason="r")], now=NOW
        )
        dead = (await state.ledger.entries("grounding", ["a"]))["a"]
        assert (dead.attempts, dead.judgement) == (2, judgement)
        again = transition("a", LedgerState.DEAD, LedgerState.OPEN, due=LATER, fresh_start=True)
        await state.ledger.apply("grounding", [again], now=LATER)
        entry = (await state.ledger.entries("grounding", ["a"]))["a"]
        assert (entry.state, entry.attempts, entry.since) == (LedgerState.OPEN, 0, LATER)

    run(check)


def test_first_phase_without_an_answer_is_remembered_beside_several_moves(run: Run) -> None:
    first = Screening(scores={"hallucination_risk": 0.4}, pi2=1.0, why="escalated", phase2=False)
    lost = Unanswered(revision="r", screening=first)

    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a"), promise("b"), promise("c")], now=NOW, due=SOON)
        moves = [
            transition("a", LedgerState.OPEN, LedgerState.SKIPPED, reason="model_refused", unanswered=lost),
            transition("b", LedgerState.OPEN, LedgerState.SKIPPED, reason="empty_response"),
            transition("c", LedgerState.OPEN, LedgerState.OPEN, due=SOON, failed_attempt=True, unanswered=lost),
        ]
        assert await state.ledger.apply("grounding", moves, now=NOW) == ["a", "b", "c"]
        await state.ledger.apply(
            "grounding", [transition("c", LedgerState.OPEN, LedgerState.DEAD, reason="too old")], now=LATER
        )
        entries = await state.ledger.entries("grounding", ["a", "b", "c"])
        assert [entries[key].unanswered for key in "abc"] == [lost, None, lost]
        assert [entries[key].reason for key in "abc"] == ["model_refused", "empty_response", "too old"]

    run(check)
