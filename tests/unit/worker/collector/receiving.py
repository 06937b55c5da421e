"""A receiver over a store of its own, asked without a network."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import httpx
from pydantic import SecretStr

from assay.worker.collector.app import Receiver
from assay.worker.collector.counts import Counts
from assay.worker.collector.writer import SpanWriter
from assay.worker.config.collecting import Collecting
from assay.worker.ports.capabilities import LoggedEvent, SpanKey
from assay.worker.ports.source import trace_in
from assay.worker.records.spans import Span
from assay.worker.records.traces import Trace, TraceKey
from assay.worker.stores.sqlite.store import SqliteStore
from tests.otlp_filling import export_request_of

T = TypeVar("T")

PROTOBUF = {"Content-Type": "application/x-protobuf"}
JSON = {"Content-Type": "application/json"}


def a_span(number: int = 1, *, trace: int = 1, parent: int | None = None, **over: object) -> Span:
    """A span; without a parent it is a root."""
    start = datetime.now(UTC) - timedelta(minutes=1)
    columns: dict[str, object] = {
        "trace_id": f"{trace:032x}",
        "span_id": f"{number:016x}",
        "parent_id": f"{parent:016x}" if parent else None,
        "name": "chat",
        "start": start,
        "end": start + timedelta(seconds=1),
        "attributes": {"input.value": "When?", "output.value": "In 1932."},
    }
    return Span.model_validate({**columns, **over})


def body_of(*spans: Span) -> bytes:
    """A request in protobuf."""
    body: bytes = export_request_of(spans).SerializeToString()
    return body


class SlowStore(SqliteStore):
    """Writes when it is let, and can fail."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.may_write = asyncio.Event()
        self.may_write.set()
        self.errors: list[Exception] = []
        self.batches: list[int] = []

    async def add_spans(self, spans: Sequence[Span], events: Sequence[LoggedEvent] = ()) -> Mapping[SpanKey, str]:
        await self.may_write.wait()
        self.batches.append(len(spans))
        if self.errors:
            raise self.errors.pop(0)
        return await super().add_spans(spans, events)


class Receiving:
    """A receiver, its store, its counts, and a client."""

    def __init__(self, path: Path, limits: Collecting, token: str | None) -> None:
        self.store = SlowStore(path)
        self.counts = Counts()
        self.writer = SpanWriter(self.store)
        secret = SecretStr(token) if token is not None else None
        self.receiver = Receiver(self.store, self.writer, limits, self.counts, token=secret)
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=self.receiver.app()), base_url="http://collector"
        )

    async def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """Send a body."""
        return await self.client.post(path, content=body, headers=dict(headers))

    async def export(self, *spans: Span, **headers: str) -> httpx.Response:
        """Send spans."""
        return await self.post("/v1/traces", body_of(*spans), {**PROTOBUF, **headers})

    async def trace(self, number: int = 1) -> Trace | None:
        """The trace that the store shows."""
        key = TraceKey(trace_id=f"{number:032x}", start=datetime.now(UTC))
        return trace_in(await self.store.fetch_traces([key]), key.trace_id)


@asynccontextmanager
async def receiving(path: Path, *, token: str | None = None, **limits: object) -> AsyncIterator[Receiving]:
    """A receiver that runs."""
    running = Receiving(path / "traces.db", Collecting.model_validate(limits), token)
    running.writer.start()
    try:
        yield running
    finally:
        running.store.may_write.set()
        await running.writer.close()
        await running.client.aclose()
        running.receiver.close()
        await running.store.close()


def within(path: Path, use: Callable[[Receiving], Awaitable[T]], *, token: str | None = None, **limits: object) -> T:
    """Ask a receiver."""

    async def run() -> T:
        async with receiving(path, token=token, **limits) as running:
            return await use(running)

    return asyncio.run(run())
