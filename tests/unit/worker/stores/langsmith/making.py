"""A server, a store over it, and an application's runs."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from assay.worker.records.scores import Score
from assay.worker.records.traces import TraceKey
from assay.worker.stores.langsmith.store import LangSmithStore
from tests.servers.langsmith.filled import PROJECT, Place, store_of
from tests.servers.langsmith.server import LangSmithServer

T = TypeVar("T")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TRACE = "6903738a-0000-4000-8000-00000000000a"
STEP = "6903738a-0000-4000-8000-00000000000b"


def asked(server: LangSmithServer, use: Callable[[LangSmithStore], Awaitable[T]], **options: Any) -> T:
    """What a store over a server gives."""

    async def run() -> T:
        store = store_of(Place(url=server.url, key=server.settings.key), **options)
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(run())


def fill(server: LangSmithServer, *runs: Mapping[str, Any]) -> None:
    """Put runs into the project, as the route for batches would."""
    server.session(PROJECT)
    for given in runs:
        server.runs.take({"session_name": PROJECT, **given}, server.sessions)


def run(run_id: str = TRACE, trace_id: str = TRACE, **columns: Any) -> dict[str, Any]:
    """A run of two seconds; a root where nothing else is said."""
    start = columns.pop("start", NOON)
    return {
        "id": run_id,
        "trace_id": trace_id,
        "parent_run_id": None if run_id == trace_id else trace_id,
        "name": "chat",
        "run_type": "chain",
        "start_time": start.isoformat(),
        "end_time": (start + timedelta(seconds=2)).isoformat(),
        **columns,
    }


def key(trace_id: str = TRACE, start: datetime = NOON) -> TraceKey:
    return TraceKey(trace_id=trace_id, start=start, end=start + timedelta(seconds=2))


def score(name: str = "groundedness", value: float | str = 0.5, trace_id: str = TRACE, **columns: Any) -> Score:
    score_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{trace_id}{name}"))
    given = {"id": score_id, "trace_id": trace_id, "name": name, "value": value, "timestamp": NOON}
    return Score.model_validate({**given, **columns})
