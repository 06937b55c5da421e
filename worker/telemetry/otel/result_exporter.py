"""Sends events of results from the SDK's queue. The SDK's own exporter takes three times as long for the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import ScopeLogs
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult

from assay.worker.otlp.result_events import Value, add_attributes, add_event
from assay.worker.otlp.targets import Target
from assay.worker.telemetry.otel.posting import OtlpPost


class ResultExporter(LogRecordExporter):
    """Takes batches of events of one process: all have one resource and one scope."""

    def __init__(self, post: OtlpPost) -> None:
        """Keep what posts."""
        self._post = post

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Send a batch."""
        is_taken = not batch or self._post.send(results_request(batch).SerializeToString())
        return LogRecordExportResult.SUCCESS if is_taken else LogRecordExportResult.FAILURE

    def shutdown(self) -> None:
        """Wait for nobody any more."""
        self._post.close()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing waits here."""
        return True


def results_request(batch: Sequence[ReadableLogRecord]) -> ExportLogsServiceRequest:
    """The request for a batch."""
    request = ExportLogsServiceRequest()
    resource, scope = batch[0].resource, batch[0].instrumentation_scope
    group = request.resource_logs.add(schema_url=resource.schema_url)
    add_attributes(group.resource.attributes, resource.attributes)
    events = group.scope_logs.add()
    if scope is not None:
        events.scope.name, events.scope.version = scope.name, scope.version or ""
    for record in batch:
        _add(events, record)
    return request


def _add(events: ScopeLogs, written: ReadableLogRecord) -> None:
    record = written.log_record
    target = Target(_id_bytes(record.trace_id, 16), _id_bytes(record.span_id, 8))
    attributes: Mapping[str, Value] = record.attributes or {}
    at, observed_at = record.timestamp or 0, record.observed_timestamp or 0
    try:
        event = add_event(events, target, attributes, at=at, observed_at=observed_at)
    except ValueError:  # half a character in a model's words
        event = add_event(events, target, _mended(attributes), at=at, observed_at=observed_at)
    event.dropped_attributes_count = written.dropped_attributes


def _mended(attributes: Mapping[str, Value]) -> dict[str, Value]:
    """Attributes whose texts are Unicode."""
    return {
        key: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
        for key, value in attributes.items()
    }


def _id_bytes(number: int | None, length: int) -> bytes:
    """An id as it is sent: nothing for none."""
    return number.to_bytes(length, "big") if number else b""
