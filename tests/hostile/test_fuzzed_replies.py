"""10,000 fuzzed replies through the evaluator: a whole verdict or a failure with its reason, and nothing else."""

from __future__ import annotations

import asyncio
import inspect
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from random import Random

import pytest
from pydantic import TypeAdapter

from assay.judges import errors
from assay.judges.cpu_executor import on_the_loop
from assay.judges.errors import MESSAGE_LIMIT, InvalidVerdict
from assay.judges.evaluate import Evaluator
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.llm.grounding.reply import parse_reply
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.scripted import ScriptedModel
from assay.judges.prices import PriceTable
from assay.judges.schema import Failed, Outcome, Sample, Scored, Skipped, Usage
from assay.judges.text.form import statements
from assay.judges.tiers import check_coverage
from tests.hostile.bases import BASES, sample_of
from tests.hostile.fuzzed_replies import MUTATIONS, fuzzed, valid
from tests.hostile.trial import rubric
from tests.hostile.wire_format import complete, told_in

_CHUNKS, _EACH = 10, 1_000
_PRICES = PriceTable(checked="2026-11", models={})
_OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)
_KNOWN = {name for name, one in vars(errors).items() if inspect.isclass(one) and issubclass(one, Exception)}


class FuzzedModel(ScriptedModel):
    """Answers each turn with a fuzzed reply, now and then with a refusal or an odd finish; keeps what it said."""

    def __init__(self, sample: Sample, random: Random) -> None:
        super().__init__(self._fuzzed, model="fuzzed")
        self.sample = sample
        self.numbers = range(1, len(statements(sample.response)) + 1)
        self.said: list[str] = []
        self._random = random

    def _fuzzed(self, messages: Sequence[ChatMessage]) -> str | Reply:
        text = fuzzed(self.numbers, 6, self._random)
        self.said.append(text)
        if self._random.random() > 0.03:
            return text
        return Reply(
            text=text,
            refusal=self._random.choice((None, None, "I will not.", "\ud800")),
            finish_reason=self._random.choice((None, "length", "stop", "tool_calls", "\ud800")),
            usage=Usage(calls=1),
            model_served=self._random.choice(("m", "", "\ud800", "é" * 5000)),
            system_fingerprint="\udfff",
            latency_s=0.0,
        )


async def _outcomes(seed: int, count: int) -> Counter[str]:
    random = Random(seed)
    found: Counter[str] = Counter()
    with on_the_loop():
        models = [FuzzedModel(sample_of(base), random) for base in BASES]
        evaluators = [Evaluator(rubric(), LlmJudge(model, _PRICES)) for model in models]
        for number in range(count):
            model, evaluator = models[number % len(BASES)], evaluators[number % len(BASES)]
            sample = model.sample
            model.said.clear()
            outcome = await evaluator.evaluate(sample)
            check_outcome(sample, outcome)
            if isinstance(outcome, Scored):
                assert any(complete(text, model.numbers) for text in model.said), model.said
            found[outcome.outcome] += 1
    return found


def check_outcome(sample: Sample, outcome: Outcome) -> None:
    """A whole verdict with values that are numbers, or a reason; and either can be stored and read again."""
    assert _OUTCOME.validate_json(outcome.model_dump_json()) == outcome
    if isinstance(outcome, Scored):
        assert all(type(value) is float and 0.0 <= value <= 1.0 for value in outcome.scores.values())
        assert set(outcome.scores) | set(outcome.not_applicable) == set(rubric().scores)
        assert outcome.verdict is not None
        check_coverage(sample, outcome.verdict)
    elif isinstance(outcome, Failed):
        assert outcome.error in _KNOWN, outcome
        assert 0 < len(outcome.message) <= MESSAGE_LIMIT
        assert len(outcome.message.splitlines()) == 1
    else:
        assert isinstance(outcome, Skipped)
        assert outcome.reason


@pytest.mark.parametrize("seed", range(_CHUNKS))
def test_fuzzed_reply_becomes_a_whole_verdict_or_a_failure(seed: int) -> None:
    found = asyncio.run(_outcomes(seed, _EACH))
    assert found["failed"] > _EACH / 3
    assert found["scored"] > _EACH / 4
    assert sum(found.values()) == _EACH


def test_what_is_read_of_a_fuzzed_reply_is_what_it_says() -> None:
    random = Random(0)
    numbers = (1, 2, 3)
    read = 0
    for _ in range(2_000):
        text = fuzzed(numbers, 6, random)
        with suppress(InvalidVerdict):
            entries = parse_reply(text, numbers).entries
            read += 1
            assert {told.n: {told.verdict} for told in entries} == told_in(text), text
    assert read > 400


def test_every_mutation_changes_replies_and_is_the_same_for_the_same_seed() -> None:
    whole = [valid((1, 2), 3, Random(seed)) for seed in range(40)]
    for mutation in MUTATIONS:
        first, again = ([mutation(text, Random(seed)) for seed, text in enumerate(whole)] for _ in range(2))
        assert first == again
        assert sum(one != text for one, text in zip(first, whole, strict=True)) > 15, mutation


def test_valid_reply_is_complete_and_scored() -> None:
    assert all(complete(valid((1, 2, 3), 5, Random(seed)), (1, 2, 3)) for seed in range(50))
