"""What real instrumentations sent by the OpenTelemetry SDK's own exporter: the bodies as they were on the wire.

They come from `python -m benchmarks.record_otlp_exports`. What each must give is what its application knows of its run.
"""

from __future__ import annotations

import json
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import Extraction, extract
from assay.worker.extraction.facts import facts_of
from assay.worker.otlp.decoding import Decoded, spans_in_json, spans_in_protobuf, spans_in_resource_spans
from assay.worker.otlp.traces import trace_of
from assay.worker.records.spans import Span
from assay.worker.records.traces import Trace

RECORDINGS = Path(__file__).parents[3] / "fixtures" / "otlp"
NOTES: dict[str, dict[str, Any]] = json.loads((RECORDINGS / "recordings.json").read_text(encoding="utf-8"))
SILENT = {"llama-index-openllmetry-query-engine"}
"""Their spans name no model and no tokens: nothing in them is marked as a model call."""


PROTOBUF = sorted(path.stem for path in RECORDINGS.glob("*.pb"))
JSON = sorted(path.stem for path in RECORDINGS.glob("*.jsonl"))


def body(name: str) -> bytes:
    return (RECORDINGS / f"{name}.pb").read_bytes()


def decoded(name: str) -> Decoded:
    if name in PROTOBUF:
        return spans_in_protobuf(body(name))
    (line,) = (RECORDINGS / f"{name}.jsonl").read_bytes().splitlines()
    return spans_in_json(line)


@cache
def trace(name: str) -> Trace:
    """The trace that holds most: building an index is a trace of its own."""
    spans, rejected, _ = decoded(name)
    assert rejected == 0
    by_trace: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        by_trace[span.trace_id].append(span)
    traces = [found for own in by_trace.values() if (found := trace_of(own)) is not None]
    assert len(traces) == len(by_trace)
    return Trace.model_validate(max(traces, key=lambda one: len(one.model_dump_json())).model_dump())


def extracted(name: str) -> Extraction:
    return extract(trace(name), SamplePaths())


def test_every_recording_has_its_note() -> None:
    assert sorted([*PROTOBUF, *JSON]) == sorted(NOTES)
    assert all(note["versions"] for note in NOTES.values())


@pytest.mark.parametrize("name", NOTES)
def test_question_answer_and_evidence_are_what_the_application_knows(name: str) -> None:
    known, found = NOTES[name]["application"], extracted(name)
    assert found.question is not None
    assert found.response is not None
    assert found.question.text.strip() == known["question"]
    assert found.response.text.strip() == known["answer"]
    assert sorted(part.text for part in found.contexts) == sorted(known["evidence"])


@pytest.mark.parametrize("name", sorted(NOTES.keys() - SILENT))
def test_model_and_tokens_of_each_call_are_counted_once(name: str) -> None:
    """The endpoint counts 120 and 20 tokens for each call, and a tool takes two calls."""
    facts = facts_of(trace(name), extracted(name))
    calls = facts.model_calls
    assert calls in {1, 2}
    assert (facts.model_asked, facts.provider) == ("gpt-4o-mini", "openai")
    assert (facts.input_tokens, facts.output_tokens) == (120 * calls, 20 * calls)


@pytest.mark.parametrize("name", NOTES)
def test_what_became_a_column_is_not_repeated(name: str) -> None:
    for step in trace(name).observations:
        assert not step.metadata.keys() & {"llm.token_count.prompt", "gen_ai.usage.input_tokens", "input.value"}


@pytest.mark.parametrize("name", PROTOBUF)
def test_the_same_as_json_gives_the_same_spans(name: str) -> None:
    plain = MessageToDict(ExportTraceServiceRequest.FromString(body(name)))
    assert spans_in_resource_spans(plain["resourceSpans"]) == spans_in_protobuf(body(name))
