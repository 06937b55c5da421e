"""How the test server stores spans of other libraries: what its source says of the real one.

One case for each dialect; what frameworks send in earnest is in `tests/fixtures/framework-traces/`.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.servers.langfuse.otlp_dialects import is_hidden, name_of, texts_of, type_of

Values = dict[str, Any]


@pytest.mark.parametrize(
    ("own", "scope", "given", "answered"),
    [
        ({"langfuse.observation.input": "q", "input.value": "other"}, "langfuse-sdk", "q", None),
        ({"ai.prompt": "q", "ai.response.text": "a", "ai.response.object": "{}"}, "ai", "q", "a"),
        ({"ai.prompt": "q", "ai.response.text": "a"}, "another", None, None),
        ({"traceloop.entity.input": "q", "input.value": "other"}, "", "q", None),
        ({"input.value": "q", "llm.output_messages.0.message.content": "lost"}, "", "q", None),
        ({"pydantic_ai.all_messages": "[]", "final_result": "a"}, "pydantic-ai", "[]", "a"),
        ({"pydantic_ai.all_messages": "[]", "final_result": "a"}, "another", None, None),
        ({"gen_ai.input.messages": "[1]", "gen_ai.output.messages": "[2]"}, "", "[1]", "[2]"),
        ({"gen_ai.tool.call.arguments": "{}", "gen_ai.tool.call.result": "r"}, "", None, "r"),
        ({"gen_ai.prompt": "q", "gen_ai.completion": "a"}, "", "q", "a"),
        ({"input.value": "", "gen_ai.input.messages": "[1]"}, "", "[1]", None),
        ({"http.route": "/ask"}, "", None, None),
    ],
)
def test_first_dialect_that_has_a_text_gives_both(own: Values, scope: str, given: object, answered: object) -> None:
    assert texts_of(own, (), scope) == (given, answered)


def test_spread_attributes_become_a_list_in_their_order() -> None:
    own = {f"gen_ai.prompt.{at}.content": str(at) for at in (10, 2, 0, 1)}
    given, answered = texts_of({**own, "gen_ai.prompt.2.role": "user"}, (), "")
    assert given == [{"content": "0"}, {"content": "1"}, {"content": "2", "role": "user"}, {"content": "10"}]
    assert answered is None


def test_message_events_come_before_attributes_of_other_dialects() -> None:
    events: list[tuple[str, Values]] = [
        ("gen_ai.user.message", {"content": "q"}),
        ("exception", {"exception.message": "no message"}),
        ("gen_ai.choice", {"index": 0, "message": '{"content": "a"}'}),
    ]
    given, answered = texts_of({"input.value": "other"}, events, "")
    assert given == [{"role": "user", "content": "q"}]
    assert answered == {"index": 0, "message": '{"content": "a"}'}


@pytest.mark.parametrize(
    ("own", "kind"),
    [
        ({"langfuse.observation.type": "retriever", "openinference.span.kind": "LLM"}, "RETRIEVER"),
        ({"langfuse.observation.type": "made up", "openinference.span.kind": "LLM"}, "GENERATION"),
        ({"openinference.span.kind": "RERANKER"}, "SPAN"),
        ({"gen_ai.operation.name": "create_agent"}, "AGENT"),
        ({"gen_ai.operation.name": "vector_db_retrieve", "traceloop.span.kind": "task"}, "SPAN"),
        ({"operation.name": "ai.toolCall support"}, "TOOL"),
        ({"gen_ai.tool.name": "order_status"}, "TOOL"),
        ({"gen_ai.request.model": "gpt-4o-mini"}, "GENERATION"),
        ({"http.route": "/ask"}, "SPAN"),
    ],
)
def test_type_is_what_the_first_mapper_says(own: Values, kind: str) -> None:
    assert type_of(own) == kind


def test_tool_gives_its_own_name_to_the_observation() -> None:
    assert name_of("execute_tool order_status", {"gen_ai.tool.name": "order_status"}) == "order_status"
    assert name_of("running", {"logfire.msg": "support run"}) == "support run"
    assert name_of("ai", {"ai.operationId": "ai.embed", "ai.telemetry.functionId": "kb"}) == "kb:ai.embed"
    assert name_of("POST /ask", {}) == "POST /ask"


def test_attributes_that_may_be_input_or_output_are_not_kept_as_metadata() -> None:
    hidden = ("input.value", "llm.output_messages.0.message.content", "gen_ai.tool.call.result", "final_result")
    assert all(is_hidden(name) for name in hidden)
    kept = ("retrieval.documents.0.document.content", "tool_response", "gen_ai.task.output", "llm.model_name")
    assert not any(is_hidden(name) for name in kept)
