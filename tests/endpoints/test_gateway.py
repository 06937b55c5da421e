"""What a real gateway in front of a real model server says, and what becomes of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assay.judges.errors import EvaluationError, ModelAccessDenied, ModelUnavailable, RateLimited, UnjudgeableSample
from assay.judges.evaluate import Evaluator
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.request_form import KNOWN_FORMS
from assay.judges.registry import build_judge
from assay.judges.rubric import Rubric, parse_rubric
from assay.judges.schema import Failed, Outcome, Sample, Scored, Skipped
from tests.chat_models import open_model
from tests.endpoints.conftest import CONTEXT_TOKENS, MASTER_KEY

QUESTION = [ChatMessage(role="user", content="Is water wet? Answer with one word.")]
SAMPLE = Sample(
    id="viaduct",
    question="How many arches does it have?",
    contexts=("The viaduct has twenty arches. It was opened in 1932.",),
    response="It has twenty arches. It was opened in 1932.",
)
RUBRIC = parse_rubric("{name: small, judge: {tiers: [llm], llm: {model: judge, max_tokens: 512}}}", source="test")

SENTENCES = parse_rubric(
    "{name: small-sentences, judge: {tiers: [llm], llm: {model: judge, ask: sentences}}}", source="test"
)


@pytest.fixture(autouse=True)
def nothing_is_known() -> None:
    KNOWN_FORMS.clear()


def ask(url: str, messages: list[ChatMessage] = QUESTION, **settings: Any) -> Reply:
    async def run() -> Reply:
        model = open_model(url, **{"model": "judge", "attempts": 1, "timeout_s": 120.0, **settings})
        try:
            return await model.complete(messages, max_tokens=4)
        finally:
            await model.close()

    return asyncio.run(run())


def error_of(url: str, **settings: Any) -> EvaluationError:
    with pytest.raises(EvaluationError) as caught:
        ask(url, **settings)
    return caught.value


def judged(url: str, sample: Sample = SAMPLE, rubric: Rubric = RUBRIC, **settings: Any) -> Outcome:
    async def run() -> Outcome:
        model = open_model(url, model="judge", timeout_s=300.0, **settings)
        evaluator = Evaluator(rubric, build_judge(rubric, "llm", lambda named: model))
        try:
            return await evaluator.evaluate(sample)
        finally:
            await model.close()

    return asyncio.run(run())


def test_right_key_gets_an_answer_with_its_tokens(gateway: str) -> None:
    reply = ask(gateway, key=MASTER_KEY)
    assert reply.text
    assert reply.usage.prompt_tokens > 5


def test_wrong_key_is_told_as_such(gateway: str) -> None:
    error = error_of(gateway, key="sk-of-somebody-else")
    assert isinstance(error, ModelAccessDenied), error
    assert "key" in str(error)


def test_no_key_is_not_taken_for_a_verdict_and_the_message_tells_of_it(gateway: str) -> None:
    # The proxy says no more than "Internal Server Error".
    error = error_of(gateway)
    assert isinstance(error, ModelAccessDenied | ModelUnavailable), error
    assert "key" in str(error)


def test_unknown_model_is_told_as_such(gateway: str) -> None:
    error = error_of(gateway, key=MASTER_KEY, model="nobody")
    assert isinstance(error, ModelAccessDenied), error
    assert "model" in str(error)


def test_used_up_budget_is_a_matter_of_the_account(spent_gateway: str) -> None:
    ask(spent_gateway, key=MASTER_KEY)
    error = error_of(spent_gateway, key=MASTER_KEY)
    assert isinstance(error, ModelAccessDenied | RateLimited), error


@pytest.mark.parametrize("path", ["llama", "gateway"])
def test_prompt_beyond_the_window_is_too_long(path: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue(path)
    long = [ChatMessage(role="user", content="word " * (CONTEXT_TOKENS + 500))]
    error = error_of(url, key=MASTER_KEY, messages=long)
    assert isinstance(error, UnjudgeableSample), error
    assert error.reason == "too_long_for_model"


def test_stream_that_was_asked_for_is_read_as_one_answer(gateway: str) -> None:
    reply = ask(gateway, key=MASTER_KEY, extra_body={"stream": True})
    assert reply.text


@pytest.mark.parametrize("path", ["llama", "gateway"])
def test_small_model_held_to_the_sentences_of_the_call_is_scored(path: str, request: pytest.FixtureRequest) -> None:
    outcome = judged(request.getfixturevalue(path), key=MASTER_KEY, exact_schema=True)
    if isinstance(outcome, Failed):
        # It is too small to judge, and says what the prompt's example says. Its sentences are those of the call.
        assert "repeats an example" in outcome.message, outcome
        return
    assert isinstance(outcome, Scored), outcome
    assert outcome.verdict is not None
    spans = [claim.span for claim in outcome.verdict.claims] + list(outcome.verdict.not_checkworthy)
    assert len(spans) == 2


@pytest.mark.parametrize("path", ["llama", "gateway"])
def test_small_model_is_asked_sentence_by_sentence(path: str, request: pytest.FixtureRequest) -> None:
    outcome = judged(request.getfixturevalue(path), rubric=SENTENCES, key=MASTER_KEY)
    if isinstance(outcome, Failed):
        # It goes on with the prompt instead of answering. Its token probabilities were there to tell.
        assert "neither Yes nor No" in outcome.message, outcome
        return
    assert isinstance(outcome, Scored), outcome
    assert outcome.verdict is not None
    assert outcome.verdict.usage.calls == 2
    assert [claim.p_source for claim in outcome.verdict.claims] == ["tokens", "tokens"]
    assert all(0 < (claim.p_supported or 0) < 1 for claim in outcome.verdict.claims)


def test_judge_skips_what_the_model_cannot_hold(gateway: str) -> None:
    long = SAMPLE.model_copy(update={"contexts": tuple(f"Line {n} of the long evidence says {n}." for n in range(900))})
    outcome = judged(gateway, long, key=MASTER_KEY)
    assert isinstance(outcome, Skipped), outcome
    assert outcome.reason == "too_long_for_model"
