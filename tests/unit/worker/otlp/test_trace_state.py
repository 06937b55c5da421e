"""What a span's trace state says of sampling comes through both forms of the protocol, and into the trace."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.proto.trace.v1 import trace_pb2

from assay.worker.extraction.upstream_sampling import TRACE_STATE, upstream_probability
from assay.worker.otlp.json_spans import spans_of_groups
from assay.worker.otlp.protobuf_spans import spans_of_request
from assay.worker.otlp.traces import trace_of
from assay.worker.records.spans import Span
from tests.otlp_filling import export_request_of
from tests.unit.worker.otlp.making import make_span, plain_span

SEEN = [
    ("ot=th:c", "ot=th:c"),
    ("congo=private, ot=th:c;rv:ffffffffffffff ,rojo=1", "ot=th:c;rv:ffffffffffffff"),
    ("ot=th:c,ot=th:0", "ot=th:c,ot=th:0"),
    ("congo=private", None),
    ("tenant@ot=th:c", None),
    ("", None),
    ("x" * 5000 + ",ot=th:c", None),
]


def by_protobuf(state: str) -> Span:
    request = export_request_of([make_span()])
    message: trace_pb2.Span = request.resource_spans[0].scope_spans[0].spans[0]
    message.trace_state = state
    (span,) = spans_of_request(request)
    assert isinstance(span, Span)
    return span


def by_json(**over: Any) -> Span:
    (span,) = spans_of_groups([{"scopeSpans": [{"spans": [plain_span(**over)]}]}])
    assert isinstance(span, Span)
    return span


@pytest.mark.parametrize(("state", "kept"), SEEN)
def test_both_forms_keep_what_tells_of_sampling_and_nothing_of_others(state: str, kept: str | None) -> None:
    for span in (by_protobuf(state), by_json(traceState=state), by_json(trace_state=state)):
        assert span.attributes.get(TRACE_STATE) == kept


@pytest.mark.parametrize("state", [7, None, ["ot=th:c"], {"ot": "th:c"}, "ot=\ud83d"])
def test_a_trace_state_that_is_none_refuses_no_span(state: Any) -> None:
    span = by_json(traceState=state)
    assert upstream_probability(_trace([span])) is None


def test_it_reaches_the_trace_from_its_root_or_from_below() -> None:
    root, step = make_span(1), make_span(2, parent=1)
    told = {TRACE_STATE: "ot=th:c"}
    assert upstream_probability(_trace([root.model_copy(update={"attributes": told}), step])) == 0.25
    assert upstream_probability(_trace([root, step.model_copy(update={"attributes": told})])) == 0.25
    assert upstream_probability(_trace([root, step])) is None


def _trace(spans: list[Span]) -> Any:
    trace = trace_of(spans)
    assert trace is not None
    return trace
