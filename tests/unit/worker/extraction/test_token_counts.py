"""Counts of one call: whichever way they were told, no part is more than its whole."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.worker.extraction.token_counts import Counts, comparable, consistent
from assay.worker.records.traces import Tokens

counts = st.none() | st.integers(0, 1_000)
tokens = st.builds(Tokens, input=counts, cached=counts, cache_write=counts, output=counts, reasoning=counts)
told = st.builds(Counts, *([counts] * 7))


def parts_fit(tokens: Tokens | None) -> bool:
    if tokens is None:
        return True
    apart = (tokens.cached or 0) + (tokens.cache_write or 0)
    return (tokens.input is None or apart <= tokens.input) and (
        tokens.output is None or (tokens.reasoning or 0) <= tokens.output
    )


@given(told, st.booleans(), st.booleans())
def test_no_part_is_more_than_its_whole(counts: Counts, cached_beside: bool, reasoning_beside: bool) -> None:
    read = comparable(counts, cached_beside=cached_beside, reasoning_beside=reasoning_beside)
    assert parts_fit(read)
    if read is not None and counts.input is not None and read.input is not None:
        assert (
            counts.input
            <= read.input
            <= counts.input + sum(filter(None, (counts.cached, counts.cache_write, counts.tool_input)))
        )


@given(tokens)
def test_what_is_consistent_stays_as_it_is(tokens: Tokens) -> None:
    read = consistent(tokens)
    assert parts_fit(read)
    assert read is None or consistent(read) == read
    if parts_fit(tokens) and tokens.input != 0 and tokens != Tokens():
        assert read == tokens


@given(st.integers(1, 500), st.integers(0, 500), st.integers(0, 500), st.integers(0, 500), st.integers(1, 500))
def test_ways_of_counting_one_call_say_the_same(fresh: int, cached: int, tools: int, thought: int, spoken: int) -> None:
    """Parts beside, as Gemini tells them, and parts within, as OpenAI does, each with a total."""
    total = fresh + cached + tools + thought + spoken
    beside = Counts(fresh + cached, cached, None, spoken, thought, total, tools)
    within = Counts(fresh + cached + tools, cached, None, spoken + thought, thought, total)
    assert comparable(beside, reasoning_beside=True) == comparable(within)
