"""An MLflow store that can also be filled, by OTLP as an application would.

The same for the contract server and for a real one: nothing here knows which it is. The contract suite calls its
traces as OpenTelemetry does, MLflow puts `tr-` before: here each is taken for the other.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import httpx
from pydantic import BaseModel

from assay.worker.ports.source import trace_in
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.spans import Span
from assay.worker.records.traces import Trace, TraceKey, TraceRoot
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.mlflow.client import Login, MlflowClient
from assay.worker.stores.mlflow.infos import PREFIX
from assay.worker.stores.mlflow.store import MlflowStore
from assay.worker.stores.mlflow.transport import Quota
from tests.otlp_filling import export_request_of, spans_of

T = TypeVar("T", TraceKey, Score)
_PLACE = "mlflow.json"
_OF_PROCESS = ("deployment.environment.name", "service.version")
"""Attributes that an application's SDK sends once for the process. MLflow makes them tags of the trace."""
_IN_ONE = 200
"""Traces in one export: SQLite behind a server writes them in one transaction."""


class Place(BaseModel):
    """Where a server is, and the experiment that tests write to."""

    url: str
    experiment: str = "0"


def write_place(directory: Path, place: Place) -> None:
    """Leave a note for every process that works in a directory."""
    (directory / _PLACE).write_text(place.model_dump_json())


def mlflow_in(directory: Path) -> FilledMlflow:
    """The store of the server noted in a directory."""
    return FilledMlflow(Place.model_validate_json((directory / _PLACE).read_text()))


def client_of(url: str, **options: object) -> MlflowClient:
    """A client without a login, with a budget that nothing reaches."""
    login = Login(token=None, username=None, password=None)
    quota = Quota(server=url, per_minute=10_000_000)
    return MlflowClient(url, **{"login": login, "limits": MemoryLimits(), "quota": quota, **options})  # type: ignore[arg-type]


class FilledMlflow(MlflowStore):
    """Traces in, and ids as OpenTelemetry has them."""

    def __init__(self, place: Place) -> None:
        super().__init__(client_of(place.url), experiment=place.experiment)
        self._place = place

    async def add_traces(self, traces: Iterable[Trace]) -> int:
        """Send the spans of traces, and wait until all are shown."""
        given = list(traces)
        for at in range(0, len(given), _IN_ONE):
            await export(self._place, [span for trace in given[at : at + _IN_ONE] for span in sent(trace)])
        deadline = time.monotonic() + 30
        while not await self._has(given) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        return len(given)

    async def _has(self, traces: Sequence[Trace]) -> bool:
        wanted = [TraceKey(trace_id=trace.id, start=trace.root.start) for trace in traces]
        return all([len(await self.fetch_traces(wanted[at : at + 200])) for at in range(0, len(wanted), 200)])

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        async for page in super().list_roots(start, end):
            yield [root.model_copy(update={"trace_id": root.trace_id.removeprefix(PREFIX)}) for root in page]

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Trace]:
        fetched = await super().fetch_traces([_renamed(key, PREFIX + key.trace_id) for key in keys])
        traces = [trace for trace_id in fetched if (trace := trace_in(fetched, trace_id)) is not None]
        return {trace.id.removeprefix(PREFIX): _plain(trace) for trace in traces}

    async def write_scores(self, scores: Sequence[Score]) -> None:
        await super().write_scores([_renamed(score, PREFIX + score.trace_id) for score in scores])

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        shown = await super().read_scores([key._replace(trace_id=PREFIX + key.trace_id) for key in keys])
        return {key: _renamed(score, score.trace_id.removeprefix(PREFIX)) for key, score in shown.items()}

    async def scored_traces(self, keys: Sequence[TraceKey], names: Sequence[str] | None) -> Mapping[str, list[Score]]:
        scored = await super().scored_traces([_renamed(key, PREFIX + key.trace_id) for key in keys], names)
        return {trace_id.removeprefix(PREFIX): scores for trace_id, scores in scored.items()}


def _renamed(record: T, trace_id: str) -> T:
    return record.model_copy(update={"trace_id": trace_id})


def _plain(trace: Trace) -> Trace:
    return trace.model_copy(update={"root": trace.root.model_copy(update={"trace_id": trace.id.removeprefix(PREFIX)})})


def sent(trace: Trace) -> list[Span]:
    """The spans of a trace as an SDK sends them: what belongs to the process among its resource."""
    spans = spans_of(trace)
    resource = {key: spans[0].attributes[key] for key in _OF_PROCESS if key in spans[0].attributes}
    kept = {key: value for key, value in spans[0].attributes.items() if key not in resource}
    whole = [spans[0].model_copy(update={"attributes": kept}), *spans[1:]]
    return [span.model_copy(update={"resource": resource}) for span in whole]


async def export(place: Place, spans: Sequence[Span]) -> None:
    """Send spans by OTLP, as protobuf."""
    headers = {"Content-Type": "application/x-protobuf", "x-mlflow-experiment-id": place.experiment}
    body = export_request_of(spans).SerializeToString()
    async with httpx.AsyncClient(timeout=120) as http:
        answer = await http.post(f"{place.url}/v1/traces", content=body, headers=headers)
    answer.raise_for_status()
