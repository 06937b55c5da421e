"""Whole traces: what an application's spans become, whichever dialect it writes."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable, TraceTooLarge
from assay.worker.records.traces import Tokens
from tests.servers.mlflow import MlflowServer
from tests.unit.worker.stores.mlflow.making import NOON, add, fetched, fetched_trace, hexed, id_of, span, store_on

QUESTION, ANSWER = {"question": "How long?"}, {"answer": "30 days"}


@pytest.fixture
def server() -> Iterator[MlflowServer]:
    with MlflowServer() as server:
        yield server


def test_attributes_of_mlflows_own_client(server: MlflowServer) -> None:
    usage = {"input_tokens": 10, "output_tokens": 3, "total_tokens": 13, "cache_read_input_tokens": 4}
    root = {"mlflow.spanType": "CHAIN", "mlflow.spanInputs": QUESTION, "mlflow.spanOutputs": ANSWER}
    passages = [{"page_content": "30 days", "metadata": {"doc_uri": "d1"}}]
    add(
        server,
        span(1, attributes={**root, "mlflow.spanLogLevel": 20, "mlflow.traceRequestId": id_of(1)}),
        span(1, step=1, attributes={"mlflow.spanType": "RETRIEVER", "mlflow.spanOutputs": passages}),
        span(
            1,
            step=2,
            start=NOON + timedelta(milliseconds=1),
            attributes={
                "mlflow.spanType": "CHAT_MODEL",
                "mlflow.spanOutputs": "30 days",
                "mlflow.chat.tokenUsage": usage,
                "mlflow.llm.model": "gpt-x",
                "mlflow.llm.cost": {"input_cost": 0.1, "output_cost": 0.2, "total_cost": 0.3},
            },
        ),
    )
    trace = fetched_trace(store_on(server))
    assert (trace.id, trace.input, trace.output) == (id_of(1), QUESTION, ANSWER)
    retrieval, answer = trace.observations
    assert (retrieval.type, retrieval.output, retrieval.parent_id) == ("retriever", passages, trace.root.observation_id)
    assert (answer.type, answer.output, answer.model) == ("generation", "30 days", "gpt-x")
    assert (answer.usage, answer.cost_usd) == (Tokens(input=10, output=3, cached=4), 0.3)
    assert not any(key.startswith("mlflow.") for step in trace.observations for key in step.metadata)


def test_attributes_of_opentelemetry_count_before_what_mlflow_makes_of_them(server: MlflowServer) -> None:
    asked = [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]
    given = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m",
        "gen_ai.usage.input_tokens": 5,
        "gen_ai.input.messages": json.dumps(asked),
    }
    added = {
        "mlflow.spanType": "LLM",
        "mlflow.spanInputs": asked,
        "mlflow.llm.model": "other",
        "mlflow.chat.tokenUsage": {"input_tokens": 7},
    }
    add(server, span(1), span(1, step=1, attributes={**given, **added}))
    (step,) = fetched_trace(store_on(server)).observations
    assert (step.type, step.model, step.usage, step.input) == ("generation", "m", Tokens(input=5), asked)


def test_root_without_content_is_a_trace_all_the_same(server: MlflowServer) -> None:
    add(server, span(1, name="POST /chat"), span(1, step=1, attributes={"input.value": "q", "output.value": "a"}))
    trace = fetched_trace(store_on(server))
    assert (trace.root.name, trace.input, trace.output) == ("POST /chat", None, None)
    assert [(step.input, step.output) for step in trace.observations] == [("q", "a")]


def test_results_of_evaluations_are_no_steps(server: MlflowServer) -> None:
    add(server, span(1), span(1, step=1, attributes={"gen_ai.evaluation.name": "groundedness"}), span(1, step=2))
    assert [step.id[-1] for step in fetched_trace(store_on(server)).observations] == ["2"]


def test_unknown_and_rootless_traces_are_absent(server: MlflowServer) -> None:
    add(server, span(1), span(2, step=1))
    assert set(fetched(store_on(server), 1, 2, 3)) == {id_of(1)}


def test_spans_in_a_file_are_read_from_it(server: MlflowServer) -> None:
    add(server, span(1), span(2))
    server.tables.put_in_file(id_of(2), {"spans": [_of_file(2, 0, QUESTION), _of_file(2, 1, "passage")]})
    traces = fetched(store_on(server), 1, 2)
    assert set(traces) == {id_of(1), id_of(2)}
    assert traces[id_of(2)].input == QUESTION
    assert [step.input for step in traces[id_of(2)].observations] == ["passage"]
    assert len(server.requests) == 4, "one that fails, one for the places, one for the others, one for the file"


def _of_file(number: int, step: int, inputs: Any) -> dict[str, Any]:
    """A span as the file `traces.json` of a trace has it: each attribute as JSON text."""

    def in_base64(text: str) -> str:
        return base64.b64encode(bytes.fromhex(text)).decode()

    nanos = int(NOON.timestamp()) * 10**9
    return {
        "trace_id": in_base64(hexed(number)),
        "span_id": in_base64(f"{number:015x}{step:x}"),
        "parent_span_id": in_base64(f"{number:015x}0") if step else None,
        "name": "chat",
        "start_time_unix_nano": nanos,
        "end_time_unix_nano": nanos + 10**9,
        "events": [],
        "status": {"code": "STATUS_CODE_OK", "message": ""},
        "attributes": {"mlflow.spanInputs": json.dumps(inputs), "n": "3", "odd": "{", "f": "1.5", "no": "null"},
    }


def test_trace_that_is_too_large_takes_no_other_with_it(server: MlflowServer) -> None:
    add(server, *(span(number) for number in (1, 2, 3)), span(4, attributes={"output.value": "x" * 50_000}))
    traces = fetched(store_on(server, most_bytes=20_000), 1, 2, 3, 4)
    assert isinstance(traces.pop(id_of(4)), TraceTooLarge)
    assert set(traces) == {id_of(1), id_of(2), id_of(3)}


def test_trace_whose_spans_cannot_be_read_takes_no_other_with_it(server: MlflowServer) -> None:
    add(server, span(1), span(2), span(3))
    for row in server.tables.spans[id_of(2)].values():
        row["span_id"] = "no id"
    del server.tables.infos[id_of(3)]["request_time"]
    traces = fetched(store_on(server), 1, 2, 3)
    assert isinstance(traces[id_of(2)], StoreRejected)
    assert isinstance(traces[id_of(3)], StoreRejected)
    assert traces[id_of(1)].id == id_of(1)


def test_file_that_cannot_be_read_takes_no_other_with_it(server: MlflowServer) -> None:
    add(server, span(1), span(2))
    server.tables.put_in_file(id_of(2), {"spans": []})
    for _ in range(3):
        server.fail("GET /ajax-api", 503)
    traces = fetched(store_on(server), 1, 2)
    assert isinstance(traces[id_of(2)], StoreUnavailable)
    assert traces[id_of(1)].id == id_of(1)


def test_failing_server_is_asked_for_less_until_one_is_at_fault(server: MlflowServer) -> None:
    add(server, *(span(number) for number in range(1, 5)))
    for _ in range(3):  # what the client tries by itself
        server.fail("GET /api/3.0/mlflow/traces/batchGet", 503)
    with pytest.raises(StoreUnavailable):
        fetched(store_on(server), 1, 2, 3, 4)
    server.tables.files[id_of(3)] = {"spans": []}  # the tag says that they lie in the database, and they do not
    traces = fetched(store_on(server), 1, 2, 3, 4)
    assert isinstance(traces.pop(id_of(3)), StoreUnavailable)
    assert set(traces) == {id_of(1), id_of(2), id_of(4)}


def test_server_that_fails_at_every_trace_is_down(server: MlflowServer) -> None:
    add(server, *(span(number) for number in range(1, 21)))
    server.tables.files |= {id_of(number): {"spans": []} for number in range(1, 21)}
    with pytest.raises(StoreUnavailable):
        fetched(store_on(server), *range(1, 21))
    assert len(server.requests) < 30
