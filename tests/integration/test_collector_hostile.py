"""Whatever is sent to the collector is answered or closed, in bounded memory, and others are served meanwhile."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # it brings no types
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from assay.worker.collector.serving import HEAD_WITHIN_S, MOST_CONNECTIONS
from assay.worker.records.spans import Span
from tests.otlp_filling import export_request_of
from tests.servers.collector_process import JSON, PROTOBUF, CollectorProcess, running_collector
from tests.waiting import PATIENCE_S, until

NOW = datetime.now(UTC)

MOST_MB = 700
"""Memory that the process may take at any time, whatever comes. It has 65 MB at rest. The worst is a body of 16 MB that
holds nothing but empty lists or objects of JSON."""


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CollectorProcess]:
    with running_collector(tmp_path_factory.mktemp("collector")) as running:
        yield running


@pytest.fixture(autouse=True)
def _lives_on(collector: CollectorProcess) -> Iterator[None]:
    yield
    assert collector.export(export_request_of([span(1, trace=77)])).status == 200
    assert collector.process.poll() is None
    assert collector.peak_mb() < MOST_MB
    assert "Traceback" not in collector.log


def span(number: int, *, parent: int | None = None, trace: int = 1, **over: Any) -> Span:
    columns: dict[str, Any] = {
        "trace_id": f"{trace:032x}",
        "span_id": f"{number:016x}",
        "parent_id": f"{parent:016x}" if parent else None,
        "name": "chat",
        "start": NOW,
        "end": NOW + timedelta(seconds=1),
    }
    return Span.model_validate({**columns, **over})


def rejected(body: bytes) -> tuple[int, str]:
    partial = ExportTraceServiceResponse.FromString(body).partial_success
    return partial.rejected_spans, partial.error_message


def field(number: int, content: bytes) -> bytes:
    """A field of protobuf's wire format that holds bytes."""
    length, size = bytearray(), len(content)
    while size > 127:
        length.append(size & 127 | 128)
        size >>= 7
    return bytes([number << 3 | 2, *length, size]) + content


def test_a_span_of_10_mb_is_rejected_and_its_neighbours_kept(collector: CollectorProcess) -> None:
    large = span(2, trace=2, parent=1, attributes={"output.value": "x" * 10_000_000})
    answer = collector.export(export_request_of([large, span(1, trace=2)]))
    assert answer.status == 200
    assert rejected(answer.body) == (1, "the span has more than 8,000,000 bytes")


def test_ten_thousand_spans_of_a_trace_are_kept_and_no_more(collector: CollectorProcess) -> None:
    total = 0
    for first in range(2, 12_002, 2_000):
        spans = [span(n, trace=3, parent=1) for n in range(first, first + 2_000)]
        answer = collector.export(export_request_of(spans))
        assert answer.status == 200
        total += rejected(answer.body)[0]
    assert total == 2_000
    assert rejected(collector.export(export_request_of([span(1, trace=3)])).body) == (0, "")


def test_a_text_that_is_no_utf_8_takes_no_other_span_with_it(collector: CollectorProcess) -> None:
    marked = export_request_of([span(1, trace=4, name="MARK"), span(2, trace=4, parent=1)]).SerializeToString()
    answer = collector.post("/v1/traces", marked.replace(b"MARK", b"\xff\xfe\xfd\xfc"), PROTOBUF)
    assert answer.status == 200
    assert rejected(answer.body)[0] == 1
    text = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{"name": "MARK"}]}]}]}).encode()
    assert collector.post("/v1/traces", text.replace(b"MARK", b"\xff\xfe\xfd\xfc"), JSON).status == 200


def test_a_gzip_bomb_is_stopped_while_it_is_inflated(collector: CollectorProcess) -> None:
    bomb = gzip.compress(b"\0" * 300_000_000, 9)
    assert len(bomb) < 300_000
    before = collector.cpu_seconds()
    answer = collector.post("/v1/traces", bomb, {**PROTOBUF, "Content-Encoding": "gzip"})
    assert answer.status == 413
    assert "16,000,000 bytes" in Status.FromString(answer.body).message
    assert collector.cpu_seconds() - before < 5


def test_unknown_fields_are_passed_over(collector: CollectorProcess) -> None:
    known = export_request_of([span(1, trace=5)]).SerializeToString()
    assert rejected(collector.post("/v1/traces", known + field(15, b"of tomorrow"), PROTOBUF).body) == (0, "")
    plain: dict[str, Any] = {"resourceSpans": [], "ofTomorrow": [{"deep": {}}]}
    assert collector.post("/v1/traces", json.dumps(plain).encode(), JSON).status == 200


def test_clocks_that_are_wrong_are_taken_or_told(collector: CollectorProcess) -> None:
    past, future = span(1, trace=6), span(2, trace=6, start=datetime(2100, 1, 1, tzinfo=UTC), end=None)
    request: ExportTraceServiceRequest = export_request_of([past, future])
    for group in request.resource_spans:
        for scope in group.scope_spans:
            for message in scope.spans:
                if message.span_id.endswith(b"\x01"):
                    message.start_time_unix_nano = message.end_time_unix_nano = 86_400 * 10**9
    number, why = rejected(collector.export(request).body)
    assert number == 1
    assert "1970" in why
    assert collector.metrics()["assay_collector_strange_times_total",] >= 1


EMPTIES = 7_900_000
"""Two bytes each: a body of just under 16 MB."""


