"""Properties of decoding: what was sent comes back, and no bytes whatever raise anything but ValueError."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from assay.worker.otlp.decoding import Decoded, spans_in_json, spans_in_protobuf, spans_in_resource_spans
from assay.worker.otlp.span_parts import KINDS, STATES
from assay.worker.otlp.traces import trace_of
from assay.worker.records.spans import Span, SpanEvent
from assay.worker.records.traces import Trace
from tests.otlp_filling import export_request_of
from tests.unit.worker.otlp.making import plain_request, plain_span

MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
MOMENTS = st.datetimes(datetime(2000, 1, 2), datetime(2199, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # bounds
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
LEAVES: st.SearchStrategy[JsonValue] = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False), TEXTS
)
VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8
)
ATTRIBUTES = st.dictionaries(TEXTS, VALUES, max_size=4)
EVENTS = st.builds(SpanEvent, name=TEXTS, at=MOMENTS | st.none(), attributes=ATTRIBUTES)


@st.composite
def spans(draw: st.DrawFn) -> Span:
    """A span as the protocol can carry it."""
    start = draw(MOMENTS)
    lasting = draw(st.none() | st.timedeltas(timedelta(0), timedelta(days=30)))
    return Span(
        trace_id=f"{draw(st.integers(1, 2**128 - 1)):032x}",
        span_id=f"{draw(st.integers(1, 2**64 - 1)):016x}",
        parent_id=draw(st.none() | st.integers(1, 2**64 - 1).map("{:016x}".format)),
        name=draw(TEXTS),
        kind=draw(st.sampled_from(KINDS)),
        start=start,
        end=None if lasting is None else start + lasting,
        status=draw(st.sampled_from(STATES)),
        status_message=draw(TEXTS),
        attributes=draw(ATTRIBUTES),
        events=tuple(draw(st.lists(EVENTS, max_size=2))),
        resource=draw(st.dictionaries(TEXTS, VALUES, max_size=2)),
        scope=draw(TEXTS),
    )


@MANY
@given(st.lists(spans(), max_size=4))
def test_spans_sent_as_protobuf_come_back(sent: list[Span]) -> None:
    assert spans_in_protobuf(export_request_of(sent).SerializeToString()) == Decoded(sent)


@MANY
@given(st.lists(spans(), max_size=3), st.data())
def test_spoiled_protobuf_raises_nothing_but_value_error(sent: list[Span], data: st.DataObject) -> None:
    body = bytearray(export_request_of(sent).SerializeToString())
    for _ in range(data.draw(st.integers(1, 5)) if body else 0):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
        if not body:
            break
    check(bytes(body))


@MANY
@given(st.binary(max_size=300))
def test_any_bytes_raise_nothing_but_value_error(body: bytes) -> None:
    check(body)


def check(body: bytes) -> None:
    for decode in (spans_in_protobuf, spans_in_json):
        try:
            decoded = decode(body)
        except ValueError:
            continue
        assert (decoded.rejected > 0) == bool(decoded.why)
        for span in decoded.spans:
            Span.model_validate(span.model_dump())
            span.model_dump_json().encode()
        trace_of(decoded.spans)


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["resource", "attributes", "scopeSpans", "scope", "spans", "key", "value", "stringValue", "intValue", "events",
         "arrayValue", "kvlistValue", "values", "doubleValue", "boolValue", "name", "status", "code", "traceId"]
    ), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@MANY
@given(ANYTHING)
def test_any_json_raises_nothing(anything: Any) -> None:
    spans_in_resource_spans([anything])
    json_body = json.dumps({"resourceSpans": [anything]})
    spans_in_json(json_body.encode("utf-8", "surrogatepass"))


@MANY
@given(
    st.dictionaries(st.sampled_from([*sorted(plain_span()), "attributes", "events", "status"]), ANYTHING, max_size=3)
)
def test_span_with_any_fields_is_taken_or_counted(spoiled: dict[str, Any]) -> None:
    decoded = spans_in_resource_spans(plain_request(plain_span(), plain_span(**spoiled))["resourceSpans"])
    assert len(decoded.spans) + decoded.rejected == 2
    for span in decoded.spans:
        Span.model_validate(span.model_dump())


NAMES = st.sampled_from(
    ["input.value", "output.value", "openinference.span.kind", "gen_ai.operation.name", "gen_ai.input.messages",
     "gen_ai.output.messages", "llm.token_count.prompt", "gen_ai.usage.output_tokens", "metadata", "tag.tags",
     "gen_ai.response.time_to_first_chunk", "llm.cost.total", "logfire.level_num", "gen_ai.evaluation.name",
     "llm.input_messages.0.message.content", "input.mime_type", "deployment.environment.name", "user.id",
     "traceloop.association.properties.x"]
)  # fmt: skip
WORDS = ["LLM", "chat", "assay", "[]", "{}", '{"a": 1}', '{"a": "\\ud800"}', "[" * 300 + "]" * 300]
TOLD = st.dictionaries(NAMES, VALUES | st.sampled_from(WORDS), max_size=5)


@st.composite
def one_trace(draw: st.DrawFn) -> list[Span]:
    """Spans of one trace, some of them sent twice, in any order."""
    several = draw(st.lists(spans(), min_size=1, max_size=5))
    ids = draw(st.lists(st.integers(1, 6).map("{:016x}".format), min_size=len(several), max_size=len(several)))
    parents = st.none() | st.integers(1, 7).map("{:016x}".format)
    return [
        span.model_copy(
            update={"trace_id": "1" * 32, "span_id": own, "parent_id": draw(parents), "attributes": draw(TOLD)}
        )
        for span, own in zip(several, ids, strict=True)
    ]


@MANY
@given(one_trace(), st.data())
def test_trace_is_the_same_in_any_order_and_with_repetitions(sent: list[Span], data: st.DataObject) -> None:
    trace = trace_of(sent)
    again = data.draw(st.permutations([*sent, *data.draw(st.lists(st.sampled_from(sent), max_size=3))]))
    assert trace_of(again) == trace
    if trace is not None:
        assert Trace.model_validate(trace.model_dump()) == trace
        trace.model_dump_json()
