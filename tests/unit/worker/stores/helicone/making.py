"""A Helicone with a few requests, and the store over it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr

from assay.worker.ports.locks import Locks
from assay.worker.records.scores import Score
from assay.worker.records.traces import TraceKey, TraceRoot
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.helicone.client import HeliconeClient
from assay.worker.stores.helicone.store import HeliconeStore
from tests.servers.helicone import HeliconeServer

NOON = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=2)
HOUR = timedelta(hours=1)


def request_id(number: int) -> str:
    """A request's id."""
    return str(uuid.UUID(int=4 << 76 | 2 << 62 | number))


@asynccontextmanager
async def opened(server: HeliconeServer, *, locks: Locks | None = None, **options: Any) -> AsyncIterator[HeliconeStore]:
    """The store over a server."""
    given: dict[str, Any] = {
        "api_key": SecretStr(server.api_key),
        "limits": MemoryLimits(),
        "requests_per_minute": 1_000_000,
    }
    client = HeliconeClient(server.url, **given | options)
    store = HeliconeStore(client, organization="acme", requests_per_minute=60, locks=locks)
    try:
        yield store
    finally:
        await store.close()


def add_request(server: HeliconeServer, number: int, *, start: datetime = NOON, **columns: Any) -> str:
    """A logged request; returns its id."""
    row = {
        "request_id": request_id(number),
        "response_id": str(uuid.UUID(int=number)),
        "request_created_at": start.isoformat(timespec="milliseconds"),
        "response_created_at": None,
        "delay_ms": 1500,
        "request_body": {"messages": [{"role": "user", "content": "May I?"}]},
        "response_body": {"choices": [{"message": {"role": "assistant", "content": "You may."}}]},
        "response_status": 200,
        "provider": "OPENAI",
        "request_model": "gpt-5",
    }
    server.table.add({**row, **columns})
    return request_id(number)


def key_of(trace_id: str, start: datetime = NOON) -> TraceKey:
    return TraceKey(trace_id=trace_id, start=start)


def score_of(trace_id: str, name: str = "groundedness", value: float | str = 0.5, **columns: Any) -> Score:
    return Score.model_validate(
        {"id": f"id-of-{name}", "trace_id": trace_id, "name": name, "value": value, "timestamp": NOON, **columns}
    )


async def listed(store: HeliconeStore) -> list[TraceRoot]:
    return [root async for page in store.list_roots(NOON - HOUR, NOON + HOUR) for root in page]
