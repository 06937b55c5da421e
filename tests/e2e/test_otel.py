"""A real fleet sends spans, results and metrics to a receiver that parses with the protocol's own package."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.worker.records.traces import Trace
from tests.e2e.running import Deployed, make_traces
from tests.servers.openai_server import OpenAIServer
from tests.servers.otlp_server import OtlpServer, attributes_of

N = 12


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[OtlpServer]:
    with OtlpServer() as server:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "200")
        monkeypatch.setenv("OTEL_BLRP_SCHEDULE_DELAY", "200")
        yield server


@pytest.fixture
def judge(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with OpenAIServer() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        yield server


def otel_traces() -> list[Trace]:
    """Traces with the ids that a tracer gives."""
    named = []
    for trace in make_traces(N):
        trace_id, root_id = uuid.uuid4().hex, uuid.uuid4().hex[:16]
        root = trace.root.model_copy(update={"trace_id": trace_id, "observation_id": root_id})
        steps = tuple(
            step.model_copy(update={"parent_id": root_id if step.parent_id else None}) for step in trace.observations
        )
        named.append(trace.model_copy(update={"root": root, "observations": steps}))
    return named


def test_assessments_calls_and_results_arrive_under_the_right_traces(
    tmp_path: Path, receiver: OtlpServer, judge: OpenAIServer
) -> None:
    traces = otel_traces()
    own: dict[str, Any] = {"openai_base_url": judge.url, "judge_model": "gpt-6-luna", "otel_evaluations": "both"}
    deployed = Deployed.create(tmp_path / "d", traces, rubric="grounding-llm", **own)
    with deployed.running():
        deployed.settled(N)
    roots = {trace.id: trace.root.observation_id for trace in traces}
    assess = [span for span in receiver.spans if span.name == "assess grounding-llm"]
    linked = {(link.trace_id.hex(), link.span_id.hex()) for span in assess for link in span.links}
    assert set(roots.items()) <= linked
    calls = [span for span in receiver.spans if span.name == "chat gpt-6-luna"]
    assert len(calls) == len(judge.requests)
    assert {span.parent_span_id for span in calls} == {span.span_id for span in assess}
    events = {(e.trace_id.hex(), e.span_id.hex()) for e in receiver.events}
    assert events == set(roots.items())
    back_dated = [span for span in receiver.spans if span.name.startswith("evaluate ")]
    assert {span.trace_id.hex() for span in back_dated} == set(roots)
    assert all(span.start_time_unix_nano == span.end_time_unix_nano for span in back_dated)
    assert {"assay.sweep", "assay.assess", "assay.record"} <= {span.name for span in receiver.spans}
    # Sent once more as the processes end, whatever their interval is.
    named = {metric.name: metric for metric in receiver.metrics}
    assert {"assay_tasks_total", "assay_judge_requests_total", "gen_ai.client.operation.duration"} <= set(named)
    sent = str(receiver.spans) + str(receiver.events)
    assert "bridge" not in sent
    assert "elephants" not in sent
    assert attributes_of(calls[0].attributes)["gen_ai.response.model"]
