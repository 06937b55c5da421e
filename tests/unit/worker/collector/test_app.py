"""What the receiver takes and answers, by the protocol."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # it brings no types
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from tests.unit.worker.collector.receiving import JSON, PROTOBUF, Receiving, a_span, body_of, within

MOMENT = int((datetime.now(UTC) - timedelta(minutes=1)).timestamp() * 1e9)
PLAIN = {
    "traceId": "0" * 31 + "1",
    "spanId": "0" * 15 + "1",
    "name": "chat",
    "startTimeUnixNano": str(MOMENT),
    "endTimeUnixNano": str(MOMENT + 10**9),
    "attributes": [{"key": "input.value", "value": {"stringValue": "When?"}}],
}
WHOLE = body_of(a_span())
HALVES = WHOLE[:20], WHOLE[20:]


def json_body(*spans: Any) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()


def taken(response: httpx.Response) -> ExportTraceServiceResponse:
    assert response.status_code == 200
    assert response.headers["content-type"] == PROTOBUF["Content-Type"]
    return ExportTraceServiceResponse.FromString(response.content)


def test_spans_in_protobuf_become_a_trace(tmp_path: Path) -> None:
    async def use(running: Receiving) -> None:
        answer = taken(await running.export(a_span(2, parent=1, name="step"), a_span(1)))
        assert not answer.HasField("partial_success")
        trace = await running.trace()
        assert trace is not None
        assert (trace.root.name, trace.input, trace.output) == ("chat", "When?", "In 1932.")
        assert "step" in [step.name for step in trace.observations]
        assert running.counts.spans["kept"] == 2
        assert running.counts.held_bytes == running.counts.open_requests == 0

    within(tmp_path, use)


def test_spans_in_json_are_answered_in_json(tmp_path: Path) -> None:
    async def use(running: Receiving) -> None:
        response = await running.post(
            "/v1/traces", json_body(PLAIN), {"Content-Type": "application/json; charset=utf-8"}
        )
        assert (response.status_code, response.json()) == (200, {})
        assert response.headers["content-type"] == "application/json"
        trace = await running.trace()
        assert trace is not None
        assert trace.input == "When?"

    within(tmp_path, use)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(body_of(a_span()))),
        ("GZIP", gzip.compress(body_of(a_span(2)))),
        ("gzip", gzip.compress(HALVES[0]) + gzip.compress(HALVES[1])),
        ("deflate", zlib.compress(body_of(a_span()))),
        ("identity", body_of(a_span())),
    ],
    ids=["gzip", "large letters", "two members", "deflate", "identity"],
)
def test_bodies_are_inflated(tmp_path: Path, encoding: str, body: bytes) -> None:
    async def use(running: Receiving) -> None:
        taken(await running.post("/v1/traces", body, {**PROTOBUF, "Content-Encoding": encoding}))
        assert running.counts.spans["kept"] == 1

    within(tmp_path, use)


def test_part_of_a_request_is_rejected_and_the_rest_kept(tmp_path: Path) -> None:
    async def use(running: Receiving) -> None:
        broken = {**PLAIN, "spanId": "xyz"}
        response = await running.post("/v1/traces", json_body(broken, PLAIN, broken), JSON)
        partial = response.json()["partialSuccess"]
        assert partial["rejectedSpans"] == "2"
        assert "span id" in partial["errorMessage"]
        assert await running.trace() is not None
        assert running.counts.spans == {"kept": 1, "rejected": 2}

    within(tmp_path, use)


def test_a_span_that_is_too_large_is_rejected_and_the_others_kept(tmp_path: Path) -> None:
    async def use(running: Receiving) -> None:
        large = a_span(2, parent=1, attributes={"output.value": "x" * 10_000_000})
        answer = taken(await running.export(large, a_span(1)))
        assert answer.partial_success.rejected_spans == 1
        assert "8,000,000 bytes" in answer.partial_success.error_message
        assert await running.trace() is not None

    within(tmp_path, use)


@pytest.mark.parametrize(
    ("headers", "body", "status", "told"),
    [
        ({"Content-Type": "text/plain"}, b"x", 415, "application/x-protobuf"),
        ({}, b"x", 415, "application/x-protobuf"),
        ({**PROTOBUF, "Content-Encoding": "br"}, b"x", 415, "gzip"),
        ({**PROTOBUF, "Content-Encoding": "gzip"}, b"no gzip", 400, "not compressed"),
        ({**PROTOBUF, "Content-Encoding": "gzip"}, gzip.compress(b"x" * 1000)[:-9], 400, "cut"),
        (PROTOBUF, b"\xff\xff\xff", 400, "no OTLP request"),
        (JSON, b"", 400, "no OTLP request"),
        (JSON, b"[]", 400, "no object"),
        (JSON, b'{"resourceSpans": 1}', 400, "no list"),
        (JSON, b"[" * 1_000_000, 400, "no"),
        (PROTOBUF, b"\0" * 1_100_000, 413, "1,000,000 bytes"),
        ({**PROTOBUF, "Content-Encoding": "gzip"}, gzip.compress(b"\0" * 200_000_000), 413, "1,000,000 bytes"),
        (JSON, json_body(*[{}] * 20_001), 413, "20,000 spans"),
        (JSON, b'{"resourceSpans":[' + b"{}," * 20_001 + b"{}]}", 413, "20,000 groups"),
    ],
    ids=range(14),
)
def test_what_is_no_request_is_refused_with_a_reason(
    tmp_path: Path, headers: dict[str, str], body: bytes, status: int, told: str
) -> None:
    async def use(running: Receiving) -> None:
        response = await running.post("/v1/traces", body, headers)
        assert response.status_code == status
        if headers.get("Content-Type") == PROTOBUF["Content-Type"]:
            assert told in Status.FromString(response.content).message
        else:
            assert told in response.json()["message"]
        assert "retry-after" not in response.headers
        assert running.counts.held_bytes == 0
        taken(await running.export(a_span()))

    within(tmp_path, use, body_mb=1)


def test_an_empty_request_is_taken(tmp_path: Path) -> None:
    async def use(running: Receiving) -> None:
        taken(await running.post("/v1/traces", b"", PROTOBUF))
        assert (await running.post("/v1/traces", b"{}", JSON)).json() == {}
        taken(await running.post("/v1/traces", b"", {**PROTOBUF, "Content-Encoding": "gzip"}))

    within(tmp_path, use)


@pytest.mark.parametrize("shown", ["", "Bearer wrong", "Basic secret", "secret", "Bearer secret ", "Bearer sécret"])
def test_who_shows_no_token_is_refused(tmp_path: Path, shown: str) -> None:
    async def use(running: Receiving) -> None:
        headers = [(b"authorization", shown.encode())] if shown else []
        for path in ("/v1/traces", "/v1/logs"):
            response = await running.client.post(
                path, content=body_of(a_span()), headers=[(b"content-type", b"application/x-protobuf"), *headers]
            )
            assert response.status_code == 401
            assert response.headers["www-authenticate"] == "Bearer"
            assert "secret" not in response.text
        taken(await running.export(a_span(), Authorization="Bearer secret"))
        assert running.counts.spans["kept"] == 1
        assert (await running.client.get("/healthz")).status_code == 200

    within(tmp_path, use, token="secret")


def test_more_than_the_rate_is_told_when_to_come_again(tmp_path: Path) -> None:
    async def use(running: Receiving) -> None:
        statuses = [(await running.export(a_span(n + 1))).status_code for n in range(3)]
        assert statuses == [200, 429, 429]
        response = await running.export(a_span(9))
        assert response.headers["retry-after"] == "30"
        assert Status.FromString(response.content).code == 8

    within(tmp_path, use, requests_per_second=0.01)


def test_requests_beyond_what_is_worked_on_at_once_are_told_to_come_again(tmp_path: Path) -> None:
    async def use(running: Receiving) -> None:
        running.store.may_write.clear()
        first = [asyncio.create_task(running.export(a_span(n + 1))) for n in range(2)]
        while running.counts.open_requests < 2:
            await asyncio.sleep(0.01)
        response = await running.export(a_span(9))
        assert response.status_code == 503
        assert response.headers["retry-after"] == "1"
        running.store.may_write.set()
        assert [each.status_code for each in await asyncio.gather(*first)] == [200, 200]
        assert (await running.export(a_span(9))).status_code == 200

    within(tmp_path, use, requests_at_once=2)


def test_bytes_that_wait_are_bounded(tmp_path: Path) -> None:
    async def use(running: Receiving) -> None:
        running.store.may_write.clear()
        body = body_of(a_span(attributes={"output.value": "x" * 7_000_000}))
        waiting = [asyncio.create_task(running.post("/v1/traces", body, PROTOBUF)) for _ in range(12)]
        while running.writer.waiting < 4:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert running.counts.held_bytes <= 32_000_000
        running.store.may_write.set()
        statuses = sorted(each.status_code for each in await asyncio.gather(*waiting))
        assert set(statuses) == {200, 503}
        assert statuses.count(200) == 4
        assert running.counts.held_bytes == 0

    within(tmp_path, use, mb_per_second=1000)


def test_nothing_is_answered_before_it_is_written_and_several_are_written_together(tmp_path: Path) -> None:
    async def use(running: Receiving) -> None:
        running.store.may_write.clear()
        requests = [asyncio.create_task(running.export(a_span(n + 1))) for n in range(9)]
        await asyncio.sleep(0.3)
        assert not any(request.done() for request in requests)
        running.store.may_write.set()
        assert {request.status_code for request in await asyncio.gather(*requests)} == {200}
        assert sum(running.store.batches) == 9
        assert len(running.store.batches) <= 3

    within(tmp_path, use)


@pytest.mark.parametrize(
    ("error", "status", "after"),
    [
        (StoreUnavailable("locked", retry_after_s=2.5), 503, "3"),
        (StoreUnavailable("locked"), 503, "5"),
        (StoreRejected("no"), 400, None),
        (RuntimeError("a bug"), 503, "30"),
    ],
)
def test_what_cannot_be_written_is_not_answered_as_taken(
    tmp_path: Path, error: Exception, status: int, after: str | None
) -> None:
    async def use(running: Receiving) -> None:
        running.store.errors = [error]
        response = await running.export(a_span())
        assert response.status_code == status
        assert response.headers.get("retry-after") == after
        assert b"a bug" not in response.content
        assert (await running.client.get("/readyz")).status_code == 503
        taken(await running.export(a_span()))
        assert (await running.client.get("/readyz")).status_code == 200
        assert await running.trace() is not None

    within(tmp_path, use)


def test_spans_that_the_store_refuses_spoil_no_other_request(tmp_path: Path) -> None:
    async def use(running: Receiving) -> None:
        running.store.may_write.clear()
        requests = [asyncio.create_task(running.export(a_span(n + 1, trace=n + 1))) for n in range(3)]
        while running.writer.waiting < 3:
            await asyncio.sleep(0.01)
        running.store.errors = [StoreRejected("whole"), StoreRejected("alone")]
        running.store.may_write.set()
        statuses = [request.status_code for request in await asyncio.gather(*requests)]
        assert sorted(statuses) == [200, 200, 400]

    within(tmp_path, use)


def test_metrics_and_unknown_addresses_are_told_where_to_go(tmp_path: Path) -> None:
    async def use(running: Receiving) -> None:
        metrics = await running.post("/v1/metrics", b"", PROTOBUF)
        assert metrics.status_code == 404
        assert "OTEL_METRICS_EXPORTER=none" in Status.FromString(metrics.content).message
        assert "/v1/traces" in (await running.post("/", b"{}", JSON)).json()["message"]
        assert (await running.client.get("/v1/traces")).status_code == 405

    within(tmp_path, use)


def test_spans_with_a_clock_that_is_wrong_are_counted(tmp_path: Path) -> None:
    async def use(running: Receiving) -> None:
        future = datetime(2100, 1, 1, tzinfo=UTC)
        past = {**PLAIN, "startTimeUnixNano": "5", "endTimeUnixNano": "6"}
        assert taken(await running.export(a_span(start=future, end=future))).partial_success.rejected_spans == 0
        rejected = (await running.post("/v1/traces", json_body(past), JSON)).json()["partialSuccess"]
        assert rejected["rejectedSpans"] == "1"
        assert "1970" in rejected["errorMessage"]
        assert running.counts.strange_times == 1

    within(tmp_path, use)
