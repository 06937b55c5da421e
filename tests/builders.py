"""Small makers of records for tests; every field can be overridden."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from assay.judges.schema import Sample
from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import UseCase
from assay.worker.records.traces import Observation, Trace, TraceRoot

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def make_sample(**over: Any) -> Sample:
    """A sample with one context that supports its response."""
    fields = {
        "id": "s1",
        "question": "When was the bridge opened?",
        "contexts": ("The bridge was opened in 1932.",),
        "response": "The bridge was opened in 1932.",
    }
    return Sample.model_validate({**fields, **over})


def make_root(trace_id: str = "t1", **over: Any) -> TraceRoot:
    """A finished root, well before NOW."""
    fields: dict[str, Any] = {
        "trace_id": trace_id,
        "observation_id": f"{trace_id}-root",
        "name": "bot",
        "environment": "production",
        "start": NOW - timedelta(hours=2),
    }
    fields |= over
    fields.setdefault("end", fields["start"] + timedelta(seconds=2))
    return TraceRoot.model_validate(fields)


def make_trace(
    trace_id: str = "t1", *, contexts: tuple[str, ...] = ("The bridge was opened in 1932.",), **over: Any
) -> Trace:
    """A trace with a retriever and an answer."""
    content = {key: over.pop(key) for key in ("input", "output", "observations") if key in over}
    root = make_root(trace_id, **over)
    retriever = Observation(
        id=f"{trace_id}-r", type="retriever", start=root.start, output=[{"text": c} for c in contexts]
    )
    fields: dict[str, Any] = {
        "root": root,
        "input": {"question": "When was the bridge opened?"},
        "output": {"answer": "The bridge was opened in 1932."},
        "observations": (retriever,) if contexts else (),
    }
    return Trace.model_validate({**fields, **content})


def make_deployment(*use_cases: UseCase, **over: Any) -> Deployment:
    """One use case that takes and judges everything, unless told otherwise."""
    cases = use_cases or (UseCase(name="bot", rate=1.0, allow_rate=True),)
    return Deployment.model_validate({"use_cases": cases, **over})
