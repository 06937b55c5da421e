"""A backend that takes spans and events by OTLP, parses them with the protocol's own package, and shows nothing."""

from __future__ import annotations

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.servers.kept_spans import Answered, BackendServer


class ResultsReceiver(BackendServer):
    """`spans` and `events` are what came and was taken."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[LogRecord] = []
        self.rejects_events = 0

    @property
    def spans(self) -> list[Span]:
        return [kept.span for spans in self.kept.traces().values() for kept in spans]

    def answer(self, path: str, query: dict[str, str]) -> Answered:
        return Answered(404, b"404 page not found", "text/plain")

    def take(self, path: str, body: bytes) -> Answered:
        if path != "/v1/logs":
            return super().take(path, body)
        request = ExportLogsServiceRequest.FromString(body)
        records = [r for group in request.resource_logs for scope in group.scope_logs for r in scope.log_records]
        self.events += records[self.rejects_events :]
        answer = ExportLogsServiceResponse()
        if self.rejects_events:
            answer.partial_success.rejected_log_records = self.rejects_events
            answer.partial_success.error_message = "entry too old"
        return Answered(200, answer.SerializeToString(), "application/x-protobuf")
