"""Outcomes: what a report needs of entries that ended, in both implementations the same as from the entries."""

from __future__ import annotations

from datetime import timedelta

from assay.judges.schema import Screening
from assay.worker.ports.state import FleetState
from assay.worker.records.facts import TraceFacts
from assay.worker.records.ledger import Judgement, LedgerState, Unanswered
from assay.worker.records.outcomes import outcome_of
from tests.contract.state.making import DAY, NOW, SOON, Run, promise, transition

FIRST = Screening(scores={"hallucination_risk": 0.4}, pi2=0.2, why="audited", phase2=True)
JUDGEMENT = Judgement(
    verdict_key="k",
    revision="r",
    judge="llm",
    state="judged",
    values={"hallucination_risk": 1.0, "answer_check": "high risk"},
    facts=TraceFacts(session_id="s"),
    cost_usd=0.25,
    screening=FIRST,
    needs_review=True,
)


def test_outcomes_are_those_of_the_entries_that_ended_in_order(run: Run) -> None:
    ends = {
        "d": transition("d", LedgerState.OPEN, LedgerState.SCORED, reason="judged", judgement=JUDGEMENT),
        "c": transition("c", LedgerState.OPEN, LedgerState.SCORED, reason="in_store"),
        "b": transition("b", LedgerState.OPEN, LedgerState.SKIPPED, reason="no_response"),
        "a": transition(
            "a",
            LedgerState.OPEN,
            LedgerState.DEAD,
            reason="poison",
            unanswered=Unanswered(revision="r", screening=FIRST),
        ),
    }

    async def check(state: FleetState) -> None:
        before = promise("z", start=NOW - timedelta(days=1))
        await state.ledger.promise([promise("open"), *map(promise, ends), before], now=NOW, due=SOON)
        await state.ledger.apply("grounding", list(ends.values()), now=NOW)
        told = [outcome async for outcome in state.outcomes.outcomes(DAY, DAY)]
        entries = await state.ledger.entries("grounding", sorted(ends))
        assert told == [outcome_of(entries[name]) for name in sorted(ends)]

    run(check)
