"""Broken JSON as a response under a rubric of checks: 1, 0 or a reason, and always an outcome that can be stored."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from random import Random

from pydantic import TypeAdapter

from assay.judges.checks import ChecksJudge
from assay.judges.cpu_executor import on_the_loop
from assay.judges.evaluate import Evaluator
from assay.judges.rubric import parse_rubric
from assay.judges.schema import Outcome, Sample, Scored, Skipped
from tests.hostile.fuzzed_replies import fuzzed

_OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)
_SENTENCE = {
    "type": "object",
    "additionalProperties": {"type": ["integer", "array"]},
    "propertyNames": {"maxLength": 9},
}
_SCHEMA = {
    "required": ["kind"],
    "properties": {
        "kind": {"enum": ["answer", "refusal"]},
        "sentences": {"type": "array", "uniqueItems": True, "items": {"anyOf": [{"type": "string"}, _SENTENCE]}},
    },
    "patternProperties": {"^k": {"type": "string", "pattern": "^a"}},
    "additionalProperties": {"type": "integer"},
}
_HALVES = (
    '{"\\ud800": "x"}',
    '{"kind": "\\udfff"}',
    '{"k\\ud800": ["\\ud800"]}',
    '{"sentences": ["\\ud800", "\\ud800"]}',
)


async def _outcomes(count: int) -> Counter[str]:
    checks = [
        {"score": "conforms", "json_schema": _SCHEMA, "in_fence": True},
        {"score": "clean", "where": ["response", "contexts"], "no_match": ["secret"]},
        {"score": "declines", "response_kind": "refusal"},
    ]
    rubric = parse_rubric(json.dumps({"name": "n", "method": "checks", "checks": checks}), source="r.yaml")
    evaluator, random, found = Evaluator(rubric, ChecksJudge(rubric)), Random(11), Counter[str]()
    with on_the_loop():
        for number in range(count):
            text = _HALVES[number] if number < len(_HALVES) else fuzzed(range(1, 4), 6, random)
            outcome = await evaluator.evaluate(Sample(id="s", response=text, contexts=(text[:50],)))
            assert isinstance(outcome, Scored | Skipped), outcome
            assert _OUTCOME.validate_json(_OUTCOME.dump_json(outcome)) == outcome
            if isinstance(outcome, Scored):
                assert set(outcome.scores.values()) <= {0.0, 1.0}
                found[str(outcome.scores["conforms"])] += 1
    return found


def test_five_hundred_broken_responses_end_in_outcomes_that_can_be_stored() -> None:
    found = asyncio.run(_outcomes(500))
    assert found["0.0"] > 200
    assert found["1.0"] > 0, "a schema that nothing meets would show nothing"
