"""Spans that frameworks wrote, sent to the server over HTTP and read back through the store: the whole way at once.

What the selectors find in each is tested beside the extraction, from rows made in memory. Here both ways agree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from assay.judges.rubric import SamplePaths
from assay.worker.extraction.extract import Extraction, extract
from assay.worker.ports.source import Fetched
from assay.worker.records.traces import Trace, TraceKey
from tests.servers.langfuse import LangfuseServer
from tests.unit.worker.extraction import framework_traces
from tests.unit.worker.stores.langfuse.making import store_on, using

DAY = datetime(2026, 11, 29, tzinfo=UTC)
"""When the recordings begin."""


AT_ONCE = 100


@pytest.fixture(scope="module")
def fetched() -> Iterator[dict[str, Fetched]]:
    names = framework_traces.names()
    with LangfuseServer() as server:
        with httpx.Client(base_url=server.url, auth=(server.public_key, server.secret_key)) as client:
            for name in names:
                send(client, name)
        keys = [TraceKey(trace_id=sent_as(name), start=DAY, end=DAY + timedelta(minutes=1)) for name in names]
        yield {
            trace_id: trace
            for at in range(0, len(keys), AT_ONCE)
            for trace_id, trace in read(server, keys[at : at + AT_ONCE]).items()
        }


def read(server: LangfuseServer, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
    return using(store_on(server), lambda store: store.fetch_traces(keys))


def sent_as(name: str, span_id: str = "") -> str:
    """A trace's or a span's id, unique among the recordings: in their files all begin with one."""
    return hashlib.sha256(f"{name} {span_id}".encode()).hexdigest()[: len(span_id) or 32]


def send(client: httpx.Client, name: str) -> None:
    """Export the main trace of a recording as OTLP/JSON."""
    groups: list[dict[str, Any]] = []
    for span in framework_traces.recording(name)["spans"]:
        if span["trace_id"] == framework_traces.main_trace(name):
            own, parent = (sent_as(name, span[key]) if span[key] else None for key in ("span_id", "parent_id"))
            ids = {"trace_id": sent_as(name), "span_id": own, "parent_id": parent}
            resource, scope, plain = framework_traces.otlp({**span, **ids})
            groups.append({"resource": resource, "scopeSpans": [{"scope": scope, "spans": [plain]}]})
    version = {"x-langfuse-ingestion-version": "4"}
    answer = client.post("/api/public/otel/v1/traces", json={"resourceSpans": groups}, headers=version)
    assert answer.status_code == 200, answer.text


def texts(extraction: Extraction) -> list[str]:
    parts = (extraction.question, extraction.response, *extraction.contexts)
    return [part.text if part else "" for part in parts] + [turn.content for turn in extraction.history]


def test_store_gives_the_traces_that_the_extraction_is_tested_with(fetched: dict[str, Fetched]) -> None:
    for name in framework_traces.names():
        trace = fetched[sent_as(name)]
        assert isinstance(trace, Trace), name
        alone = extract(framework_traces.trace(name), SamplePaths())
        assert texts(extract(trace, SamplePaths())) == texts(alone), name
