"""An Opik with a few traces, and the store over it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr

from assay.worker.records.scores import Score, ScoreSpec
from assay.worker.records.traces import TraceKey, TraceRoot, utc_iso
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.opik.client import OpikClient
from assay.worker.stores.opik.store import OpikStore
from tests.servers.opik import OpikServer

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SPECS = (ScoreSpec(name="answer_check", data_type="CATEGORICAL", categories=("fine", "doubtful", "wrong")),)


def uuid7(number: int, at: datetime = NOON) -> str:
    """An id as Opik's SDK makes them: a moment, and then what is random."""
    return str(uuid.UUID(int=int(at.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | number))


@asynccontextmanager
async def opened(server: OpikServer, **options: Any) -> AsyncIterator[OpikStore]:
    """The store over a server."""
    project = options.pop("project", server.project)
    given: dict[str, Any] = {
        "api_key": SecretStr(server.api_key),
        "workspace": server.workspace,
        "limits": MemoryLimits(),
        "requests_per_minute": 1_000_000,
    }
    client = OpikClient(server.url, **given | options)
    store = OpikStore(client, project=project, requests_per_minute=600, specs=SPECS)
    try:
        yield store
    finally:
        await store.close()


def add_trace(server: OpikServer, number: int, *, spans: int = 1, **columns: Any) -> str:
    """A trace with some spans; returns its id."""
    trace_id = uuid7(number)
    named = {"project_name": server.project, "start_time": utc_iso(NOON), "source": "sdk"}
    server.tables.add_rows("Trace", [{"id": trace_id, "name": "chat", **named, **columns}])
    steps = [{"id": uuid7(number * 100 + n), "trace_id": trace_id, "name": f"s{n}", **named} for n in range(spans)]
    server.tables.add_rows("Span", steps)
    return trace_id


def key_of(trace_id: str) -> TraceKey:
    return TraceKey(trace_id=trace_id, start=NOON)


def score_of(trace_id: str, name: str = "groundedness", value: float | str = 0.5, **columns: Any) -> Score:
    return Score.model_validate(
        {"id": f"id-of-{name}", "trace_id": trace_id, "name": name, "value": value, "timestamp": NOON, **columns}
    )


async def listed(store: OpikStore) -> list[TraceRoot]:
    return [root async for page in store.list_roots(NOON - HOUR, NOON + HOUR) for root in page]
