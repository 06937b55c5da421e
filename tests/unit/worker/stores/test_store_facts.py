"""One model call as each store shows it: its facts are the same, but for those that a store does not keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import JsonValue

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import extract
from assay.worker.extraction.facts import facts_of
from assay.worker.records.traces import Trace
from assay.worker.stores.datadog import codec as datadog
from assay.worker.stores.helicone import traces as helicone
from assay.worker.stores.langfuse import rows as langfuse
from assay.worker.stores.langsmith import codec as langsmith
from assay.worker.stores.mlflow import spans as mlflow
from assay.worker.stores.opik import traces as opik

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BEGAN, TOLD, ENDED = "2026-11-20T12:00:00Z", "2026-11-20T12:00:00.500Z", "2026-11-20T12:00:02Z"
ID, STEP = "6903738a-0000-4000-8000-00000000000a", "6903738a-0000-4000-8000-00000000000b"
MESSAGES: list[JsonValue] = [{"role": "user", "content": "When?"}]
ANSWER = "Within 30 days."
REPLY: dict[str, JsonValue] = {"role": "assistant", "content": ANSWER}
COMPLETION: dict[str, JsonValue] = {
    "model": "gpt-5-mini-2025-08-07",
    "choices": [{"finish_reason": "stop", "message": REPLY}],
    "usage": {
        "prompt_tokens": 100,
        "completion_tokens": 30,
        "prompt_tokens_details": {"cached_tokens": 80},
        "completion_tokens_details": {"reasoning_tokens": 20},
    },
}
WHOLE = {
    "input_tokens": 100,
    "cached_tokens": 80,
    "output_tokens": 30,
    "reasoning_tokens": 20,
    "cost_usd": 0.0125,
    "cost_from": "trace",
    "model_asked": "gpt-5-mini",
    "model_served": "gpt-5-mini-2025-08-07",
    "provider": "openai",
    "finish_reason": "stop",
    "prompt_name": "answer",
    "prompt_version": "7",
    "first_token_s": 0.5,
    "duration_s": 2.0,
    "model_calls": 1,
    "environment": "staging",
    "release": "v42",
}


def of_datadog() -> Trace | None:
    metrics = {
        "input_tokens": 100.0,
        "cache_read_input_tokens": "80",
        "output_tokens": 30,
        "reasoning_output_tokens": 20,
        "total_tokens": 130,
        "time_to_first_token": 0.5,
        "estimated_total_cost": 12_500_000,
    }
    prompt = {"id": "answer", "version": 7}
    span = {
        "trace_id": ID,
        "span_id": "1",
        "parent_id": "undefined",
        "span_kind": "llm",
        "start_ns": int(NOON.timestamp()) * 1_000_000_000,
        "duration": 2e9,
        "tags": ["env:staging", "git.commit.sha:v42"],
        "model_name": "gpt-5-mini",
        "model_provider": "OpenAI",
        "metrics": metrics,
        "input": {"messages": MESSAGES, "prompt": prompt},
        "output": {"messages": [REPLY]},
    }
    return datadog.trace_of([span])


def of_opik() -> Trace | None:
    row = {"id": ID, "start_time": BEGAN, "end_time": ENDED, "environment": "staging", "metadata": {"release": "v42"}}
    usage = {
        "prompt_tokens": 100,
        "completion_tokens": 30,
        "original_usage.prompt_tokens": 100,
        "original_usage.completion_tokens": 30,
        "original_usage.prompt_tokens_details.cached_tokens": 80,
        "original_usage.completion_tokens_details.reasoning_tokens": 20,
    }
    linked = {"name": "answer", "version": {"commit": "7", "template": "Answer: {{question}}"}}
    span = {
        **row,
        "id": STEP,
        "type": "llm",
        "input": {"messages": MESSAGES},
        "output": {"choices": COMPLETION["choices"], "model": "gpt-5-mini-2025-08-07"},
        "model": "gpt-5-mini",
        "provider": "openai",
        "usage": usage,
        "total_estimated_cost": "0.0125",
        "ttft": 500.0,
        "metadata": {"opik_prompts": [linked]},
    }
    return opik.trace_of({**row, "input": "When?", "output": ANSWER}, [span])


def of_langsmith() -> Trace | None:
    message = {"content": ANSWER, "type": "ai", "response_metadata": {"model_name": COMPLETION["model"]}}
    generation = {"text": ANSWER, "generation_info": {"finish_reason": "stop"}, "message": {"kwargs": message}}
    metadata = {"ls_model_name": "gpt-5-mini", "ls_provider": "openai", "environment": "staging", "revision_id": "v42"}
    run = {
        "id": ID,
        "trace_id": ID,
        "run_type": "llm",
        "start_time": BEGAN,
        "first_token_time": TOLD,
        "end_time": ENDED,
        "inputs": {"messages": [MESSAGES]},
        "outputs": {"generations": [[generation]], "llm_output": None},
        "prompt_tokens": 100,
        "prompt_token_details": {"cache_read": 80},
        "completion_tokens": 30.0,
        "completion_token_details": {"reasoning": 20},
        "total_cost": "0.0125",
        "metadata": {**metadata, "lc_hub_repo": "answer", "lc_hub_commit_hash": "7"},
    }
    return langsmith.trace_of([run])


def of_helicone() -> Trace | None:
    row = {
        "request_id": ID,
        "request_created_at": BEGAN,
        "response_created_at": ENDED,
        "time_to_first_token": 500,
        "request_model": "gpt-5-mini",
        "response_model": "gpt-5-mini-2025-08-07",
        "provider": "OPENAI",
        "prompt_id": "answer",
        "prompt_version": 7,
        "prompt_tokens": 100,
        "prompt_cache_read_tokens": 80,
        "completion_tokens": 30,
        "costUSD": 0.0125,
        "request_properties": {"Environment": "staging", "Release": "v42"},
    }
    return helicone.trace_of(row, {"messages": MESSAGES}, COMPLETION)


def of_mlflow() -> Trace | None:
    values: dict[str, JsonValue] = {
        "mlflow.spanType": "CHAT_MODEL",
        "mlflow.spanInputs": {"model": "gpt-5-mini", "messages": MESSAGES},
        "mlflow.spanOutputs": {"choices": COMPLETION["choices"], "model": COMPLETION["model"]},
        "mlflow.chat.tokenUsage": {
            "input_tokens": 100,
            "output_tokens": 30,
            "total_tokens": 130,
            "cache_read_input_tokens": 80,
        },
        "mlflow.llm.model": "gpt-5-mini",
        "mlflow.llm.provider": "openai",
        "mlflow.llm.cost": {"total_cost": 0.0125},
    }
    start = int(NOON.timestamp()) * 1_000_000_000
    span = {
        "trace_id": "6903738200000000af2d3775dfc70530",
        "span_id": "af2d3775dfc70530",
        "name": "chat",
        "start_time_unix_nano": start,
        "end_time_unix_nano": start + 2_000_000_000,
        "attributes": [{"key": key, "value": mlflow._typed(value)} for key, value in values.items()],
    }
    tags = {
        "deployment.environment": "staging",
        "release": "v42",
        "mlflow.linkedPrompts": '[{"name": "answer", "version": "7"}]',
    }
    info = {"trace_id": "tr-1", "request_time": BEGAN, "execution_duration": "2s", "state": "OK", "tags": tags}
    return mlflow.trace_in(info, [span])


def of_langfuse() -> Trace | None:
    row = {
        "id": "1",
        "traceId": ID,
        "isRootObservation": True,
        "type": "GENERATION",
        "startTime": BEGAN,
        "completionStartTime": TOLD,
        "endTime": ENDED,
        "environment": "staging",
        "release": "v42",
        "model": "gpt-5-mini",
        "promptName": "answer",
        "promptVersion": 7,
        "usageDetails": {
            "input": 20,
            "input_cached_tokens": 80,
            "output": 10,
            "output_reasoning_tokens": 20,
            "total": 130,
        },
        "costDetails": {"input": 0.0025, "output": 0.01},
        "input": MESSAGES,
        "output": {**REPLY, "finish_reason": "stop"},
        "metadata": {"ls_provider": "openai"},
    }
    return langfuse.trace_of([row])


STORES: Mapping[str, tuple[Callable[[], Trace | None], set[str]]] = {
    "datadog": (of_datadog, {"model_served", "finish_reason"}),
    "opik": (of_opik, set()),
    "langsmith": (of_langsmith, set()),
    "helicone": (of_helicone, set()),
    "mlflow": (of_mlflow, {"reasoning_tokens", "first_token_s"}),
    "langfuse": (of_langfuse, {"model_served"}),
}
"""By store: a trace of it, and what its columns do not tell of a call."""


def facts(trace: Trace | None) -> dict[str, Any]:
    assert trace is not None
    return facts_of(trace, extract(trace, SamplePaths())).model_dump()


@pytest.mark.parametrize("store", STORES)
def test_a_call_has_the_same_facts_in_every_store(store: str) -> None:
    make, untold = STORES[store]
    found = facts(make())
    assert {name: found[name] for name in WHOLE} == {
        name: None if name in untold else value for name, value in WHOLE.items()
    }


def opik_counts(**usage: int) -> tuple[Any, ...]:
    row = {"id": ID, "start_time": BEGAN}
    step = {**row, "id": STEP, "type": "llm", "usage": {key.replace("__", "."): n for key, n in usage.items()}}
    found = facts(opik.trace_of(row, [step]))
    return found["input_tokens"], found["cached_tokens"], found["output_tokens"], found["reasoning_tokens"]


def test_opik_counts_what_anthropic_put_into_its_cache_as_input() -> None:
    """The SDK adds it to `completion_tokens`. What the endpoint reported counts."""
    reported = {
        "original_usage__input_tokens": 20,
        "original_usage__cache_read_input_tokens": 70,
        "original_usage__cache_creation_input_tokens": 10,
        "original_usage__output_tokens": 30,
    }
    assert opik_counts(prompt_tokens=90, completion_tokens=40, **reported) == (100, 70, 30, None)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (
            {"inputTokens": 20, "cacheReadInputTokens": 80, "outputTokens": 30},
            (100, 80, 30, None),
        ),
        (
            {
                "prompt_token_count": 100,
                "cached_content_token_count": 80,
                "candidates_token_count": 10,
                "thoughts_token_count": 20,
                "total_token_count": 130,
            },
            (100, 80, 30, 20),
        ),
        (
            {"input_tokens": 100, "input_token_details.cache_read": 80, "output_tokens": 30},
            (100, 80, 30, None),
        ),
    ],
    ids=["Bedrock", "Gemini", "LangChain"],
)
def test_opik_keeps_each_endpoints_own_usage(usage: dict[str, int], expected: tuple[Any, ...]) -> None:
    told = {f"original_usage.{key}": n for key, n in usage.items()}
    assert opik_counts(prompt_tokens=1, completion_tokens=1, **told) == expected


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1, 1e30, 10**400, "many", True, [1], {"n": 1}])
def test_an_odd_number_is_unknown_and_loses_no_trace(number: Any) -> None:
    names = ("input_tokens", "output_tokens", "time_to_first_token", "estimated_total_cost")
    span = {"trace_id": ID, "span_id": "1", "span_kind": "llm", "start_ns": NOON.timestamp() * 1e9, "duration": number}
    found = facts(datadog.trace_of([{**span, "metrics": dict.fromkeys(names, number)}]))
    told = {name: found[name] for name in ("input_tokens", "output_tokens", "first_token_s", "cost_usd", "duration_s")}
    assert told == dict.fromkeys(told)


def test_of_several_linked_prompts_nobody_knows_which_counts() -> None:
    two = [{"name": "router", "version": {"commit": "1"}}, {"name": "answer", "version": {"commit": "7"}}]
    row = {"id": ID, "start_time": BEGAN, "metadata": {"opik_prompts": two}}
    assert facts(opik.trace_of(row, []))["prompt_name"] is None
