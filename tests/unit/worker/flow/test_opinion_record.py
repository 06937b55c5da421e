"""All that users said reaches the record, once, by the rules of their use cases, whatever is down in between."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from assay.judges.errors import EvaluationError
from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import UseCase
from assay.worker.flow.feedback import FeedbackSweep
from assay.worker.flow.opinion_record import OpinionRecord
from assay.worker.flow.sweep import Sweeper
from assay.worker.ports.history import HistoryUnavailable
from assay.worker.ports.reviews import HumanScore
from assay.worker.records.history import UserOpinion
from assay.worker.state.memory.history import MemoryHistory
from tests.builders import NOW
from tests.unit.worker.flow.test_feedback import HOUR, FeedbackWorld, said


class Database(MemoryHistory):
    """A record that notes what it is given, and fails as it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.error: Exception | None = None
        self.given: list[UserOpinion] = []

    async def write_opinions(self, opinions: Sequence[UserOpinion]) -> None:
        if self.error is not None:
            raise self.error
        self.given += opinions
        await super().write_opinions(opinions)

    def said_of(self) -> dict[str, bool]:
        return {opinion.trace_id: opinion.is_complaint for opinion in self._opinions.values()}


class Project:
    async def project_id(self) -> str:
        return "p"


class RecordingWorld(FeedbackWorld):
    """The same world with a record."""

    def __init__(self, scores: Sequence[HumanScore], **feedback: object) -> None:
        super().__init__(scores, **feedback)
        self.database = Database()

    def record(self) -> OpinionRecord:
        cases = self.deployment.use_cases
        return OpinionRecord(self.database, Project(), "langfuse", cases, self.state.key_values)

    def sweeper(self, now: datetime) -> Sweeper:
        sweeper = super().sweeper(now)
        assert isinstance(sweeper.feedback, FeedbackSweep)
        return replace(sweeper, feedback=replace(sweeper.feedback, record=self.record()))


def test_thumbs_up_are_kept_beside_complaints_and_both_once() -> None:
    world = RecordingWorld([said(0), said(1, 1.0), said(2, 1.0, name="not asked for"), said("unseen", 1.0)])
    for n in range(4):
        world.sweep(NOW + n * HOUR)
    assert world.database.said_of() == {"trace-0": True, "trace-1": False, "trace-unseen": False}
    assert len(world.database.given) == 3, "an opinion lies in one reading, or in the overlap of two"
    assert {(o.store, o.project, o.use_case) for o in world.database.given} == {("langfuse", "p", "")}


def test_late_opinions_are_kept_whenever_they_come() -> None:
    world = RecordingWorld([said(0, 1.0, at=NOW + 30 * HOUR)])
    for n in range(8):
        world.sweep(NOW + n * 5 * HOUR)
    assert world.database.said_of() == {"trace-0": False}


@pytest.mark.parametrize("error", [HistoryUnavailable("away"), TimeoutError()])
def test_database_that_is_away_holds_up_no_complaint_and_gets_all_when_it_is_back(error: Exception) -> None:
    world = RecordingWorld([said(n, n % 2) for n in range(100)])
    world.database.error = error
    added = sum(world.sweep(NOW + n * HOUR).feedback for n in range(12))
    assert added > 0
    assert world.database.said_of() == {}
    world.database.error = None
    world.opinions.scores += [said(n, 1.0, at=NOW + 9 * HOUR, name="user-feedback") for n in range(200, 210)]
    for n in range(12, 16):
        world.sweep(NOW + n * HOUR)
    kept = world.database.said_of()
    assert kept == {f"trace-{n}": n % 2 == 0 for n in range(100)} | {f"trace-{n}": False for n in range(200, 210)}


def test_what_a_database_refuses_for_good_holds_up_nothing() -> None:
    world = RecordingWorld([said(0)])
    world.database.error = EvaluationError("refused")
    world.sweep(NOW)
    world.database.error = None
    world.opinions.scores = [said(1, at=NOW + HOUR)]
    world.sweep(NOW + 2 * HOUR)
    assert world.database.said_of() == {"trace-1": True}


def opinions_of(score: HumanScore, *rules: dict[str, object]) -> list[tuple[str, bool]]:
    cases = [UseCase.model_validate({"name": f"case-{n}", "feedback": rule}) for n, rule in enumerate(rules)]
    cases.append(UseCase(name="without"))
    record = OpinionRecord(Database(), Project(), "langfuse", cases, RecordingWorld([]).state.key_values)
    return [(opinion.use_case, opinion.is_complaint) for opinion in record.opinions_of(score, "p")]


def test_use_cases_that_agree_share_a_row_and_others_have_their_own() -> None:
    stars = said(0, 3.0, name="stars")
    lenient, strict = {"scores": ["stars"], "below": 3}, {"scores": ["stars"], "below": 4}
    assert opinions_of(stars, lenient, lenient) == [("", False)]
    assert opinions_of(stars, lenient, strict) == [("case-0", False), ("case-1", True)]
    assert opinions_of(stars, {"scores": ["thumb"]}) == []
    assert opinions_of(stars.model_copy(update={"trace_id": None}), lenient) == []
    assert opinions_of(stars.model_copy(update={"is_prefilled": True}), lenient) == []


def test_nobody_is_asked_where_no_use_case_wants_feedback() -> None:
    world = RecordingWorld([said(0)])
    world.deployment = Deployment.model_validate({"use_cases": [{"name": "bot"}]})
    world.sweep(NOW)
    assert world.opinions.asked == 0
    assert asyncio.run(world.record().until(NOW)) == NOW


def test_opinions_that_the_store_shows_hours_late_are_kept_too() -> None:
    world = RecordingWorld([said(0)])
    for n in range(40):
        if n == 5:
            world.opinions.scores += [said(1, 1.0), said(2)]
        world.sweep(NOW + n * HOUR)
    assert world.database.said_of() == {"trace-0": True, "trace-1": False, "trace-2": True}
