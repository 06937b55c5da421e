"""Spans of one trace become one trace: which is its root, what lies under it, and what came twice, late or never."""

from __future__ import annotations

import random
import time
from datetime import timedelta

import pytest

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import extract
from assay.worker.extraction.facts import facts_of
from assay.worker.otlp.traces import is_own, root_of, root_order, trace_of
from assay.worker.records.spans import Span
from assay.worker.records.traces import Trace
from tests.unit.worker.otlp.making import START, make_span

ASKED = {"input.value": "How long?", "output.value": "Two days."}
CALL = {"openinference.span.kind": "LLM", **ASKED}


def given(*spans: Span) -> Trace:
    trace = trace_of(spans)
    assert trace is not None
    assert Trace.model_validate(trace.model_dump()) == trace
    return trace


def ids(trace: Trace) -> list[int]:
    return [int(step.id, 16) for step in trace.observations]


def test_steps_lie_under_the_root_in_order_of_time() -> None:
    spans = [make_span(1), make_span(3, 2), make_span(2, 1), make_span(4, 1, start=START)]
    trace = given(*spans)
    assert trace.root.observation_id == spans[0].span_id
    assert ids(trace) == [4, 2, 3]
    assert trace.observations[2].parent_id == make_span(2).span_id


@pytest.mark.parametrize("spans", [[], [make_span(2, 1), make_span(3, 2)], [make_span(1, 1)]])
def test_spans_without_a_root_are_no_trace(spans: list[Span]) -> None:
    assert trace_of(spans) is None


def test_span_that_came_twice_holds_as_it_ended_last() -> None:
    early = make_span(2, 1, name="early", attributes={"a": 1, "b": 2, "c": 3})
    late = make_span(2, 1, name="late", end=START + timedelta(minutes=1))
    unfinished = make_span(2, 1, name="unfinished", end=None)
    for spans in ([early, late, unfinished], [unfinished, late, early]):
        assert [step.name for step in given(make_span(1), *spans).observations] == ["late"]


def test_of_two_that_ended_at_once_the_fuller_one_holds() -> None:
    bare, full = make_span(2, 1), make_span(2, 1, name="full", attributes={"a": 1})
    for spans in ([bare, full], [full, bare], [full, bare, full]):
        assert [step.name for step in given(make_span(1), *spans).observations] == ["full"]


def test_of_two_roots_the_one_with_content_counts_and_nothing_of_the_other() -> None:
    spans = [make_span(1), make_span(2, attributes=ASKED), make_span(3, 1), make_span(4, 2), make_span(5, 9)]
    trace = given(*spans)
    assert trace.root == root_of(spans[1])
    assert ids(trace) == [4]


def test_of_two_roots_alike_the_earlier_counts() -> None:
    for attributes in ({}, ASKED):
        roots = [make_span(number, attributes=attributes) for number in (2, 1)]
        spans = [*roots, make_span(3, 1), make_span(4, 2)]
        assert ids(given(*spans)) == [3]
        assert min(spans[:2], key=root_order) == spans[1]


def test_spans_whose_parents_never_came_are_the_only_roots() -> None:
    assert ids(given(make_span(1), make_span(2, 9), make_span(3, 2))) == [2, 3]


def test_circles_and_spans_that_are_their_own_parents_are_kept_under_the_only_root() -> None:
    assert ids(given(make_span(1), make_span(2, 3), make_span(3, 2), make_span(4, 4))) == [2, 3, 4]


def test_results_of_evaluations_and_our_own_spans_are_no_part_of_a_trace() -> None:
    result = make_span(3, 1, attributes={"gen_ai.evaluation.name": "groundedness"})
    ours = make_span(4, 1, resource={"deployment.environment.name": "assay"})
    assert is_own(result)
    assert is_own(ours)
    assert not is_own(make_span(2, attributes={"deployment.environment.name": "production"}))
    assert ids(given(make_span(1), make_span(2, 1), result, ours)) == [2]
    assert trace_of([result, ours, make_span(5, attributes={"deployment.environment": "assay"})]) is None


