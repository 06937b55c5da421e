"""What one step says of itself: tokens, cost, model, prompt, in whichever dialect its attributes are."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pydantic import JsonValue

from assay.worker.extraction.names.dialects import COST_PARTS, FactName
from assay.worker.extraction.names.facts import BEGINNINGS, NAMINGS, Naming
from assay.worker.extraction.numbers import amount, count
from assay.worker.extraction.token_counts import Counts, comparable, consistent
from assay.worker.extraction.written import has_written
from assay.worker.records.traces import Observation, Tokens

LONGEST = 200
"""Characters of a fact. Facts are names. What is longer is a text, and no text of a trace goes beside a score."""
_LONGEST_KEY = 100
"""Characters of a key in an object: no name of the table is longer."""

_FINISHES = {
    "stop": "stop end_turn stop_sequence eos eos_token complete completed finish",
    "length": "length max_tokens max_output_tokens model_length token_limit model_context_window_exceeded",
    "content_filter": "content_filter content_filtered safety recitation blocklist prohibited_content spii",
    "tool_call": "tool_call tool_calls tool_use function_call",
}
_FINISH_WORDS = {word: finish for finish, words in _FINISHES.items() for word in words.split()}
"""Why a model stopped, in OpenTelemetry's words: `end_turn` of Anthropic and `STOP` of Gemini are `stop`."""
FINISHES = frozenset({*_FINISHES, "error", "other", "unknown", "refusal", "pause_turn", "finish_reason_unspecified"})
"""Reasons to stop that endpoints give. A word that is none of them is the application's own."""
_NEWEST = {
    "gcp.vertex_ai": "vertex_ai vertex_ai_beta vertexai google_vertexai google.vertex google-vertex vertex",
    "gcp.gemini": "gemini google_genai google.generative-ai google_ai_studio google-gla",
    "gcp.gen_ai": "google",
    "azure.ai.inference": "az.ai.inference azure_ai",
    "azure.ai.openai": "az.ai.openai azure_openai azure-openai azureopenai",
    "aws.bedrock": "bedrock aws_bedrock amazon_bedrock amazon-bedrock bedrock_converse",
    "mistral_ai": "mistral mistralai",
    "x_ai": "xai",
    "ibm.watsonx.ai": "watsonx",
}
_PROVIDERS = {name: newest for newest, names in _NEWEST.items() for name in names.split()}
"""Providers by other names than OpenTelemetry's newest. A name that may be several, as `azure`, stays as it is."""
_API = re.compile(r"\.(?:chat|responses|completion|messages|anthropic\.messages)$")
"""What Vercel AI puts behind a provider: `openai.chat`, `anthropic.messages`."""
_FRAMEWORKS = {
    *("strands-agents", "autogen", "langchain", "langgraph", "llama_index", "llamaindex", "crewai", "pydantic-ai"),
    *("haystack", "agno", "smolagents", "semantic_kernel", "dspy", "_other", "other", "unknown"),
}
"""What is written in the place of a provider and is none: Strands writes its own name there."""
_WORD = re.compile(r"[\w.:-]{1,60}", re.ASCII)
"""A reason to stop: `stop`, `FinishReason.STOP`. A sentence is none."""


class StepFacts(NamedTuple):
    """What a step says. None: it does not say it."""

    tokens: Tokens | None = None
    cost_usd: float | None = None
    first_token_s: float | None = None
    asked: str | None = None
    served: str | None = None
    provider: str | None = None
    finish_reason: str | None = None
    prompt_name: str | None = None
    prompt_version: str | None = None


NOTHING = StepFacts()


def facts_of_step(step: Observation) -> StepFacts:
    """What a step says of itself. The store's own columns count before attributes."""
    facts = facts_in(step.metadata)
    own = None if step.usage is None else consistent(step.usage)
    first = None if step.first_token is None else (step.first_token - step.start).total_seconds()
    return facts._replace(
        tokens=fuller(counted(own, step.output, step.metadata), counted(facts.tokens, step.output, step.metadata)),
        cost_usd=_priced(step.cost_usd) or facts.cost_usd,
        first_token_s=facts.first_token_s if first is None else first,
        asked=facts.asked or name_of(step.model),
    )


def counted(tokens: Tokens | None, output: JsonValue, metadata: Mapping[str, JsonValue]) -> Tokens | None:
    """The counts without an output of 0 where something was written: a stream that nobody counted."""
    if tokens is None or tokens.output != 0 or not has_written(output, metadata):
        return tokens
    return tokens.model_copy(update={"output": None})


def fuller(own: Tokens | None, attributed: Tokens | None) -> Tokens | None:
    """The column's counts, with what only the attributes say: stores do not know every dialect's cached tokens."""
    if own is None or attributed is None or attributed.input is None:
        return own or attributed
    is_the_same = own.input in {None, attributed.input}
    fields = {field for field in _WHOLES if is_the_same and getattr(own, field) is None}
    if own.cached is None and attributed.cached is not None and attributed.input >= (own.input or 0):
        fields |= {"input", "cached", "cache_write"} | ({"output"} if own.output is None else set())
    if own.reasoning is None and attributed.reasoning is not None and is_the_same:
        fields |= {"output", "reasoning"}
    more = {field: value for field in fields if (value := getattr(attributed, field)) is not None}
    return consistent(own.model_copy(update=more)) if more else own


