"""A LangSmith store that can also be filled, as an application's SDK would, and that speaks in the suite's ids.

LangSmith's ids are UUIDs. The suite's ids of traces are the same without dashes; those of steps have zeros put behind.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel, SecretStr

from assay.worker.ports.source import trace_in
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.traces import Observation, Trace, TraceKey, TraceRoot
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.langsmith.connection import connections
from assay.worker.stores.langsmith.store import LangSmithStore

PROJECT = "contract"
_RUN_TYPES = {"generation": "llm", "retriever": "retriever", "tool": "tool", "embedding": "embedding"}
_COLUMNS = {
    "environment": "environment",
    "release": "revision_id",
    "version": "version",
    "user_id": "user_id",
    "session_id": "session_id",
}


class Place(BaseModel):
    """Where a server is and how to get in."""

    url: str
    key: str


def write_place(directory: Path, place: Place) -> None:
    """Leave a note for every process that works in a directory."""
    (directory / "langsmith.json").write_text(place.model_dump_json())


def langsmith_in(directory: Path) -> FilledLangSmith:
    """The store of the server noted in a directory."""
    return FilledLangSmith(Place.model_validate_json((directory / "langsmith.json").read_text()))


def store_of(place: Place, *, project: str = PROJECT, **options: Any) -> LangSmithStore:
    """A store with a budget of its own."""
    return LangSmithStore(*_connections(place), project=project, **options)


def _connections(place: Place) -> Any:
    return connections(
        place.url,
        key=SecretStr(place.key),
        workspace=None,
        limits=MemoryLimits(),
        requests_per_minute=100_000_000,
    )


class FilledLangSmith(LangSmithStore):
    """Takes traces in, and turns ids round on the way out."""

    def __init__(self, place: Place) -> None:
        super().__init__(*_connections(place), project=PROJECT)
        self._place = place
        self._roots: set[str] = set()

    async def add_traces(self, traces: Iterable[Trace]) -> int:
        """Send runs in batches, as the SDK does."""
        given = list(traces)
        self._roots |= {trace.root.observation_id for trace in given}
        runs = [run for trace in given for run in _runs(trace)]
        async with httpx.AsyncClient(headers={"x-api-key": self._place.key}, timeout=60, verify=False) as http:
            for at in range(0, len(runs), 300):
                answer = await http.post(f"{self._place.url}/runs/batch", json={"post": runs[at : at + 300]})
                answer.raise_for_status()
        return len(given)

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        async for page in super().list_roots(start, end):
            yield [_short_root(root) for root in page]

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Trace]:
        fetched = await super().fetch_traces(keys)
        traces = {trace_id: trace_in(fetched, trace_id) for trace_id in fetched}
        return {trace_id: _short(trace) for trace_id, trace in traces.items() if trace is not None}

    async def write_scores(self, scores: Sequence[Score]) -> None:
        await super().write_scores([self._long(score) for score in scores])

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        known = {key: self._long_id(key.observation_id, key.trace_id) for key in keys}
        shown = await super().read_scores([key._replace(observation_id=known[key]) for key in known])
        return {score_id: _short_score(score) for score_id, score in shown.items()}

    def _long(self, score: Score) -> Score:
        return score.model_copy(update={"observation_id": self._long_id(score.observation_id, score.trace_id)})

    def _long_id(self, observation_id: str | None, trace_id: str) -> str | None:
        if observation_id is None:
            return None
        return trace_id if observation_id in self._roots else observation_id + "0" * 16


def trace_as_shown(trace: Trace) -> Trace:
    """LangSmith knows errors, but no other level; and a root run has the trace's id."""
    root = trace.root
    shown = root.model_copy(update={"observation_id": trace.id, "level": _level(root.level)})
    steps = tuple(
        step.model_copy(
            update={
                "level": _level(step.level),
                "parent_id": trace.id if step.parent_id == root.observation_id else step.parent_id,
            }
        )
        for step in trace.observations
    )
    return trace.model_copy(update={"root": shown, "observations": steps})


