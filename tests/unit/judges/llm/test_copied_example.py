"""A model that repeats the instructions' example has judged nothing."""

from __future__ import annotations

import asyncio
import json

import pytest

from assay.judges.evaluate import Evaluator
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.models.scripted import ScriptedModel
from assay.judges.prices import PriceTable
from assay.judges.rubric import parse_rubric
from assay.judges.schema import Failed, Outcome, Sample, Scored

RUBRIC = parse_rubric("{name: g, judge: {tiers: [llm], llm: {model: m}}}", source="test")
COPY = {"not_found": 1, "p": 80, "severity": "material", "fragment": "30 days", "reason": "E5 says 14 days"}


def judged(response: str, *entries: dict[str, object]) -> tuple[Outcome, int]:
    replies = [json.dumps({"kind": "answer", "sentences": [entry]}) for entry in entries]
    model = ScriptedModel(replies)
    sample = Sample(id="s", question="Tell me.", contexts=("The viaduct has twenty arches.",), response=response)
    outcome = asyncio.run(Evaluator(RUBRIC, LlmJudge(model, PriceTable.load())).evaluate(sample))
    return outcome, len(model.requests)


def test_copy_is_named_and_asked_again() -> None:
    outcome, calls = judged("It has twenty arches.", COPY, {"supported": 1, "evidence": [1], "p": 97})
    assert isinstance(outcome, Scored)
    assert outcome.scores["groundedness"] == 1.0
    assert calls == 2


def test_second_copy_is_a_failure_and_no_score() -> None:
    outcome, calls = judged("It has twenty arches.", COPY, COPY)
    assert isinstance(outcome, Failed)
    assert "repeats an example" in outcome.message
    assert calls == 2


@pytest.mark.parametrize(
    ("response", "entry"),
    [
        ("Refunds take 30 days.", COPY),
        ("The colours are red and blue.", {**COPY, "fragment": None, "reason": "no evidence on colours"}),
        ("It has ten arches.", {**COPY, "fragment": "ten", "reason": "E1 says twenty"}),
    ],
)
def test_reason_that_is_about_the_sentence_is_none(response: str, entry: dict[str, object]) -> None:
    outcome, calls = judged(response, entry)
    assert isinstance(outcome, Scored)
    assert calls == 1
