"""Counts of one model call, made comparable: input with what came from a cache, output with reasoning.

Providers count in two ways. OpenAI's input holds the cached tokens, Anthropic's stands beside them; OpenAI's output
holds the reasoning, Gemini's stands beside it. Which way a count goes is known by its dialect, and by sums that only
come out one way.
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


def comparable(counts: Counts, *, cached_beside: bool = False, reasoning_beside: bool = False) -> Tokens | None:
    """The counts with `input` and `output` whole. None where nobody counted.

    A call without a token of input was never made: that is how recorders write that nobody counted.
    """
    if counts.input == 0 or counts == Counts():
        return None
    return Tokens(
        input=_bounded(_input(counts, is_beside=cached_beside)),
        cached=counts.cached,
        cache_write=counts.cache_write,
        output=_bounded(_output(counts, is_beside=reasoning_beside)),
        reasoning=counts.reasoning,
    )


def _input(counts: Counts, *, is_beside: bool) -> int | None:
    apart = (counts.cached or 0) + (counts.cache_write or 0)
    if counts.input is None or not apart:
        return counts.input
    sums_up = counts.total == counts.input + apart + (counts.output or 0)
    return counts.input + apart if is_beside or apart > counts.input or sums_up else counts.input


def _output(counts: Counts, *, is_beside: bool) -> int | None:
    reasoning = counts.reasoning or 0
    if counts.output is None or not reasoning:
        return counts.output
    sums_up = counts.total == (counts.input or 0) + counts.output + reasoning
    return counts.output + reasoning if is_beside or reasoning > counts.output or sums_up else counts.output


def _bounded(count: int | None) -> int | None:
    return count if count is not None and count <= MOST_TOKENS else None
