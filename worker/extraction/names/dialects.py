"""The names under which dialects say what a model call took, which model it was, and with which prompt it was asked.

Names are whole: `gen_ai.usage.input_tokens`. Stores keep them flat or nested, with or without `attributes.` before
them. The table in docs/reference/trace-shapes.md is made of this one.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

FactName = Literal[
    "input",
    "tool_input",
    "cached",
    "cache_write",
    "output",
    "reasoning",
    "total",
    "cost_usd",
    "input_cost_usd",
    "output_cost_usd",
    "first_token_s",
    "first_token_ms",
    "asked",
    "served",
    "provider",
    "finish_reason",
    "prompt_name",
    "prompt_version",
]
FACT_NAMES: tuple[FactName, ...] = get_args(FactName)
"""What a dialect may say. `first_token_s` counts from the start of the call, in seconds, `first_token_ms` in ms.

`tool_input` is what the provider's own tools put into the prompt, and stands beside `input`. The costs of input and of
output count together, and only where no name says the whole cost.
"""


class Dialect(NamedTuple):
    """Who writes the names, and the names by fact, the most telling first.

    Attributes:
        places: objects that the names lie in: `prompt_tokens` in `usage`. None: in none.
        beside: keys of input tokens that leave out those from and into the cache, e.g. `input_tokens` of Anthropic.
        reasoning_beside: its output tokens leave out those of reasoning.
    """

    who: str
    names: dict[FactName, tuple[str, ...]]
    places: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    reasoning_beside: bool = False


_ORIGINAL = "original_usage"
"""The usage of any endpoint, as it reported it."""
_USAGE = (
    *("usage", "token_usage", "response_metadata.token_usage", "response_metadata.usage", "llm_output.token_usage"),
    _ORIGINAL,
)
"""Where applications keep the usage that an endpoint reported."""
_LANGCHAIN = ("usage_metadata", "response_metadata.usage_metadata", _ORIGINAL)
_GEMINI = ("usage_metadata", "usageMetadata", "response_metadata.usage_metadata", _ORIGINAL)

COST_PARTS = ("langfuse.observation.cost_details",)
"""Objects whose numbers sum up to what a call cost, where none of them is the total."""

DIALECTS: tuple[Dialect, ...] = (
    Dialect(
        "OpenTelemetry GenAI",
        {
            "input": ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
            "cached": ("gen_ai.usage.cache_read.input_tokens",),
            "cache_write": ("gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens"),
            "output": ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
            "reasoning": ("gen_ai.usage.reasoning.output_tokens",),
            "first_token_s": ("gen_ai.response.time_to_first_chunk",),
            "asked": ("gen_ai.request.model",),
            "served": ("gen_ai.response.model",),
            "provider": ("gen_ai.provider.name", "gen_ai.system"),
            "finish_reason": ("gen_ai.response.finish_reasons",),
            "prompt_name": ("gen_ai.prompt.name",),
            "prompt_version": ("gen_ai.prompt.version",),
        },
    ),
    Dialect(
        "OpenLLMetry",
        {
            "input": ("llm.usage.prompt_tokens",),
            "cached": ("gen_ai.usage.cache_read_input_tokens",),
            "cache_write": ("gen_ai.usage.cache_creation_input_tokens", "gen_ai.usage.cache_write_input_tokens"),
            "output": ("llm.usage.completion_tokens",),
            "reasoning": ("gen_ai.usage.reasoning_tokens", "llm.usage.reasoning_tokens"),
            "total": ("gen_ai.usage.total_tokens", "llm.usage.total_tokens"),
            "asked": ("llm.request.model",),
            "served": ("llm.response.model",),
            "provider": ("llm.vendor",),
            "finish_reason": (
                *("gen_ai.response.finish_reason", "gen_ai.response.stop_reason", "gen_ai.completion.0.finish_reason"),
                *("llm.response.finish_reason", "llm.response.stop_reason"),
            ),
            "prompt_name": ("traceloop.prompt.key",),
            "prompt_version": ("traceloop.prompt.version", "traceloop.prompt.version_name"),
        },
    ),
    Dialect(
        "OpenInference",
        {
            "input": ("llm.token_count.prompt",),
            "cached": ("llm.token_count.prompt_details.cache_read",),
            "cache_write": ("llm.token_count.prompt_details.cache_write",),
            "output": ("llm.token_count.completion",),
            "reasoning": ("llm.token_count.completion_details.reasoning",),
            "total": ("llm.token_count.total",),
            "cost_usd": ("llm.cost.total",),
            "input_cost_usd": ("llm.cost.prompt",),
            "output_cost_usd": ("llm.cost.completion",),
            "asked": ("llm.request.model_name", "llm.model_name"),
            "served": ("llm.response.model_name",),
            "provider": ("llm.provider", "llm.system"),
            "finish_reason": ("llm.finish_reason",),
            "prompt_name": ("prompt.name", "prompt.id"),
            "prompt_version": ("prompt.version", "llm.prompt_template.version"),
        },
    ),
    Dialect(
        "Vercel AI",
        {
            "input": ("ai.usage.inputTokens", "ai.usage.promptTokens"),
            "cached": ("ai.usage.cachedInputTokens", "ai.usage.inputTokenDetails.cacheReadTokens"),
            "cache_write": ("ai.usage.inputTokenDetails.cacheWriteTokens",),
            "output": ("ai.usage.outputTokens", "ai.usage.completionTokens"),
            "reasoning": ("ai.usage.reasoningTokens", "ai.usage.outputTokenDetails.reasoningTokens"),
            "total": ("ai.usage.totalTokens",),
            "first_token_ms": ("ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"),
            "asked": ("ai.model.id",),
            "served": ("ai.response.model",),
            "provider": ("ai.model.provider",),
            "finish_reason": ("ai.response.finishReason",),
        },
    ),
    Dialect(
        "Pydantic AI",
        {
            "input": ("gen_ai.aggregated_usage.input_tokens",),
            "cached": (
                "gen_ai.usage.details.cache_read_tokens",
                "gen_ai.usage.details.cache_read_input_tokens",
                "gen_ai.usage.details.cached_content_tokens",
            ),
            "cache_write": (
                "gen_ai.usage.details.cache_write_tokens",
                "gen_ai.usage.details.cache_creation_input_tokens",
            ),
            "output": ("gen_ai.aggregated_usage.output_tokens",),
            "reasoning": ("gen_ai.usage.details.reasoning_tokens", "gen_ai.usage.details.thoughts_tokens"),
            "cost_usd": ("operation.cost",),
            "asked": ("model_name",),
        },
    ),
    Dialect(
        "Langfuse",
        {
            "input": (
                "langfuse.observation.usage_details.input",
                "langfuse.observation.usage_details.prompt_tokens",
                "langfuse.observation.usage_details.input_tokens",
            ),
            "cached": (
                "langfuse.observation.usage_details.input_cached_tokens",
                "langfuse.observation.usage_details.cache_read_input_tokens",
                "langfuse.observation.usage_details.input_cache_read",
            ),
            "output": (
                "langfuse.observation.usage_details.output",
                "langfuse.observation.usage_details.completion_tokens",
                "langfuse.observation.usage_details.output_tokens",
            ),
            "reasoning": (
                "langfuse.observation.usage_details.output_reasoning_tokens",
                "langfuse.observation.usage_details.output_reasoning",
            ),
            "total": (
                "langfuse.observation.usage_details.total",
                "langfuse.observation.usage_details.total_tokens",
            ),
            "cost_usd": ("langfuse.observation.cost_details.total",),
            "asked": ("langfuse.observation.model.name",),
            "prompt_name": ("langfuse.observation.prompt.name", "langfusePrompt.name"),
            "prompt_version": ("langfuse.observation.prompt.version", "langfusePrompt.version"),
        },
    ),
    Dialect(
        "LiteLLM",
        {
            "cost_usd": (
                "gen_ai.cost.total_cost",
                "litellm.cost.total",
                "hidden_params.response_cost",
                "response_cost",
            ),
            "input_cost_usd": ("gen_ai.cost.input_cost",),
            "output_cost_usd": ("gen_ai.cost.output_cost",),
            "provider": ("custom_llm_provider",),
        },
    ),
    Dialect("OpenLIT", {"cost_usd": ("gen_ai.usage.cost", "gen_ai.usage.total_cost", "gen_ai.usage.cost_usd")}),
    Dialect("OpenRouter", {"cost_usd": ("usage.cost",)}),
    Dialect(
        "Sentry, OpenRouter",
        {
            "cached": ("gen_ai.usage.input_tokens.cached",),
            "cache_write": ("gen_ai.usage.input_tokens.cache_write",),
            "reasoning": ("gen_ai.usage.output_tokens.reasoning",),
            "cost_usd": ("gen_ai.cost.total_tokens",),
            "input_cost_usd": ("gen_ai.usage.input_cost", "gen_ai.cost.input_tokens"),
            "output_cost_usd": ("gen_ai.usage.output_cost", "gen_ai.cost.output_tokens"),
        },
    ),
    Dialect(
        "LangChain's usage",
        {
            "input": ("input_tokens",),
            "cached": ("input_token_details.cache_read",),
            "cache_write": ("input_token_details.cache_creation",),
            "output": ("output_tokens",),
            "reasoning": ("output_token_details.reasoning",),
            "total": ("total_tokens",),
        },
        places=_LANGCHAIN,
    ),
    Dialect(
        "LangChain, LangSmith",
        {
            "cost_usd": ("total_cost",),
            "asked": ("ls_model_name",),
            "served": (
                *("response_metadata.model_name", "response_metadata.model", "generation_info.model_name"),
                "llm_output.model_name",
            ),
            "provider": ("ls_provider", "response_metadata.model_provider"),
            "finish_reason": (
                *("response_metadata.finish_reason", "response_metadata.stop_reason", "response_metadata.stopReason"),
                *("response_metadata.done_reason", "generation_info.finish_reason"),
            ),
            "prompt_name": ("lc_hub_repo",),
            "prompt_version": ("lc_hub_commit_hash",),
        },
    ),
    Dialect(
        "OpenAI's usage",
        {
            "input": ("prompt_tokens", "input_tokens"),
            "cached": (
                "prompt_tokens_details.cached_tokens",
                "input_tokens_details.cached_tokens",
                "prompt_cache_hit_tokens",
            ),
            "cache_write": ("prompt_tokens_details.cache_write_tokens", "input_tokens_details.cache_write_tokens"),
            "output": ("completion_tokens", "output_tokens"),
            "reasoning": ("completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens"),
            "total": ("total_tokens",),
        },
        places=_USAGE,
    ),
    Dialect(
        "Anthropic's usage",
        {
            "cached": ("cache_read_input_tokens",),
            "cache_write": ("cache_creation_input_tokens",),
        },
        places=_USAGE,
        beside=("input_tokens",),
    ),
    Dialect(
        "Bedrock's usage",
        {
            "input": ("inputTokens",),
            "cached": ("cacheReadInputTokens",),
            "cache_write": ("cacheWriteInputTokens",),
            "output": ("outputTokens",),
            "total": ("totalTokens",),
        },
        places=_USAGE,
        beside=("inputTokens",),
    ),
    Dialect(
        "Vercel AI's usage",
        {
            "input": ("promptTokens",),
            "cached": ("cachedInputTokens", "inputTokenDetails.cacheReadTokens"),
            "cache_write": ("inputTokenDetails.cacheWriteTokens",),
            "output": ("completionTokens",),
            "reasoning": ("reasoningTokens", "outputTokenDetails.reasoningTokens"),
        },
        places=_USAGE,
    ),
    Dialect(
        "Cohere's usage",
        {"input": ("tokens.input_tokens",), "output": ("tokens.output_tokens",)},
        places=("usage", "meta"),
    ),
    Dialect(
        "Ollama's usage",
        {
            "input": ("prompt_eval_count", "response_metadata.prompt_eval_count"),
            "output": ("eval_count", "response_metadata.eval_count"),
        },
    ),
    Dialect(
        "Gemini's usage",
        {
            "input": ("prompt_token_count", "promptTokenCount"),
            "tool_input": ("tool_use_prompt_token_count", "toolUsePromptTokenCount"),
            "cached": ("cached_content_token_count", "cachedContentTokenCount"),
            "output": ("candidates_token_count", "candidatesTokenCount"),
            "reasoning": ("thoughts_token_count", "thoughtsTokenCount"),
            "total": ("total_token_count", "totalTokenCount"),
        },
        places=_GEMINI,
        reasoning_beside=True,
    ),
    Dialect(
        "an application's own metadata",
        {
            "cost_usd": ("cost_usd",),
            "first_token_s": ("first_token_s",),
            "first_token_ms": ("first_token_ms", "gen_ai.response.time_to_first_token_ms"),
            "asked": ("model_asked", "model"),
            "served": ("model_served",),
            "provider": ("provider",),
            "finish_reason": ("finish_reason", "finishReason"),
            "prompt_name": ("prompt_name",),
            "prompt_version": ("prompt_version",),
        },
    ),
)
"""From the most telling to the least: of several names of one fact on a step, the first that says something counts."""
