"""What a small request may cost, and what differs in spelling only."""

from __future__ import annotations

import codecs
import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from assay.worker.collector.trace_requests import trace_request
from assay.worker.otlp.span_parts import MOST_SCOPE_CHARS
from assay.worker.records.spans import Span
from tests.otlp_filling import export_request_of
from tests.unit.worker.collector.receiving import JSON, PROTOBUF, Receiving, a_span, body_of, within
from tests.unit.worker.collector.test_app import PLAIN, json_body, taken

EMPTY: list[Any] = [{}] * 20_001


@pytest.mark.parametrize(
    "group",
    [
        {"scopeSpans": EMPTY},
        {"scope_spans": EMPTY},
        {"scopeSpans": None, "scope_spans": EMPTY},
        {"instrumentationLibrarySpans": EMPTY},
        {"scopeSpans": None, "scope_spans": None, "instrumentationLibrarySpans": EMPTY},
    ],
    ids=range(5),
)
def test_groups_are_counted_under_every_name_that_is_read(tmp_path: Path, group: dict[str, Any]) -> None:
    async def use(running: Receiving) -> None:
        response = await running.post("/v1/traces", json.dumps({"resourceSpans": [group]}).encode(), JSON)
        assert response.status_code == 413
        assert "20,000 groups" in response.json()["message"]

    within(tmp_path, use)


@pytest.mark.parametrize("name", ["scopeLogs", "scope_logs"])
def test_groups_of_log_records_are_counted_together(tmp_path: Path, name: str) -> None:
    groups: list[Any] = [{"scopeLogs": None, name: [{}] * 11_000}] * 2

    async def use(running: Receiving) -> None:
        response = await running.post("/v1/logs", json.dumps({"resourceLogs": groups}).encode(), JSON)
        assert response.status_code == 413

    within(tmp_path, use)


def test_a_small_body_does_not_become_a_large_file(tmp_path: Path) -> None:
    request = export_request_of([a_span(1, attributes={})])
    group = request.resource_spans[0]
    group.resource.attributes.add(key="note").value.string_value = "x" * 500_000
    group.scope_spans[0].scope.name = "y" * 400_000
    first = group.scope_spans[0].spans[0]
    for number in range(2, 3_000):
        span = group.scope_spans[0].spans.add()
        span.CopyFrom(first)
        span.trace_id, span.span_id = number.to_bytes(16, "big"), number.to_bytes(8, "big")

    async def use(running: Receiving) -> None:
        answer = taken(await running.post("/v1/traces", request.SerializeToString(), PROTOBUF))
        assert not answer.HasField("partial_success")
        assert await running.store.count_traces() == 2_999

    within(tmp_path, use)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 40_000_000


@pytest.mark.parametrize("form", ["application/json", "application/x-protobuf"])
def test_long_names_of_scopes_are_cut(form: Any) -> None:
    if form == JSON["Content-Type"]:
        scoped = {"scope": {"name": "y" * 5_000}, "spans": [PLAIN]}
        body = json.dumps({"resourceSpans": [{"scopeSpans": [scoped]}]}).encode()
    else:
        request = export_request_of([a_span()])
        request.resource_spans[0].scope_spans[0].scope.name = "y" * 5_000
        body = request.SerializeToString()
    spans: list[Span] = list(trace_request(form, body).spans)
    assert [len(span.scope) for span in spans] == [MOST_SCOPE_CHARS]


def test_compressed_bytes_that_become_nothing_are_bounded(tmp_path: Path) -> None:
    empty_blocks = zlib.compressobj(0)
    nothing = empty_blocks.compress(b"") + empty_blocks.flush(zlib.Z_FULL_FLUSH) + b"\0\0\0\xff\xff" * 300_000

    async def chunks() -> Any:
        for at in range(0, len(nothing), 65_536):
            yield nothing[at : at + 65_536]

    async def use(running: Receiving) -> None:
        response = await running.client.post(
            "/v1/traces", content=chunks(), headers={**PROTOBUF, "Content-Encoding": "deflate"}
        )
        assert response.status_code == 413

    within(tmp_path, use, body_mb=1)


def test_spellings_that_mean_the_same_are_taken(tmp_path: Path) -> None:
    async def use(running: Receiving) -> None:
        shown = {"Authorization": "bearer secret"}
        taken(await running.export(a_span(), **shown))
        marked = await running.post("/v1/traces", codecs.BOM_UTF8 + json_body(PLAIN), {**JSON, **shown})
        assert marked.json() == {}
        digits = json_body({**PLAIN, "kind": 4}, {**PLAIN, "startTimeUnixNano": 77}).replace(b" 77", b"7" * 5_000)
        long = await running.post("/v1/traces", digits, {**JSON, **shown})
        assert (long.status_code, long.json()["partialSuccess"]["rejectedSpans"]) == (200, "1")
        assert (await running.post("/v1/traces/", body_of(a_span()), {**PROTOBUF, **shown})).status_code == 404

    within(tmp_path, use, token="secret")


def test_a_file_that_was_removed_is_told_and_nothing_answered_as_taken(tmp_path: Path) -> None:
    async def use(running: Receiving) -> None:
        taken(await running.export(a_span()))
        for file in tmp_path.iterdir():
            file.unlink()
        assert (await running.client.get("/readyz")).status_code == 503
        response = await running.export(a_span(2, parent=1))
        assert (response.status_code, response.headers["retry-after"]) == (503, "5")
        assert "removed or replaced" in (await running.client.get("/readyz")).json()["why"]

    within(tmp_path, use)