def facts_in(metadata: Mapping[str, JsonValue]) -> StepFacts:
    """What metadata says, in any dialect."""
    stated = _stated(metadata) if metadata else {}
    if not stated:
        cost = _summed({}, metadata)
        return NOTHING if cost is None else NOTHING._replace(cost_usd=cost)
    values: dict[FactName, Any] = {fact: value for fact, (_, value) in stated.items()}
    seconds, milliseconds = values.get("first_token_s"), values.get("first_token_ms")
    return StepFacts(
        tokens=_tokens(stated),
        cost_usd=_priced(values.get("cost_usd")) or _summed(values, metadata),
        first_token_s=milliseconds / 1000 if milliseconds is not None and not seconds else seconds,
        asked=values.get("asked"),
        served=values.get("served"),
        provider=values.get("provider"),
        finish_reason=values.get("finish_reason"),
        prompt_name=values.get("prompt_name"),
        prompt_version=values.get("prompt_version"),
    )


def name_of(value: JsonValue) -> str | None:
    """A name or a number as text. None for what is too long or holds what nobody can see."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, int) and value.bit_length() > 4 * LONGEST:
        return None
    text = str(value).strip()
    return text if text and len(text) <= LONGEST and text.isprintable() else None


def _stated(metadata: Mapping[str, JsonValue]) -> dict[FactName, tuple[Naming, Any]]:
    """By fact, the value under its most telling name. Only objects that a name leads through are looked into."""
    stated: dict[FactName, tuple[Naming, Any]] = {}
    waiting: list[tuple[str, Mapping[str, JsonValue]]] = [("", metadata)]
    while waiting:
        prefix, fields = waiting.pop()
        names = {prefix + key: key for key in fields if len(key) <= _LONGEST_KEY} if prefix else fields
        for name in sorted(names.keys() & NAMINGS.keys()):
            _take(stated, NAMINGS[name], fields[name.removeprefix(prefix)])
        for name in sorted(BEGINNINGS.intersection(names)):
            inner = fields[name.removeprefix(prefix)]
            if isinstance(inner, dict):
                waiting.append((f"{name}.", inner))
    return stated


def _take(stated: dict[FactName, tuple[Naming, Any]], naming: Naming, value: JsonValue) -> None:
    """Keep what a name says, if it tells more than what is known. A 0 says less than any other number."""
    known = stated.get(naming.fact)
    if known is not None and naming.rank >= known[0].rank and known[1] != 0:
        return
    read = _READERS[naming.fact](value)
    if read is None or (known is not None and (read == 0, naming.rank) >= (known[1] == 0, known[0].rank)):
        return
    stated[naming.fact] = (naming, read)


def _tokens(stated: Mapping[FactName, tuple[Naming, Any]]) -> Tokens | None:
    counts = Counts(*(stated[fact][1] if fact in stated else None for fact in _COUNTED))
    key = stated["input"][0].name.rpartition(".")[2] if "input" in stated else ""
    return comparable(
        counts,
        cached_beside=all(key in stated[fact][0].dialect.beside for fact in _CACHED if fact in stated),
        reasoning_beside="reasoning" in stated and stated["reasoning"][0].dialect.reasoning_beside,
    )


def _priced(cost_usd: float | None) -> float | None:
    """A cost. 0 is what recorders write for a model without a price: nobody knows what that call cost."""
    return cost_usd or None


def _summed(values: Mapping[FactName, Any], metadata: Mapping[str, JsonValue]) -> float | None:
    """The cost of a call that tells it in parts. None where one of them is not told."""
    for name in COST_PARTS:
        parts = metadata.get(name, metadata.get(f"attributes.{name}"))
        costs = [amount(cost) for cost in parts.values()] if isinstance(parts, dict) else []
        known = [cost for cost in costs if cost is not None]
        if known and len(known) == len(costs):
            return _priced(sum(known))
    given, answered = values.get("input_cost_usd"), values.get("output_cost_usd")
    return None if given is None or answered is None else _priced(given + answered)


def _provider(value: JsonValue) -> str | None:
    """A provider in OpenTelemetry's word: `openai.chat` of Vercel AI is `openai`."""
    name = name_of(value)
    small = _API.sub("", name.lower()) if name is not None else ""
    return None if small in _FRAMEWORKS else _PROVIDERS.get(small, small) or None


def _finish(value: JsonValue) -> str | None:
    """Why a model stopped: `["stop"]`, `FinishReason.TOOL_CALLS`, `end_turn`."""
    if isinstance(value, str) and value[:1] == "[" and len(value) <= LONGEST:
        try:
            value = json.loads(value.replace("'", '"'))
        except (ValueError, RecursionError):
            return None
    if isinstance(value, list):
        value = value[-1] if value else None
    if not isinstance(value, str) or _WORD.fullmatch(value) is None:
        return None
    word = value.rpartition(".")[2].lower().replace("-", "_")
    return _FINISH_WORDS.get(word, word) or None


_COUNTED: tuple[FactName, ...] = ("input", "cached", "cache_write", "output", "reasoning", "total", "tool_input")
_WHOLES = ("input", "output")
_CACHED: tuple[FactName, ...] = ("cached", "cache_write")
_AMOUNTS: tuple[FactName, ...] = ("cost_usd", "input_cost_usd", "output_cost_usd", "first_token_s", "first_token_ms")
_READERS: dict[FactName, Callable[[JsonValue], Any]] = {
    **dict.fromkeys(_COUNTED, count),
    **dict.fromkeys(_AMOUNTS, amount),
    "asked": name_of,
    "served": name_of,
    "provider": _provider,
    "finish_reason": _finish,
    "prompt_name": name_of,
    "prompt_version": name_of,
}
