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
    thought = counts.reasoning or 0 if reasoning_beside else 0
    return Tokens(
        input=_bounded(_input(counts, is_beside=cached_beside, answered=(counts.output or 0) + thought)),
        cached=counts.cached,
        cache_write=counts.cache_write,
        output=_bounded(_output(counts, is_beside=reasoning_beside)),
        reasoning=counts.reasoning,
    )


def consistent(tokens: Tokens) -> Tokens | None:
    """Counts in which no part is more than its whole. None where nobody counted."""
    return comparable(Counts(tokens.input, tokens.cached, tokens.cache_write, tokens.output, tokens.reasoning))


def _apart(counts: Counts) -> int:
    """What came from the cache and what went into it."""
    return (counts.cached or 0) + (counts.cache_write or 0)


def _input(counts: Counts, *, is_beside: bool, answered: int) -> int | None:
    if counts.input is None:
        return None
    apart, given = _apart(counts), counts.input + _of_tools(counts)
    sums_up = counts.total == given + apart + answered
    return given + apart if apart and (is_beside or apart > given or sums_up) else given


def _of_tools(counts: Counts) -> int:
    """What the provider's own tools put into the prompt, unless the total says that the input holds it."""
    whole = (counts.input or 0) + (counts.output or 0)
    return 0 if counts.total in {whole, whole + (counts.reasoning or 0)} else counts.tool_input or 0


def _output(counts: Counts, *, is_beside: bool) -> int | None:
    reasoning = counts.reasoning or 0
    if counts.output is None or not reasoning:
        return counts.output
    sums_up = counts.total == (counts.input or 0) + _of_tools(counts) + counts.output + reasoning
    return counts.output + reasoning if is_beside or reasoning > counts.output or sums_up else counts.output


def _bounded(count: int | None) -> int | None:
    return count if count is not None and count <= MOST_TOKENS else None
