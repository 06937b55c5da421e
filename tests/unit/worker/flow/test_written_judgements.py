"""After Redis was lost: what reports knew of scored traces is read back from the scores in the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from assay.judges.rubric import Rubric, parse_rubric
from assay.worker.flow.promising import Promiser
from assay.worker.flow.written_judgements import written_judgement
from assay.worker.launch.broker import Broker
from assay.worker.ports.state import FleetState
from assay.worker.records.scores import Score
from assay.worker.reporting.report import ReportRow, read_report
from assay.worker.state.memory.state import memory_state
from assay.worker.state.redis.state import redis_state
from tests.builders import NOW
from tests.unit.worker.flow.pipeline import RUBRIC, Line
from tests.unit.worker.flow.test_cascade_report import judged as cascade_judged
from tests.unit.worker.flow.test_cascade_report import make_rubric
from tests.unit.worker.reporting.flagged.lines import judged, trace

CHOOSING = parse_rubric("name: grounding\nwrite: {scores: [faithfulness], prefix: a_}", source="r")


@pytest.fixture(params=["memory", "redis"])
def fresh(request: pytest.FixtureRequest, broker: Broker, key_prefix: str) -> Callable[[], FleetState]:
    """Makes the state that is there after the loss."""
    return lambda: memory_state() if request.param == "memory" else redis_state(broker.url, prefix=key_prefix)


def rates(line: Line, rubric: Rubric, state: FleetState | None = None) -> list[ReportRow]:
    """The report of a line, from its own state, or from a new one into which a sweep promised all of it again."""
    first, last = (NOW - timedelta(days=2)).date(), NOW.date()

    async def run() -> list[ReportRow]:
        if state is None:
            return await read_report(line.state.outcomes, [rubric], first, last)
        try:
            promiser = Promiser(
                project=line.store,
                sink=line.store,
                ledger=state.ledger,
                rubrics={rubric.name: rubric},
                backlog=state.backlog,
                top_up=_nothing,
                ledger_deadline=timedelta(seconds=120),
            )
            released = await promiser.release(line.promises, NOW, may_be_old=True)
            scored = sum(row.scored for row in await read_report(line.state.outcomes, [rubric], first, last))
            assert released.known == scored
            return await read_report(state.outcomes, [rubric], first, last)
        finally:
            await state.close()

    return asyncio.run(run())


async def _nothing() -> int:
    return 0


def comparable(rows: list[ReportRow]) -> list[dict[str, Any]]:
    """All but what says where the values come from, and values that are never written."""
    return [row.model_dump(exclude={"from_store", "distributions"}) for row in rows]


def test_after_a_loss_a_report_says_what_it_said_before(fresh: Callable[[], FleetState]) -> None:
    line = judged([trace(f"t-{n}") for n in range(10, 100, 3)])
    before, after = rates(line, RUBRIC), rates(line, RUBRIC, fresh())
    assert before[0].flagged is not None
    assert comparable(after) == comparable(before)
    assert after[0].distributions == before[0].distributions
    assert (before[0].from_store, after[0].from_store) == (0, after[0].scored)


def test_a_cascade_keeps_both_phases(fresh: Callable[[], FleetState]) -> None:
    rubric = make_rubric()
    line, _ = cascade_judged(rubric)
    before, after = rates(line, rubric), rates(line, rubric, fresh())
    assert before[0].cascade is not None
    assert comparable(after) == comparable(before)


def score(name: str, value: float | str, **metadata: Any) -> Score:
    known = {"rubric": "grounding", "rubric_hash": RUBRIC.content_hash(), "revision": "r", "state": "judged"}
    return Score(id=name, trace_id="t", name=name, value=value, timestamp=NOW, metadata={**known, **metadata})


def test_scores_of_the_present_version_win_over_those_of_an_older_one() -> None:
    older = score("hallucination_risk", 0.9, rubric_hash="0f", revision="older")
    told = written_judgement([older, score("hallucination_risk", 0.2)], RUBRIC)
    assert told is not None
    assert (told.values, told.revision) == ({"hallucination_risk": 0.2}, "r")
    alone = written_judgement([older], RUBRIC)
    assert alone is not None
    assert (alone.values, alone.revision) == ({"hallucination_risk": 0.9}, "older")


@pytest.mark.parametrize(
    "scores",
    [
        [],
        [score("hallucination_risk", 0.2, revision=None)],
        [score("hallucination_risk", 0.2, state=None)],
        [score("hallucination_risk", 0.2, pi2=3.0, escalation="x", phase2=True)],
        [score("faithfulness", 0.2)],  # judged, and its risk was not written
    ],
)
def test_what_does_not_say_enough_is_in_no_rate(scores: list[Score]) -> None:
    assert written_judgement(scores, RUBRIC) is None


def test_a_trace_without_a_risk_is_told_without_one() -> None:
    told = written_judgement([score("answer_check", "no evidence", state="no_evidence")], RUBRIC)
    assert told is not None
    assert (told.state, told.values, told.judge) == ("no_evidence", {"answer_check": "no evidence"}, "none")


def test_names_are_told_as_they_were_before_the_prefix() -> None:
    hashed = {"rubric_hash": CHOOSING.content_hash(), "state": "no_claims"}
    told = written_judgement([score("a_faithfulness", 0.5, **hashed)], CHOOSING)
    assert told is not None
    assert (told.values, told.names) == ({"faithfulness": 0.5}, {"faithfulness": "a_faithfulness"})
