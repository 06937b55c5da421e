"""A store of spans that can also be filled, by OTLP as an application would, and that waits for what is shown late."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx
from pydantic import JsonValue

from assay.worker.otlp.span_store import SpanStore
from assay.worker.ports.source import trace_in
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.traces import Trace, TraceKey, TraceRoot
from tests.otlp_filling import export_request_of, spans_of

PATIENCE_S = 5.0
AT_ONCE = 200
HEADERS = {"Content-Type": "application/x-protobuf", "Content-Encoding": "gzip"}


class FilledSpanStore:
    """The store as a deployment opens it, and a way in beside it."""

    def __init__(self, store: Any, otlp_url: str, resource: Mapping[str, JsonValue] | None = None) -> None:
        """Keep the parts. `resource` is the process that the spans are said to come from."""
        assert isinstance(store, SpanStore)
        self.store: Any = store
        self._otlp_url = otlp_url
        self._resource = dict(resource or {})
        self._written: dict[str, Score] = {}

    async def add_traces(self, traces: Iterable[Trace]) -> int:
        """Send traces, and wait until all can be read."""
        given = list(traces)
        async with httpx.AsyncClient(timeout=60) as http:
            for start in range(0, len(given), AT_ONCE):
                spans = [
                    span.model_copy(update={"resource": self._resource})
                    for trace in given[start : start + AT_ONCE]
                    for span in spans_of(trace)
                ]
                body = gzip.compress(export_request_of(spans).SerializeToString(), compresslevel=1)
                answer = await http.post(f"{self._otlp_url}/v1/traces", content=body, headers=HEADERS)
                answer.raise_for_status()
        last = given[-1:]

        async def is_shown() -> bool:
            keys = [TraceKey(trace_id=trace.id, start=trace.root.start, end=trace.root.end) for trace in last]
            return len(await self.store.fetch_traces(keys)) == len(last)

        await _until(is_shown)
        return len(given)

    async def project_id(self) -> str:
        return str(await self.store.project_id())

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        async for page in self.store.list_roots(start, end):
            yield [root.model_copy(update={"metadata": self._own(root.metadata)}) for root in page]

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        return int(await self.store.count_rootless(start, end))

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Trace]:
        """Whole traces, without what the process said of itself."""
        fetched = await self.store.fetch_traces(keys)
        found = {trace_id: trace_in(fetched, trace_id) for trace_id in fetched}
        return {trace_id: self._clean(trace) for trace_id, trace in found.items() if trace is not None}

    async def write_scores(self, scores: Sequence[Score]) -> None:
        """Write, and remember what must be seen."""
        await self.store.write_scores(scores)
        self._written |= {score.id: score for score in scores}

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        """What the store shows once it shows all that this instance wrote."""
        wanted = list(keys)
        shown: dict[str, Score] = {}

        async def is_shown() -> bool:
            shown.clear()
            shown.update(await self.store.read_scores(wanted))
            mine = {key.id: self._written[key.id] for key in wanted if key.id in self._written}
            return all(i in shown and shown[i].value == score.value for i, score in mine.items())

        await _until(is_shown)
        return shown

    async def scored_traces(
        self, keys: Sequence[TraceKey], names: Sequence[str] | None
    ) -> Mapping[str, Collection[Score]] | None:
        scored: Mapping[str, Collection[Score]] = await self.store.scored_traces(keys, names)
        return scored

    async def close(self) -> None:
        await self.store.close()

    def _own(self, metadata: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
        said = {f"resource.{key}" for key in self._resource}
        return {key: value for key, value in metadata.items() if key not in said}

    def _clean(self, trace: Trace) -> Trace:
        root = trace.root.model_copy(update={"metadata": self._own(trace.root.metadata)})
        steps = tuple(step.model_copy(update={"metadata": self._own(step.metadata)}) for step in trace.observations)
        return trace.model_copy(update={"root": root, "observations": steps})


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not await condition() and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
