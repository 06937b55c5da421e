"""One run, told in every dialect: its facts are the same, but for those that a dialect has no words for."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import extract
from assay.worker.extraction.facts import facts_of
from assay.worker.otlp.traces import trace_of
from assay.worker.records.facts import TraceFacts
from assay.worker.records.spans import Attributes, Span
from tests.builders import NOW

ANSWER = "Within 30 days."
TRACE_ID = "0" * 31 + "1"


class Call(NamedTuple):
    """A model call, in plain words."""

    fresh: int
    cached: int
    written: int
    spoken: int
    thought: int
    cost: float

    @property
    def input(self) -> int:
        return self.fresh + self.cached + self.written

    @property
    def output(self) -> int:
        return self.spoken + self.thought

    @property
    def total(self) -> int:
        return self.input + self.output


def otel(call: Call) -> Attributes:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-5-mini",
        "gen_ai.response.model": "gpt-5-mini-2025-08-07",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.prompt.name": "answer",
        "gen_ai.prompt.version": "7",
        "gen_ai.usage.input_tokens": call.input,
        "gen_ai.usage.cache_read.input_tokens": call.cached,
        "gen_ai.usage.cache_write.input_tokens": call.written,
        "gen_ai.usage.output_tokens": call.output,
        "gen_ai.usage.reasoning.output_tokens": call.thought,
    }


def otel_old(call: Call) -> Attributes:
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.system": "openai",
        "gen_ai.request.model": "gpt-5-mini",
        "gen_ai.response.model": "gpt-5-mini-2025-08-07",
        "gen_ai.response.finish_reasons": '["stop"]',
        "gen_ai.usage.prompt_tokens": str(call.input),
        "gen_ai.usage.completion_tokens": str(call.output),
    }


def openllmetry(call: Call) -> Attributes:
    return {
        "llm.request.type": "chat",
        "gen_ai.system": "OpenAI",
        "gen_ai.request.model": "gpt-5-mini",
        "gen_ai.response.model": "gpt-5-mini-2025-08-07",
        "gen_ai.completion.0.finish_reason": "stop",
        "traceloop.prompt.key": "answer",
        "traceloop.prompt.version": 7,
        "llm.usage.prompt_tokens": call.input,
        "llm.usage.completion_tokens": call.output,
        "llm.usage.total_tokens": call.total,
        "gen_ai.usage.cache_read_input_tokens": call.cached,
        "gen_ai.usage.cache_creation_input_tokens": call.written,
        "gen_ai.usage.reasoning_tokens": call.thought,
    }


def openinference(call: Call) -> Attributes:
    return {
        "openinference.span.kind": "LLM",
        "llm.provider": "openai",
        "llm.request.model_name": "gpt-5-mini",
        "llm.response.model_name": "gpt-5-mini-2025-08-07",
        "llm.finish_reason": "stop",
        "prompt.name": "answer",
        "llm.prompt_template.version": "7",
        "llm.token_count.prompt": call.input,
        "llm.token_count.prompt_details.cache_read": call.cached,
        "llm.token_count.prompt_details.cache_write": call.written,
        "llm.token_count.completion": call.output,
        "llm.token_count.completion_details.reasoning": call.thought,
        "llm.token_count.total": call.total,
        "llm.cost.prompt": call.cost / 4,
        "llm.cost.completion": call.cost * 3 / 4,
    }


def vercel(call: Call) -> Attributes:
    return {
        "ai.operationId": "ai.streamText.doStream",
        "ai.model.id": "gpt-5-mini",
        "ai.model.provider": "openai.responses",
        "ai.response.model": "gpt-5-mini-2025-08-07",
        "ai.response.finishReason": "stop",
        "ai.telemetry.metadata.langfusePrompt": '{"name": "answer", "version": 7}',
        "ai.usage.inputTokens": call.input,
        "ai.usage.inputTokenDetails.cacheReadTokens": call.cached,
        "ai.usage.inputTokenDetails.cacheWriteTokens": call.written,
        "ai.usage.outputTokens": call.output,
        "ai.usage.outputTokenDetails.reasoningTokens": call.thought,
    }


def langfuse(call: Call) -> Attributes:
    return {
        "langfuse.observation.type": "generation",
        "langfuse.observation.model.name": "gpt-5-mini",
        "langfuse.observation.prompt.name": "answer",
        "langfuse.observation.prompt.version": 7,
        "langfuse.observation.usage_details": json.dumps(
            {
                "input": call.fresh + call.written,
                "input_cached_tokens": call.cached,
                "output": call.spoken,
                "output_reasoning_tokens": call.thought,
                "total": call.total,
            }
        ),
        "langfuse.observation.cost_details": json.dumps({"input": call.cost / 4, "output": call.cost * 3 / 4}),
    }


def reply(body: Callable[[Call], Mapping[str, Any]]) -> Callable[[Call], Attributes]:
    """A recorder that says nothing but what kind of step it is, and keeps the whole reply."""

    def told(call: Call) -> Attributes:
        return {
            "openinference.span.kind": "LLM",
            "input.value": json.dumps({"model": "gpt-5-mini", "messages": [{"role": "user", "content": "When?"}]}),
            "input.mime_type": "application/json",
            "output.value": json.dumps(body(call)),
            "output.mime_type": "application/json",
        }

    return told


def chat_completion(call: Call) -> Mapping[str, Any]:
    return {
        "model": "gpt-5-mini-2025-08-07",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": ANSWER}}],
        "usage": {
            "prompt_tokens": call.input,
            "completion_tokens": call.output,
            "prompt_tokens_details": {"cached_tokens": call.cached, "cache_write_tokens": call.written},
            "completion_tokens_details": {"reasoning_tokens": call.thought},
        },
    }


def responses(call: Call) -> Mapping[str, Any]:
    return {
        "object": "response",
        "status": "completed",
        "model": "gpt-5-mini-2025-08-07",
        "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": ANSWER}]}],
        "usage": {
            "input_tokens": call.input,
            "output_tokens": call.output,
            "input_tokens_details": {"cached_tokens": call.cached},
            "output_tokens_details": {"reasoning_tokens": call.thought},
        },
    }


def anthropic(call: Call) -> Mapping[str, Any]:
    return {
        "type": "message",
        "role": "assistant",
        "model": "gpt-5-mini-2025-08-07",
        "content": [{"type": "text", "text": ANSWER}],
        "stop_reason": "end_turn",
        "usage": {
            "input_tokens": call.fresh,
            "cache_read_input_tokens": call.cached,
            "cache_creation_input_tokens": call.written,
            "output_tokens": call.output,
        },
    }


def bedrock(call: Call) -> Mapping[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": ANSWER}]}},
        "stopReason": "end_turn",
        "usage": {
            "inputTokens": call.fresh,
            "cacheReadInputTokens": call.cached,
            "cacheWriteInputTokens": call.written,
            "outputTokens": call.output,
        },
    }


def gemini(call: Call) -> Mapping[str, Any]:
    return {
        "modelVersion": "gpt-5-mini-2025-08-07",
        "candidates": [{"content": {"role": "model", "parts": [{"text": ANSWER}]}, "finishReason": "STOP"}],
        "usageMetadata": {
            "promptTokenCount": call.input,
            "cachedContentTokenCount": call.cached,
            "candidatesTokenCount": call.spoken,
            "thoughtsTokenCount": call.thought,
            "totalTokenCount": call.total,
        },
    }


def langchain(call: Call) -> Mapping[str, Any]:
    message = {
        "content": ANSWER,
        "type": "ai",
        "response_metadata": {"model_name": "gpt-5-mini-2025-08-07", "finish_reason": "stop"},
        "usage_metadata": {
            "input_tokens": call.input,
            "output_tokens": call.output,
            "total_tokens": call.total,
            "input_token_details": {"cache_read": call.cached, "cache_creation": call.written},
            "output_token_details": {"reasoning": call.thought},
        },
    }
    return {"generations": [[{"text": ANSWER, "message": {"lc": 1, "id": ["x", "AIMessage"], "kwargs": message}}]]}


NAMES = {"model_asked", "model_served", "finish_reason"}
PARTS = {"cached_tokens", "reasoning_tokens"}
PROMPT = {"prompt_name", "prompt_version"}
TOLD: dict[str, tuple[Callable[[Call], Attributes], set[str]]] = {
    "OpenTelemetry": (otel, NAMES | PARTS | PROMPT | {"provider"}),
    "OpenTelemetry, old": (otel_old, NAMES | {"provider"}),
    "OpenLLMetry": (openllmetry, NAMES | PARTS | PROMPT | {"provider"}),
    "OpenInference": (openinference, NAMES | PARTS | PROMPT | {"provider", "cost_usd", "cost_from"}),
    "Vercel AI": (vercel, NAMES | PARTS | PROMPT | {"provider"}),
    "Langfuse": (langfuse, PARTS | PROMPT | {"model_asked", "cost_usd", "cost_from"}),
    "a whole chat completion": (reply(chat_completion), NAMES | PARTS),
    "a whole response": (reply(responses), NAMES | PARTS),
    "a whole message of Anthropic": (reply(anthropic), NAMES | {"cached_tokens"}),
    "a whole answer of Bedrock": (reply(bedrock), {"model_asked", "finish_reason", "cached_tokens"}),
    "a whole answer of Gemini": (reply(gemini), NAMES | PARTS),
    "LangChain's whole result": (reply(langchain), NAMES | PARTS),
}
"""By dialect: how it tells a call, and what it has words for beside the tokens."""
ALWAYS = {"input_tokens", "output_tokens", "model_calls"}


def span(span_id: int, parent: int | None, at: float, lasts: float, attributes: Attributes) -> Span:
    start = NOW + timedelta(seconds=at)
    return Span(
        trace_id=TRACE_ID,
        span_id=f"{span_id:016x}",
        parent_id=None if parent is None else f"{parent:016x}",
        name=f"step {'abcdefg'[span_id]}",
        start=start,
        end=start + timedelta(seconds=lasts),
        attributes=attributes,
    )


def facts_in_dialect(dialect: str, calls: Sequence[Call], sums: int) -> TraceFacts:
    """The facts of a run of some calls, under so many steps that each repeat the sum of what they hold."""
    tell = TOLD[dialect][0]
    whole = Call(*(sum(part) for part in zip(*calls, strict=True)))
    root: Attributes = {"input.value": "When?", "output.value": ANSWER, "openinference.span.kind": "CHAIN"}
    spans = [span(0, None, 0, 9, root)]
    around = {name: value for name, value in otel(whole).items() if "usage" in name}
    spans += [
        span(number, number - 1, 0, 9, {"openinference.span.kind": "AGENT", **around}) for number in (1, 2)[:sums]
    ]
    for number, call in enumerate(calls):
        given = tell(call)
        if "output.value" not in given:
            given["output.value"] = ANSWER if number == len(calls) - 1 else "Let me look."
        spans.append(span(3 + number, sums, 1 + 2 * number, 1, given))
    trace = trace_of(spans)
    assert trace is not None
    return facts_of(trace, extract(trace, SamplePaths()))


counts = st.integers(0, 5_000)
calls = st.builds(
    Call,
    fresh=st.integers(1, 5_000),
    cached=counts,
    written=st.just(0),
    spoken=st.integers(1, 5_000),
    thought=counts,
    cost=st.integers(1, 1_000_000).map(lambda micros: micros / 1_000_000),
)


@pytest.mark.parametrize("dialect", TOLD)
@settings(max_examples=15)
@given(calls=st.lists(calls, min_size=1, max_size=3, unique_by=lambda call: call.input), sums=st.integers(0, 2))
def test_facts_are_the_same_in_every_dialect(dialect: str, calls: list[Call], sums: int) -> None:
    facts = facts_in_dialect(dialect, calls, sums).model_dump()
    cost = facts.pop("cost_usd")
    expected = {
        "input_tokens": sum(call.input for call in calls),
        "cached_tokens": sum(call.cached for call in calls),
        "output_tokens": sum(call.output for call in calls),
        "reasoning_tokens": sum(call.thought for call in calls),
        "model_calls": len(calls),
        "cost_from": "trace",
        "model_asked": "gpt-5-mini",
        "model_served": "gpt-5-mini-2025-08-07",
        "provider": "openai",
        "finish_reason": "stop",
        "prompt_name": "answer",
        "prompt_version": "7",
    }
    known = TOLD[dialect][1] | ALWAYS
    assert {name: facts[name] for name in expected if name in known} == {
        name: value for name, value in expected.items() if name in known
    }
    assert {name: facts[name] for name in expected if name not in known and not (sums and name in PARTS)} == {
        name: None for name in expected if name not in known and not (sums and name in PARTS)
    }
    assert cost == (pytest.approx(sum(call.cost for call in calls)) if "cost_usd" in known else None)


@pytest.mark.parametrize("dialect", ["OpenTelemetry", "OpenLLMetry", "OpenInference", "a whole message of Anthropic"])
def test_what_went_into_the_cache_is_input_in_every_dialect(dialect: str) -> None:
    facts = facts_in_dialect(dialect, [Call(100, 20, 30, 40, 0, 0.01)], 0)
    assert (facts.input_tokens, facts.cached_tokens, facts.output_tokens) == (150, 20, 40)
