"""A Phoenix store that can also be filled, by OTLP as an application would. It does not know which server it is on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import httpx
from pydantic import BaseModel, SecretStr

from assay.worker.ports.source import trace_in
from assay.worker.records.traces import OWN_ENVIRONMENT, Trace, TraceKey
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.phoenix.client import PhoenixClient
from assay.worker.stores.phoenix.store import PhoenixStore
from tests.otlp_filling import export_request_of, spans_of

PROJECT = "contract"
SENT_AT_ONCE = 200


class Place(BaseModel):
    """Where a server is and how to get in."""

    url: str
    project: str = PROJECT
    api_key: SecretStr | None = None


def write_place(directory: Path, place: Place) -> None:
    """Leave a note for every process that works in a directory, and make the project."""
    (directory / "phoenix.json").write_text(place.model_dump_json())
    if httpx.get(f"{place.url}/v1/projects/{place.project}", timeout=60).status_code == 404:
        httpx.post(f"{place.url}/v1/projects", json={"name": place.project}, timeout=60).raise_for_status()


def phoenix_in(directory: Path) -> FilledPhoenix:
    """The store of the server noted in a directory."""
    return FilledPhoenix(Place.model_validate_json((directory / "phoenix.json").read_text()))


def client_of(place: Place, **options: object) -> PhoenixClient:
    """A client with a budget of its own, which never runs out."""
    options = {"limits": MemoryLimits(), "requests_per_minute": 1_000_000, **options}
    return PhoenixClient(place.url, project=place.project, api_key=place.api_key, **options)  # type: ignore[arg-type]


class FilledPhoenix(PhoenixStore):
    """Waits until what was sent is shown: Phoenix takes spans in from a queue."""

    def __init__(self, place: Place, *, patience_s: float = 120.0) -> None:
        super().__init__(client_of(place))
        self._place = place
        self._patience_s = patience_s

    async def add_traces(self, traces: Iterable[Trace]) -> int:
        """Send traces as OTLP protobuf and wait until all can be read."""
        given = list(traces)
        for at in range(0, len(given), SENT_AT_ONCE):
            part = given[at : at + SENT_AT_ONCE]
            request = export_request_of(span for trace in part for span in spans_of(trace))
            await self._send(request.SerializeToString())
            await self._until_shown(part)
        return len(given)

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Trace]:
        """Whole traces. One that could not be read is an error of the test."""
        fetched = await super().fetch_traces(keys)
        found = {trace_id: trace_in(fetched, trace_id) for trace_id in fetched}
        return {trace_id: trace for trace_id, trace in found.items() if trace is not None}

    async def _send(self, body: bytes) -> None:
        headers = {"Content-Type": "application/x-protobuf", "x-project-name": self._place.project}
        async with httpx.AsyncClient(timeout=60) as http:
            answered = await http.post(f"{self._place.url}/v1/traces", content=body, headers=headers)
        answered.raise_for_status()

    async def _until_shown(self, traces: Sequence[Trace]) -> None:
        asked = [trace for trace in traces if trace.root.environment != OWN_ENVIRONMENT]  # ours are never shown
        keys = [TraceKey(trace_id=trace.id, start=trace.root.start) for trace in asked]
        steps = {trace.id: len(trace.observations) for trace in asked}
        deadline = time.monotonic() + self._patience_s
        while time.monotonic() < deadline:
            shown = await self.fetch_traces(keys)
            if all(trace_id in shown and len(shown[trace_id].observations) >= n for trace_id, n in steps.items()):
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"{len(traces)} traces were not shown within {self._patience_s:g} s")
