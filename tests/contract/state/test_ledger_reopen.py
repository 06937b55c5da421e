"""One suite for every implementation of the ledger: judging again under another version of the rubric."""

from __future__ import annotations

from datetime import timedelta

import pytest

from assay.worker.ports.state import FleetState
from assay.worker.records.dead_letters import DeadChoice
from assay.worker.records.ledger import Judgement, LedgerState
from tests.contract.state.making import DAY, LATER, NOW, SOON, Run, promise, transition

JUDGEMENT = Judgement(verdict_key="k", revision="r", judge="local", state="judged", values={})


async def _final(state: FleetState, trace_id: str, final: LedgerState) -> None:
    await state.ledger.promise([promise(trace_id)], now=NOW, due=SOON)
    change = transition(trace_id, LedgerState.OPEN, final, reason="x", judgement=JUDGEMENT, failed_attempt=True)
    await state.ledger.apply("grounding", [change], now=NOW)


@pytest.mark.parametrize("final", [LedgerState.SCORED, LedgerState.SKIPPED, LedgerState.DEAD])
def test_final_entry_of_another_version_is_opened_once_and_forgets_its_judging(run: Run, final: LedgerState) -> None:
    async def check(state: FleetState) -> None:
        await _final(state, "a", final)
        newer = promise("a", rubric_hash="h2")
        assert await state.reopening.reopen([newer], now=LATER, due=LATER) == [newer]
        assert await state.reopening.reopen([newer], now=LATER, due=LATER) == []
        entry = (await state.ledger.entries("grounding", ["a"]))["a"]
        assert (entry.state, entry.promise, entry.judgement) == (LedgerState.OPEN, newer, None)
        assert (entry.attempts, entry.since, entry.reason) == (0, LATER, "")
        assert await state.ledger_reader.counts(DAY, DAY) == {("bot", "grounding", LedgerState.OPEN, ""): 1}
        assert await state.ledger_reader.promised(DAY, DAY) == {("bot", "grounding"): 1}
        assert [letter async for letter in state.dead_letters.scan(DeadChoice())] == []
        overdue = await state.ledger.overdue(
            [LedgerState.OPEN], now=LATER + timedelta(seconds=1), limit=9, push_to=LATER + timedelta(seconds=9)
        )
        assert [e.trace_id for e in overdue] == ["a"]
        assert [event.state for event in await state.ledger_reader.history("grounding", "a")][-1] == LedgerState.OPEN

    run(check)


def test_same_version_and_work_in_flight_and_unknown_traces_stay_as_they_are(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await _final(state, "same", LedgerState.SCORED)
        await state.ledger.promise([promise("open")], now=NOW, due=SOON)
        asked = [promise("same"), promise("open", rubric_hash="h2"), promise("unknown", rubric_hash="h2")]
        assert await state.reopening.reopen(asked, now=LATER, due=LATER) == []
        assert set(await state.ledger.entries("grounding", ["same", "open", "unknown"])) == {"same", "open"}

    run(check)


def test_another_calibration_is_another_version(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await _final(state, "a", LedgerState.SCORED)
        calibrated = promise("a", calibration_hash="c1")
        assert await state.reopening.reopen([calibrated], now=LATER, due=LATER) == [calibrated]

    run(check)


def test_opened_entry_is_judged_to_its_end_like_any_other(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await _final(state, "a", LedgerState.SKIPPED)
        await state.reopening.reopen([promise("a", rubric_hash="h2")], now=LATER, due=LATER)
        taken = await state.ledger.begin("grounding", ["a"], owner="m", now=LATER, until=LATER)
        assert [entry.promise.rubric_hash for entry in taken] == ["h2"]
        done = transition("a", LedgerState.OPEN, LedgerState.SCORED)
        assert await state.ledger.apply("grounding", [done], now=LATER) == ["a"]
        assert await state.ledger_reader.counts(DAY, DAY) == {("bot", "grounding", LedgerState.SCORED, ""): 1}

    run(check)
