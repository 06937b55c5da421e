"""A receiver of OTLP over HTTP on the loopback. It parses with the protocol's own package, and keeps what it got."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any, Self

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.servers.listening import ListeningServer


class OtlpServer:
    """Answers 200, or `status`. `spans`, `events` and `metrics` are what came, in order."""

    def __init__(self) -> None:
        self.status = 200
        self.requests: list[str] = []
        self.resources: list[dict[str, Any]] = []
        self._traces: list[ExportTraceServiceRequest] = []
        self._logs: list[ExportLogsServiceRequest] = []
        self._metrics: list[ExportMetricsServiceRequest] = []
        self._server = ListeningServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for request in self._traces
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def events(self) -> list[LogRecord]:
        return [
            record
            for request in self._logs
            for resource in request.resource_logs
            for scope in resource.scope_logs
            for record in scope.log_records
        ]

    @property
    def metrics(self) -> list[Metric]:
        return [
            metric
            for request in self._metrics
            for resource in request.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        ]

    def take(self, path: str, body: bytes) -> None:
        self.requests.append(path)
        if path.endswith("/v1/traces"):
            traces = ExportTraceServiceRequest.FromString(body)
            self._traces.append(traces)
            self.resources += [attributes_of(each.resource.attributes) for each in traces.resource_spans]
        elif path.endswith("/v1/logs"):
            self._logs.append(ExportLogsServiceRequest.FromString(body))
        else:
            self._metrics.append(ExportMetricsServiceRequest.FromString(body))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                if receiver.status == 200:
                    receiver.take(self.path, body)
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def attributes_of(pairs: Any) -> dict[str, Any]:
    """Attributes as plain values."""
    return dict(_plain(pairs))


def _plain(pairs: Iterator[KeyValue]) -> Iterator[tuple[str, Any]]:
    for pair in pairs:
        kind = pair.value.WhichOneof("value")
        yield pair.key, getattr(pair.value, kind) if kind else None
