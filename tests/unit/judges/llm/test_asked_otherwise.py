"""Settings that change how a model is asked make another judge. Without them the judge is what it was."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from assay.judges.base import Judge
from assay.judges.llm.graded.judge import GradedJudge
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.llm.grounding.numbering import GroundingLimits
from assay.judges.llm.grounding.prompt import prompt_fingerprint
from assay.judges.llm.grounding.reply import REPLY_SCHEMA
from assay.judges.llm.statements.forms import SentenceForm
from assay.judges.llm.statements.judge import StatementJudge
from assay.judges.models.base import ChatModel
from assay.judges.models.batches.deferred_model import DeferredModel
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.http_chat_model import HttpChatModel
from assay.judges.models.scripted import ScriptedModel
from assay.judges.prices import PriceTable

PRICES = PriceTable(checked="2026-11")
JUDGES: list[Any] = [LlmJudge, GradedJudge, lambda model, prices: StatementJudge(model, prices, SentenceForm())]
OTHERWISE: list[dict[str, Any]] = [
    {"temperature": False},
    {"form": "text"},
    {"exact_schema": True},
    {"system_role": False},
    {"extra_body": {"reasoning_effort": "low"}},
    {"extra_body": {"chat_template_kwargs": {"enable_thinking": False}}},
]
"""Each is another judge than all others."""


def opened(**settings: Any) -> ChatModel:
    place = EndpointSettings(url="http://127.0.0.1:9/v1", **settings)
    return DeferredModel(HttpChatModel("m", place), place)


def fingerprint(judge: Any, model: ChatModel) -> str:
    made: Judge = judge(model, PRICES)
    return made.fingerprint


def test_judge_that_is_asked_as_usual_is_what_it_was() -> None:
    asked = [prompt_fingerprint(), "m", REPLY_SCHEMA, GroundingLimits().model_dump()]
    as_before = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
    assert fingerprint(LlmJudge, opened()) == as_before
    assert fingerprint(LlmJudge, ScriptedModel([], model="m")) == as_before


@pytest.mark.parametrize("judge", JUDGES)
def test_each_way_of_asking_is_a_judge_of_its_own(judge: Any) -> None:
    prints = [fingerprint(judge, opened(**settings)) for settings in [{}, *OTHERWISE]]
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize(
    "settings",
    [
        {"extra_body": {"stream": True, "user": "assay", "prompt_cache_key": "a", "service_tier": "flex"}},
        {"timeout_s": 9.0, "attempts": 1, "concurrency": 3, "connect_timeout_s": 1.0},
        {"logprobs": False, "token_field": "max_completion_tokens"},
        {"system_role": True, "extra_body": {}},
        {"temperature": True, "form": "json_schema", "exact_schema": False},
    ],
)
@pytest.mark.parametrize("judge", JUDGES)
def test_what_changes_nothing_of_the_answer_is_the_same_judge(judge: Any, settings: dict[str, Any]) -> None:
    assert fingerprint(judge, opened(**settings)) == fingerprint(judge, opened())
