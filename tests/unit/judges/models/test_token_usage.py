"""Usage as each provider spells it, and the invoice that comes of it, computed by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.models.token_usage import MOST_TOKENS, read_usage, usage_in
from assay.judges.prices import Price, PriceTable
from assay.judges.schema import Usage

PRICES = PriceTable(checked="2026-11", models={"m": Price(input=2.0, cached_input=0.5, output=8.0, cache_write=2.5)})
"""USD per million: 2 fresh, .5 from the cache, 2.5 into the cache, 8 written."""

INVOICES: dict[str, tuple[dict[str, Any], float]] = {
    # 1,000 fresh and 100 written: 1,000 x 2 + 100 x 8
    "openai, plain": ({"prompt_tokens": 1_000, "completion_tokens": 100, "total_tokens": 1_100}, 2_800),
    # 400 of 1,000 from the cache, 60 of 100 reasoning (among them): 600 x 2 + 400 x .5 + 100 x 8
    "openai, cached and reasoning": (
        {
            "prompt_tokens": 1_000,
            "completion_tokens": 100,
            "total_tokens": 1_100,
            "prompt_tokens_details": {"cached_tokens": 400},
            "completion_tokens_details": {"reasoning_tokens": 60},
        },
        2_200,
    ),
    # as OpenAI's second API names them, 400 of 1,000 cached: 600 x 2 + 400 x .5 + 100 x 8
    "openai responses": (
        {"input_tokens": 1_000, "output_tokens": 100, "input_tokens_details": {"cached_tokens": 400}},
        2_200,
    ),
    # hit 900 + miss 100 = 1,000: 100 x 2 + 900 x .5 + 50 x 8
    "deepseek": (
        {
            "prompt_tokens": 1_000,
            "completion_tokens": 50,
            "total_tokens": 1_050,
            "prompt_cache_hit_tokens": 900,
            "prompt_cache_miss_tokens": 100,
        },
        1_050,
    ),
    # thinking in nothing but the total: 500 - 100 - 20 = 380 more written: 100 x 2 + 400 x 8
    "gemini, compatible": ({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 500}, 3_400),
    # thinking beside the candidates: 100 x 2 + (20 + 380) x 8
    "gemini, native": (
        {"promptTokenCount": 100, "candidatesTokenCount": 20, "thoughtsTokenCount": 380, "totalTokenCount": 500},
        3_400,
    ),
    # input beside cache: 100 fresh, 1,000 read, 200 put: 100 x 2 + 1,000 x .5 + 200 x 2.5 + 30 x 8
    "anthropic": (
        {
            "input_tokens": 100,
            "cache_read_input_tokens": 1_000,
            "cache_creation_input_tokens": 200,
            "output_tokens": 30,
        },
        1_440,
    ),
    # the same through a gateway that has added them up, 1,300 in all
    "anthropic, added up by a gateway": (
        {
            "prompt_tokens": 1_300,
            "completion_tokens": 30,
            "total_tokens": 1_330,
            "cache_read_input_tokens": 1_000,
            "cache_creation_input_tokens": 200,
        },
        1_440,
    ),
    # the same through one that has not: 100 is less than was cached
    "anthropic, not added up": (
        {
            "prompt_tokens": 100,
            "completion_tokens": 30,
            "total_tokens": 130,
            "cache_read_input_tokens": 1_000,
            "cache_creation_input_tokens": 200,
        },
        1_440,
    ),
    # its own price stands beside, ours is told by the table: 800 x 2 + 200 x 2.5 + 100 x 8
    "openrouter": (
        {
            "prompt_tokens": 1_000,
            "completion_tokens": 100,
            "total_tokens": 1_100,
            "cost": 0.5,
            "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 200},
        },
        2_900,
    ),
    # reasoning beside the completion, as the total tells: 32 x 2 + (9 + 94) x 8
    "xai": (
        {
            "prompt_tokens": 32,
            "completion_tokens": 9,
            "total_tokens": 135,
            "completion_tokens_details": {"reasoning_tokens": 94},
        },
        888,
    ),
    # what is billed comes before what was counted: 10 x 2 + 5 x 8
    "cohere": (
        {
            "billed_units": {"input_tokens": 10, "output_tokens": 5},
            "tokens": {"input_tokens": 80, "output_tokens": 6},
        },
        60,
    ),
    # floats: 900 x 2 + 10 x 8
    "a gateway's floats": ({"prompt_tokens": 900.0, "completion_tokens": 10.0, "total_tokens": 910.0}, 1_880),
    # 100 fresh beside 900 read: 100 x 2 + 900 x .5 + 10 x 8
    "bedrock converse": (
        {"inputTokens": 100, "outputTokens": 10, "totalTokens": 1_010, "cacheReadInputTokens": 900},
        730,
    ),
    # Ollama's own names: 100 x 2 + 10 x 8
    "ollama": ({"prompt_eval_count": 100, "eval_count": 10}, 280),
}


@pytest.mark.parametrize("shape", INVOICES)
def test_invoice_is_the_one_computed_by_hand(shape: str) -> None:
    usage, millionths = INVOICES[shape]
    assert PRICES.cost("m", read_usage(usage)) == pytest.approx(millionths / 1_000_000)


@pytest.mark.parametrize("written", [None, -5, math.nan, math.inf, "100", 10**12, True, [100], {}, "missing"])
@pytest.mark.parametrize(
    ("prompt", "completion"),
    [("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens"), ("prompt_eval_count", "eval_count")],
)
def test_half_a_usage_is_an_unknown_cost_unless_the_total_tells(prompt: str, completion: str, written: object) -> None:
    half = {prompt: 1_000} if written == "missing" else {prompt: 1_000, completion: written}
    assert read_usage(half) == Usage(calls=1)
    assert PRICES.cost("m", read_usage(half)) is None
    assert read_usage({**half, "total_tokens": 1_000}) == Usage(calls=1)
    told = read_usage({**half, "total_tokens": 1_100})
    assert (told.prompt_tokens, told.completion_tokens) == (1_000, 100)


def test_completion_of_no_tokens_is_believed_where_it_is_said() -> None:
    assert PRICES.cost("m", read_usage({"prompt_tokens": 1_000, "completion_tokens": 0})) == pytest.approx(0.002)
    assert PRICES.cost("m", read_usage({"prompt_tokens": 1_000}, is_answered=False)) == pytest.approx(0.002)
    # Gemini leaves out what is zero
    blocked = {"promptTokenCount": 1_000, "totalTokenCount": 1_000}
    assert PRICES.cost("m", read_usage(blocked)) == pytest.approx(0.002)
    assert read_usage({"promptTokenCount": 1_000}) == Usage(calls=1)


def test_missing_prompt_is_told_by_the_total() -> None:
    usage = read_usage({"completion_tokens": 100, "total_tokens": 1_100})
    assert (usage.prompt_tokens, usage.completion_tokens) == (1_000, 100)
    assert read_usage({"total_tokens": 1_100}) == Usage(calls=1)


def test_input_of_geminis_own_tools_is_input() -> None:
    usage = read_usage(
        {
            "promptTokenCount": 1_000,
            "candidatesTokenCount": 10,
            "toolUsePromptTokenCount": 300,
            "totalTokenCount": 1_310,
        }
    )
    assert (usage.prompt_tokens, usage.completion_tokens, usage.reasoning_tokens) == (1_300, 10, 0)


PLACES: list[tuple[dict[str, Any], Usage]] = [
    ({"usage": {"prompt_tokens": 5, "completion_tokens": 2}}, Usage(calls=1, prompt_tokens=5, completion_tokens=2)),
    (
        {"x_groq": {"id": "r", "usage": {"prompt_tokens": 5, "completion_tokens": 2}}},
        Usage(calls=1, prompt_tokens=5, completion_tokens=2),
    ),
    (
        {"usage": None, "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 2}},
        Usage(calls=1, prompt_tokens=5, completion_tokens=2),
    ),
    (
        {"timings": {"prompt_n": 10, "cache_n": 90, "predicted_n": 7}},
        Usage(calls=1, prompt_tokens=100, cached_tokens=90, completion_tokens=7),
    ),
    ({"usage": {}, "x_groq": "x", "timings": []}, Usage(calls=1)),
    ({}, Usage(calls=1)),
]


@pytest.mark.parametrize(("answer", "usage"), PLACES)
def test_usage_is_found_wherever_an_answer_tells_it(answer: dict[str, Any], usage: Usage) -> None:
    assert usage_in(answer) == usage


@pytest.mark.parametrize("odd", [-1, True, "900", None, [], {}, math.nan, math.inf, 10**12, 0.5])
def test_count_that_is_none_is_none(odd: object) -> None:
    usage = read_usage({"prompt_tokens": odd, "completion_tokens": odd, "total_tokens": odd})
    assert (usage.prompt_tokens, usage.completion_tokens) == (0, 0)
    assert PRICES.cost("m", usage) is None, "unknown, not free"


_NAMES = [
    *("prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens", "cached_tokens"),
    *("prompt_tokens_details", "completion_tokens_details", "cache_read_input_tokens", "billed_units"),
    *("cache_creation_input_tokens", "reasoning_tokens", "promptTokenCount", "thoughtsTokenCount", "totalTokenCount"),
]
_ODD = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)


@given(st.recursive(_ODD, lambda inner: st.dictionaries(st.sampled_from(_NAMES), inner, max_size=6), max_leaves=12))
def test_no_usage_breaks_anything_or_uses_up_a_budget(usage: object) -> None:
    told = read_usage(usage)
    assert told.calls == 1
    assert all(0 <= count <= 5 * MOST_TOKENS for count in told.model_dump().values())
