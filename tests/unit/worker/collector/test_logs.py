"""Log records that hold content join their spans; others are not kept, and that is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from assay.worker.collector.log_requests import NOT_KEPT
from tests.unit.worker.collector.receiving import JSON, PROTOBUF, Receiving, a_span, within

MODEL_CALL = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt"}
AT = 1_790_000_000_000_000_000


def text(value: str) -> AnyValue:
    return AnyValue(string_value=value)


def mapping(**values: AnyValue) -> AnyValue:
    pairs = [KeyValue(key=key, value=value) for key, value in values.items()]
    return AnyValue(kvlist_value=KeyValueList(values=pairs))


def record(name: str, body: AnyValue | None = None, *, span: int = 2, **attributes: AnyValue) -> LogRecord:
    return LogRecord(
        event_name=name,
        trace_id=bytes.fromhex(f"{1:032x}"),
        span_id=bytes.fromhex(f"{span:016x}"),
        time_unix_nano=AT,
        body=body,
        attributes=[KeyValue(key=key.replace("__", "."), value=value) for key, value in attributes.items()],
    )


def logs_body(*records: LogRecord) -> bytes:
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.extend(records)
    body: bytes = request.SerializeToString()
    return body


ASKED = record("gen_ai.user.message", mapping(content=text("When was it opened?")))
ANSWERED = record(
    "gen_ai.choice",
    mapping(
        index=AnyValue(int_value=0),
        finish_reason=text("stop"),
        message=mapping(role=text("assistant"), content=text("In 1932.")),
    ),
)


async def content_of_call(running: Receiving) -> str:
    trace = await running.trace()
    assert trace is not None
    call = next(step for step in trace.observations if step.id == f"{2:016x}")
    return json.dumps([call.input, call.output, call.metadata])


@pytest.mark.parametrize("logs_first", [True, False])
def test_messages_that_were_logged_join_their_span(tmp_path: Path, logs_first: bool) -> None:
    async def send_logs(running: Receiving) -> None:
        response = await running.post("/v1/logs", logs_body(ASKED, ANSWERED), PROTOBUF)
        assert response.status_code == 200
        assert not ExportLogsServiceResponse.FromString(response.content).HasField("partial_success")

    async def use(running: Receiving) -> None:
        if logs_first:
            await send_logs(running)
        await running.export(a_span(1), a_span(2, parent=1, attributes=MODEL_CALL))
        if not logs_first:
            await send_logs(running)
        await send_logs(running)
        content = await content_of_call(running)
        assert content.count("When was it opened?") == 1, "an event that is sent again is kept once"
        assert "In 1932." in content
        assert running.counts.events["kept"] == 4

    within(tmp_path, use)


def test_details_of_a_call_are_read_from_their_attributes(tmp_path: Path) -> None:
    messages = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "When was it opened?"}]}])
    details = record("", None, event__name=text("gen_ai.client.inference.operation.details"))
    details.attributes.append(KeyValue(key="gen_ai.input.messages", value=text(messages)))

    async def use(running: Receiving) -> None:
        await running.export(a_span(1), a_span(2, parent=1, attributes=MODEL_CALL))
        assert (await running.post("/v1/logs", logs_body(details), PROTOBUF)).status_code == 200
        assert "When was it opened?" in await content_of_call(running)

    within(tmp_path, use)


def test_records_without_content_or_ids_are_not_kept_and_that_is_said(tmp_path: Path) -> None:
    nowhere = record("gen_ai.user.message", text("hi"))
    nowhere.ClearField("span_id")
    others = [record("http.request", text("x")), record("gen_ai.evaluation.result"), nowhere]

    async def use(running: Receiving) -> None:
        response = await running.post("/v1/logs", logs_body(*others, ASKED), PROTOBUF)
        partial = ExportLogsServiceResponse.FromString(response.content).partial_success
        assert (partial.rejected_log_records, partial.error_message) == (3, NOT_KEPT)
        assert running.counts.events == {"kept": 1, "rejected": 3}

    within(tmp_path, use)


def test_events_without_their_span_are_no_trace(tmp_path: Path) -> None:
    async def use(running: Receiving) -> None:
        await running.post("/v1/logs", logs_body(ASKED), PROTOBUF)
        assert await running.trace() is None

    within(tmp_path, use)


PLAIN: dict[str, Any] = {
    "timeUnixNano": str(AT),
    "eventName": "gen_ai.user.message",
    "traceId": f"{1:032x}",
    "spanId": f"{2:016x}",
    "body": {"kvlistValue": {"values": [{"key": "content", "value": {"stringValue": "When was it opened?"}}]}},
}


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"eventName": None, "attributes": [{"key": "event.name", "value": {"stringValue": "gen_ai.user.message"}}]},
        {"body": {"stringValue": "When was it opened?"}},
        {"timeUnixNano": None, "observedTimeUnixNano": AT},
    ],
)
def test_json_is_read_as_protobuf_is(tmp_path: Path, change: dict[str, Any]) -> None:
    body = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [{**PLAIN, **change}]}]}]}).encode()

    async def use(running: Receiving) -> None:
        await running.export(a_span(1), a_span(2, parent=1, attributes=MODEL_CALL))
        response = await running.post("/v1/logs", body, JSON)
        assert (response.status_code, response.json()) == (200, {})
        assert "When was it opened?" in await content_of_call(running)

    within(tmp_path, use)


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        (PROTOBUF, b"\xff\xff", 400),
        (JSON, b"nothing", 400),
        (JSON, b'{"resourceLogs": 5}', 400),
        (JSON, json.dumps({"resourceLogs": [1, {"scopeLogs": [None, {"logRecords": [1, {}]}]}]}).encode(), 200),
        (JSON, json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [0] * 20_001}]}]}).encode(), 413),
        (PROTOBUF, b"\x0a\x04\x12\x02\x12\x00" * 20_001, 413),
        (PROTOBUF, b"\x0a\x09\x12\x07\x12\x05\x62\x03\xff\xfe\xfd", 200),
    ],
)
def test_hostile_logs_are_answered(tmp_path: Path, headers: dict[str, str], body: bytes, status: int) -> None:
    async def use(running: Receiving) -> None:
        assert (await running.post("/v1/logs", body, headers)).status_code == status

    within(tmp_path, use)
