"""Traces that nobody should send: deep, huge, broken. They are read in bounded time, or as nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import Extraction, extract
from assay.worker.extraction.literals import decoded
from assay.worker.extraction.python_repr import read_repr
from assay.worker.extraction.thoughts import spoken
from assay.worker.records.traces import Observation
from tests.builders import NOW, make_trace
from tests.waiting import cpu_seconds_below


def nested(depth: int, wrap: Callable[[Any], Any], leaf: Any = "a") -> Any:
    value = leaf
    for _ in range(depth):
        value = wrap(value)
    return value


HOSTILE: dict[str, Any] = {
    "json in json": nested(15, json.dumps, {"answer": "x"}),
    "json too deep": "[" * 100_000 + "]" * 100_000,
    "deep in a text": json.dumps(nested(400, lambda value: {"answer": value})),
    "deep messages": json.dumps(nested(200, lambda value: {"messages": [{"role": "user", "content": value}]})),
    "messages": [{"role": "user", "content": "hello there"}] * 6_000,
    "documents": {"documents": [{"text": f"passage number {n} is here"} for n in range(8_000)]},
    "keys": {f"k{n}": "v v v" for n in range(15_000)},
    "strings": ["ab "] * 15_000,
    "numbers": [0.1] * 15_000,
    "repr": "[" + "Document(page_content='abc', metadata={}), " * 3_000 + "]",
    "half of an object": '{"answer": "' + "x" * 300_000,
    "quotes": '"' * 300_000,
    "thoughts": "<think>a</think>" * 8_000,
    "open thoughts": "<think>\n" * 10_000,
    "closing tags": "</think>\n" * 15_000,
    "channels": "<|channel|>analysis<|message|>x" * 10_000,
    "events": 'data: {"choices":[{"delta":{"content":"a "}}]}\n\n' * 10_000,
    "broken events": "data: {\n" * 15_000,
    "chunks": [{"choices": [{"delta": {"content": "a "}}]}] * 10_000,
    "steps": "Thought: a\nAction: b\n" * 6_000,
    "tree": {"a": [{"b": [{"c": [{"text": "x y z"}] * 20}] * 20}] * 20},
}


def placed(place: str, value: Any) -> Extraction:
    content: dict[str, Any] = {"input": "q?", "output": "a b c."}
    if place in content:
        content[place] = value
    else:
        columns = {"input": value, "output": value}
        content |= {"observations": (Observation(id="o", type=place, name="retrieve_documents", start=NOW, **columns),)}
        content |= {"output": None} if place == "generation" else {}
    return extract(make_trace(contexts=(), **content), SamplePaths())


@pytest.mark.parametrize("place", ["input", "tool", "span", "generation"])
def test_hostile_values_are_read_in_time(place: str) -> None:
    with cpu_seconds_below(20):
        for value in HOSTILE.values():
            placed(place, value)


@given(st.text(alphabet="{}[]()'\",:=\\ \nabN1<>", max_size=60))
def test_any_text_is_a_value_or_stays_a_text(text: str) -> None:
    read_repr(text)
    assert decoded(text) is not None
    spoken(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=15,
)


@given(json_values)
def test_what_python_writes_is_read_back(value: Any) -> None:
    """Only lists and dictionaries: a bare text or number is no data that somebody wrote out."""
    if isinstance(value, dict | list):
        assert decoded(repr(value)) == value
        assert decoded(json.dumps(json.dumps(value))) == value


@given(
    json_values, st.sampled_from(["answer", "messages", "content", "documents", "choices", "output", "args", "label"])
)
def test_any_value_under_any_key_is_read_without_an_error(value: Any, key: str) -> None:
    for place in ("input", "output", "retriever", "tool", "span", "generation"):
        extraction = placed(place, {key: value})
        assert extraction.response is not None or extraction.reasons["response"]
