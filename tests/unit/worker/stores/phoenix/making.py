"""What the tests of this folder share: stores on the small server, and spans sent to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeVar

from pydantic import SecretStr

from assay.worker.records.scores import Score
from assay.worker.records.spans import Span
from assay.worker.stores.phoenix.store import PhoenixStore
from tests.otlp_filling import export_request_of
from tests.servers.phoenix import PhoenixServer
from tests.servers.phoenix.filled import Place, client_of

T = TypeVar("T")
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TRACE, OTHER = "4bf92f3577b34da6a3ce929d0e0e4736", "5bf92f3577b34da6a3ce929d0e0e4736"


def store_on(
    server: PhoenixServer, *, project: str = "default", key: str | None = None, **options: Any
) -> PhoenixStore:
    """A store of one of the server's projects."""
    place = Place(url=server.url, project=project, api_key=SecretStr(key) if key else None)
    return PhoenixStore(client_of(place, **options))


def within(store: PhoenixStore, use: Callable[[PhoenixStore], Awaitable[T]]) -> T:
    """Run something with a store and close it."""

    async def run() -> T:
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(run())


def span(number: int, *, trace_id: str = TRACE, parent: int | None = None, **over: Any) -> Span:
    """A span of a second."""
    fields: dict[str, Any] = {
        "trace_id": trace_id,
        "span_id": f"{number:016x}",
        "parent_id": None if parent is None else f"{parent:016x}",
        "name": f"step {number}",
        "start": NOON,
        "end": NOON.replace(second=1),
        **over,
    }
    return Span(**fields)


def sent(server: PhoenixServer, spans: Iterable[Span], project: str = "default") -> None:
    """Spans as the server has them after an application sent them."""
    request = export_request_of(spans)
    for group in request.resource_spans:
        for scoped in group.scope_spans:
            server.contents.add_spans(scoped.spans, project)


def score(name: str = "groundedness", value: float | str = 0.5, **over: Any) -> Score:
    """A score of the trace."""
    fields: dict[str, Any] = {"id": f"id-{name}", "trace_id": TRACE, "name": name, "value": value, "timestamp": NOON}
    return Score(**{**fields, **over})
