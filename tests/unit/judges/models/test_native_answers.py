"""The readers of the providers' own protocols on answers as documented, and on answers that nobody documented."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.errors import EvaluationError, ModelRefused, ModelUnavailable, UnjudgeableSample
from assay.judges.models.answer_errors import AnswerError
from assay.judges.models.anthropic_answer import read_message
from assay.judges.models.base import Reply
from assay.judges.models.gemini_answer import read_candidate
from tests.unit.judges.models.native_answers import ODD, left_out, nested, places, replaced

Read = Callable[[object], Reply]
VERDICT = '{"kind":"answer","sentences":[]}'


def message(**changes: Any) -> dict[str, Any]:
    """A message as documented."""
    usage = {"input_tokens": 10, "cache_read_input_tokens": 40, "cache_creation_input_tokens": 2, "output_tokens": 5}
    blocks = [
        {"type": "thinking", "thinking": "{}", "signature": "s"},
        {"type": "redacted_thinking", "data": "{}"},
        {"type": "of_the_future", "text": "{}"},
        {"type": "text", "text": VERDICT},
    ]
    whole = {"type": "message", "role": "assistant", "model": "claude-x", "content": blocks, "stop_reason": "end_turn"}
    return {**whole, "usage": usage | {"output_tokens_details": {"thinking_tokens": 3}}, **changes}


def response(**changes: Any) -> dict[str, Any]:
    """A response as documented."""
    parts = [{"text": "{}", "thought": True}, {"text": VERDICT, "thoughtSignature": "s"}]
    usage = {"promptTokenCount": 50, "cachedContentTokenCount": 40, "candidatesTokenCount": 5, "thoughtsTokenCount": 3}
    token = {"token": VERDICT, "tokenId": 7, "logProbability": -0.1}
    probabilities = {"chosenCandidates": [token], "topCandidates": [{"candidates": [token]}]}
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "logprobsResult": probabilities}
    candidate |= changes
    return {"candidates": [candidate], "usageMetadata": usage | {"totalTokenCount": 58}, "modelVersion": "gemini-x"}


def of_anthropic(data: object) -> Reply:
    return read_message(data, asked_model="asked", latency_s=1.0)


def of_gemini(data: object) -> Reply:
    return read_candidate(data, asked_model="asked", latency_s=1.0)


BOTH = pytest.mark.parametrize(("read", "whole"), [(of_anthropic, message()), (of_gemini, response())])


@BOTH
def test_reasoning_is_no_text_and_the_model_is_the_one_that_served(read: Read, whole: dict[str, Any]) -> None:
    reply = read(whole)
    assert (reply.text, reply.finish_reason, reply.refusal) == (VERDICT, "stop", None)
    assert reply.model_served in ("claude-x", "gemini-x")


def test_what_anthropic_read_and_wrote_in_its_cache_is_among_the_prompt() -> None:
    usage = of_anthropic(message()).usage
    assert (usage.prompt_tokens, usage.cached_tokens, usage.cache_write_tokens) == (52, 40, 2)
    assert (usage.completion_tokens, usage.reasoning_tokens) == (5, 3)


def test_what_gemini_thought_is_among_the_completion() -> None:
    usage = of_gemini(response()).usage
    assert (usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens, usage.reasoning_tokens) == (50, 40, 8, 3)


def test_tokens_that_only_the_total_of_gemini_names_are_counted() -> None:
    whole = response()
    whole["usageMetadata"] = {"promptTokenCount": 100, "candidatesTokenCount": 20, "totalTokenCount": 500}
    usage = of_gemini(whole).usage
    assert (usage.completion_tokens, usage.reasoning_tokens) == (400, 380)


def test_the_input_of_the_tool_is_the_text() -> None:
    block = {"type": "tool_use", "id": "1", "name": "verdict", "input": {"a": 1}}
    reply = of_anthropic(message(content=[{"type": "text", "text": "Here."}, block], stop_reason="tool_use"))
    assert (reply.text, reply.finish_reason) == ('{"a": 1}', "tool_calls")


def test_the_arguments_of_the_function_are_the_text() -> None:
    parts = [{"text": "Here."}, {"functionCall": {"name": "verdict", "args": {"a": 1}}}]
    assert of_gemini(response(content={"parts": parts})).text == '{"a": 1}'


def test_two_calls_of_the_tool_make_no_object_of_one() -> None:
    block = {"type": "tool_use", "name": "verdict", "input": {"a": 1}}
    call = {"functionCall": {"name": "verdict", "args": {"a": 1}}}
    assert of_anthropic(message(content=[block, block])).text.count("{") == 2
    assert of_gemini(response(content={"parts": [call, call]})).text.count("{") == 2


@pytest.mark.parametrize("name", ["other", None, 7, {}])
def test_a_call_of_another_function_is_not_the_reply(name: object) -> None:
    assert of_anthropic(message(content=[{"type": "tool_use", "name": name, "input": {"a": 1}}])).text == ""
    assert of_gemini(response(content={"parts": [{"functionCall": {"name": name, "args": {}}}]})).text == ""


def test_a_refusal_has_no_text_whatever_was_written_before_it() -> None:
    details = {"type": "refusal", "category": "bio", "explanation": "the text of the trace"}
    reply = of_anthropic(message(stop_reason="refusal", stop_details=details))
    assert (reply.text, reply.refusal, reply.usage.completion_tokens) == ("", "bio", 5)
    assert of_anthropic(message(stop_reason="refusal", content=None)).refusal


@pytest.mark.parametrize("reason", ["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE"])
@pytest.mark.parametrize("changes", [{}, {"content": None}, {"content": {"parts": []}}])
def test_what_gemini_withholds_is_a_refusal(reason: str, changes: dict[str, Any]) -> None:
    reply = of_gemini(response(finishReason=reason, **changes))
    assert (reply.text, reply.refusal, reply.tokens) == ("", reason, ())


def test_an_unknown_end_that_left_nothing_is_a_refusal_and_one_that_left_a_reply_is_not() -> None:
    assert of_gemini(response(finishReason="NEWER_THAN_US", content={})).refusal
    assert of_gemini(response(finishReason="OTHER", content={})).refusal
    assert of_gemini(response(finishReason="NEWER_THAN_US")).text == VERDICT
    assert of_gemini(response(finishReason="MAX_TOKENS", content={})).finish_reason == "length"
    assert of_gemini(response(finishReason="STOP", content={})).refusal is None


@pytest.mark.parametrize("feedback", [{"blockReason": "SAFETY"}, {"blockReason": "OTHER"}, {}])
def test_a_blocked_prompt_is_a_refusal_that_is_paid_for(feedback: dict[str, str]) -> None:
    answer = {"promptFeedback": feedback, "usageMetadata": {"promptTokenCount": 9}}
    for without in (answer, {**answer, "candidates": []}, {**answer, "candidates": None}):
        with pytest.raises(ModelRefused) as caught:
            of_gemini(without)
        assert (caught.value.usage.calls, caught.value.usage.prompt_tokens) == (1, 9)


@pytest.mark.parametrize("reason", ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"])
def test_a_call_that_gemini_cannot_read_is_an_error_that_is_paid_for(reason: str) -> None:
    with pytest.raises(AnswerError) as caught:
        of_gemini(response(finishReason=reason, content={}))
    assert caught.value.usage.prompt_tokens == 50


def test_a_full_window_is_a_text_too_long() -> None:
    with pytest.raises(UnjudgeableSample, match="too_long_for_model") as caught:
        of_anthropic(message(stop_reason="model_context_window_exceeded"))
    assert caught.value.usage.prompt_tokens == 52


@pytest.mark.parametrize("read", [of_anthropic, of_gemini])
@pytest.mark.parametrize(
    "body",
    [
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        {"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED"}},
        [{"error": {"code": 400, "message": "API key not valid", "status": "INVALID_ARGUMENT"}}],
        {"message": "Unauthorized"},
        {"detail": "flagged by moderation"},
        "<html>sign in</html>",
    ],
)
def test_an_error_inside_a_200_is_handed_on_as_one(read: Read, body: object) -> None:
    with pytest.raises(AnswerError):
        read(body)


@pytest.mark.parametrize("read", [of_anthropic, of_gemini])
@pytest.mark.parametrize("body", [None, 7, [], {}, {"choices": [{"message": {"content": VERDICT}}]}])
def test_a_body_of_another_api_is_no_answer(read: Read, body: object) -> None:
    with pytest.raises(ModelUnavailable, match="protocol"):
        read(body)


@BOTH
@pytest.mark.parametrize("value", ODD)
def test_nothing_odd_in_any_place_leaves_the_tree_of_errors(read: Read, whole: Any, value: object) -> None:
    for path in places(whole):
        for body in (replaced(whole, path, value), left_out(whole, path)):
            _read_or_fail(read, body)


@BOTH
@given(st.data())
def test_no_json_leaves_the_tree_of_errors(read: Read, whole: dict[str, Any], data: st.DataObject) -> None:
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    inner = st.recursive(leaves, lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(st.text(), deeper))
    path = data.draw(st.sampled_from(list(places(whole))))
    _read_or_fail(read, replaced(whole, path, data.draw(inner)))


@pytest.mark.parametrize("read", [of_anthropic, of_gemini])
def test_depth_and_size_of_an_answer_do_no_harm(read: Read) -> None:
    for body in (nested(400), message(content=[nested(400)]), response(content=nested(400))):
        _read_or_fail(read, body)
    name = "m" * 10**6
    long = _read_or_fail(read, {**response(), "modelVersion": name} if read is of_gemini else message(model=name))
    assert long is not None
    assert len(long.model_served) == 256


def _read_or_fail(read: Read, body: object) -> Reply | None:
    try:
        reply = read(body)
    except (EvaluationError, AnswerError):
        return None
    assert min(reply.usage.model_dump().values()) >= 0
    assert reply.refusal is None or not reply.text
    return reply
