"""Answers as the protocol has them, in the form in which was asked: protobuf or JSON."""

from __future__ import annotations

from http import HTTPStatus
from typing import Literal

from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # it brings no types
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsPartialSuccess, ExportLogsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)
from starlette.responses import Response

from assay.worker.collector.refusals import CODES, Refusal

Form = Literal["application/x-protobuf", "application/json"]

PROTOBUF: Form = "application/x-protobuf"
JSON: Form = "application/json"


def form_of(content_type: str) -> Form | None:
    """The form that a `Content-Type` names; None for any other."""
    named = content_type.partition(";")[0].strip().lower()
    return {"application/x-protobuf": PROTOBUF, "application/protobuf": PROTOBUF, "application/json": JSON}.get(named)


def traces_taken(form: Form, rejected: int, why: str) -> Response:
    """Spans are on the disk, all but so many."""
    partial = ExportTracePartialSuccess(rejected_spans=rejected, error_message=why)
    return _answer(form, ExportTraceServiceResponse(partial_success=partial if rejected else None))


def logs_taken(form: Form, rejected: int, why: str) -> Response:
    """Events are on the disk, all but so many log records."""
    partial = ExportLogsPartialSuccess(rejected_log_records=rejected, error_message=why)
    return _answer(form, ExportLogsServiceResponse(partial_success=partial if rejected else None))


def refused(form: Form, refusal: Refusal) -> Response:
    """Nothing was taken."""
    headers = {} if refusal.retry_after_s is None else {"Retry-After": str(refusal.retry_after_s)}
    if refusal.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if refusal.status == HTTPStatus.REQUEST_TIMEOUT:
        headers["Connection"] = "close"
    status = Status(code=CODES.get(refusal.status, 2), message=refusal.message)
    return _answer(form, status, status=refusal.status, headers=headers)


def _answer(
    form: Form, message: Message, *, status: int = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    body = message.SerializeToString() if form == PROTOBUF else MessageToJson(message, indent=None).encode()
    return Response(body, status_code=status, headers=headers, media_type=form)
