"""What judging took: first tries that failed, skipped answers and confirming judgements are paid for, too."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.errors import ModelTimeout
from assay.judges.schema import Failed, Outcome, Sample, Skipped, Usage
from assay.worker.golden.gate.session import GoldenSession
from assay.worker.golden.report.gate_record import gate_result
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.run_result import GoldenRun, JudgeExam
from assay.worker.golden.results.usage import Spent, spent_on, total_spent
from assay.worker.golden.runs.concurrency import limit_of
from assay.worker.golden.runs.exam import examine_judge
from assay.worker.golden.runs.run import RunPlan
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.targets import RecordedTarget
from tests.unit.worker.golden.golden_sets import BAD, IDS, OK, WrittenJudge, a_set, anchors, answers, run_release


class Costly(WrittenJudge):
    """Fails at the first try of every sample whose id begins so, and has paid for it; a judgement costs 0.001."""

    def __init__(self, first: str = "never", cost_usd: float | None = 1.0, *, raises: bool = False) -> None:
        super().__init__()
        self.first = first
        self.lost = cost_usd
        self.raises = raises
        self.tries: Counter[str] = Counter()

    async def evaluate(self, sample: Sample) -> Outcome:
        self.tries[sample.id] += 1
        if sample.response == "unjudgeable":
            return Skipped(reason="model_refused", usage=Usage(calls=3), cost_usd=0.5)
        if sample.id.startswith(self.first) and self.tries[sample.id] == 1:
            usage = Usage(calls=2, prompt_tokens=1000, completion_tokens=100)
            if self.raises:
                error = ModelTimeout("too slow")
                error.usage, error.cost_usd = usage, self.lost
                raise error
            return Failed(error="InvalidVerdict", message="x", usage=usage, cost_usd=self.lost)
        return await super().evaluate(sample)


@pytest.mark.parametrize("raises", [False, True])
def test_a_first_try_that_failed_is_paid_for(tmp_path: Path, raises: bool) -> None:
    golden = a_set(tmp_path, {"r": answers()})
    run = run_release(golden, "r", Costly("q", raises=raises))
    assert run.missing == 0
    assert (run.usage.calls, run.usage.prompt_tokens) == (40 * 3, 40 * 1100)
    assert run.cost_usd == pytest.approx(40 * 1.001)
    assert run.items[0].judging.cost_usd == pytest.approx(1.001)


def test_an_answer_that_could_not_be_judged_is_paid_for(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers(q3="unjudgeable")})
    run = run_release(golden, "r", Costly())
    assert run.missing == 1
    assert run.usage.calls == 39 + 3
    assert run.cost_usd == pytest.approx(0.539)


def test_one_unknown_cost_makes_the_sum_unknown(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers()})
    assert run_release(golden, "r", Costly("q7", cost_usd=None)).cost_usd is None


def gated(golden: GoldenSet, judge: WrittenJudge) -> GateResult:
    async def run() -> GateResult:
        sides = [RecordedTarget(golden.release_path(release)) for release in ("old", "new")]
        return gate_result(await GoldenSession(golden, judge, 4).gate(*sides))

    return asyncio.run(run())


def test_confirming_judgements_of_must_pass_items_are_paid_for(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers(q5=BAD)}, gate={"must_pass": ["q5"]})
    result = gated(golden, WrittenJudge())
    assert result.must_pass_failures == ("q5",)
    assert result.usage.calls == 80 + 2
    assert result.cost_usd == pytest.approx(0.082)


def exam_with(golden: GoldenSet, judge: WrittenJudge) -> JudgeExam:
    return asyncio.run(examine_judge(golden, judge, plan=RunPlan(limit_of(1))))


def test_confirming_judgements_of_anchors_are_paid_for(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers()}, labelled=anchors(10, 10))
    exam = exam_with(golden, WrittenJudge())
    assert exam.confirmed == 20
    assert exam.usage.calls == 40 + 2 * 20
    assert exam.cost_usd == pytest.approx(0.08)


def test_a_first_try_at_an_anchor_that_failed_is_paid_for(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers()}, labelled=anchors(20))
    exam = exam_with(golden, Costly("s"))
    assert (exam.missing, exam.usage.calls) == (0, 40 + 2)
    assert exam.cost_usd == pytest.approx(1.04)
    assert exam_with(golden, Costly("s", cost_usd=None)).cost_usd is None


def test_a_run_that_was_written_before_is_still_read_and_keeps_its_costs(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": answers(q5=BAD)})
    run = run_release(golden, "r")
    old: dict[str, Any] = json.loads(run.model_dump_json())
    for item in old["items"]:
        del item["spent"]
    again = GoldenRun.model_validate_json(json.dumps(old))
    assert {item.spent for item in again.items} == {None}
    assert total_spent(item.judging for item in again.items) == Spent(usage=run.usage, cost_usd=run.cost_usd)


def test_an_answer_that_no_judge_saw_took_nothing(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"r": dict.fromkeys(IDS, " ") | {"q0": OK}})
    run = run_release(golden, "r")
    assert run.usage.calls == 1
    assert run.cost_usd == pytest.approx(0.001)
    assert run.items[1].judging == spent_on(None) == Spent()


costs = st.none() | st.floats(0, 100)


@given(st.lists(costs, max_size=8))
def test_a_sum_is_known_exactly_where_every_part_is(parts: list[float | None]) -> None:
    found = total_spent(Spent(usage=Usage(calls=1), cost_usd=cost) for cost in parts)
    assert found.usage.calls == len(parts)
    known = [cost for cost in parts if cost is not None]
    assert found.cost_usd == (pytest.approx(sum(known)) if len(known) == len(parts) else None)