def score_as_shown(score: Score) -> Score:
    """The suite hangs scores on roots alone, and a root run has the trace's id."""
    return score.model_copy(update={"observation_id": score.observation_id and score.trace_id})


def _level(level: str) -> str:
    return "ERROR" if level == "ERROR" else "DEFAULT"


def _runs(trace: Trace) -> Iterable[dict[str, Any]]:
    root = trace.root
    columns = {key: getattr(root, name) for name, key in _COLUMNS.items() if getattr(root, name) is not None}
    top = Observation(
        id=root.trace_id, name=root.name, start=root.start, end=root.end, level=root.level,
        input=trace.input, output=trace.output, metadata={**root.metadata, **columns},
    )  # fmt: skip
    order = _order(top.start, top.id)
    yield {**_run(top, root.trace_id, None, order), "tags": list(root.tags)}
    for step in trace.observations:
        run_id = step.id + "0" * 16
        yield _run(
            step.model_copy(update={"id": run_id}),
            root.trace_id,
            root.trace_id,
            f"{order}.{_order(step.start, run_id)}",
        )


def _run(step: Observation, trace_id: str, parent: str | None, order: str) -> dict[str, Any]:
    first = step.first_token
    return {
        "id": step.id,
        "trace_id": trace_id,
        "dotted_order": order,
        "parent_run_id": parent,
        "session_name": PROJECT,
        "name": step.name,
        "run_type": _RUN_TYPES.get(step.type, "chain"),
        "start_time": step.start.astimezone(UTC).isoformat(),
        "end_time": step.end.astimezone(UTC).isoformat() if step.end else None,
        "error": "it failed" if step.level == "ERROR" else None,
        "inputs": _object(step.input, "input"),
        "outputs": {**_object(step.output, "output"), **_usage(step)},
        "extra": {"metadata": {**step.metadata, **({"ls_model_name": step.model} if step.model else {})}},
        "events": [{"name": "new_token", "time": first.astimezone(UTC).isoformat()}] if first else [],
    }


def _usage(step: Observation) -> dict[str, Any]:
    tokens = step.usage
    if tokens is None:
        return {}
    read = {"cache_read": tokens.cached, "cache_creation": tokens.cache_write}
    usage = {
        "input_tokens": tokens.input,
        "output_tokens": tokens.output,
        "input_token_details": {key: count for key, count in read.items() if count is not None},
        "output_token_details": {} if tokens.reasoning is None else {"reasoning": tokens.reasoning},
        "total_cost": step.cost_usd,
    }
    return {"usage_metadata": usage}


def _object(value: Any, name: str) -> dict[str, Any]:
    """Inputs and outputs are objects; the SDK puts anything else under a name."""
    if value is None:
        return {}
    return value if isinstance(value, dict) else {name: value}


def _order(start: datetime, run_id: str) -> str:
    return f"{start.astimezone(UTC):%Y%m%dT%H%M%S%f}Z{run_id}"


def _short_id(run_id: str) -> str:
    return run_id.replace("-", "").removesuffix("0" * 16)


def _short_root(root: TraceRoot) -> TraceRoot:
    trace_id = root.trace_id.replace("-", "")
    return root.model_copy(update={"trace_id": trace_id, "observation_id": trace_id})


def _short(trace: Trace) -> Trace:
    steps = tuple(
        step.model_copy(update={"id": _short_id(step.id), "parent_id": step.parent_id and _short_id(step.parent_id)})
        for step in trace.observations
    )
    return trace.model_copy(update={"root": _short_root(trace.root), "observations": steps})


def _short_score(score: Score) -> Score:
    observation = score.observation_id and _short_id(score.observation_id)
    return score.model_copy(update={"trace_id": score.trace_id.replace("-", ""), "observation_id": observation})
