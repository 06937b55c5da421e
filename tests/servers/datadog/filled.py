"""A Datadog store that can also be filled, as an application would, and that speaks in the suite's ids.

Ids of spans are decimal in Datadog; the suite's are the same number in hex.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from pydantic import BaseModel, SecretStr

from assay.worker.ports.source import trace_in
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.traces import Observation, Trace, TraceKey, TraceRoot
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.datadog.connection import connections
from assay.worker.stores.datadog.store import DatadogStore
from tests.servers.datadog.server import SPANS

ML_APP = "contract-bot"
PROVIDER = "openai"
_KINDS = {"generation": "llm", "retriever": "retrieval", "tool": "tool", "embedding": "embedding", "agent": "agent"}
_TAGS = {"environment": "env", "release": "git.commit.sha", "version": "version", "user_id": "user_id"}


class Place(BaseModel):
    """Where a server is and how to get in."""

    url: str
    api_key: str
    app_key: str


def write_place(directory: Path, place: Place) -> None:
    """Leave a note for every process that works in a directory."""
    (directory / "datadog.json").write_text(place.model_dump_json())


def datadog_in(directory: Path) -> FilledDatadog:
    """The store of the server noted in a directory."""
    return FilledDatadog(Place.model_validate_json((directory / "datadog.json").read_text()))


def store_of(place: Place, *, ml_app: str = ML_APP, **options: Any) -> DatadogStore:
    """A store with a budget of its own."""
    return DatadogStore(*_connections(place), site="datadoghq.test", ml_app=ml_app, **options)


def _connections(place: Place) -> Any:
    return connections(
        place.url,
        api_key=SecretStr(place.api_key),
        app_key=SecretStr(place.app_key),
        limits=MemoryLimits(),
        requests_per_minute=100_000_000,
    )


class FilledDatadog(DatadogStore):
    """Takes traces in, and turns ids round on both ways."""

    def __init__(self, place: Place) -> None:
        super().__init__(*_connections(place), site="datadoghq.test", ml_app=ML_APP)
        self._place = place

    async def add_traces(self, traces: Iterable[Trace]) -> int:
        """Send spans, as the SDK does."""
        given = list(traces)
        spans = [span for trace in given for span in spans_of(trace)]
        async with httpx.AsyncClient(headers={"DD-API-KEY": self._place.api_key}, timeout=60, verify=False) as http:
            for at in range(0, len(spans), 300):
                attributes = {"ml_app": ML_APP, "spans": spans[at : at + 300]}
                body = {"data": {"type": "span", "attributes": attributes}}
                (await http.post(f"{self._place.url}{SPANS}", json=body)).raise_for_status()
        return len(given)

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        async for page in super().list_roots(start, end):
            yield [_hex_root(root) for root in page]

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Trace]:
        fetched = await super().fetch_traces(keys)
        traces = {trace_id: trace_in(fetched, trace_id) for trace_id in fetched}
        return {trace_id: _hex_trace(trace) for trace_id, trace in traces.items() if trace is not None}

    async def write_scores(self, scores: Sequence[Score]) -> None:
        await super().write_scores(
            [s.model_copy(update={"observation_id": s.observation_id and decimal(s.observation_id)}) for s in scores]
        )

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        given = [key._replace(observation_id=key.observation_id and decimal(key.observation_id)) for key in keys]
        shown = await super().read_scores(given)
        return {
            score_id: s.model_copy(update={"observation_id": s.observation_id and _hex(s.observation_id)})
            for score_id, s in shown.items()
        }


def trace_as_shown(trace: Trace) -> Trace:
    """Datadog knows errors, but no other level. It tells the provider of each model call."""
    steps = tuple(
        step.model_copy(update={"level": _level(step.level), "metadata": {**step.metadata, **_provider(step)}})
        for step in trace.observations
    )
    root = trace.root.model_copy(update={"level": _level(trace.root.level)})
    return trace.model_copy(update={"root": root, "observations": steps})


def spans_of(trace: Trace) -> Iterable[dict[str, Any]]:
    """A trace as an application sends it."""
    root = trace.root
    top = Observation(
        id=root.observation_id, name=root.name, start=root.start, end=root.end, level=root.level, type="agent",
        input=trace.input, output=trace.output, metadata=root.metadata,
    )  # fmt: skip
    tags = [f"{key}:{getattr(root, name)}" for name, key in _TAGS.items() if getattr(root, name) is not None]
    session = {"session_id": root.session_id} if root.session_id else {}
    yield {**_span(trace.id, "undefined", top), "tags": [*tags, *root.tags], **session}
    for step in trace.observations:
        yield _span(trace.id, decimal(step.parent_id or root.observation_id), step)


def _provider(step: Observation) -> dict[str, str]:
    return {"provider": PROVIDER} if step.model else {}


def _span(trace_id: str, parent: str, step: Observation) -> dict[str, Any]:
    model = {"model_name": step.model, "model_provider": PROVIDER} if step.model else {}
    return {
        "name": step.name,
        "span_id": decimal(step.id),
        "trace_id": trace_id,
        "parent_id": parent,
        "start_ns": _nanos(step.start),
        "duration": float(_nanos(step.end or step.start) - _nanos(step.start)),
        "status": "error" if step.level == "ERROR" else "ok",
        "meta": {
            "kind": _KINDS.get(step.type, "workflow"),
            "input": _io(step.input),
            "output": _io(step.output),
            "metadata": {**step.metadata, **model},
        },
        "metrics": _metrics(step),
    }


def _metrics(step: Observation) -> dict[str, float]:
    used = step.usage
    counts: dict[str, Any] = {
        "input_tokens": used and used.input,
        "cache_read_input_tokens": used and used.cached,
        "cache_write_input_tokens": used and used.cache_write,
        "output_tokens": used and used.output,
        "reasoning_output_tokens": used and used.reasoning,
        "estimated_total_cost": None if step.cost_usd is None else round(step.cost_usd * 1e9),
        "time_to_first_token": step.first_token and (step.first_token - step.start).total_seconds(),
    }
    return {name: float(value) for name, value in counts.items() if value is not None}


def _io(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    return {"value": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}


def decimal(span_id: str) -> str:
    """An id of a span as Datadog writes it."""
    return str(int(span_id, 16))


def _hex(span_id: str) -> str:
    return f"{int(span_id):016x}"


def _level(level: str) -> str:
    return "ERROR" if level == "ERROR" else "DEFAULT"


def _nanos(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000_000) * 1000


def _hex_root(root: TraceRoot) -> TraceRoot:
    return root.model_copy(update={"observation_id": _hex(root.observation_id)})


def _hex_trace(trace: Trace) -> Trace:
    steps = tuple(
        step.model_copy(update={"id": _hex(step.id), "parent_id": step.parent_id and _hex(step.parent_id)})
        for step in trace.observations
    )
    return trace.model_copy(update={"root": _hex_root(trace.root), "observations": steps})
