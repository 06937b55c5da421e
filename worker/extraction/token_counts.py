"""Counts of one model call, made comparable: input with what came from a cache, output with reasoning.

Providers count in two ways. OpenAI's input holds the cached tokens, Anthropic's stands beside them; OpenAI's output
holds the reasoning, Gemini's stands beside it, as does what its own tools put into the prompt. Which way a count goes
is known by its dialect, and by sums that only come out one way. A part is never more than its whole.
"""

from __future__ import annotations

from typing import NamedTuple

from assay.worker.records.traces import MOST_TOKENS, Tokens


class Counts(NamedTuple):
    """What was said of one call, as it was said."""

    input: int | None = None
    cached: int | None = None
    cache_write: int | None = None
    output: int | None = None
    reasoning: int | None = None
    total: int | None = None
    tool_input: int | None = None


def comparable(counts: Counts, *, cached_beside: bool = False, reasoning_beside: bool = False) -> Tokens | None:
    """The counts with `input` and `output` whole. None where nobody counted.

    A call without a token of input was never made: that is how recorders write that nobody counted.
    """
    if counts == Counts() or (counts.input == 0 and not _apart(counts)):
        return None
    cached_beside, reasoning_beside = _beside(counts, cached=cached_beside, reasoning=reasoning_beside)
    given = None if counts.input is None else counts.input + _of_tools(counts)
    return Tokens(
        input=_bounded(_plus(given, _apart(counts) if cached_beside else 0)),
        cached=counts.cached,
        cache_write=counts.cache_write,
        output=_bounded(_plus(counts.output, (counts.reasoning or 0) if reasoning_beside else 0)),
        reasoning=counts.reasoning,
    )


def consistent(tokens: Tokens) -> Tokens | None:
    """Counts in which no part is more than its whole. None where nobody counted."""
    return comparable(Counts(tokens.input, tokens.cached, tokens.cache_write, tokens.output, tokens.reasoning))


def _apart(counts: Counts) -> int:
    """What came from the cache and what went into it."""
    return (counts.cached or 0) + (counts.cache_write or 0)


def _beside(counts: Counts, *, cached: bool, reasoning: bool) -> tuple[bool, bool]:
    """Whether cached tokens and reasoning stand beside input and output.

    A part that is more than its whole stands beside it. Else the way counts by which the stated total comes out; where
    none does, or several, what is known of the dialect.
    """
    apart, thought = _apart(counts), counts.reasoning or 0
    cached = cached or (counts.input is not None and apart > counts.input + _of_tools(counts))
    reasoning = reasoning or (counts.output is not None and thought > counts.output)
    if None in (counts.total, counts.input, counts.output) or ((cached or not apart) and (reasoning or not thought)):
        return cached, reasoning
    missing = (counts.total or 0) - (counts.input or 0) - _of_tools(counts) - (counts.output or 0)
    ways = {
        (beside_in, beside_out)
        for beside_in in ((True,) if cached or not apart else (False, True))
        for beside_out in ((True,) if reasoning or not thought else (False, True))
        if (apart if beside_in else 0) + (thought if beside_out else 0) == missing
    }
    return ways.pop() if len(ways) == 1 else (cached, reasoning)


def _of_tools(counts: Counts) -> int:
    """What the provider's own tools put into the prompt, unless the total says that the input holds it."""
    whole = (counts.input or 0) + (counts.output or 0)
    return 0 if counts.total in {whole, whole + (counts.reasoning or 0)} else counts.tool_input or 0


def _plus(count: int | None, more: int) -> int | None:
    return None if count is None else count + more


def _bounded(count: int | None) -> int | None:
    return count if count is not None and count <= MOST_TOKENS else None
