"""Spans as Phoenix shows them, turned back into what was sent."""

from __future__ import annotations

import json
from typing import Any

import pytest

from assay.worker.otlp.traces import trace_of
from assay.worker.stores.phoenix.spans import joined, span_of

ROW: dict[str, Any] = {
    "id": "U3Bhbjox",
    "name": "chat",
    "context": {"trace_id": "a" * 32, "span_id": "1" * 16},
    "span_kind": "UNKNOWN",
    "parent_id": None,
    "start_time": "2025-11-30T08:00:00.123456+00:00",
    "end_time": "2025-11-30T08:00:02.123456+00:00",
    "status_code": "UNSET",
    "status_message": "",
    "attributes": {},
    "events": [],
}


def attributes_of(**shown: Any) -> dict[str, Any]:
    span = span_of({**ROW, "attributes": shown})
    assert span is not None
    return dict(span.attributes)


def test_kind_is_put_back_and_unknown_is_none() -> None:
    assert attributes_of() == {}
    span = span_of({**ROW, "span_kind": "RETRIEVER"})
    assert span is not None
    assert span.attributes == {"openinference.span.kind": "RETRIEVER"}


def test_what_was_json_text_is_one_attribute_again() -> None:
    shown = {
        "metadata.contexts": ["x"],
        "metadata.n": 1.5,
        "metadata.deep.a.0.b": 1,
        "retrieval.documents.0.document.metadata.source.page": 3,
        "retrieval.documents.0.document.content": "passage",
        "tool.parameters.city": "Oslo",
        "llm.prompt_template.variables.name": "Ann",
    }
    given = attributes_of(**shown)
    assert given.pop("retrieval.documents.0.document.content") == "passage"
    assert {name: json.loads(text) for name, text in given.items()} == {
        "metadata": {"contexts": ["x"], "n": 1.5, "deep": {"a": [{"b": 1}]}},
        "retrieval.documents.0.document.metadata": {"source": {"page": 3}},
        "tool.parameters": {"city": "Oslo"},
        "llm.prompt_template.variables": {"name": "Ann"},
    }


def test_metadata_that_was_no_json_stays_as_it_is() -> None:
    assert attributes_of(metadata="just words") == {"metadata": "just words"}


def test_keys_with_dots_beside_a_leaf_of_the_same_name_are_kept() -> None:
    assert joined({"a": 1, "a.b": 2}) == {"a": 1, "a.b": 2}
    assert joined({"a.b": 2, "a": 1}) == {"a.b": 2, "a": 1}


def test_leaves_in_order_of_numbers_are_a_list_only_where_they_hold_mappings() -> None:
    assert joined({"0": "x", "1": "y"}) == {"0": "x", "1": "y"}
    assert joined({"m.10.a": 10, **{f"m.{n}.a": n for n in range(10)}}) == {"m": [{"a": n} for n in range(11)]}


def test_output_that_phoenix_made_of_the_models_name_is_no_answer() -> None:
    """Seen on 20.26.1: a call of the GenAI conventions without content shows `{"model": "m-1"}` as its output."""
    shown = {
        "gen_ai.operation.name": "chat",
        "gen_ai.response.id": "r1",
        "gen_ai.response.model": "m-1",
        "output.value": '{"id": "r1", "model": "m-1"}',
        "output.mime_type": "application/json",
    }
    assert "output.value" not in attributes_of(**shown)
    told = attributes_of(**{**shown, "output.value": "An answer."})
    assert told["output.value"] == "An answer."


def test_answer_of_a_genai_call_is_read_and_not_its_models_name() -> None:
    messages = json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "In 1932."}]}])
    shown = {
        "gen_ai.operation.name": "chat",
        "gen_ai.response.model": "m-1",
        "gen_ai.output.messages": messages,
        "llm.output_messages.0.message.role": "assistant",
        "llm.output_messages.0.message.content": "In 1932.",
        "output.value": '{"model": "m-1"}',
        "output.mime_type": "application/json",
    }
    root, call = (
        span_of(ROW),
        span_of(
            {**ROW, "context": {"trace_id": "a" * 32, "span_id": "2" * 16}, "parent_id": "1" * 16, "attributes": shown}
        ),
    )
    assert root is not None
    assert call is not None
    trace = trace_of([root, call])
    assert trace is not None
    assert "In 1932." in json.dumps(trace.observations[0].output)


@pytest.mark.parametrize(
    "broken",
    [{"context": {}}, {"context": None}, {"start_time": "yesterday"}, {"start_time": None}, {"attributes": "no"}],
    ids=str,
)
def test_row_that_is_no_span_is_left_out(broken: dict[str, Any]) -> None:
    assert span_of({**ROW, **broken}) is None


def test_error_and_events_are_kept() -> None:
    event = {"name": "exception", "timestamp": "2025-11-30T08:00:00+00:00", "attributes": {"exception.type": "X"}}
    span = span_of({**ROW, "status_code": "ERROR", "status_message": "boom", "events": [event]})
    assert span is not None
    assert (span.status, span.status_message) == ("ERROR", "boom")
    assert span.events[0].attributes == {"exception.type": "X"}