@pytest.mark.parametrize(
    ("path", "headers", "body"),
    [
        ("/v1/traces", PROTOBUF, lambda: field(1, field(2, b"\x12\x00" * EMPTIES))),
        ("/v1/traces", PROTOBUF, lambda: field(1, b"\x12\x00" * EMPTIES)),
        ("/v1/traces", PROTOBUF, lambda: b"\x0a\x00" * EMPTIES),
        ("/v1/traces", PROTOBUF, lambda: field(1, field(2, field(2, b"\x4a\x00" * EMPTIES)))),
        ("/v1/traces", PROTOBUF, lambda: field(1, field(1, b"\x0a\x00" * EMPTIES))),
        ("/v1/traces", PROTOBUF, lambda: bytes(range(256)) * 60_000),
        ("/v1/logs", PROTOBUF, lambda: field(1, field(2, b"\x12\x00" * EMPTIES))),
        ("/v1/logs", PROTOBUF, lambda: field(1, b"\x12\x00" * EMPTIES)),
        ("/v1/traces", JSON, lambda: b'{"resourceSpans":[' + b"[]," * 5_000_000 + b"[]]}"),
        ("/v1/traces", JSON, lambda: b'{"resourceSpans":[{"scopeSpans":[' + b"{}," * 5_000_000 + b"{}]}]}"),
        ("/v1/traces", JSON, lambda: b'{"resourceSpans":' + b"[" * 7_000_000 + b"]" * 7_000_000 + b"}"),
        ("/v1/logs", JSON, lambda: b'{"resourceLogs":[' + b"{}," * 5_000_000 + b"{}]}"),
    ],
    ids=range(12),
)
def test_small_bodies_that_become_large_are_answered(
    collector: CollectorProcess, path: str, headers: dict[str, str], body: Any
) -> None:
    begun = collector.cpu_seconds()
    answer = collector.post(path, body(), headers)
    assert answer.status in (200, 400, 413)
    assert collector.cpu_seconds() - begun < 20


def connected(collector: CollectorProcess) -> socket.socket:
    return socket.create_connection(("127.0.0.1", collector.port), timeout=PATIENCE_S)


def head(length: int) -> bytes:
    lines = ("POST /v1/traces HTTP/1.1", "Host: c", "Content-Type: application/x-protobuf", f"Content-Length: {length}")
    return "\r\n".join((*lines, "", "")).encode()


def test_slow_heads_and_connections_that_say_nothing_are_closed(collector: CollectorProcess) -> None:
    with connected(collector) as silent, connected(collector) as slow, connected(collector) as second:
        body = export_request_of([span(1, trace=8)]).SerializeToString()
        second.sendall(head(len(body)) + body)
        assert second.recv(10_000).startswith(b"HTTP/1.1 200")
        begun, closed = time.monotonic(), False
        second.sendall(b"POST /v1")  # the head of its next request
        while not closed and time.monotonic() < begun + 6 * HEAD_WITHIN_S:
            time.sleep(0.5)
            try:
                slow.send(b"P")
            except OSError:
                closed = True
        assert closed, "a byte every half second prolongs nothing"
        assert silent.recv(100) == b""
        assert _end_of(second) == b""


def test_a_body_that_does_not_come_is_given_up(
    collector: CollectorProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deadline of a body is shortened for a process of its own."""
    (tmp_path / "sitecustomize.py").write_text("import assay.worker.collector.body as body\nbody.BODY_WITHIN_S = 1.0\n")
    with running_collector(tmp_path / "home", PYTHONPATH=str(tmp_path)) as own, connected(own) as slow:
        slow.sendall(head(1_000) + b"x")
        answered = slow.recv(10_000)
        assert answered.startswith(b"HTTP/1.1 408")
        assert b"connection: close" in answered.lower()
        assert own.export(export_request_of([span(1)])).status == 200


def test_many_half_open_connections_leave_room_for_others(collector: CollectorProcess) -> None:
    sockets: list[socket.socket] = []
    try:
        for _ in range(MOST_CONNECTIONS + 100):
            each = connected(collector)
            each.sendall(b"POST /v1/traces HTTP/1.1\r\n")
            sockets.append(each)
        assert collector.export(export_request_of([span(1, trace=9)])).status == 200
    finally:
        for each in sockets:
            each.close()


VANISHED = ("assay_collector_requests_total", "traces", "499")


def test_connections_that_vanish_in_the_middle_leave_nothing_behind(collector: CollectorProcess) -> None:
    before = collector.metrics().get(VANISHED, 0)
    for _ in range(50):
        with connected(collector) as gone:
            gone.sendall(head(100_000) + b"x" * 1_000)
    until(lambda: collector.metrics().get(VANISHED, 0) == before + 50)
    assert collector.metrics()["assay_collector_open_requests",] == 0
    assert collector.metrics()["assay_collector_held_bytes",] == 0


@pytest.mark.parametrize(
    "raw", [b"\x16\x03\x01\x02\x00\x01\x00", b"GET\r\n\r\n", b"x" * 100_000 + b"\r\n\r\n", b"\0" * 50]
)
def test_what_is_no_http_is_closed(collector: CollectorProcess, raw: bytes) -> None:
    with connected(collector) as other:
        other.sendall(raw)
        other.shutdown(socket.SHUT_WR)
        answered = _end_of(other)
        assert answered == b"" or answered.startswith(b"HTTP/1.1 4")


def test_more_than_is_taken_is_refused_before_it_is_sent(collector: CollectorProcess) -> None:
    with connected(collector) as large:
        large.sendall(head(10_000_000_000))
        assert large.recv(10_000).startswith(b"HTTP/1.1 413")


def _end_of(connection: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    received = b""
    try:
        while piece := connection.recv(10_000):
            received += piece
    except ConnectionResetError:
        pass
    return received
