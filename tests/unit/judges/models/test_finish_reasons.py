"""Why a model stopped, as far as it is no answer."""

from __future__ import annotations

import pytest

from assay.judges.errors import InvalidVerdict, ModelRefused, ModelUnavailable, UnjudgeableSample
from assay.judges.models.finish_reasons import (
    FINISHES,
    FinishSign,
    block_reason,
    check_finish,
    finish_meaning,
    is_cut_off,
    told_refusal,
)
from assay.judges.models.meaning import Meaning
from assay.judges.schema import Usage

REFUSING = (
    *("content_filter", "SAFETY", "PROHIBITED_CONTENT", "RECITATION", "BLOCKLIST", "SPII", "LANGUAGE", "IMAGE_SAFETY"),
    *("refusal", "guardrail_intervened", "content_filtered", "sensitive", "content_filter: PROHIBITED_CONTENT"),
    *("FINISH_REASON_SAFETY", "ERROR_TOXIC_BLOCKED", "flagged_by_moderation", "blocked", "MODEL_ARMOR", "unsafe"),
    *(
        "ERROR_TOXIC",
        "blacklist",
        "BLACK_LIST",
        "abuse",
        "denied",
        "compliance",
        "audit_failed",
        "内容过滤",
        "Content Filter",
    ),
    *("contentFiltered", "harm-category", "ALTERNATIVE_STATUS_CONTENT_FILTER", "policyViolation", "safety_block"),
)
ENDS = ("stop", "length", "tool_calls", "function_call", "eos", "end_turn", "max_tokens", "STOP", "eos_token", "", None)


@pytest.mark.parametrize("row", FINISHES, ids=lambda row: row.example)
def test_rows_own_example_is_decided_by_it(row: FinishSign) -> None:
    assert finish_meaning(row.example) is row.meaning


@pytest.mark.parametrize("reason", REFUSING)
def test_refusal_of_every_provider_is_one(reason: str) -> None:
    with pytest.raises(ModelRefused) as caught:
        check_finish(reason, Usage(calls=1, prompt_tokens=9))
    assert caught.value.usage.prompt_tokens == 9


@pytest.mark.parametrize("reason", ENDS)
def test_end_of_an_answer_passes(reason: str | None) -> None:
    check_finish(reason, Usage())


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("MALFORMED_FUNCTION_CALL", InvalidVerdict),
        ("UNEXPECTED_TOOL_CALL", InvalidVerdict),
        ("model_context_window_exceeded", UnjudgeableSample),
        ("error", ModelUnavailable),
        ("insufficient_system_resource", ModelUnavailable),
        ("abort", ModelUnavailable),
    ],
)
def test_other_ends(reason: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_finish(reason, Usage())


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}, "PROHIBITED_CONTENT"),
        ({"prompt_filter_results": [{"content_filter_results": {"hate": {"filtered": True}}}]}, "content_filter"),
        ({"prompt_filter_results": [{"content_filter_results": {"hate": {"filtered": False}}}]}, None),
        ({"content_filter_results": {"violence": {"filtered": True}}}, "content_filter"),
        ({"promptFeedback": {"safetyRatings": []}}, None),
        ({}, None),
        ([], None),
    ],
)
def test_blocked_prompt(data: object, reason: str | None) -> None:
    assert block_reason(data) == reason


def test_error_says_no_more_than_a_name() -> None:
    with pytest.raises(ModelRefused) as caught:
        check_finish("safety " + "x" * 100, Usage())
    assert "x" * 10 not in str(caught.value)


def test_meaning_of_an_unknown_end_is_none() -> None:
    assert finish_meaning("whatever") is None
    assert finish_meaning("SAFETY") is Meaning.REFUSED


CUT = (
    *("length", "LENGTH", "max_tokens", "MAX_TOKENS", "max-tokens", "model_length", "max_output_tokens", "token_limit"),
    *("incomplete", "max_completion_tokens", "max_length"),
)


@pytest.mark.parametrize("reason", CUT)
def test_every_name_of_the_token_limit_is_one(reason: str) -> None:
    assert is_cut_off(reason)
    assert finish_meaning(reason) is None


@pytest.mark.parametrize("reason", ["stop", "tool_calls", "eos_token", "end_turn", "content_filter", "", None])
def test_other_ends_are_no_cut(reason: str | None) -> None:
    assert not is_cut_off(reason)


@pytest.mark.parametrize(
    "body",
    [
        {"candidates": [{"finishReason": "SAFETY"}]},
        {"type": "message", "stop_reason": "refusal", "content": []},
        {"output": {}, "stopReason": "guardrail_intervened"},
        {"Response": {"Choices": [{"FinishReason": "sensitive"}]}},
        {"Response": {"Error": {"Code": "FailedOperation.ContentModeration", "Message": "x"}}},
        {"result": {"alternatives": [{"message": {"text": ""}, "status": "ALTERNATIVE_STATUS_CONTENT_FILTER"}]}},
        {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
        {"details": {"finish_reason": "content_filter"}},
        {"result": "", "need_clear_history": True},
        {"status": "failed", "failure": {"reason": "unsafe prompt"}},
        {"ok": False, "msg": "The prompt was blocked by the content policy"},
    ],
)
def test_refusal_is_found_in_any_shape(body: object) -> None:
    assert told_refusal(body) is not None


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"hello": "world"},
        {"candidates": [{"finishReason": "STOP"}]},
        {"Response": {"Error": {"Code": "AuthFailure.AccessDenied", "Message": "no access"}}},
        {"status": "account_restricted"},
        {"output": {"message": {"text": "a content policy is spoken of"}}, "stopReason": "end_turn"},
        {"message": {"content": "safety comes first"}},
    ],
)
def test_what_tells_of_no_refusal_is_none(body: object) -> None:
    assert told_refusal(body) is None
