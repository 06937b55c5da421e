"""What a reply that was recorded whole says of its call, and that a model's own words say nothing of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from assay.worker.extraction.facts import facts_of
from assay.worker.extraction.reply_facts import facts_of_reply
from assay.worker.extraction.step_facts import NOTHING, StepFacts
from assay.worker.records.traces import Observation, Tokens
from tests.builders import NOW, make_trace

USAGE = {"prompt_tokens": 100, "completion_tokens": 5}
AI = {"content": "Yes.", "type": "ai", "response_metadata": {"model_name": "m-1", "finish_reason": "stop"}}

REPLIES: list[tuple[str, Any, StepFacts]] = [
    (
        "a stream of chat completions: the last chunks tell",
        [
            {"choices": [{"index": 0, "delta": {"content": "Yes."}, "finish_reason": None}], "model": "m-1"},
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "length"}], "model": "m-1"},
            {"choices": [], "model": "m-1", "usage": USAGE},
        ],
        StepFacts(tokens=Tokens(input=100, output=5), served="m-1", finish_reason="length"),
    ),
    (
        "an incomplete response",
        {
            "object": "response",
            "status": "incomplete",
            "incomplete_details": {"reason": "max_output_tokens"},
            "output": [{"type": "message", "content": []}],
        },
        StepFacts(finish_reason="length"),
    ),
    (
        "OpenTelemetry's messages",
        [{"role": "assistant", "parts": [{"type": "text", "content": "Yes."}], "finish_reason": "stop"}],
        StepFacts(finish_reason="stop"),
    ),
    (
        "Ollama",
        {"model": "m-1", "message": {"role": "assistant", "content": "Yes."}, "done_reason": "stop", "eval_count": 5}
        | {"prompt_eval_count": 100},
        StepFacts(tokens=Tokens(input=100, output=5), served="m-1", finish_reason="stop"),
    ),
    (
        "Cohere",
        {
            "finish_reason": "COMPLETE",
            "message": {"role": "assistant", "content": [{"type": "text", "text": "Yes."}]},
            "usage": {"tokens": {"input_tokens": 100, "output_tokens": 5}},
        },
        StepFacts(tokens=Tokens(input=100, output=5), finish_reason="stop"),
    ),
    (
        "Vercel AI",
        {"text": "Yes.", "finishReason": "tool-calls", "usage": {"inputTokens": 100, "outputTokens": 5}},
        StepFacts(tokens=Tokens(input=100, output=5), finish_reason="tool_call"),
    ),
    (
        "LlamaIndex",
        {
            "message": {"role": "assistant", "content": "Yes."},
            "raw": {"choices": [{"finish_reason": "stop", "message": {"content": "Yes."}}], "model": "m-1"},
        },
        StepFacts(served="m-1", finish_reason="stop"),
    ),
    (
        "Haystack",
        {"replies": [{"_role": "assistant", "_content": ["Yes."], "_meta": {"model": "m-1", "usage": USAGE}}]},
        StepFacts(tokens=Tokens(input=100, output=5), served="m-1"),
    ),
    (
        "LangGraph: the last message of the model",
        {"messages": [{"type": "human", "content": "May I?"}, AI, {"type": "tool", "content": "7"}]},
        StepFacts(served="m-1", finish_reason="stop"),
    ),
    (
        "two messages that count: nobody knows which are the call's",
        {
            "messages": [
                {**AI, "usage_metadata": {"input_tokens": 100, "output_tokens": 5}},
                {**AI, "usage_metadata": {"input_tokens": 200, "output_tokens": 7}},
            ]
        },
        StepFacts(served="m-1", finish_reason="stop"),
    ),
    (
        "of several answers the first",
        {
            "choices": [
                {"index": 0, "message": {"content": "Yes."}, "finish_reason": "stop"},
                {"index": 1, "message": {"content": "No."}, "finish_reason": "length"},
            ],
            "model": "m-1",
        },
        StepFacts(served="m-1", finish_reason="stop"),
    ),
    (
        "a blocked answer",
        {"candidates": [{"finishReason": "SAFETY", "index": 0}], "modelVersion": "m-1"},
        StepFacts(served="m-1", finish_reason="content_filter"),
    ),
    (
        "Vercel AI 6",
        {
            "text": "Yes.",
            "usage": {"inputTokens": 100, "inputTokenDetails": {"cacheReadTokens": 3}, "outputTokens": 5}
            | {"outputTokenDetails": {"reasoningTokens": 2}},
        },
        StepFacts(tokens=Tokens(input=100, cached=3, output=5, reasoning=2)),
    ),
    (
        "Claude Agent SDK",
        {
            "type": "result",
            "result": "Yes.",
            "total_cost_usd": 0.5,
            "usage": {"input_tokens": 4, "cache_read_input_tokens": 96, "output_tokens": 5},
        },
        StepFacts(tokens=Tokens(input=100, cached=96, output=5), cost_usd=0.5),
    ),
    (
        "Haystack's generators",
        {"replies": ["Yes."], "meta": [{"model": "m-1", "finish_reason": "stop", "usage": USAGE}]},
        StepFacts(tokens=Tokens(input=100, output=5), served="m-1", finish_reason="stop"),
    ),
    (
        "LangGraph: the last message of the model says nothing, and an older one is not this call's",
        {"messages": [{"type": "human", "content": "May I?"}, AI, {"type": "ai", "content": "No."}]},
        NOTHING,
    ),
    (
        "results of tools",
        {"messages": [{"type": "tool_result", "content": "7", "raw": AI}, {"role": "ToolMessage", "message": AI}]},
        NOTHING,
    ),
    (
        "LangChain's serialised message of a user",
        {"messages": [{"id": ["langchain", "HumanMessage"], "kwargs": {**AI, "type": None}}]},
        NOTHING,
    ),
    ("a quiz", {"text": "Which?", "choices": ["A", "B"], "model": "Corolla"}, NOTHING),
    ("a list of people", {"candidates": [{"name": "Ann", "text": "x"}], "model": "Interview 3"}, NOTHING),
    ("an application's meta", {"message": "ok", "meta": {"model": "Audi", "provider": "DHL"}}, NOTHING),
    ("an application's own reason", {"output": "Yes.", "model": "Audi", "stop_reason": "engine"}, NOTHING),
    ("a user's message", [{"role": "user", "content": "May I?", "finish_reason": "stop"}], NOTHING),
    ("an application's object", {"text": "Yes.", "model": "Corolla", "usage": {"city": 7}}, NOTHING),
    ("an application's status", {"output": "Yes.", "status": "shipped", "model": "Corolla"}, NOTHING),
    ("JSON in a text", '{"choices": [{"finish_reason": "stop"}], "model": "m-1"}', NOTHING),
    ("a vector", {"data": [{"embedding": [0.5]}], "model": "m-1", "usage": {"prompt_tokens": 7}}, NOTHING),
]  # fmt: skip


@pytest.mark.parametrize(("about", "reply", "expected"), REPLIES, ids=[about for about, _, _ in REPLIES])
def test_a_reply_is_read(about: str, reply: Any, expected: StepFacts) -> None:
    assert facts_of_reply(reply) == expected


def call(**fields: Any) -> Observation:
    return Observation(id="a", type="generation", start=NOW, **fields)


def test_columns_and_attributes_count_before_the_reply() -> None:
    reply = {"choices": [{"finish_reason": "length", "message": {"content": "Yes."}}], "model": "m-1", "usage": USAGE}
    told = {"gen_ai.response.finish_reasons": ["stop"], "gen_ai.response.model": "m-2"}
    facts = facts_of(make_trace(observations=(call(output=reply, usage=Tokens(input=90, output=4), metadata=told),)))
    assert (facts.input_tokens, facts.output_tokens) == (90, 4)
    assert (facts.model_served, facts.finish_reason) == ("m-2", "stop")


def test_the_request_names_the_model_that_was_asked() -> None:
    request: JsonValue = {"model": "gpt-4o-2024-08-06", "messages": [{"role": "user", "content": "May I?"}]}
    steps = (call(input=request, output="Yes."),)
    assert facts_of(make_trace(observations=steps, input=request)).model_asked == "gpt-4o-2024-08-06"
    assert facts_of(make_trace(observations=(call(input={"model": "Corolla"}),))).model_asked is None


def test_what_is_no_model_call_tells_no_reply() -> None:
    reply = {"choices": [{"finish_reason": "stop"}], "model": "m-1", "usage": USAGE}
    step = Observation(id="a", type="tool", start=NOW, output=reply)
    facts = facts_of(make_trace(observations=(step,)))
    assert (facts.input_tokens, facts.model_served) == (None, None)


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
keys = st.sampled_from(
    ["choices", "message", "usage", "content", "model", "finish_reason", "role", "generations", "raw"]
)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4))


@given(values)
def test_no_reply_breaks_the_facts(value: Any) -> None:
    told = facts_of_reply(value)
    assert told.asked is None
    assert all(isinstance(name, str | None) for name in (told.served, told.provider, told.finish_reason))
