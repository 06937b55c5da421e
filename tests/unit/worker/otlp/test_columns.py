"""What a trace has columns for is found under the names of every dialect, and stands nowhere twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assay.worker.extraction.names.columns import ROOT_COLUMNS
from assay.worker.otlp.steps import step_of
from assay.worker.otlp.traces import root_of
from assay.worker.records.spans import SpanEvent
from assay.worker.records.traces import Observation, Tokens, TraceRoot
from tests.unit.worker.otlp.making import START, make_event, make_span


def root(resource: dict[str, Any] | None = None, **attributes: Any) -> TraceRoot:
    dotted = {name.replace("__", "."): value for name, value in attributes.items()}
    return root_of(make_span(1, attributes=dotted, resource=resource or {}))


def step(attributes: dict[str, Any], **over: Any) -> Observation:
    observation = step_of(make_span(1, attributes=attributes, **over))
    return Observation.model_validate(observation.model_dump())


NAMINGS = [(column, name) for column, names in ROOT_COLUMNS.items() for name in names]


@pytest.mark.parametrize(("column", "name"), NAMINGS)
def test_column_is_found_under_each_of_its_names(column: str, name: str) -> None:
    wanted = ("x",) if column == "tags" else "x"
    for span in (make_span(1, attributes={name: "x", "own": 1}), make_span(1, resource={name: "x"})):
        columns = root_of(span)
        assert getattr(columns, column) == wanted
        assert name not in columns.metadata
        assert f"resource.{name}" not in columns.metadata


def test_more_telling_name_counts_and_the_other_stays() -> None:
    columns = root(
        {"deployment.environment": "staging"}, deployment__environment="old", deployment__environment__name="new"
    )
    assert columns.environment == "new"
    assert columns.metadata == {"resource.deployment.environment": "staging", "deployment.environment": "old"}


def test_root_that_says_nothing_has_defaults() -> None:
    columns = root()
    assert (columns.name, columns.environment, columns.level) == ("span 1", "default", "DEFAULT")
    assert (columns.release, columns.version, columns.user_id, columns.session_id) == (None, None, None, None)
    assert (columns.tags, columns.metadata) == ((), {})


@pytest.mark.parametrize("value", [["a", "b"], '["a", "b"]', "a, b", ["a", 5, "b"]])
def test_tags_are_read_from_lists_and_from_text(value: Any) -> None:
    assert root(tag__tags=value).tags == ("a", "b")


@pytest.mark.parametrize("value", [None, "", [], {}, True, "[1"])
def test_what_is_no_name_fills_no_column(value: Any) -> None:
    columns = root(user__id=value, tag__tags=value)
    assert columns.user_id in {None, "[1"}
    assert columns.tags == ()


def test_numbers_are_names_too() -> None:
    assert root(user__id=42).user_id == "42"


def test_metadata_of_the_application_stands_under_its_own_names() -> None:
    columns = root(
        metadata='{"feature": "search", "deep": {"a": [1]}}',
        langsmith__metadata__plan="pro",
        traceloop__association__properties__team="blue",
        ai__telemetry__metadata__region="eu",
        http__route="/chat",
    )
    assert columns.metadata == {
        "feature": "search",
        "deep": {"a": [1]},
        "plan": "pro",
        "team": "blue",
        "region": "eu",
        "http.route": "/chat",
    }


def test_metadata_written_as_json_is_read_and_other_text_is_not() -> None:
    values = {"plain": "a", "quoted": '"a"', "list": '["a"]', "number": "7", "half": '{"a"', "nan": "[NaN]"}
    columns = root_of(make_span(1, attributes={f"langsmith.metadata.{name}": values[name] for name in values}))
    assert columns.metadata == {**values, "quoted": "a", "list": ["a"]}


@pytest.mark.parametrize("value", ["{", "[1]", "text", 5])
def test_metadata_that_is_no_object_stays_what_it_is(value: Any) -> None:
    assert root(metadata=value).metadata == {"metadata": value}


def test_name_of_the_instrumentation_stands_in_the_metadata_of_the_root() -> None:
    assert root_of(make_span(1, scope="ai")).metadata == {"scope.name": "ai"}


KINDS = [
    ({"openinference.span.kind": "LLM"}, "generation"),
    ({"openinference.span.kind": "RETRIEVER"}, "retriever"),
    ({"openinference.span.kind": "RERANKER"}, "retriever"),
    ({"openinference.span.kind": "EMBEDDING"}, "embedding"),
    ({"openinference.span.kind": "TOOL"}, "tool"),
    ({"openinference.span.kind": "AGENT"}, "agent"),
    ({"openinference.span.kind": "CHAIN"}, "chain"),
    ({"openinference.span.kind": "GUARDRAIL"}, "guardrail"),
    ({"openinference.span.kind": "EVALUATOR"}, "evaluator"),
    ({"openinference.span.kind": "UNKNOWN"}, "span"),
    ({"gen_ai.operation.name": "chat"}, "generation"),
    ({"gen_ai.operation.name": "generate_content"}, "generation"),
    ({"gen_ai.operation.name": "embeddings"}, "embedding"),
    ({"gen_ai.operation.name": "retrieval"}, "retriever"),
    ({"gen_ai.operation.name": "execute_tool"}, "tool"),
    ({"gen_ai.operation.name": "invoke_agent"}, "agent"),
    ({"gen_ai.operation.name": "create_agent"}, "span"),
    ({"traceloop.span.kind": "workflow"}, "span"),
    ({"traceloop.span.kind": "task", "gen_ai.operation.name": "embeddings"}, "embedding"),
    ({"traceloop.span.kind": "tool"}, "tool"),
    ({"llm.request.type": "chat"}, "generation"),
    ({"ai.operationId": "ai.generateText"}, "span"),
    ({"ai.operationId": "ai.streamText.doStream"}, "generation"),
    ({"ai.operationId": "ai.embed.doEmbed"}, "embedding"),
    ({"ai.operationId": "ai.toolCall"}, "tool"),
    ({"langsmith.span.kind": "retriever"}, "retriever"),
    ({"langfuse.observation.type": "generation"}, "generation"),
    ({"langsmith.span.kind": "llm"}, "generation"),
    ({"langsmith.span.kind": "retriever", "gen_ai.operation.name": "embeddings"}, "retriever"),
    ({"gen_ai.request.model": "m"}, "generation"),
    ({"gen_ai.tool.name": "kb"}, "tool"),
    ({"db.system.name": "postgresql"}, "span"),
    ({}, "span"),
]


@pytest.mark.parametrize(("attributes", "kind"), KINDS, ids=[str(attributes) for attributes, _ in KINDS])
def test_type_of_a_step_is_told_by_every_dialect(attributes: dict[str, Any], kind: str) -> None:
    assert step(attributes).type == kind


TEXTS = [
    ({"input.value": "q", "output.value": "a"}, "q", "a"),
    ({"input.value": "42", "input.mime_type": "text/plain", "output.value": "42"}, "42", "42"),
    ({"input.value": '{"q": 1}', "input.mime_type": "text/plain"}, '{"q": 1}', None),
    ({"input.value": '{"q": 1}', "input.mime_type": "application/json"}, {"q": 1}, None),
    ({"gen_ai.prompt": "q", "gen_ai.completion": "a"}, "q", "a"),
    ({"traceloop.entity.input": '{"q": 1}', "traceloop.entity.output": '"a"'}, {"q": 1}, "a"),
    ({"ai.prompt": "q", "ai.response.text": "a"}, "q", "a"),
    ({"gen_ai.tool.call.arguments": '{"id": 1}', "gen_ai.tool.call.result": "a"}, {"id": 1}, "a"),
    ({"gen_ai.input.messages": '[{"role": "user"}]'}, [{"role": "user"}], None),
    (
        {"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "q", "gen_ai.completion.0.content": "a"},
        [{"role": "user", "content": "q"}],
        [{"role": "assistant", "content": "a"}],
    ),
    (
        {"llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "q"},
        [{"role": "user", "content": "q"}],
        None,
    ),
    ({}, None, None),
]


@pytest.mark.parametrize(("attributes", "given", "answered"), TEXTS, ids=[str(one[0])[:60] for one in TEXTS])
def test_input_and_output_are_found_and_not_repeated(attributes: dict[str, Any], given: Any, answered: Any) -> None:
    observation = step({**attributes, "own": 1})
    assert (observation.input, observation.output) == (given, answered)
    assert observation.metadata == {"own": 1}


@pytest.mark.parametrize("name", ["input.value", "langsmith.metadata.a", "metadata", "traceloop.entity.output"])
def test_json_that_no_store_could_write_again_stays_a_text_or_is_mended(name: str) -> None:
    deep = '{"a":' * 400 + "1" + "}" * 400
    for text in (deep, '{"a": "\\ud83d", "b": "\\ud83d\\ude00"}'):
        observation = step({name: text})
        observation.model_dump_json().encode()
        assert (text in str(observation)) == (text is deep)
        if text is not deep:
            assert "\ufffd" in str(observation)
            assert "\U0001f600" in str(observation)


def test_messages_in_events_are_input_and_output() -> None:
    events = (
        make_event("gen_ai.system.message", content="Be brief."),
        make_event("gen_ai.user.message", content="How long?", role="user"),
        make_event("gen_ai.choice", index=0, message={"role": "assistant", "content": "Two days."}),
        make_event("exception", exception__type="E"),
    )
    observation = step({"gen_ai.operation.name": "chat"}, events=events)
    assert observation.input == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "How long?"},
    ]
    assert observation.output == {"index": 0, "message": {"role": "assistant", "content": "Two days."}}


DETAILS = {"gen_ai__input__messages": "q", "gen_ai__output__messages": "a"}
HOLDING_ATTRIBUTES = [
    (
        make_event("gen_ai.content.prompt", gen_ai__prompt="q"),
        make_event("gen_ai.content.completion", gen_ai__completion="a"),
    ),
    (make_event("gen_ai.client.inference.operation.details", **DETAILS),),
]


@pytest.mark.parametrize("events", HOLDING_ATTRIBUTES, ids=["old", "new"])
def test_events_that_hold_attributes_are_read_as_these(events: tuple[SpanEvent, ...]) -> None:
    observation = step({"gen_ai.operation.name": "chat"}, events=events)
    assert (observation.input, observation.output) == ("q", "a")


def test_attributes_of_the_span_count_before_its_events() -> None:
    events = (make_event("gen_ai.user.message", content="event"),)
    assert step({"gen_ai.input.messages": "own"}, events=events).input == "own"


DETAILS_OF_USAGE = '{"input": 12, "output": 3, "input_cached_tokens": 4}'
CALLS: list[dict[str, Any]] = [
    {"langfuse.observation.usage_details": DETAILS_OF_USAGE},
    {"gen_ai.usage.input_tokens": 12, "gen_ai.usage.output_tokens": 3, "gen_ai.usage.cache_read.input_tokens": 4},
    {"gen_ai.usage.prompt_tokens": 12, "gen_ai.usage.completion_tokens": 3, "gen_ai.usage.cache_read_input_tokens": 4},
    {
        "llm.token_count.prompt": 12,
        "llm.token_count.completion": 3,
        "llm.token_count.prompt_details.cache_read": 4,
        "llm.token_count.total": 15,
    },
    {"ai.usage.inputTokens": 12, "ai.usage.outputTokens": 3, "ai.usage.cachedInputTokens": 4},
]


@pytest.mark.parametrize("counts", CALLS, ids=[next(iter(counts)) for counts in CALLS])
def test_tokens_of_every_dialect_are_one_column(counts: dict[str, Any]) -> None:
    observation = step(counts)
    assert observation.usage == Tokens(input=12, output=3, cached=4)
    assert observation.metadata == {}


def test_counts_that_say_nothing_stay_where_they_are() -> None:
    observation = step({"llm.token_count.prompt": 0, "llm.token_count.completion": "many"})
    assert observation.usage is None
    assert observation.metadata == {"llm.token_count.prompt": 0, "llm.token_count.completion": "many"}


def test_model_asked_is_a_column_and_the_model_served_stays() -> None:
    observation = step({"gen_ai.request.model": "m", "gen_ai.response.model": "m-2026", "llm.cost.total": 0.25})
    assert (observation.model, observation.cost_usd) == ("m", 0.25)
    assert observation.metadata == {"gen_ai.response.model": "m-2026"}
    assert step({"gen_ai.response.model": "m-2026"}).model == "m-2026"


@pytest.mark.parametrize(
    ("attributes", "events"),
    [
        ({"gen_ai.response.time_to_first_chunk": 0.25}, ()),
        ({"ai.response.msToFirstChunk": 250}, ()),
        ({"langfuse.observation.completion_start_time": '"2026-11-21T12:00:01.250000Z"'}, ()),
        ({}, (SpanEvent(name="First Token Stream Event", at=START + timedelta(seconds=1, milliseconds=250)),)),
        ({}, (SpanEvent(name="new_token", at=START + timedelta(seconds=1, milliseconds=250)),)),
    ],
)
def test_first_token_came_when_an_attribute_or_an_event_says_so(
    attributes: dict[str, Any], events: tuple[SpanEvent, ...]
) -> None:
    assert step(attributes, events=events).first_token == START + timedelta(seconds=1, milliseconds=250)


@pytest.mark.parametrize("moment", ["", "soon", "2026-11-21T12:00:02", "2020-01-01T00:00:00Z", 5, None, []])
def test_moment_that_is_none_is_no_first_token(moment: Any) -> None:
    assert step({"langfuse.observation.completion_start_time": moment}).first_token is None


def test_event_before_the_start_is_no_first_token() -> None:
    assert step({}, events=(SpanEvent(name="new_token", at=START),)).first_token is None
