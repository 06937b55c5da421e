"""Traces that are written as spans come back as they were: stores that keep spans are filled this way in tests."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.worker.otlp.decoding import spans_in_protobuf
from assay.worker.otlp.traces import trace_of
from assay.worker.records.traces import Observation, Tokens, Trace
from tests.contract.own_data import OwnData
from tests.otlp_filling import export_request_of, spans_of
from tests.unit.worker.otlp.making import START

MINE = OwnData(run="0123456789abcdef", noon=START)
TYPES = ["span", "generation", "retriever", "tool", "embedding", "agent", "chain", "evaluator", "guardrail", "event"]


def there_and_back(trace: Trace) -> Trace | None:
    return trace_of(spans_in_protobuf(export_request_of(spans_of(trace)).SerializeToString()).spans)


def with_answer(trace: Trace, **columns: object) -> Trace:
    """A trace whose last step is another."""
    *before, answer = trace.observations
    changed = Observation.model_validate({**answer.model_dump(), **columns})
    return trace.model_copy(update={"observations": (*before, changed)})


def test_trace_comes_back() -> None:
    assert there_and_back(MINE.trace(1)) == MINE.trace(1)


def test_every_column_of_a_root_comes_back() -> None:
    trace = MINE.trace(
        1, name="chat", end=MINE.noon + timedelta(seconds=3), level="ERROR", release="r1", version="v2", user_id="u",
        session_id="s", tags=("a", "b"), metadata={"contexts": ["x"], "n": 1.5, "no": None, "deep": {"a": [{"b": 1}]}},
    )  # fmt: skip
    assert there_and_back(trace) == trace
    assert there_and_back(MINE.trace(1, end=None, level="WARNING")) == MINE.trace(1, end=None, level="WARNING")


def test_what_a_model_call_took_comes_back() -> None:
    trace = with_answer(
        MINE.trace(1),
        usage=Tokens(input=120, cached=80, cache_write=10, output=30, reasoning=20),
        cost_usd=0.0012,
        first_token=MINE.noon + timedelta(milliseconds=250),
        metadata={"temperature": 0.2, "gen_ai.response.model": "m-2026", "input.value": "of its own"},
    )
    assert there_and_back(trace) == trace


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("level", ["DEFAULT", "ERROR", "WARNING", "DEBUG"])
def test_every_type_and_level_of_a_step_comes_back(kind: str, level: str) -> None:
    model = None if kind == "span" else "m"  # what names a model is a call of it
    trace = with_answer(MINE.trace(1), type=kind, level=level, model=model)
    assert there_and_back(trace) == trace


VALUES = ["", "a", "42", "null", '{"a": 1}', "[1]", {"a": [1, None, {"b": "c"}]}, [1, 2.5, True], 7, 0.5, False, None]


@pytest.mark.parametrize("value", VALUES)
def test_every_input_and_output_comes_back(value: object) -> None:
    trace = with_answer(MINE.trace(1), input=value, output=value).model_copy(update={"input": value, "output": value})
    assert there_and_back(trace) == trace


def test_root_that_is_a_step_comes_back() -> None:
    trace = MINE.trace(1, metadata={"a": 1})
    step = Observation(
        id=trace.root.observation_id, type="generation", name=trace.root.name, start=trace.root.start,
        end=trace.root.end, input=trace.input, output=trace.output, model="m", metadata={"a": 1},
    )  # fmt: skip
    whole = trace.model_copy(update={"observations": (step, *trace.observations)})
    assert there_and_back(whole) == whole


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=50))
def test_strange_texts_come_back(text: str) -> None:
    trace = MINE.trace(1, name=text, user_id=text, tags=(text,), metadata={text: text, "none": None})
    trace = trace.model_copy(update={"input": {"q": [text]}, "output": text})
    assert there_and_back(trace) == trace