def test_root_of_a_span_alone_is_the_root_of_its_trace() -> None:
    span = make_span(1, attributes={**CALL, "user.id": "u", "llm.model_name": "m"}, resource={"service.name": "desk"})
    assert given(span, make_span(2, 1)).root == root_of(span)


def test_root_that_is_itself_the_call_is_a_step_as_well() -> None:
    trace = given(make_span(1, attributes={**CALL, "llm.model_name": "m", "llm.token_count.prompt": 12, "own": 1}))
    (step,) = trace.observations
    assert (step.id, step.type, step.model) == (trace.root.observation_id, "generation", "m")
    assert (trace.input, trace.output, step.output) == ("How long?", "Two days.", "Two days.")
    assert trace.root.metadata == step.metadata == {"own": 1}


def test_status_and_severity_are_levels() -> None:
    spans = [
        make_span(1, status="ERROR", status_message="gone"),
        make_span(2, 1, status="ERROR"),
        make_span(3, 1, attributes={"logfire.level_num": 13}),
        make_span(4, 1, attributes={"logfire.level_num": 9}),
        make_span(5, 1, status="OK", attributes={"logfire.level_num": "high"}),
    ]
    trace = given(*spans)
    assert trace.root.level == "ERROR"
    assert [step.level for step in trace.observations] == ["ERROR", "WARNING", "DEFAULT", "DEFAULT"]


def around_a_call() -> list[Span]:
    """A web request, its database, a retrieval and a model call, sent by two services."""
    desk, search = {"service.name": "desk"}, {"service.name": "search"}
    database = {"db.system.name": "postgresql", "db.query.text": "SELECT text FROM passages"}
    documents = {
        "openinference.span.kind": "RETRIEVER",
        "input.value": "How long?",
        "retrieval.documents.0.document.content": "Delivery takes two days.",
        "retrieval.documents.1.document.content": "Returns are free.",
    }
    call = {**CALL, "llm.model_name": "m", "llm.token_count.prompt": 12, "llm.token_count.completion": 3}
    return [
        make_span(1, name="POST /chat", kind="SERVER", attributes={"http.route": "/chat"}, resource=desk),
        make_span(2, 1, name="SELECT sessions", kind="CLIENT", attributes=database, resource=desk),
        make_span(3, 1, name="GET /search", kind="CLIENT", attributes={"http.request.method": "GET"}, resource=desk),
        make_span(4, 3, name="GET /search", kind="SERVER", attributes={"http.route": "/search"}, resource=search),
        make_span(5, 4, name="retrieve", attributes=documents, resource=search),
        make_span(6, 5, name="SELECT passages", kind="CLIENT", attributes=database, resource=search),
        make_span(7, 1, name="ChatCompletion", attributes=call, resource=desk),
    ]


def test_question_answer_and_evidence_are_found_among_the_spans_of_web_servers_and_databases() -> None:
    trace = given(*around_a_call())
    assert (trace.input, trace.output) == (None, None)
    extraction = extract(trace, SamplePaths())
    assert extraction.question is not None
    assert extraction.response is not None
    assert (extraction.question.text, extraction.response.text) == ("How long?", "Two days.")
    assert [part.text for part in extraction.contexts] == ["Delivery takes two days.", "Returns are free."]
    facts = facts_of(trace, extraction)
    assert (facts.model_asked, facts.input_tokens, facts.output_tokens, facts.model_calls) == ("m", 12, 3, 1)


def test_root_has_its_own_resource_and_steps_have_their_own_attributes_alone() -> None:
    trace = given(*around_a_call())
    assert trace.root.metadata == {"resource.service.name": "desk", "http.route": "/chat"}
    assert trace.observations[0].metadata == {
        "db.system.name": "postgresql",
        "db.query.text": "SELECT text FROM passages",
    }


def test_ten_thousand_spans_in_a_chain_are_a_trace_in_time() -> None:
    spans = [make_span(1), *(make_span(n, n - 1, attributes=CALL) for n in range(2, 10_001))]
    random.Random(1).shuffle(spans)
    before = time.process_time()
    assert len(given(*spans).observations) == 9_999
    assert time.process_time() - before < 10
