"""What a request of OpenTelemetry's protocol holds, in both of its forms, and what is told of spans that are none."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from pydantic import JsonValue

from assay.worker.otlp.decoding import (
    Decoded,
    spans_in_json,
    spans_in_protobuf,
    spans_in_request,
    spans_in_resource_spans,
)
from assay.worker.records.spans import Span
from tests.unit.worker.otlp.making import (
    NANOS,
    START,
    TRACE,
    make_event,
    make_span,
    plain_request,
    plain_span,
    request_with,
)

FULL = make_span(
    1,
    kind="CLIENT",
    status="ERROR",
    status_message="it failed",
    attributes={"text": "naïve 🧪", "n": 3, "x": 0.5, "yes": True, "list": ["a", 1, [2.5]], "map": {"a": {"b": None}}},
    events=(make_event("gen_ai.choice", index=0, message={"role": "assistant", "content": "Hello."}),),
    resource={"service.name": "support-desk"},
    scope="openinference.instrumentation.openai",
)  # fmt: skip


def json_of(*spans: Any, **around: Any) -> Decoded:
    return spans_in_json(json.dumps(plain_request(*spans, **around)).encode())


def only(decoded: Decoded) -> Span:
    assert (decoded.rejected, decoded.why) == (0, "")
    (span,) = decoded.spans
    return Span.model_validate(span.model_dump())


def value_of(value: Any) -> Any:
    return only(json_of(plain_span(attributes=[{"key": "a", "value": value}]))).attributes["a"]


def test_protobuf_gives_the_spans_that_were_sent() -> None:
    request = request_with(FULL, make_span(2, 1))
    assert spans_in_protobuf(request.SerializeToString()) == Decoded([FULL, make_span(2, 1)])
    assert spans_in_request(request) == Decoded([FULL, make_span(2, 1)])


def test_json_gives_the_spans_that_were_sent() -> None:
    span = only(
        json_of(
            plain_span(
                parentSpanId="eee19b7ec3c1b173",
                attributes=[{"key": "gen_ai.usage.input_tokens", "value": {"intValue": "12"}}],
                events=[{"name": "first", "timeUnixNano": str(NANOS + 1000), "attributes": []}],
                status={"code": 2, "message": "it failed"},
            ),
            resource={"attributes": [{"key": "service.name", "value": {"stringValue": "support-desk"}}]},
            scope={"name": "ai", "version": "6"},
        )
    )
    assert (span.trace_id, span.span_id, span.parent_id) == (TRACE, "eee19b7ec3c1b174", "eee19b7ec3c1b173")
    assert (span.start, span.end, span.kind) == (START, START + timedelta(seconds=1), "CLIENT")
    assert (span.status, span.status_message, span.scope) == ("ERROR", "it failed", "ai")
    assert span.attributes == {"gen_ai.usage.input_tokens": 12}
    assert span.resource == {"service.name": "support-desk"}
    assert [(event.name, event.at) for event in span.events] == [("first", START + timedelta(microseconds=1))]


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"stringValue": "a"}, "a"),
        ({"intValue": "-9223372036854775808"}, -(2**63)),
        ({"intValue": 7}, 7),
        ({"doubleValue": 0.1}, 0.1),
        ({"doubleValue": "NaN"}, "NaN"),
        ({"doubleValue": "Infinity"}, "Infinity"),
        ({"doubleValue": "-Infinity"}, "-Infinity"),
        ({"boolValue": False}, False),
        ({"bytesValue": "AAE="}, "AAE="),
        ({"arrayValue": {"values": [{"stringValue": "a"}, {}, {"arrayValue": {}}]}}, ["a", None, []]),
        ({"kvlistValue": {"values": [{"key": "a", "value": {"intValue": "1"}}]}}, {"a": 1}),
        ({"string_value": "a"}, "a"),
        ({"stringValue": "half \ud83d"}, "half \ufffd"),
        ({"newValue": 1}, None),
        ({}, None),
        (None, None),
    ],
)
def test_json_values_of_every_type_are_read(value: Any, wanted: Any) -> None:
    assert value_of(value) == wanted


@pytest.mark.parametrize(
    ("number", "wanted"), [(float("nan"), "NaN"), (float("inf"), "Infinity"), (float("-inf"), "-Infinity")]
)
def test_protobuf_numbers_that_json_has_no_form_for_become_words(number: float, wanted: str) -> None:
    request = request_with(make_span(1, attributes={"a": 1.0}))
    request.resource_spans[0].scope_spans[0].spans[0].attributes[0].value.double_value = number
    assert only(spans_in_request(request)).attributes == {"a": wanted}


def test_protobuf_bytes_become_base64() -> None:
    request = request_with(make_span(1))
    attributes = request.resource_spans[0].scope_spans[0].spans[0].attributes
    attributes.append(KeyValue(key="a", value=AnyValue(bytes_value=b"\xff\x00")))
    attributes.append(KeyValue(key="nothing"))
    assert only(spans_in_request(request)).attributes == {"a": "/wA=", "nothing": None}


@pytest.mark.parametrize("trace_id", [TRACE.upper(), base64.b64encode(bytes.fromhex(TRACE)).decode()])
def test_json_ids_are_read_in_capitals_and_in_base64(trace_id: str) -> None:
    span_id = base64.b64encode(bytes.fromhex("eee19b7ec3c1b174")).decode()
    span = only(json_of(plain_span(traceId=trace_id, spanId=span_id, parentSpanId="")))
    assert (span.trace_id, span.span_id, span.parent_id) == (TRACE, "eee19b7ec3c1b174", None)


@pytest.mark.parametrize("kind", [3, "3", "SPAN_KIND_CLIENT"])
def test_json_enums_are_read_as_numbers_and_as_names(kind: Any) -> None:
    assert only(json_of(plain_span(kind=kind, status={"code": "STATUS_CODE_OK"}))).kind == "CLIENT"
    assert only(json_of(plain_span(status={"code": "STATUS_CODE_OK"}))).status == "OK"


@pytest.mark.parametrize("kind", [99, -1, "SPAN_KIND_NEW", None, True, []])
def test_kind_that_nobody_knows_is_none(kind: Any) -> None:
    assert only(json_of(plain_span(kind=kind))).kind in {"", "INTERNAL"}


def test_json_with_underscores_and_unknown_fields_is_read() -> None:
    span = {
        "trace_id": TRACE,
        "span_id": "eee19b7ec3c1b174",
        "parent_span_id": "eee19b7ec3c1b173",
        "start_time_unix_nano": NANOS,
        "flags": 257,
        "novelty": [1],
    }
    decoded = spans_in_json(json.dumps({"resource_spans": [{"scope_spans": [{"spans": [span]}]}]}).encode())
    assert only(decoded).parent_id == "eee19b7ec3c1b173"


def test_older_name_of_scopes_is_read() -> None:
    group = {"instrumentationLibrarySpans": [{"instrumentationLibrary": {"name": "x"}, "spans": [plain_span()]}]}
    assert only(spans_in_resource_spans([group])).scope == "x"


@pytest.mark.parametrize("end", ["0", 0, None, "", "1"])
def test_span_without_an_end_has_none(end: Any) -> None:
    assert only(json_of(plain_span(endTimeUnixNano=end))).end is None


def test_span_that_ends_before_it_starts_ends_as_it_starts() -> None:
    assert only(json_of(plain_span(endTimeUnixNano=str(NANOS - 5_000_000)))).end == START


BAD = {
    "no start": {"startTimeUnixNano": "0"},
    "seconds for a start": {"startTimeUnixNano": "1795262400"},
    "a start after the year 2200": {"startTimeUnixNano": str(2**64 - 1)},
    "a start that is no number": {"startTimeUnixNano": "soon"},
    "a start of a hundred digits": {"startTimeUnixNano": "9" * 100},
    "no trace id": {"traceId": ""},
    "a trace id of zeros": {"traceId": "0" * 32},
    "a short trace id": {"traceId": "abcd"},
    "a trace id that is no text": {"traceId": 5},
    "a trace id of other letters": {"traceId": "g" * 32},
    "no span id": {"spanId": None},
    "a long span id": {"spanId": "a" * 32},
    "a short parent id": {"parentSpanId": "abc"},
    "a name that is no text": {"name": {"a": 1}},
    "attributes that are no list": {"attributes": {"a": 1}},
    "attributes that are text": {"attributes": "a=b"},
    "an attribute that is a number": {"attributes": [5]},
    "a value without a type": {"attributes": [{"key": "a", "value": "plain"}]},
    "a count that is text": {"attributes": [{"key": "a", "value": {"intValue": "many"}}]},
    "a count of 70 bits": {"attributes": [{"key": "a", "value": {"intValue": str(2**70)}}]},
    "a number that is a list": {"attributes": [{"key": "a", "value": {"doubleValue": []}}]},
    "a text that is a list": {"attributes": [{"key": "a", "value": {"stringValue": []}}]},
    "events that are no list": {"events": 5},
    "an event that is text": {"events": ["a"]},
}


@pytest.mark.parametrize("spoiled", BAD.values(), ids=BAD)
def test_bad_span_is_counted_with_its_reason_and_takes_no_other_with_it(spoiled: dict[str, Any]) -> None:
    decoded = json_of(plain_span(), plain_span(**spoiled), plain_span())
    assert (len(decoded.spans), decoded.rejected) == (2, 1)
    assert decoded.why
    assert len(decoded.why) < 100


@pytest.mark.parametrize("span", [None, 5, "a", []])
def test_span_that_is_no_object_is_counted(span: Any) -> None:
    assert json_of(plain_span(), span).rejected == 1


def test_resource_that_cannot_be_read_takes_its_own_spans_with_it() -> None:
    bad = {"attributes": [{"key": "a", "value": 5}]}
    groups = plain_request(plain_span(), plain_span(), resource=bad)["resourceSpans"]
    decoded = spans_in_resource_spans([*groups, *plain_request(plain_span())["resourceSpans"]])
    assert (len(decoded.spans), decoded.rejected) == (1, 2)


@pytest.mark.parametrize("depth", [25, 500])
def test_value_that_is_nested_too_deeply_is_no_data(depth: int) -> None:
    value: dict[str, Any] = {"stringValue": "a"}
    for _ in range(depth):
        value = {"arrayValue": {"values": [value]}}
    spans = plain_request(plain_span(), plain_span(attributes=[{"key": "a", "value": value}]))["resourceSpans"]
    decoded = spans_in_resource_spans(spans)
    assert (len(decoded.spans), decoded.rejected) == (1, 1)
    assert "deep" in decoded.why


def test_json_that_is_nested_beyond_the_parser_is_refused() -> None:
    with pytest.raises(ValueError, match="deep"):
        spans_in_json(b'{"resourceSpans":' + b"[" * 200_000)


def nested_value(depth: int) -> bytes:
    """The bytes of an `AnyValue` with lists in lists: the package itself refuses to build it."""
    value = AnyValue(string_value="a").SerializeToString()
    for tag in (b"\x0a", b"\x2a") * depth:  # `ArrayValue.values`, `AnyValue.array_value`
        value = tag + length_of(value) + value
    return value


def length_of(message: bytes) -> bytes:
    length, rest = b"", len(message)
    while rest > 0x7F:
        length, rest = length + bytes([rest & 0x7F | 0x80]), rest >> 7
    return length + bytes([rest])


@pytest.mark.parametrize("depth", [25, 300, 5000])
def test_protobuf_that_is_nested_too_deeply_costs_its_own_span_only(depth: int) -> None:
    attribute = b"\x0a\x01a\x12" + length_of(nested_value(depth)) + nested_value(depth)
    span = request_with(make_span(1)).resource_spans[0].scope_spans[0].spans[0].SerializeToString()
    message = span + b"\x4a" + length_of(attribute) + attribute
    for tag in (b"\x12", b"\x12", b"\x0a"):  # spans, scope spans, resource spans
        message = tag + length_of(message) + message
    decoded = spans_in_protobuf(message + request_with(make_span(2)).SerializeToString())
    assert [span.span_id for span in decoded.spans] == [make_span(2).span_id]
    assert decoded.rejected == 1
    assert "deep" in decoded.why


@pytest.mark.parametrize("place", ["name", "key", "value", "event"])
def test_text_that_is_no_utf8_costs_its_own_span_only(place: str) -> None:
    spoiled = {"name": "PLACE", "key": "x", "value": "x", "event": "x"} | {place: "PLACE"}
    span = make_span(
        1, name=spoiled["name"], attributes={spoiled["key"]: spoiled["value"]}, events=(make_event(spoiled["event"]),)
    )
    body = request_with(span, make_span(2)).SerializeToString().replace(b"PLACE", b"\xff\xfe\xfa\xfb\xfc")
    decoded = spans_in_protobuf(body)
    assert decoded.spans == [make_span(2)]
    assert (decoded.rejected, "UTF-8" in decoded.why) == (1, True)


def test_resource_that_is_no_utf8_costs_its_own_spans_only() -> None:
    spoiled = make_span(1, resource={"a": "PLACE"})
    body = request_with(spoiled, make_span(2)).SerializeToString().replace(b"PLACE", b"\xff\xfe\xfa\xfb\xfc")
    decoded = spans_in_protobuf(body)
    assert (decoded.spans, decoded.rejected) == ([make_span(2)], 1)


def test_scope_that_is_no_utf8_costs_nothing() -> None:
    body = request_with(make_span(1, scope="PLACE"))
    decoded = spans_in_protobuf(body.SerializeToString().replace(b"PLACE", b"\xff\xfe\xfa\xfb\xfc"))
    assert decoded == Decoded([make_span(1)])


def test_json_bytes_that_are_no_utf8_become_marks() -> None:
    body = json.dumps(plain_request(plain_span(name="PLACE"))).encode().replace(b"PLACE", b"caf\xe9!")
    assert only(spans_in_json(body)).name == "caf\ufffd!"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"5", b"null", b'"a"', b'{"resourceSpans": 5}', b'{"resourceSpans": "a"}', b"9" * 5000]
)
def test_json_that_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        spans_in_json(body)


def test_requests_without_spans_hold_none() -> None:
    assert spans_in_json(b"{}") == Decoded([])
    assert spans_in_json(b'{"resourceSpans": []}') == Decoded([])
    assert spans_in_protobuf(b"") == Decoded([])


@pytest.mark.parametrize("body", [b"hello", b"\x0a\xff", b"\x0a\x05ab", b"\x00\x01", b'{"resourceSpans": []}', b"\x0b"])
def test_protobuf_that_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="no export request"):
        spans_in_protobuf(body)


def test_groups_that_are_no_objects_are_counted_and_empty_ones_are_not() -> None:
    decoded = spans_in_resource_spans([None, {"scopeSpans": [None]}, {"scopeSpans": 5}, {"resource": 5}, {}])  # type: ignore[list-item]
    assert decoded == Decoded([], 3, "a group of spans is no object")


@pytest.mark.parametrize("many", ["attributes", "events", "elements"])
def test_span_with_too_many_parts_is_refused_before_they_are_read(many: str) -> None:
    numbers = list[JsonValue](range(10_001))
    spoiled = {
        "attributes": make_span(1, attributes={str(n): n for n in numbers}),
        "events": make_span(1, events=[make_event("e")] * 10_001),
        "elements": make_span(1, attributes={"a": numbers}),
    }[many]
    request = request_with(spoiled, make_span(2))
    plain = MessageToDict(request)["resourceSpans"]
    for decoded in (spans_in_request(request), spans_in_resource_spans(plain)):
        assert (decoded.spans, decoded.rejected) == ([make_span(2)], 1)
        assert "more than 10,000" in decoded.why


def test_large_request_is_read_span_by_span_and_a_span_beyond_the_bound_is_refused() -> None:
    large = make_span(1, attributes={"a": "x" * 2_000_000, "b": "x" * 2_000_000})
    too_large = make_span(2, attributes={"a": "x" * 8_000_001})
    around = make_span(4, resource={"a": "x" * 1_000_001})
    body = request_with(large, too_large, make_span(3), around).SerializeToString()
    decoded = spans_in_protobuf(body)
    assert (decoded.spans, decoded.rejected) == ([large, make_span(3)], 2)
    assert decoded.why == "the span has more than 8,000,000 bytes"


def test_moments_before_and_after_the_second_keep_their_microseconds() -> None:
    moment = datetime(2026, 11, 21, 12, 0, 0, 999_999, tzinfo=UTC)
    span = make_span(1, start=moment, end=moment + timedelta(microseconds=2))
    assert only(spans_in_request(request_with(span))) == span


def test_ten_thousand_small_spans_are_decoded_in_a_second_of_one_core() -> None:
    body = request_with(*(make_span(n, 1, attributes={f"a{k}": "text" for k in range(10)}) for n in range(1, 10_001)))
    raw = body.SerializeToString()
    before = time.process_time()
    assert len(spans_in_protobuf(raw).spans) == 10_000
    assert time.process_time() - before < 1.0
