"""A refusal in any form is no outage: with `on_failure: screen` the cheaper judge must not decide."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from assay.judges.cascade import Cascade, CascadeTier
from assay.judges.evaluate import Evaluator
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.local import LocalJudge
from assay.judges.models.request_form import KNOWN_FORMS
from assay.judges.prices import PriceTable
from assay.judges.rubric import Rubric
from assay.judges.schema import Failed, Outcome, Sample, Scored, Skipped
from tests.chat_models import open_model
from tests.servers.openai_server import Answer, OpenAIServer, fails

PRICES = PriceTable(checked="2026-11", models={})
SAMPLE = Sample(
    id="s1",
    question="When did it open?",
    contexts=("The bridge opened in 1932. It carries two railway tracks.",),
    response="The bridge opened in 1932. It was rebuilt by dragons.",
)
RUBRIC = Rubric.model_validate(
    {
        "name": "grounding",
        "judge": {
            "tiers": ["local", "llm"],
            "llm": {"model": "m"},
            "on_failure": "screen",
            "escalate_when": {"risk_between": [0.0, 1.0]},
        },
    }
)


def choice(finish_reason: str | None, message: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {"index": 0, "finish_reason": finish_reason, **({"message": message} if message else {}), **fields}


def completion(*choices: Any, **fields: Any) -> Answer:
    usage = {"prompt_tokens": 900, "completion_tokens": 0, "total_tokens": 900}
    return Answer(
        {"id": "x", "object": "chat.completion", "model": "m", "choices": list(choices), "usage": usage} | fields
    )


EMPTY = {"role": "assistant", "content": ""}
FILTERED = [{"prompt_index": 0, "content_filter_results": {"violence": {"filtered": True}}}]
REFUSALS: dict[str, Any] = {
    "400 content_filter": fails(400, message="filtered", code="content_filter"),
    "403 moderation": fails(403, message="Your chosen model requires moderation and your input was flagged"),
    "446 guardrail": fails(446, message="checks failed"),
    "500 guardrail": fails(500, message="Request blocked by guardrail"),
    "503 filter": fails(503, message="upstream: content_filter"),
    "200 error 403": Answer({"error": {"code": 403, "message": "requires moderation, input was flagged"}}),
    "200 error 400": Answer({"error": {"code": 400, "message": "Content Exists Risk"}}),
    "200 error, upstream's words": Answer(
        {"error": {"code": 502, "message": "Provider returned error",
                   "metadata": {"raw": json.dumps({"error": {"code": "content_filter", "message": "no"}})}}}
    ),
    "200 base_resp": Answer({"base_resp": {"status_code": 1026, "status_msg": "input new_sensitive"}, "choices": None}),
    "200 without a choice, filtered": completion(prompt_filter_results=FILTERED),
    "200 promptFeedback": Answer({"promptFeedback": {"blockReason": "OTHER"}}),
    "error in a choice": completion(choice("error", EMPTY, error={"code": 403, "message": "flagged by moderation"})),
    "finish ERROR_TOXIC": completion(choice("ERROR_TOXIC", EMPTY)),
    "Hunyuan's own shape": Answer({"Response": {"Error": {"Code": "FailedOperation.ContentModeration"}}}),
    "YandexGPT's own shape": Answer(
        {"result": {"alternatives": [{"message": {"text": ""}, "status": "ALTERNATIVE_STATUS_CONTENT_FILTER"}]}}
    ),
    "choice without a message": completion(choice("PROHIBITED_CONTENT")),
    "refusal field": completion(choice("stop", {"role": "assistant", "content": None, "refusal": "I cannot."})),
    "native reason": completion(choice("stop", EMPTY, native_finish_reason="SAFETY")),
    "filtered choice": completion(choice("stop", EMPTY, content_filter_results={"hate": {"filtered": True}})),
    **{
        f"finish {reason}": completion(choice(reason, {"role": "assistant", "content": "Sorry, I cannot."}))
        for reason in ("SAFETY", "RECITATION", "SPII", "BLOCKLIST", "guardrail_intervened", "sensitive", "refusal")
    },
}  # fmt: skip
UNCLEAR: dict[str, Any] = {
    "200 without a choice": completion(),
    "200 with an empty message": completion(choice("stop", EMPTY)),
    "200 with a choice without a message": completion(choice("stop")),
    "200 unknown error": Answer({"error": {"message": "the moon is full"}}),
    "200 of another shape": Answer({"hello": "there"}),
    "404 that quotes the text": fails(404, message="no handler for 'It was rebuilt by dragons.'"),
    "500 that quotes the text": fails(500, message="Exception while templating: It was rebuilt by dragons."),
    "400 of a provider": fails(400, message="Provider returned error"),
    "finish of an unknown error": completion(choice("ERROR_MOON", EMPTY)),
    "403 unknown": fails(403, message="no"),
    "403 page": Answer(b"<html>Request blocked</html>", status=403, content_type="text/html"),
    "200 block page": Answer(
        b"<html>The requested URL was rejected. Your support ID is: 1</html>", content_type="text/html"
    ),
    "302 to a block page": Answer(b"", status=302, headers={"Location": "https://blocked.example.org/"}),
    "malformed call": completion(choice("MALFORMED_FUNCTION_CALL")),
}
OUTAGES: dict[str, Any] = {
    "503": fails(503, message="overloaded"),
    "200 error 502": Answer({"error": {"code": 502, "message": "Provider returned error"}}),
    "200 error 429": Answer({"error": {"code": 429, "message": "slow down"}}),
    "200 error 402": Answer({"error": {"code": 402, "message": "Insufficient credits"}}),
    "budget": fails(400, message="Budget has been exceeded! Current cost: 3"),
    "error in a choice": completion(choice("error", EMPTY, error={"code": 502, "message": "Upstream error"})),
}


UNSURE = ("InvalidVerdict", "RequestRejected", "ModelAccessDenied")


def judged(step: Any, sample: Sample = SAMPLE) -> Outcome:
    KNOWN_FORMS.clear()

    async def run(url: str) -> Outcome:
        model = open_model(url, attempts=1)
        cascade = Cascade([CascadeTier(LocalJudge()), CascadeTier(LlmJudge(model, PRICES))], RUBRIC)
        try:
            return await Evaluator(RUBRIC, cascade).evaluate(sample)
        finally:
            await cascade.close()

    with OpenAIServer(default=step) as server:
        return asyncio.run(run(server.url))


@pytest.mark.parametrize("form", REFUSALS)
def test_refusal_is_skipped_as_one(form: str) -> None:
    outcome = judged(REFUSALS[form])
    assert isinstance(outcome, Skipped)
    assert outcome.reason == "model_refused"
    assert outcome.screening is not None


@pytest.mark.parametrize("form", UNCLEAR)
def test_what_the_text_may_have_caused_never_lets_the_cheaper_judge_decide(form: str) -> None:
    outcome = judged(UNCLEAR[form])
    assert isinstance(outcome, Failed)
    assert (outcome.error, outcome.held) in {(error, None) for error in UNSURE}


@pytest.mark.parametrize("form", OUTAGES)
def test_outage_and_account_let_it_decide_where_the_rubric_says_so(form: str) -> None:
    outcome = judged(OUTAGES[form])
    assert isinstance(outcome, Scored)
    assert outcome.verdict is not None
    assert outcome.verdict.degraded


@pytest.mark.parametrize(
    "words", ["Budget has been exceeded! Current cost: 3", "The model is overloaded", "API key not valid"]
)
def test_echo_of_the_text_is_no_outage(words: str) -> None:
    sample = SAMPLE.model_copy(update={"response": f"{SAMPLE.response} {words}."})
    outcome = judged(fails(400, message=f"cannot process: {words}."), sample)
    assert isinstance(outcome, Failed)
    assert outcome.held is None
