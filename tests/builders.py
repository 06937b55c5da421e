"""Small makers of records for tests; every field can be overridden."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from assay.judges.rubric import Rubric
from assay.judges.schema import Sample
from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import UseCase
from assay.worker.flow.budgeting import Budgeting
from assay.worker.flow.pressure import Pressure
from assay.worker.flow.release import Releaser, weights_of
from assay.worker.flow.sweep import Sweeper
from assay.worker.ports.clock import Clock
from assay.worker.ports.publish import Publish
from assay.worker.ports.state import FleetState
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


def make_sweeper(
    store: Any, state: FleetState, deployment: Deployment, rubric: Rubric, publish: Publish, clock: Clock
) -> Sweeper:
    """A sweeper that publishes at once what there is room for."""
    deadline = timedelta(minutes=2)
    releaser = Releaser(
        state.backlog, state.ledger, publish, clock, deadline, queue="assess", weights=weights_of(deployment)
    )
    return Sweeper(
        source=store,
        sink=store,
        ledger=state.ledger,
        windows=state.windows,
        documents=state.documents,
        locks=state.locks,
        deployment=deployment,
        rubrics={rubric.name: rubric},
        backlog=state.backlog,
        top_up=releaser.top_up,
        pressure=Pressure(state.backlog, state.key_values, timedelta(hours=1)),
        budgeting=Budgeting(state.call_reader, state.ledger_reader, state.key_values, deployment, lambda rubric: 0.0),
        clock=clock,
        ledger_deadline=deadline,
    )
