"""What recorded frameworks say they took: every call of the recordings took 120 tokens in and 20 out."""

from __future__ import annotations

from fnmatch import fnmatch

import pytest

from assay.judges.prices import PriceTable
from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import extract
from assay.worker.extraction.facts import facts_of
from assay.worker.records.facts import TraceFacts
from assay.worker.records.traces import Trace
from tests.unit.worker.extraction import framework_traces

NAMES = framework_traces.names()
PRICES = PriceTable.load()
IN, OUT = 120, 20

UNCOUNTED = {
    "crewai-alone-*": "its own recorder has no model calls",
    "dspy-*": "its model call has no counts",
    "llama-index-openllmetry-*": "its recorder has no model calls",
    "langfuse?-observe-*": "the application counts nothing",
    "*-openai-stream*": "the endpoint was not asked to count a stream",
    "openai-*-stream*": "the endpoint was not asked to count a stream",
}
"""Recordings that hold no counts, and why. What they took is unknown."""
CALLS = {
    "smolagents-*": 4,
    "google-genai-*": 1,
    "pydantic-ai-*-history*": 2,
    "*-guarded*": 2,
    "*-condense*": 2,
    "*-refine*": 2,
    "*-agent*-tool*": 2,
    "openai-agents-*-prompt*": 1,
    "openai-agents-*": 2,
    "haystack-agent*": 2,
    "*-agent": 2,
    "*-agent-german": 2,
    "*-agentic-rag*": 2,
    "*-tool*": 2,
    "*-search*": 2,
}
"""Model calls of a scenario by pattern, the first that fits; of every other one."""


def of(patterns: dict[str, object], name: str) -> object:
    return next((value for pattern, value in patterns.items() if fnmatch(name, pattern)), None)


def facts(trace: Trace) -> TraceFacts:
    return facts_of(trace, extract(trace, SamplePaths()), PRICES)


@pytest.mark.parametrize("name", NAMES)
def test_every_call_is_counted_once(name: str) -> None:
    found = facts(framework_traces.trace(name))
    if of(dict(UNCOUNTED), name):
        assert (found.input_tokens, found.output_tokens, found.cost_usd, found.cost_from) == (None,) * 4
        return
    calls = of(dict(CALLS), name) or 1
    assert isinstance(calls, int)
    assert (found.model_calls, found.input_tokens, found.output_tokens) == (calls, IN * calls, OUT * calls)
    assert found.cost_usd is not None
    assert 0 < found.cost_usd < 0.001


@pytest.mark.parametrize("pattern", [*UNCOUNTED, *CALLS])
def test_pattern_fits_a_recording(pattern: str) -> None:
    """A pattern that fits nothing would excuse nothing."""
    assert any(fnmatch(name, pattern) for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_request_span_around_the_application_changes_no_fact_of_its_calls(name: str) -> None:
    inner, around = facts(framework_traces.trace(name)), facts(framework_traces.trace_in_request(name))
    of_the_root = {"trace_name", "duration_s", "first_token_s", "level", "tags", "session_id"}
    assert around.model_dump(exclude=of_the_root) == inner.model_dump(exclude=of_the_root)


@pytest.mark.parametrize("name", [name for name in NAMES if not of(dict(UNCOUNTED), name)])
def test_model_is_known_wherever_tokens_are(name: str) -> None:
    model = facts(framework_traces.trace(name)).model_asked
    assert model is not None
    assert model.startswith(("gpt-4o-mini", "claude-haiku-4-5", "gemini-2.5-flash"))
