"""Spans that frameworks wrote, by OTLP: they give what the same spans give by any other store.

The recordings and what is expected of them are those that the extraction is tested with.
"""

from __future__ import annotations

from functools import cache

import pytest

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import extract
from assay.worker.otlp.decoding import spans_in_resource_spans
from assay.worker.otlp.traces import trace_of
from assay.worker.records.traces import Trace
from tests.unit.worker.extraction import framework_traces
from tests.unit.worker.extraction.test_framework_traces import parts_of

NAMES = framework_traces.names()
FULLER = ("autogen-prompt",)
"""Here the attributes still hold the prompt that a store dropped: all is found that the application knows."""


@cache
def trace(name: str) -> Trace:
    parts = [framework_traces.otlp(span) for span in framework_traces.main_spans(name)]
    decoded = spans_in_resource_spans(
        [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": [span]}]} for resource, scope, span in parts]
    )
    assert decoded.rejected == 0
    whole = trace_of(decoded.spans)
    assert whole is not None
    return whole


def known(name: str) -> dict[str, object]:
    """What the application knows, or what the trace holds of it. Evidence in any order."""
    is_fuller = name.startswith(FULLER)
    parts = framework_traces.recording(name)["application"] if is_fuller else framework_traces.expected(name)
    return {**{part: parts[part] for part in framework_traces.PARTS}, "evidence": sorted(parts["evidence"])}


@pytest.mark.parametrize("name", NAMES)
def test_question_answer_and_evidence_are_what_the_application_knows(name: str) -> None:
    found = parts_of(trace(name))
    evidence = found["evidence"]
    assert isinstance(evidence, list)
    assert {**found, "evidence": sorted(evidence)} == known(name)


@pytest.mark.parametrize("name", NAMES)
def test_history_is_what_was_said_before_the_question(name: str) -> None:
    history = extract(trace(name), SamplePaths()).history
    turns = [(turn.role, turn.content.strip()) for turn in history if turn.role != "system"]
    assert turns == framework_traces.earlier_turns(name)
