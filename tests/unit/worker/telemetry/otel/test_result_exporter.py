"""Events are the same messages that the SDK's own exporter sends, and are cut where its variables say so."""

from __future__ import annotations

import pytest
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.sdk._logs import LogRecordProcessor, ReadableLogRecord, ReadWriteLogRecord
from opentelemetry.sdk._logs.export import LogRecordExportResult
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from assay.worker.telemetry.otel.destination import Destination
from assay.worker.telemetry.otel.evaluations import EvaluationEvents
from assay.worker.telemetry.otel.names import Naming
from assay.worker.telemetry.otel.posting import OtlpPost
from assay.worker.telemetry.otel.result_exporter import ResultExporter, results_request
from tests.servers.otlp_server import OtlpServer, attributes_of
from tests.unit.worker.telemetry.otel.planned_receiver import Planned, PlannedReceiver
from tests.unit.worker.telemetry.otel.sending import make_entry, make_score, telemetry_to

RESOURCE = Resource({"service.name": "assay", "list": [1, 2], "is": True, "share": 0.5}, "https://schema")


class Batch(LogRecordProcessor):
    """Keeps what a queue would hand to an exporter."""

    def __init__(self) -> None:
        self.records: list[ReadableLogRecord] = []

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        resource = log_record.resource or Resource({})
        self.records.append(ReadableLogRecord(log_record.log_record, resource, log_record.instrumentation_scope))

    def shutdown(self) -> None:
        pass

    def force_flush(self, timeout_millis: int = 0) -> bool:
        return True


def test_request_is_the_one_of_the_sdks_exporter() -> None:
    batch, scope = Batch(), InstrumentationScope("assay", "1.0")
    events = EvaluationEvents(batch, RESOURCE, scope, Naming(has_old=True), with_explanations=True)
    for score in (make_score(), make_score("risk", "high", observation_id="b7ad6b7169203331"), make_score("n", 1.0)):
        events.send(score, make_entry().promise, "00f067aa0ba902b7")
    events.send(make_score(trace_id="run-7"), make_entry("run-7").promise, "b6f2")
    theirs = encode_logs(batch.records)
    for record in theirs.resource_logs[0].scope_logs[0].log_records:
        assert not record.body.WhichOneof("value")
        record.ClearField("body")  # theirs is there, and empty
    assert results_request(batch.records) == theirs
    assert len(theirs.resource_logs[0].scope_logs[0].log_records) == 4


def test_attributes_are_cut_where_the_standard_variable_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "7")
    with OtlpServer() as server, telemetry_to(server) as telemetry:
        telemetry.watch.posted([(make_entry(), [make_score("check", "high risk")])])
    assert attributes_of(server.events[0].attributes)["gen_ai.evaluation.score.label"] == "high ri"


def test_half_a_character_costs_one_sign_and_no_batch() -> None:
    with OtlpServer() as server, telemetry_to(server, capture=True) as telemetry:
        scores = [make_score(comment="cut \ud83d"), make_score("other")]
        telemetry.watch.posted([(make_entry(), scores)])
    cut, other = (attributes_of(event.attributes) for event in server.events)
    assert (cut["gen_ai.evaluation.explanation"], other["gen_ai.evaluation.name"]) == ("cut ?", "other")


@pytest.mark.parametrize(("status", "result"), [(200, "SUCCESS"), (400, "FAILURE")])
def test_exporter_tells_the_queue_what_became_of_a_batch(status: int, result: str) -> None:
    batch = Batch()
    events = EvaluationEvents(batch, RESOURCE, InstrumentationScope("assay"), Naming(), with_explanations=False)
    events.send(make_score(), make_entry().promise, None)
    with PlannedReceiver(Planned(status)) as receiver:
        exporter = ResultExporter(OtlpPost(Destination(receiver.url)))
        assert exporter.export(batch.records) is LogRecordExportResult[result]
        exporter.shutdown()
