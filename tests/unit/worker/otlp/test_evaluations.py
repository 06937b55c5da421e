"""Results as spans and events, and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span as SpanMessage
from pydantic import JsonValue

from assay.worker.otlp.decoding import spans_in_protobuf
from assay.worker.otlp.evaluations import evaluation_logs, evaluation_spans, same_trace, scores_in
from assay.worker.otlp.targets import span_bytes, trace_bytes
from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.scores import Score
from tests.servers.otlp_server import attributes_of

START = datetime(2026, 11, 3, 12, 0, 0, 123456, tzinfo=UTC)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ROOT, STEP = "00f067aa0ba902b7", "b7ad6b7169203331"


def score(**columns: object) -> Score:
    given: dict[str, object] = {
        "id": "s1",
        "trace_id": TRACE,
        "name": "groundedness",
        "value": 0.5,
        "timestamp": START,
        "root_id": ROOT,
    }
    return Score.model_validate(given | columns)


def spans(*scores: Score) -> list[SpanMessage]:
    request = evaluation_spans(scores)
    return [span for group in request.resource_spans for scope in group.scope_spans for span in scope.spans]


def back(*scores: Score) -> list[Score]:
    return scores_in(spans_in_protobuf(evaluation_spans(scores).SerializeToString()).spans)


def test_span_hangs_under_the_root_of_its_trace_and_is_dated_back() -> None:
    (span,) = spans(score())
    assert span.trace_id.hex() == TRACE
    assert span.parent_span_id.hex() == ROOT
    assert [(link.trace_id.hex(), link.span_id.hex()) for link in span.links] == [(TRACE, ROOT)]
    assert span.start_time_unix_nano == span.end_time_unix_nano == 1_793_707_200_123_456_000
    assert span.flags & 0x01  # no sampler ever saw its parent
    told = attributes_of(span.attributes)
    assert told["gen_ai.evaluation.name"] == "groundedness"
    assert told["gen_ai.evaluation.score.value"] == 0.5
    assert "gen_ai.evaluation.score.label" not in told


def test_span_hangs_under_the_judged_step_where_there_is_one() -> None:
    (span,) = spans(score(observation_id=STEP))
    assert span.parent_span_id.hex() == STEP


def test_event_carries_the_ids_of_what_was_judged() -> None:
    (group,) = evaluation_logs([score(value="high risk", name="answer_check")]).resource_logs
    (record,) = group.scope_logs[0].log_records
    assert (record.event_name, record.trace_id.hex(), record.span_id.hex()) == ("gen_ai.evaluation.result", TRACE, ROOT)
    assert attributes_of(record.attributes)["gen_ai.evaluation.score.label"] == "high risk"
    assert record.time_unix_nano == 1_793_707_200_123_456_000


def test_event_of_a_trace_whose_root_is_unknown_has_the_trace_alone() -> None:
    (group,) = evaluation_logs([score(root_id=None)]).resource_logs
    (record,) = group.scope_logs[0].log_records
    assert (record.trace_id.hex(), record.span_id) == (TRACE, b"")


def test_same_result_has_the_same_span_id_and_another_result_another() -> None:
    first, again, other = (spans(one)[0].span_id for one in (score(), score(), score(value=0.6)))
    assert first == again != other
    assert len(first) == 8


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (TRACE, TRACE),
        (TRACE.upper(), TRACE),
        (f"tr-{TRACE}", TRACE),
        ("4bf92f35-77b3-4da6-a3ce-929d0e0e4736", TRACE),
        ("a3ce929d0e0e4736", "0000000000000000a3ce929d0e0e4736"),
    ],
)
def test_trace_ids_that_stores_write_become_sixteen_bytes(written: str, number: str) -> None:
    (span,) = spans(score(trace_id=written))
    assert span.trace_id.hex() == number
    assert [read.trace_id for read in back(score(trace_id=written))] == [written]
    assert same_trace(written, number)


@pytest.mark.parametrize("written", ["", "0" * 32, "run-17", "42", f"{TRACE}0", "d" * 31, "g" * 32])
def test_other_trace_ids_are_refused_by_name(written: str) -> None:
    assert trace_bytes(written) is None
    for build in (evaluation_spans, evaluation_logs):
        with pytest.raises(StoreRejected, match="score 'groundedness' of trace"):
            build([score(trace_id=written)])


def test_span_without_a_parent_is_refused_since_it_would_be_a_second_root() -> None:
    for lost in ({"root_id": None}, {"root_id": "not-hex"}, {"root_id": "0" * 16}):
        with pytest.raises(StoreRejected, match="second root"):
            evaluation_spans([score(**lost)])
    assert span_bytes(None) == b""


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_no_number_is_refused(value: float) -> None:
    with pytest.raises(StoreRejected, match="no finite number"):
        evaluation_logs([score(value=value)])


def test_half_a_character_is_refused_by_name() -> None:
    with pytest.raises(StoreRejected, match=f"trace '{TRACE}': a text in it is no Unicode"):
        evaluation_spans([score(comment="cut \ud83d")])


def test_scores_come_back_with_all_they_say() -> None:
    metadata: dict[str, JsonValue] = {
        "rubric": "grounding",
        "rubric_hash": "0f",
        "revision": "r" * 64,
        "pi": 0.2,
        "judge": "llm",
        "tier": "llm",
        "cost_usd": 0.003,
        "sample": "base",
        "calibrated": False,
        "tokens_in": 12,
        "huge": 2**70,
        "deep": {"x": [1, None]},
        "list": ["a"],
    }
    written = [
        score(id="a", comment="“30 days” ≠ 14\u0000", environment="production", metadata=metadata),
        score(id="b", name="state", value="judged", observation_id=STEP),
        score(id="c", name="digits", value="1"),
        score(id="d", name="zero", value=0.0),
        score(id="e", name="not-hex", observation_id="answer-1"),
    ]
    assert back(*written) == [one.model_copy(update={"root_id": None}) for one in written]


def test_newest_of_several_spans_of_one_score_counts() -> None:
    old = spans_in_protobuf(evaluation_spans([score(value=0.1)]).SerializeToString()).spans
    new = spans_in_protobuf(evaluation_spans([score(value=0.9)]).SerializeToString()).spans
    for order in ([*old, *new], [*new, *old]):
        assert [read.value for read in scores_in(order)] == [0.9]


def test_spans_that_are_no_results_of_ours_are_passed_over() -> None:
    (span,) = spans_in_protobuf(evaluation_spans([score()]).SerializeToString()).spans
    foreign = {key: value for key, value in span.attributes.items() if not key.startswith("assay.")}
    without_value = {key: value for key, value in span.attributes.items() if "score.value" not in key}
    changed = [span.model_copy(update={"attributes": told}) for told in ({}, foreign, without_value)]
    assert scores_in(changed) == []


def test_metadata_that_a_backend_cut_is_left_out() -> None:
    (span,) = spans_in_protobuf(evaluation_spans([score(metadata={"deep": {"x": 1}})]).SerializeToString()).spans
    cut = {
        key: value[:4] if isinstance(value, str) and "json" in key else value for key, value in span.attributes.items()
    }
    (read,) = scores_in([span.model_copy(update={"attributes": cut})])
    assert read.metadata == {}


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
PLAIN = st.one_of(TEXTS, st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False))


@settings(max_examples=60, deadline=None)
@given(
    value=st.one_of(TEXTS, st.floats(allow_nan=False, allow_infinity=False)),
    comment=TEXTS,
    metadata=st.dictionaries(TEXTS, st.one_of(PLAIN, st.lists(PLAIN, max_size=3)), max_size=5),
    seconds=st.integers(min_value=-(8 * 10**8), max_value=10**9),
)
def test_any_text_and_number_comes_back(
    value: str | float, comment: str, metadata: dict[str, JsonValue], seconds: int
) -> None:
    written = score(value=value, comment=comment, metadata=metadata, timestamp=START + timedelta(seconds=seconds))
    assert back(written) == [written.model_copy(update={"root_id": None})]
