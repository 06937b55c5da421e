"""How many tokens an answer says it took, in the spellings in use.

All of them come to the same four figures: the whole prompt, what of it was read from a cache and what was written into
one, the whole completion, and what of it was reasoning. Where an endpoint counts cached tokens or reasoning beside the
rest and not among it, they are added: they are paid for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from assay.judges.schema import Usage

MOST_TOKENS = 10_000_000
"""No call takes more. A count beyond is a fault of the endpoint, and believed no further: it would use up a budget."""

_PROMPT = ("prompt_tokens", "promptTokenCount", "inputTokens", "input_tokens", "prompt_eval_count", "tokens_evaluated")
"""The whole prompt: OpenAI's name; Gemini's; Bedrock's and Anthropic's, which leave the cache out; Ollama's;
llama.cpp's."""

_OF_TOOLS = ("toolUsePromptTokenCount",)
"""Input that Gemini's own tools gave, beside the prompt."""

_COMPLETION = (
    "completion_tokens",
    "candidatesTokenCount",
    "outputTokens",
    "output_tokens",
    "eval_count",
    "tokens_predicted",
    "generated_tokens",
)
"""The completion, under the same providers' names; TGI's is the last."""

_CACHED = ("cached_tokens", "cachedContentTokenCount", "prompt_cache_hit_tokens", "num_cached_tokens")
"""Tokens read from a cache, among those of the prompt: OpenAI's name, Gemini's, DeepSeek's (BerriAI/litellm#5017) and
Mistral's."""

_READ_BESIDE = ("cache_read_input_tokens", "cacheReadInputTokens")
"""The same, beside the prompt where that is `input_tokens`: Anthropic's (crewAIInc/crewAI#6770) and Bedrock's."""

_WRITTEN = ("cache_creation_input_tokens", "cacheWriteInputTokens", "cache_write_tokens")
"""Tokens written into a cache: Anthropic's, Bedrock's, OpenRouter's."""

_NAMES_OF_A_CACHE_BESIDE = frozenset((*_READ_BESIDE, *_WRITTEN[:2]))

_REASONING = ("reasoning_tokens", "thoughtsTokenCount", "thinking_tokens")
"""Tokens of reasoning: OpenAI's name, Gemini's, Anthropic's."""

_DETAILS = (
    "prompt_tokens_details",
    "input_tokens_details",
    "completion_tokens_details",
    "output_tokens_details",
)

_TOTAL = ("total_tokens", "totalTokenCount", "totalTokens")

_WRAPPED = ("billed_units", "tokens")
"""Cohere's usage holds its counts one step deeper, what is billed first."""


def read_usage(usage: object, *, is_answered: bool = True) -> Usage:
    """Tokens as reported. They are zero where the server reports none; the price table then says "unknown".

    Half a usage is none: where the tokens of the completion are missing, or no number of tokens, the total must tell
    them. Else the dearer half would cost nothing.

    Args:
        usage: as the answer has it.
        is_answered: whether there is a completion that can be counted. A model that only decides writes none.
    """
    if not isinstance(usage, dict):
        return Usage(calls=1)
    counts = _flat(usage)
    prompted, written = _first(counts, _PROMPT) + _first(counts, _OF_TOOLS), _first(counts, _COMPLETION)
    read_beside, put = _first(counts, _READ_BESIDE), _first(counts, _WRITTEN)
    if _is_cache_beside(counts, prompted, read_beside + put):
        prompted += read_beside + put
    total = _first(counts, _TOTAL)
    if not prompted and written:
        prompted = max(0, total - written)
    named = _first(counts, _REASONING)
    beside = _reasoned_beside(counts, prompted, written, named)
    if not written and prompted and total > prompted:
        written = total - prompted - beside
    elif not written and is_answered and not _says_none(usage):
        return Usage(calls=1)
    return Usage(
        calls=1,
        prompt_tokens=prompted,
        cached_tokens=_first(counts, _CACHED) or read_beside,
        cache_write_tokens=put,
        completion_tokens=written + beside,
        reasoning_tokens=max(named, beside),
    )


def _says_none(usage: Mapping[str, Any]) -> bool:
    """Whether an answer says of its completion that it has no tokens. Gemini leaves out what is zero."""
    values = [level[name] for level in _levels(usage) for name in _COMPLETION if name in level]
    if not values and "promptTokenCount" in usage:
        return "totalTokenCount" in usage
    return any(value == 0 and not isinstance(value, bool) for value in values)


def usage_in(data: Mapping[str, Any]) -> Usage:
    """The tokens of a whole answer, wherever it tells them: Groq's streams, Gemini and llama.cpp have other places."""
    groq = data.get("x_groq")
    places = (data.get("usage"), groq.get("usage") if isinstance(groq, dict) else None, data.get("usageMetadata"))
    usages = (read_usage(place) for place in (*places, _timed(data.get("timings"))))
    return next((usage for usage in usages if usage.prompt_tokens or usage.completion_tokens), Usage(calls=1))


def _timed(timings: object) -> dict[str, Any]:
    """The counts beside llama.cpp's times: of the prompt, those it had to read and those it had read before."""
    if not isinstance(timings, dict):
        return {}
    read, kept = _count(timings.get("prompt_n")), _count(timings.get("cache_n"))
    return {
        "prompt_tokens": read + kept,
        "cached_tokens": kept,
        "completion_tokens": timings.get("predicted_n"),
    }


def _flat(usage: Mapping[str, Any]) -> dict[str, int]:
    """Every count of a usage by its name, those of the details and of a step deeper too. What stands above wins."""
    counts: dict[str, int] = {}
    for level in _levels(usage):
        for name, value in level.items():
            if (count := _count(value)) and name not in counts:
                counts[name] = count
    return counts


def _levels(usage: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A usage, and what of it stands a step deeper."""
    deeper = (usage.get(name) for name in (*_DETAILS, *_WRAPPED))
    return [usage, *(value for value in deeper if isinstance(value, dict))]


def _is_cache_beside(counts: Mapping[str, int], prompted: int, cached: int) -> bool:
    """Whether cached tokens stand beside those of the prompt, as Anthropic counts, and not among them.

    A gateway that says `prompt_tokens` has added them up. One that has not says fewer than were cached.
    """
    if "prompt_tokens" in counts:
        return prompted < cached
    return bool(counts.keys() & _NAMES_OF_A_CACHE_BESIDE)


def _reasoned_beside(counts: Mapping[str, int], prompted: int, written: int, named: int) -> int:
    """Reasoning that is counted beside the completion. It is paid for like the rest.

    Gemini's own names always count it so. Of others the total tells, where it is exactly the sum, or where nobody names
    the reasoning and the total is more than the parts: Gemini's thinking behind its compatible form.
    """
    if "promptTokenCount" in counts:
        return named or max(0, _first(counts, _TOTAL) - prompted - written)
    more = _first(counts, _TOTAL) - prompted - written
    if named:
        return named if more == named else 0
    return max(0, more) if prompted and written else 0


def _first(counts: Mapping[str, int], names: Iterable[str]) -> int:
    return next((counts[name] for name in names if name in counts), 0)


def _count(value: object) -> int:
    """A number of tokens: whole, or a float as some gateways write it. Anything else is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return int(value) if 0 < value <= MOST_TOKENS else 0
