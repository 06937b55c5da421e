"""Stores on a Langfuse server under test, and what lies on it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest
from pydantic import SecretStr

from assay.worker.records.scores import Score, ScoreKey, ScoreSpec
from assay.worker.records.traces import TraceRoot
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.langfuse.client import LangfuseClient
from assay.worker.stores.langfuse.codec import iso
from assay.worker.stores.langfuse.quotas import Plan
from assay.worker.stores.langfuse.store import LangfuseStore
from tests.servers.langfuse import LangfuseServer

T = TypeVar("T")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OPEN = Plan(general=10**7, ingestion=10**7, legacy=10**7)
SPECS = (
    ScoreSpec(name="groundedness", data_type="NUMERIC", minimum=0, maximum=1),
    ScoreSpec(name="grounding_state", data_type="CATEGORICAL", categories=("judged", "no_claims")),
)


def store_on(
    server: LangfuseServer, *, plan: Plan = OPEN, client: dict[str, Any] | None = None, **over: Any
) -> LangfuseStore:
    options = {"limits": MemoryLimits(), "secret_key": SecretStr(server.secret_key), **(client or {})}
    made = LangfuseClient(server.url, public_key=server.public_key, plan=plan, **options)
    return LangfuseStore(made, **over)


def using(store: LangfuseStore, use: Callable[[LangfuseStore], Awaitable[T]]) -> T:
    async def run() -> T:
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(run())


def roots_in(store: LangfuseStore, start: datetime = NOON, end: datetime = NOON + HOUR) -> list[TraceRoot]:
    async def use(store: LangfuseStore) -> list[TraceRoot]:
        return [root async for page in store.list_roots(start, end) for root in page]

    return using(store, use)


def add_root(server: LangfuseServer, number: int, *, after_s: float = 0, **columns: Any) -> str:
    trace_id = f"{number:032x}"
    start = NOON + timedelta(seconds=after_s)
    given = {
        "traceId": trace_id, "id": f"{number:016x}", "type": "SPAN", "name": "chat", "startTime": iso(start),
        "endTime": iso(start + timedelta(seconds=1)), "environment": "production", "isRootObservation": True, **columns,
    }  # fmt: skip
    server.project.add_observation(**given)
    return trace_id


def score(value: float | str = 0.5, name: str = "groundedness", **columns: Any) -> Score:
    given = {"id": f"s-{name}", "trace_id": "a" * 32, "name": name, "value": value, "timestamp": NOON, **columns}
    return Score.model_validate(given)


def key_of(score_id: str) -> ScoreKey:
    """How to find a score of the usual trace."""
    return ScoreKey(score_id, "a" * 32, NOON)


class QuickPlan(Plan):
    """A plan whose minutes take a second."""

    def __init__(self, general: int) -> None:
        super().__init__(general=general, ingestion=10**6, legacy=10**6)

    def limit(self, bucket: Any, project: str) -> Any:
        return super().limit(bucket, project).model_copy(update={"period_s": 1.0})


def use(server: LangfuseServer, monkeypatch: pytest.MonkeyPatch, **over: str) -> None:
    """Name the server and its keys in the environment."""
    keys = {
        "LANGFUSE_BASE_URL": server.url,
        "LANGFUSE_PUBLIC_KEY": server.public_key,
        "LANGFUSE_SECRET_KEY": server.secret_key,
    }
    for name, value in {**keys, **over}.items():
        monkeypatch.setenv(name, value)
