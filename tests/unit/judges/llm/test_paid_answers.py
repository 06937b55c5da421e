"""What one sample may cost is bounded over its tries: what was answered is not asked for again."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Sequence

import pytest

from assay.judges.errors import ModelUnavailable
from assay.judges.evaluate import Evaluator
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.llm.paid_answers import KEPT_S, PaidAnswers
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.call_context import calling_for
from assay.judges.models.scripted import ScriptedModel
from assay.judges.prices import PriceTable
from assay.judges.rubric import parse_rubric
from assay.judges.schema import Failed, Outcome, Sample, Scored, Usage

RUBRIC = parse_rubric("{name: g, judge: {tiers: [llm], llm: {model: m, max_calls: 20}}}", source="test")
SENTENCES = [
    f"The viaduct number {n} has {n} arches and was opened in {1900 + n}, as the record says." for n in range(120)
]
SAMPLE = Sample(id="s", question="Which?", contexts=(" ".join(SENTENCES),), response=" ".join(SENTENCES))


class Flaky:
    """Answers every part but one, for as many tries as it is told."""

    def __init__(self, failing_tries: int) -> None:
        self.left = failing_tries
        self.asked: Counter[str] = Counter()
        self.model = ScriptedModel(self.answer)

    def answer(self, messages: Sequence[ChatMessage]) -> str | Exception:
        numbers = [int(n) for n in re.findall(r"^R(\d+): ", messages[1].content, re.MULTILINE)]
        self.asked[f"{numbers[0]}-{numbers[-1]}"] += 1
        if 120 in numbers and self.left:
            self.left -= 1
            return ModelUnavailable("status 500")
        entries = [{"supported": n, "evidence": [n], "p": 97} for n in numbers]
        return json.dumps({"kind": "answer", "sentences": entries})


def judged(flaky: Flaky, tries: int, *, purpose: str = "traffic") -> list[Outcome]:
    evaluator = Evaluator(RUBRIC, LlmJudge(flaky.model, PriceTable.load()))

    async def run() -> list[Outcome]:
        outcomes = []
        for _ in range(tries):
            with calling_for(purpose=purpose):  # type: ignore[arg-type]
                outcomes.append(await evaluator.evaluate(SAMPLE))
        return outcomes

    return asyncio.run(run())


def test_parts_that_were_answered_are_paid_for_once_over_all_tries() -> None:
    flaky = Flaky(5)
    *failed, last = judged(flaky, 6)
    assert all(isinstance(outcome, Failed) for outcome in failed)
    assert isinstance(last, Scored)
    *answered, broken = sorted(flaky.asked.items(), key=lambda each: int(each[0].split("-")[0]))
    assert len(answered) >= 2
    assert [count for _, count in answered] == [1] * len(answered)
    assert broken[1] == 6
    paid = sum(outcome.usage.calls for outcome in failed if isinstance(outcome, Failed))
    assert last.verdict is not None
    assert paid + last.verdict.usage.calls == len(answered) + 1
    assert len(last.verdict.claims) == 120


def test_golden_run_never_reads_what_another_was_told() -> None:
    flaky = Flaky(1)
    judged(flaky, 2, purpose="golden")
    assert set(flaky.asked.values()) == {2}


def test_a_sample_that_ended_well_leaves_nothing() -> None:
    flaky = Flaky(0)
    judged(flaky, 2)
    assert set(flaky.asked.values()) == {2}


def test_answers_are_bounded_and_grow_old() -> None:
    now = [0.0]
    answers, model = PaidAnswers(clock=lambda: now[0]), ScriptedModel([])
    reply = Reply(text="x" * 1_000_000, usage=Usage(calls=1), model_served="m", latency_s=1.0)
    for number in range(20):
        answers.keep(model, str(number), reply)
    assert [answers.take(model, str(number)) is not None for number in (0, 11, 12, 19)] == [False, False, True, True]
    answers.keep(model, "old", reply)
    now[0] += KEPT_S + 1
    assert answers.take(model, "old") is None


@pytest.mark.parametrize("times", [2])
def test_an_answer_is_taken_once(times: int) -> None:
    answers, model = PaidAnswers(), ScriptedModel([])
    answers.keep(model, "k", Reply(text="{}", usage=Usage(calls=1), model_served="m", latency_s=1.0))
    taken = [answers.take(model, "k") for _ in range(times)]
    assert taken[0] is not None
    assert taken[0].usage.calls == 0
    assert taken[1] is None
