"""After Redis was lost: what reports knew of scored traces is read back from the scores in the store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from assay.judges.rubric import Rubric, parse_rubric
from assay.worker.flow.promising import Promiser
from assay.worker.flow.written_judgements import FACTS_BESIDE, written_judgement
from assay.worker.launch.broker import Broker
from assay.worker.ports.state import FleetState
from assay.worker.records.facts import TraceFacts
from assay.worker.records.scores import Score
from assay.worker.reporting.period.records import RevisionReport
from assay.worker.state.memory.state import memory_state
from assay.worker.state.redis.state import redis_state
from tests.builders import NOW
from tests.unit.worker.flow.pipeline import RUBRIC, Line
from tests.unit.worker.flow.test_cascade_report import judged as cascade_judged
from tests.unit.worker.flow.test_cascade_report import make_rubric
from tests.unit.worker.reporting.flagged.lines import judged, trace
from tests.unit.worker.reporting.period.lines import read_state

CHOOSING = parse_rubric("name: grounding\nwrite: {scores: [faithfulness], prefix: a_}", source="r")


@pytest.fixture(params=["memory", "redis"])
def fresh(request: pytest.FixtureRequest, broker: Broker, key_prefix: str) -> Callable[[], FleetState]:
    """Makes the state that is there after the loss."""
    return lambda: memory_state() if request.param == "memory" else redis_state(broker.url, prefix=key_prefix)


def report(line: Line, rubric: Rubric, state: FleetState | None = None) -> RevisionReport:
    """The report of a line, from its own state, or from a new one into which a sweep promised all of it again."""

    async def run() -> RevisionReport:
        if state is None:
            return await read_state(line.state, line, rubric)
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
            row = await read_state(state, line, rubric)
            assert released.known == row.rates.n
            return row
        finally:
            await state.close()

    return asyncio.run(run())


async def _nothing() -> int:
    return 0


def comparable(row: RevisionReport) -> dict[str, Any]:
    """All that the scores in the store tell."""
    return row.model_dump(include={"revision", "rates", "states", "boost", "unanswered", "cascade", "before"})


def test_after_a_loss_a_report_says_what_it_said_before(fresh: Callable[[], FleetState]) -> None:
    line = judged([trace(f"t-{n}") for n in range(10, 100, 3)])
    before = report(line, RUBRIC)
    assert before.rates.flagged is not None
    assert comparable(report(line, RUBRIC, fresh())) == comparable(before)


def test_a_cascade_keeps_both_phases(fresh: Callable[[], FleetState]) -> None:
    rubric = make_rubric()
    line, _ = cascade_judged(rubric)
    before = report(line, rubric)
    assert before.cascade is not None
    assert comparable(report(line, rubric, fresh())) == comparable(before)


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


def test_facts_are_those_that_were_written_and_not_what_the_judge_took() -> None:
    """`cost_usd` and `model_served` of a score are the judge's. A trace has facts of the same name."""
    metadata = {"release": "7", "cost_usd": 0.5, "model_served": "judge-1", "tags": "x", "environment": "production"}
    told = written_judgement([score("hallucination_risk", 0.2, **metadata)], RUBRIC)
    assert told is not None
    assert told.facts == TraceFacts(release="7")
    assert TraceFacts.model_validate(dict.fromkeys(FACTS_BESIDE, "x")).known().keys() == set(FACTS_BESIDE)
