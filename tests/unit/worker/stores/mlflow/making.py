"""Stores on an MLflow server under test, and what lies on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from assay.worker.records.scores import Score
from assay.worker.records.spans import Span
from assay.worker.records.traces import Trace, TraceKey, TraceRoot
from assay.worker.stores.mlflow.store import MlflowStore
from tests.otlp_filling import export_request_of
from tests.servers.mlflow import MlflowServer
from tests.servers.mlflow.filled import client_of

T = TypeVar("T")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def store_on(server: MlflowServer, *, experiment: str = "0", **options: Any) -> MlflowStore:
    """A store without a login on the server's experiment."""
    return MlflowStore(client_of(server.url, **options), experiment=experiment)


def using(store: MlflowStore, use: Callable[[MlflowStore], Awaitable[T]]) -> T:
    async def run() -> T:
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(run())


def hexed(number: int) -> str:
    """OpenTelemetry's id of a trace."""
    return f"{number:032x}"


def id_of(number: int) -> str:
    """MLflow's id of a trace."""
    return f"tr-{number:032x}"


def span(number: int, step: int = 0, **fields: Any) -> Span:
    """A span of a trace; its root unless `step` says otherwise."""
    given = {
        "trace_id": hexed(number),
        "span_id": f"{number:015x}{step:x}",
        "parent_id": None if step == 0 else f"{number:015x}0",
        "name": "chat",
        "start": NOON,
        "end": NOON + timedelta(seconds=1),
        "status": "OK",
        **fields,
    }
    return Span.model_validate(given)


def add(server: MlflowServer, *spans: Span) -> None:
    """Have the server take spans as an application would send them."""
    server.tables.take("0", export_request_of(spans))


def score(number: int = 1, name: str = "groundedness", value: float | str = 0.5, **columns: Any) -> Score:
    given = {"id": f"{number}-{name}", "trace_id": id_of(number), "name": name, "value": value, "timestamp": NOON}
    return Score.model_validate({**given, **columns})


def roots_in(store: MlflowStore, start: datetime = NOON, end: datetime = NOON + HOUR) -> list[TraceRoot]:
    async def use(store: MlflowStore) -> list[TraceRoot]:
        return [root async for page in store.list_roots(start, end) for root in page]

    return using(store, use)


def fetched(store: MlflowStore, *numbers: int) -> dict[str, Any]:
    keys = [TraceKey(trace_id=id_of(number), start=NOON) for number in numbers]

    async def use(store: MlflowStore) -> dict[str, Any]:
        return dict(await store.fetch_traces(keys))

    return using(store, use)


def fetched_trace(store: MlflowStore, number: int = 1) -> Trace:
    trace = fetched(store, number)[id_of(number)]
    assert isinstance(trace, Trace), trace
    return trace
