"""Blame for the end of a worker: laid by its owner only, taken back, and cleared by any outcome."""

from __future__ import annotations

from assay.worker.ports.state import FleetState
from assay.worker.records.ledger import LedgerState
from tests.contract.state.making import LATER, NOW, SOON, Run, promise, transition


async def blamed(state: FleetState) -> int:
    return (await state.ledger.entries("grounding", ["a"]))["a"].blamed


def test_blame_stays_with_an_entry_whose_worker_vanished_and_goes_with_an_outcome(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a")], now=NOW, due=SOON)
        for owner, now in (("dies", NOW), ("lives", SOON)):
            await state.ledger.begin("grounding", ["a"], owner=owner, now=now, until=now + (SOON - NOW))
            await state.suspects.blame("grounding", "a", owner=owner)
        assert await blamed(state) == 2
        await state.suspects.absolve("grounding", "a", owner="lives")
        assert await blamed(state) == 1
        failed = transition("a", LedgerState.OPEN, LedgerState.OPEN, due=LATER, failed_attempt=True)
        await state.ledger.apply("grounding", [failed], now=SOON)
        assert await blamed(state) == 0

    run(check)


def test_only_the_owner_of_an_open_entry_blames_it_and_nothing_goes_below_none(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.ledger.promise([promise("a")], now=NOW, due=SOON)
        await state.suspects.blame("grounding", "a", owner="nobody")
        await state.ledger.begin("grounding", ["a"], owner="m", now=NOW, until=SOON)
        await state.suspects.blame("grounding", "a", owner="other")
        await state.suspects.absolve("grounding", "a", owner="m")
        await state.suspects.blame("grounding", "unknown", owner="m")
        assert await blamed(state) == 0
        await state.ledger.apply("grounding", [transition("a", LedgerState.OPEN, LedgerState.SKIPPED)], now=NOW)
        await state.suspects.blame("grounding", "a", owner="m")
        assert await blamed(state) == 0

    run(check)
