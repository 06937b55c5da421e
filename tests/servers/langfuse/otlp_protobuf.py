"""OTLP/protobuf, as the SDK sends it, as the same objects that OTLP/JSON has."""

from __future__ import annotations

from typing import Any


def decode(raw: bytes) -> dict[str, Any]:
    """An export request.

    Raises:
        ValueError: The bytes are none.
    """
    # Imported here: they come with the Langfuse SDK, which is the only one to send protobuf.
    from google.protobuf.json_format import MessageToDict
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(raw)
    except DecodeError as error:
        raise ValueError(str(error)) from error
    found: dict[str, Any] = MessageToDict(request)
    # OTLP/JSON writes ids in hex where protobuf's own JSON writes base64.
    for one, of in zip(found.get("resourceSpans", []), request.resource_spans, strict=True):
        for inner, of_inner in zip(one.get("scopeSpans", []), of.scope_spans, strict=True):
            for span, of_span in zip(inner.get("spans", []), of_inner.spans, strict=True):
                ids = {"traceId": of_span.trace_id, "spanId": of_span.span_id, "parentSpanId": of_span.parent_span_id}
                span |= {name: value.hex() for name, value in ids.items()}
    return found
