"""Golden judging whose calls are held: it waits, goes before traffic, and is no failed try."""

from __future__ import annotations

import asyncio

import pytest

from assay.judges.models.call_context import call_context
from assay.judges.schema import Failed, HoldReason, Outcome, Sample, Usage
from assay.worker.golden.runs import judgement
from assay.worker.golden.runs.deferral import Deferral
from assay.worker.golden.runs.judgement import judged_twice
from tests.unit.worker.golden.golden_sets import OK, WrittenJudge
from tests.unit.worker.golden.runs.test_fleet_judging import Queue, sample


def held(reason: HoldReason = "limit", *, retry_after_s: float = 0.01, calls: int = 0) -> Failed:
    return Failed(error="CallHeld", message="", held=reason, retry_after_s=retry_after_s, usage=Usage(calls=calls))


class HoldingJudge(WrittenJudge):
    """Holds the first calls by this outcome, then judges. Keeps for whom it was asked."""

    def __init__(self, outcome: Failed, times: int) -> None:
        super().__init__()
        self.outcome = outcome
        self.times = times
        self.purposes: list[str] = []

    async def evaluate(self, sample: Sample) -> Outcome:
        self.purposes.append(call_context().purpose)
        if len(self.purposes) <= self.times:
            return self.outcome
        return await super().evaluate(sample)


@pytest.mark.parametrize("reason", ["limit", "breaker"])
def test_held_judgement_is_waited_for_as_golden_work(reason: HoldReason) -> None:
    judge = HoldingJudge(held(reason), 3)
    outcome, _ = asyncio.run(judged_twice(sample(1, OK), judge, Deferral(), "a"))
    assert outcome.outcome == "scored"
    assert judge.purposes == ["golden"] * 4


@pytest.mark.parametrize("outcome", [held("budget"), held("access"), held(calls=1)])
def test_spent_budget_and_what_was_paid_are_not_tried_again(outcome: Failed) -> None:
    judge = HoldingJudge(outcome, 99)
    assert asyncio.run(judged_twice(sample(1, OK), judge, Deferral(), "a"))[0] == outcome
    assert len(judge.purposes) == 1


def test_judgement_that_is_held_for_too_long_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judgement, "LONGEST_HELD_S", 0.05)
    judge = HoldingJudge(held(retry_after_s=0.02), 99)
    assert asyncio.run(judged_twice(sample(1, OK), judge, Deferral(), "a"))[0] == held(retry_after_s=0.02)
    assert len(judge.purposes) == 3


def test_fleet_keeps_no_outcome_of_what_was_held_and_judges_it_when_it_is_published_again() -> None:
    judge = HoldingJudge(held(), 2)
    queue = Queue(judge)
    (outcome,) = queue.run(sample(1))
    assert outcome.outcome == "scored"
    assert judge.purposes == ["golden"] * 3
