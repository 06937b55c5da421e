"""The names of facts by dialect, how each counts, and the table of them in docs/reference/trace-shapes.md.

Run this as a module to renew the table.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from assay.worker.extraction.facts import facts_of
from assay.worker.extraction.names.dialects import DIALECTS, FACT_NAMES, Dialect, FactName
from assay.worker.extraction.names.facts import NAMINGS
from assay.worker.extraction.step_facts import StepFacts, facts_in
from assay.worker.records.facts import TraceFacts
from assay.worker.records.traces import Observation, Tokens
from tests.builders import NOW, make_trace

DOCUMENT = Path(__file__).parents[4] / "docs" / "reference" / "trace-shapes.md"
BEGIN, END = "<!-- table: python -m tests.unit.worker.extraction.test_fact_names -->", "<!-- end of facts -->"

READ: dict[FactName, tuple[Any, Any]] = {
    "input": ("7", lambda facts: facts.tokens.input),
    "cached": (7, lambda facts: facts.tokens.cached),
    "cache_write": (7.0, lambda facts: facts.tokens.cache_write),
    "output": (7, lambda facts: facts.tokens.output),
    "reasoning": (7, lambda facts: facts.tokens.reasoning),
    "cost_usd": (7, lambda facts: facts.cost_usd),
    "first_token_s": ("7", lambda facts: facts.first_token_s),
    "first_token_ms": (7000, lambda facts: facts.first_token_s),
    "asked": (" 7 ", lambda facts: int(facts.asked)),
    "served": ("7", lambda facts: int(facts.served)),
    "provider": ("7", lambda facts: int(facts.provider)),
    "finish_reason": ('["7"]', lambda facts: int(facts.finish_reason)),
    "prompt_name": ("7", lambda facts: int(facts.prompt_name)),
    "prompt_version": (7, lambda facts: int(facts.prompt_version)),
}
"""By fact: how 7 may be written, and where it is then."""
PARTS = {"total", "tool_input", "input_cost_usd", "output_cost_usd"}
"""Facts that say nothing alone."""


def nested(name: str, value: object) -> dict[str, Any]:
    """A name as an object of objects: `{"gen_ai": {"usage": ...}}`."""
    for part in reversed(name.split(".")):
        value = {part: value}
    return value  # type: ignore[return-value]  # at least one part


@pytest.mark.parametrize("name", [name for name in NAMINGS if NAMINGS[name].fact not in PARTS])
def test_every_name_is_read_flat_and_nested(name: str) -> None:
    written, read = READ[NAMINGS[name].fact]
    for metadata in (
        {name: written},
        nested(name, written),
        {"attributes": {name.removeprefix("attributes."): written}},
    ):
        assert read(facts_in(metadata)) == 7


def test_every_fact_has_a_name() -> None:
    assert {naming.fact for naming in NAMINGS.values()} == set(FACT_NAMES) == {*READ, *PARTS}


SAID: list[tuple[str, dict[str, Any], StepFacts]] = [
    (
        "OpenTelemetry, new: cached and reasoning are parts",
        {
            "gen_ai.usage.input_tokens": 100,
            "gen_ai.usage.cache_read.input_tokens": 80,
            "gen_ai.usage.cache_write.input_tokens": 10,
            "gen_ai.usage.output_tokens": 30,
            "gen_ai.usage.reasoning.output_tokens": 20,
            "gen_ai.request.model": "gpt-x",
            "gen_ai.response.model": "gpt-x-2026",
            "gen_ai.provider.name": "openai",
            "gen_ai.response.finish_reasons": ["stop"],
        },
        StepFacts(
            tokens=Tokens(input=100, cached=80, cache_write=10, output=30, reasoning=20),
            asked="gpt-x", served="gpt-x-2026", provider="openai", finish_reason="stop",
        ),
    ),
    (
        "OpenTelemetry, old",
        {"gen_ai.usage.prompt_tokens": "100", "gen_ai.usage.completion_tokens": "30", "gen_ai.system": "vertex_ai"},
        StepFacts(tokens=Tokens(input=100, output=30), provider="gcp.vertex_ai"),
    ),
    (
        "more cached than went in: beside it",
        {"gen_ai.usage.input_tokens": 20, "gen_ai.usage.cache_read_input_tokens": 80, "gen_ai.usage.output_tokens": 5},
        StepFacts(tokens=Tokens(input=100, cached=80, output=5)),
    ),
    (
        "the total says that cached ones stand beside",
        {
            "gen_ai.usage.input_tokens": 90,
            "gen_ai.usage.cache_read_input_tokens": 80,
            "gen_ai.usage.output_tokens": 5,
            "gen_ai.usage.total_tokens": 175,
        },
        StepFacts(tokens=Tokens(input=170, cached=80, output=5)),
    ),
    (
        "OpenInference",
        {
            "llm.token_count.prompt": 100,
            "llm.token_count.prompt_details.cache_read": 80,
            "llm.token_count.completion": 30,
            "llm.token_count.completion_details.reasoning": 20,
            "llm.cost.total": 0.01,
            "llm.model_name": "claude",
            "llm.system": "anthropic",
            "llm.finish_reason": "tool_use",
            "prompt.id": "qa",
            "llm.prompt_template.version": "v3",
        },
        StepFacts(
            tokens=Tokens(input=100, cached=80, output=30, reasoning=20), cost_usd=0.01, asked="claude",
            provider="anthropic", finish_reason="tool_call", prompt_name="qa", prompt_version="v3",
        ),
    ),
    (
        "OpenLLMetry",
        {"llm.usage.prompt_tokens": 100, "traceloop.prompt.key": "qa", "traceloop.prompt.version": 3},
        StepFacts(tokens=Tokens(input=100), prompt_name="qa", prompt_version="3"),
    ),
    (
        "a cost in two parts",
        {"llm.cost.prompt": 0.01, "llm.cost.completion": "0.02"},
        StepFacts(cost_usd=0.03),
    ),
    ("half a cost is none", {"llm.cost.prompt": 0.01, "llm.cost.completion": -1}, StepFacts()),
    (
        "the whole cost counts before its parts",
        {"llm.cost.prompt": 0.01, "llm.cost.completion": 0.02, "gen_ai.usage.cost": 0.05},
        StepFacts(cost_usd=0.05),
    ),
    (
        "a cost in many parts",
        {"langfuse.observation.cost_details": {"input": 0.01, "input_cached_tokens": 0.005, "output": 0.02}},
        StepFacts(cost_usd=0.01 + 0.005 + 0.02),
    ),
    (
        "a part that is no amount makes all of it unknown",
        {"langfuse.observation.cost_details": {"input": 0.01, "output": "much"}},
        StepFacts(),
    ),
    (
        "the total says that both cached ones and reasoning stand beside",
        {
            "langfuse.observation.usage_details": {
                "input": 20,
                "input_cached_tokens": 80,
                "output": 10,
                "output_reasoning": 5,
                "total": 115,
            }
        },
        StepFacts(tokens=Tokens(input=100, cached=80, output=15, reasoning=5)),
    ),
    (
        "where the total does not tell which of two stands beside, the dialect does",
        {
            "gen_ai.usage.input_tokens": 100,
            "gen_ai.usage.cache_read_input_tokens": 20,
            "gen_ai.usage.output_tokens": 50,
            "gen_ai.usage.reasoning_tokens": 20,
            "gen_ai.usage.total_tokens": 170,
        },
        StepFacts(tokens=Tokens(input=100, cached=20, output=50, reasoning=20)),
    ),
    (
        "Sentry",
        {
            "gen_ai.usage.input_tokens": 100,
            "gen_ai.usage.input_tokens.cached": 80,
            "gen_ai.usage.output_tokens": 30,
            "gen_ai.usage.output_tokens.reasoning": 20,
            "gen_ai.cost.total_tokens": 0.02,
        },
        StepFacts(tokens=Tokens(input=100, cached=80, output=30, reasoning=20), cost_usd=0.02),
    ),
    (
        "Cohere's own",
        {"usage": {"billed_units": {"input_tokens": 9}, "tokens": {"input_tokens": 100, "output_tokens": 5}}},
        StepFacts(tokens=Tokens(input=100, output=5)),
    ),
    ("Ollama's own", {"prompt_eval_count": 100, "eval_count": 5}, StepFacts(tokens=Tokens(input=100, output=5))),
    (
        "the prompt's version, new",
        {"gen_ai.prompt.name": "qa", "gen_ai.prompt.version": "2"},
        StepFacts(prompt_name="qa", prompt_version="2"),
    ),
    ("a list of models is no model", {"gen_ai.request.model": ["gpt-x", "gpt-y"]}, StepFacts()),
    ("nanoseconds or seconds: nobody knows", {"gen_ai.response.time_to_first_token": 250_000_000}, StepFacts()),
    ("milliseconds by name", {"gen_ai.response.time_to_first_token_ms": 250}, StepFacts(first_token_s=0.25)),
    *(
        (f"{name} is {newest}", {"gen_ai.provider.name": name}, StepFacts(provider=newest))
        for name, newest in [
            ("google.generative-ai", "gcp.gemini"),
            ("google_vertexai", "gcp.vertex_ai"),
            ("google.vertex.chat", "gcp.vertex_ai"),
            ("Google", "gcp.gen_ai"),
            ("amazon-bedrock", "aws.bedrock"),
            ("azure-openai.chat", "azure.ai.openai"),
            ("mistralai", "mistral_ai"),
            ("xai.chat", "x_ai"),
            ("azure", "azure"),
        ]
    ),
    (
        "Vercel AI",
        {
            "ai.usage.inputTokens": 100,
            "ai.usage.cachedInputTokens": 80,
            "ai.usage.outputTokens": 30,
            "ai.usage.reasoningTokens": 20,
            "ai.model.id": "gpt-x",
            "ai.model.provider": "openai.responses",
            "ai.response.finishReason": "tool-calls",
            "ai.response.msToFirstChunk": 412.5,
        },
        StepFacts(
            tokens=Tokens(input=100, cached=80, output=30, reasoning=20), first_token_s=0.4125, asked="gpt-x",
            provider="openai", finish_reason="tool_call",
        ),
    ),
    (
        "Pydantic AI",
        {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.details.reasoning_tokens": 2, "operation.cost": 3e-05},
        StepFacts(tokens=Tokens(input=100, reasoning=2), cost_usd=3e-05),
    ),
    (
        "LiteLLM, which adds Anthropic's keys to OpenAI's",
        {
            "usage": {
                "prompt_tokens": 100,
                "completion_tokens": 5,
                "prompt_tokens_details": {"cached_tokens": 80},
                "cache_read_input_tokens": 80,
                "cache_creation_input_tokens": 10,
            },
            "hidden_params": {"response_cost": "0.02"},
        },
        StepFacts(tokens=Tokens(input=100, cached=80, cache_write=10, output=5), cost_usd=0.02),
    ),
    (
        "LangChain",
        {
            "usage_metadata": {
                "input_tokens": 100,
                "output_tokens": 30,
                "input_token_details": {"cache_read": 80},
                "output_token_details": {"reasoning": 20},
            },
            "ls_model_name": "gpt-x",
            "ls_provider": "openai",
            "lc_hub_repo": "qa",
            "lc_hub_commit_hash": "c0ffee",
        },
        StepFacts(
            tokens=Tokens(input=100, cached=80, output=30, reasoning=20), asked="gpt-x", provider="openai",
            prompt_name="qa", prompt_version="c0ffee",
        ),
    ),
    (
        "OpenAI's own",
        {"usage": {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 80}, "output_tokens": 5}},
        StepFacts(tokens=Tokens(input=100, cached=80, output=5)),
    ),
    (
        "Anthropic's own: cached ones stand beside",
        {
            "usage": {
                "input_tokens": 90,
                "cache_read_input_tokens": 80,
                "cache_creation_input_tokens": 10,
                "output_tokens": 5,
            }
        },
        StepFacts(tokens=Tokens(input=180, cached=80, cache_write=10, output=5)),
    ),
    (
        "Bedrock's own: the same",
        {"usage": {"inputTokens": 90, "cacheReadInputTokens": 80, "outputTokens": 5}},
        StepFacts(tokens=Tokens(input=170, cached=80, output=5)),
    ),
    (
        "Gemini's own: thoughts stand beside",
        {
            "usageMetadata": {
                "promptTokenCount": 100,
                "cachedContentTokenCount": 80,
                "candidatesTokenCount": 5,
                "thoughtsTokenCount": 30,
            }
        },
        StepFacts(tokens=Tokens(input=100, cached=80, output=35, reasoning=30)),
    ),
    (
        "Gemini's own tools: what they put into the prompt stands beside",
        {
            "usage_metadata": {
                "prompt_token_count": 1000,
                "tool_use_prompt_token_count": 300,
                "candidates_token_count": 100,
                "total_token_count": 1400,
            }
        },
        StepFacts(tokens=Tokens(input=1300, output=100)),
    ),
    (
        "the same within the prompt, as the total says",
        {
            "usageMetadata": {
                "promptTokenCount": 1300,
                "toolUsePromptTokenCount": 300,
                "candidatesTokenCount": 100,
                "thoughtsTokenCount": 50,
                "totalTokenCount": 1450,
            }
        },
        StepFacts(tokens=Tokens(input=1300, output=150, reasoning=50)),
    ),
    (
        "a 0 under the first name hides nothing",
        {
            "gen_ai.usage.input_tokens": 0,
            "gen_ai.usage.output_tokens": 0,
            "gen_ai.usage.cache_read.input_tokens": 0,
            "usage": {
                "prompt_tokens": 200,
                "completion_tokens": 20,
                "prompt_tokens_details": {"cached_tokens": 80},
            },
            "llm.cost.total": 0,
            "operation.cost": 0.5,
        },
        StepFacts(tokens=Tokens(input=200, cached=80, output=20), cost_usd=0.5),
    ),
    ("a framework's name is no provider", {"gen_ai.system": "strands-agents"}, StepFacts()),
    ("the next name counts where one says nothing", {"gen_ai.system": "", "llm.system": "x"}, StepFacts(provider="x")),
    ("a sentence is no reason to stop", {"finish_reason": "because the user left"}, StepFacts()),
    ("Gemini's reason", {"finish_reason": "FinishReason.MAX_TOKENS"}, StepFacts(finish_reason="length")),
    ("a filter", {"finish_reason": "SAFETY"}, StepFacts(finish_reason="content_filter")),
]  # fmt: skip


@pytest.mark.parametrize(("about", "metadata", "expected"), SAID, ids=[about for about, _, _ in SAID])
def test_a_dialect_is_read(about: str, metadata: dict[str, Any], expected: StepFacts) -> None:
    assert facts_in(metadata) == expected
    assert facts_in({f"attributes.{name}": value for name, value in metadata.items()}) == expected


def taken(usage: Tokens | None, metadata: dict[str, Any]) -> TraceFacts:
    step = Observation(id="a", type="generation", start=NOW, usage=usage, metadata=metadata)
    return facts_of(make_trace(observations=(step,)))


def test_column_of_the_store_counts_before_attributes_and_is_filled_up_by_them() -> None:
    attributes = {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.cache_read.input_tokens": 80}
    filled = taken(Tokens(input=100, output=5), attributes)
    assert (filled.input_tokens, filled.cached_tokens, filled.output_tokens) == (100, 80, 5)
    other = taken(Tokens(input=300, output=5), attributes)
    assert (other.input_tokens, other.cached_tokens) == (300, None)
    known = taken(Tokens(input=100, cached=40), attributes)
    assert (known.input_tokens, known.cached_tokens) == (100, 40)
    assert taken(Tokens(input=0, output=0), attributes).input_tokens == 100


HEADS = {
    "input": "input tokens",
    "tool_input": "of the provider's tools",
    "cached": "of them cached",
    "cache_write": "of them put into the cache",
    "output": "output tokens",
    "reasoning": "of them reasoning",
    "total": "both together",
    "cost_usd": "USD",
    "input_cost_usd": "USD, of input",
    "output_cost_usd": "USD, of output",
    "first_token_s": "first token, s",
    "first_token_ms": "first token, ms",
    "asked": "model asked",
    "served": "model served",
    "provider": "provider",
    "finish_reason": "finish reason",
    "prompt_name": "prompt",
    "prompt_version": "its version",
}


def lines(dialect: Dialect) -> list[str]:
    """A line for each fact that a dialect names."""
    told = dialect.names.items()
    return [f"| {dialect.who} | {HEADS[fact]} | {', '.join(f'`{key}`' for key in keys)} |" for fact, keys in told]


def notes(dialect: Dialect) -> list[str]:
    """Where the names of a dialect lie, and what stands beside its counts."""
    places = f"in {', '.join(f'`{place}`' for place in dialect.places)}" if dialect.places else ""
    beside = f"cached tokens stand beside `{''.join(dialect.beside)}` and are added" if dialect.beside else ""
    reasoning = "reasoning stands beside the output and is added" if dialect.reasoning_beside else ""
    told = "; ".join(filter(None, (places, beside, reasoning)))
    return [f"| {dialect.who} | *where* | {told} |"] if told else []


def table() -> str:
    """The lines of each dialect, the most telling first."""
    rows = [row for dialect in DIALECTS for row in (*lines(dialect), *notes(dialect))]
    return "\n".join(["| dialect | fact | names |", "| --- | --- | --- |", *rows])


def test_documented_table_is_the_codes() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert BEGIN in text
    assert text.partition(BEGIN)[2].partition(END)[0].strip() == table()


if __name__ == "__main__":
    before, begin, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    DOCUMENT.write_text(f"{before}{begin}\n\n{table()}\n\n{end}{after}", encoding="utf-8")
