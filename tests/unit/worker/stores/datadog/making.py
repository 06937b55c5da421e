"""A server, a store over it, and an application's spans."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from assay.worker.records.scores import Score
from assay.worker.records.traces import TraceKey
from assay.worker.stores.datadog.store import DatadogStore
from tests.servers.datadog.filled import ML_APP, Place, store_of
from tests.servers.datadog.server import DatadogServer

T = TypeVar("T")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TRACE = "6903738200000000af2d3775dfc70530"
ROOT, STEP = "14624140233640368324", "14624140233640368325"


def asked(server: DatadogServer, use: Callable[[DatadogStore], Awaitable[T]], **options: Any) -> T:
    """What a store over a server gives."""

    async def run() -> T:
        settings = server.settings
        place = Place(url=server.url, api_key=settings.api_key, app_key=settings.app_key)
        store = store_of(place, **options)
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(run())


def fill(server: DatadogServer, *spans: dict[str, Any], ml_app: str = ML_APP) -> None:
    """Put spans in, as the intake would."""
    server._take_spans({"data": {"type": "span", "attributes": {"ml_app": ml_app, "spans": list(spans)}}})


def span(span_id: str = ROOT, trace_id: str = TRACE, **columns: Any) -> dict[str, Any]:
    """A span of two seconds; a root where nothing else is said."""
    start = columns.pop("start", NOON)
    meta = {"kind": columns.pop("kind", "agent"), **columns.pop("meta", {})}
    return {
        "name": "chat",
        "span_id": span_id,
        "trace_id": trace_id,
        "parent_id": "undefined",
        "start_ns": round(start.timestamp() * 1000) * 1_000_000,
        "duration": 2e9,
        "meta": meta,
        **columns,
    }


def key(trace_id: str = TRACE, start: datetime = NOON) -> TraceKey:
    return TraceKey(trace_id=trace_id, start=start, end=start + timedelta(seconds=2))


def score(name: str = "groundedness", value: float | str = 0.5, trace_id: str = TRACE, **columns: Any) -> Score:
    score_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{trace_id}{name}"))
    given = {"id": score_id, "trace_id": trace_id, "name": name, "value": value, "timestamp": NOON}
    return Score.model_validate({**given, **columns})
