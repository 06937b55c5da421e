"""The OpenAI-compatible adapter against a real server on loopback."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest

from assay.judges.errors import (
    ConfigurationError,
    EvaluationError,
    InvalidVerdict,
    ModelAccessDenied,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
    RateLimited,
    RequestRejected,
    UnjudgeableSample,
)
from assay.judges.models import form_search
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.form_ladder import FormLadder
from assay.judges.models.http_chat_model import HttpChatModel
from assay.judges.models.request_form import KNOWN_FORMS, JsonForm, RequestForm
from assay.judges.models.retry import wait_before_next
from assay.judges.models.wait_hints import LONGEST_RETRY_AFTER_S, retry_after_s
from assay.judges.schema import Usage
from tests.chat_models import open_model
from tests.servers.openai_server import (
    REFUSALS,
    Answer,
    OpenAIServer,
    Step,
    closed,
    completion,
    content_filter,
    fails,
    heeds_only,
    lacks,
    not_json,
    rate_limited,
    refuses,
    refuses_as,
    says,
    slow,
)
from tests.waiting import PATIENCE_S

KEY = "sk-very-secret-key"
PROMPT = "a prompt that must never be repeated"
MESSAGES = [ChatMessage(role="system", content="instructions"), ChatMessage(role="user", content=PROMPT)]
JUDGED = [ChatMessage(role="system", content="instructions"), ChatMessage(role="user", content="E1: a b c\nR1: a b c")]
SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


OK = '{"kind":"answer","sentences":[]}'


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    KNOWN_FORMS.clear()  # a port may come twice
    with OpenAIServer(default=says(OK)) as running:
        yield running


def model_at(url: str, **settings: Any) -> HttpChatModel:
    return open_model(model="m", key=KEY, url=url, **settings)


def form_known_at(url: str) -> RequestForm:
    return KNOWN_FORMS.get(f"{url}/chat/completions", "m")


def ask(
    model: HttpChatModel, *, times: int = 1, messages: list[ChatMessage] | None = None, schema: bool = True
) -> Reply:
    async def run() -> Reply:
        try:
            for _ in range(times):
                reply = await model.complete(messages or MESSAGES, json_schema=SCHEMA if schema else None)
            return reply
        finally:
            await model.close()

    return asyncio.run(run())


def error_of(server: OpenAIServer, step: Step, **settings: Any) -> EvaluationError:
    server.script(default=step)
    with pytest.raises(EvaluationError) as caught:
        ask(model_at(server.url, **{"attempts": 1, **settings}))
    return caught.value


def test_request_carries_key_schema_temperature_and_bound(server: OpenAIServer) -> None:
    reply = ask(model_at(server.url))
    (request,) = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.body["model"] == "m"
    assert request.body["temperature"] == 0
    assert request.body["max_tokens"] == 2048
    assert request.body["messages"] == [m.model_dump() for m in MESSAGES]
    assert request.body["response_format"]["json_schema"] == {"name": "verdict", "strict": True, "schema": SCHEMA}
    assert reply.model_served == "m-2026-01-01"
    assert reply.system_fingerprint == "fp_test"
    assert reply.usage.cached_tokens > 0


def test_request_asks_for_no_format_without_a_schema(server: OpenAIServer) -> None:
    ask(model_at(server.url), schema=False)
    assert "response_format" not in server.requests[0].body


def test_message_with_half_a_surrogate_pair_is_sent(server: OpenAIServer) -> None:
    assert ask(model_at(server.url), messages=[ChatMessage(role="user", content="a\ud800b")]).text == OK
    assert server.requests[0].prompt == "a?b"


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (fails(400, message="bad"), RequestRejected),
        (fails(400, message="max_tokens is too large: 32768"), RequestRejected),
        (fails(400, message="the text says insufficient_quota and invalid_api_key"), RequestRejected),
        (fails(400, code="billing_hard_limit_reached"), ModelAccessDenied),
        (fails(400, message="litellm.ContentPolicyViolationError: blocked"), ModelRefused),
        (fails(400, message="Request blocked", code="guardrail_intervened"), ModelRefused),
        (fails(400, message="Failed to generate JSON.", code="json_validate_failed"), InvalidVerdict),
        (fails(500, message="error parsing tool call: raw='x'"), InvalidVerdict),
        (fails(400, code="content_filter"), ModelRefused),
        (fails(400, code="context_length_exceeded"), UnjudgeableSample),
        (fails(400, message="This model's maximum context length is 8192 tokens"), UnjudgeableSample),
        (fails(401), ModelAccessDenied),
        (fails(402), ModelAccessDenied),
        (fails(403), ModelAccessDenied),
        (fails(403, message="Your chosen model requires moderation and your input was flagged"), ModelRefused),
        (Answer(b"<html>blocked by a firewall</html>", status=403, content_type="text/html"), RequestRejected),
        (Answer(b"<html>not acceptable</html>", status=406, content_type="text/html"), RequestRejected),
        (fails(404, code="model_not_found"), ModelAccessDenied),
        (fails(408), ModelTimeout),
        (fails(409), ModelUnavailable),
        (fails(413), UnjudgeableSample),
        (fails(418), RequestRejected),
        (fails(422), RequestRejected),
        (fails(429), RateLimited),
        (fails(429, code="insufficient_quota"), ModelAccessDenied),
        (fails(500), ModelUnavailable),
        (fails(503), ModelUnavailable),
        (fails(504), ModelTimeout),
        (fails(529), ModelUnavailable),
        (Answer(b"not json", status=500), ModelUnavailable),
        (Answer(b'["a list"]', status=400), RequestRejected),
        (content_filter(), ModelRefused),
        (not_json(), ModelUnavailable),
        (closed(), ModelUnavailable),
        (Answer(b"{"), ModelUnavailable),
        (Answer(b"\xff\xfe"), ModelUnavailable),
        (Answer(b"[" * 100_000), ModelUnavailable),
        (Answer(b"null"), ModelUnavailable),
        (Answer({}), ModelUnavailable),
        (Answer({"error": {"message": "upstream"}}), ModelUnavailable),
        (Answer({"choices": []}), InvalidVerdict),
        (Answer({"choices": ["x"]}), RequestRejected),
        (Answer({"choices": [{"message": None}]}), InvalidVerdict),
        (Answer(gzip.compress(b"{}")[:-9], headers={"Content-Encoding": "gzip"}), ModelUnavailable),
        (Answer(b"plain", headers={"Content-Encoding": "gzip"}), ModelUnavailable),
    ],
)
def test_error_is_one_of_ours(server: OpenAIServer, step: Step, error: type[EvaluationError]) -> None:
    assert type(error_of(server, step)) is error


def test_declined_reply_comes_back_as_a_refusal(server: OpenAIServer) -> None:
    server.script([refuses()])
    reply = ask(model_at(server.url))
    assert (reply.text, reply.refusal) == ("", "I will not judge this.")


def test_error_repeats_neither_key_nor_prompt(server: OpenAIServer) -> None:
    echo = f"bad request: {PROMPT} for {KEY}"
    for status in (400, 401, 422, 429, 500):
        server.script(default=fails(status, message=echo, code=echo))
        with pytest.raises(EvaluationError) as caught:
            ask(model_at(server.url, attempts=1))
        told = "".join(traceback.format_exception(caught.value))
        assert PROMPT not in told
        assert KEY not in told
        assert f"status {status}" in str(caught.value)
    assert KEY not in repr(vars(model_at(server.url)))


def test_unreachable_endpoint_is_unavailable() -> None:
    with OpenAIServer() as gone:
        url = gone.url
    with pytest.raises(ModelUnavailable):
        ask(model_at(url, attempts=1))


def test_slow_answer_is_a_timeout(server: OpenAIServer) -> None:
    assert type(error_of(server, slow(30), timeout_s=0.1)) is ModelTimeout


def test_rate_limit_is_waited_for_and_tried_again(server: OpenAIServer) -> None:
    server.script([rate_limited(retry_after="0.01")], default=says(OK))
    assert ask(model_at(server.url)).text == OK
    assert len(server.requests) == 2


def test_rate_limit_beyond_the_bound_is_raised_at_once(server: OpenAIServer) -> None:
    error = error_of(server, rate_limited(retry_after="300"), attempts=5, max_wait_s=10)
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == 300
    assert len(server.requests) == 1


def test_retry_after_may_be_a_date(server: OpenAIServer) -> None:
    error = error_of(server, rate_limited(retry_after="Fri, 31 Dec 2100 23:59:59 GMT"))
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == LONGEST_RETRY_AFTER_S


def test_attempts_are_bounded(server: OpenAIServer) -> None:
    error = error_of(server, fails(500, headers={"Retry-After": "0"}), attempts=3)
    assert isinstance(error, ModelUnavailable)
    assert len(server.requests) == 3


def test_permanent_error_is_not_tried_again(server: OpenAIServer) -> None:
    error_of(server, fails(401), attempts=5)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("features", "requests"),
    [
        (("json_schema",), 3),
        (("json_schema", "tools"), 4),
        (("json_schema", "tools", "json_object"), 5),
        (("logprobs",), 3),
        (("max_tokens", "temperature"), 4),
        (("max_tokens", "temperature", "logprobs", "json_schema", "tools", "json_object"), 8),
    ],
)
def test_lacking_feature_is_left_out_and_remembered(
    server: OpenAIServer, features: tuple[str, ...], requests: int
) -> None:
    server.script(default=lacks(*features))
    reply = ask(model_at(server.url), times=2, messages=JUDGED)
    assert json.loads(reply.text)["kind"] == "answer"
    assert len(server.requests) == requests, "found out in the first request, known in the second"
    last = server.requests[-1].body
    assert last.get("max_tokens", last.get("max_completion_tokens")) == 2048
    assert ("logprobs" in last) is ("logprobs" not in features)
    if "tools" in features:
        assert json.dumps(SCHEMA, separators=(",", ":")) in last["messages"][0]["content"]


@pytest.mark.parametrize("name", REFUSALS)
def test_refusal_is_understood_in_the_words_of_each_server(server: OpenAIServer, name: str) -> None:
    """Where only tools are refused, the schema has to be refused first for tools to be asked for."""
    names = (name,) if REFUSALS[name][0] != "tools" else ("openai", name)
    server.script(default=refuses_as(*names))
    assert json.loads(ask(model_at(server.url), times=2, messages=JUDGED).text)["kind"] == "answer"
    is_tried_loose = name == "openai schema"  # it speaks of the schema's contents
    assert len(server.requests) == 2 + len(names) + is_tried_loose
    form = form_known_at(server.url)
    weaker = {"json_schema": JsonForm.TOOL, "tools": JsonForm.OBJECT}
    assert form.json_form is weaker.get(REFUSALS[name][0], JsonForm.SCHEMA)


@pytest.mark.parametrize(
    ("heeded", "asked"),
    [
        (("json_schema",), [JsonForm.SCHEMA]),
        (("tools",), [JsonForm.SCHEMA, JsonForm.TOOL]),
        (("json_object",), [JsonForm.SCHEMA, JsonForm.TOOL, JsonForm.OBJECT]),
        (("prompt",), [JsonForm.SCHEMA, JsonForm.TOOL, JsonForm.OBJECT]),
        ((), [JsonForm.SCHEMA, JsonForm.TOOL, JsonForm.OBJECT, JsonForm.PLAIN]),
    ],
)
def test_server_that_ignores_a_form_is_asked_in_the_next(
    server: OpenAIServer, heeded: tuple[str, ...], asked: list[JsonForm]
) -> None:
    server.script(default=heeds_only(*heeded))
    reply = ask(model_at(server.url), messages=JUDGED)
    assert len(server.requests) == reply.usage.calls == len(asked), "what finding out has cost is counted"
    assert reply.text.startswith("{") is bool(heeded)
    # Where no form brought JSON, nothing is learnt: that may be the work of this one text.
    assert form_known_at(server.url).json_form is (asked[-1] if heeded else JsonForm.SCHEMA)
    again = ask(model_at(server.url), messages=JUDGED)
    assert again.usage.calls == 1, "never a cost of each sample"


def test_prose_after_json_changes_no_form(server: OpenAIServer) -> None:
    """Once the endpoint has answered with JSON, a reply that is none is the model's fault, or an attacker's work."""
    server.script([says(OK)], default=says("prose"))
    assert ask(model_at(server.url), times=3).text == "prose"
    assert len(server.requests) == 3
    assert form_known_at(server.url).json_form is JsonForm.SCHEMA


def test_empty_reply_changes_no_form(server: OpenAIServer) -> None:
    server.script([says(""), says(" \n")], default=says(OK))
    assert ask(model_at(server.url), times=3).text == OK
    assert len(server.requests) == 3
    assert [request.body["response_format"]["type"] for request in server.requests] == ["json_schema"] * 3


def test_prose_that_was_under_way_while_the_form_was_proven_changes_no_form(
    server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first call of a process may be answered last."""
    monkeypatch.setattr(form_search, "PATIENCE_S", 0.05)
    asked, release = threading.Event(), threading.Event()

    def step(request: dict[str, Any]) -> Answer:
        is_late = request["messages"][-1]["content"] == PROMPT
        if is_late:
            asked.set()
            release.wait(PATIENCE_S)
        return Answer(completion("prose" if is_late else OK, request))

    server.script(default=step)

    async def run() -> Reply:
        model = model_at(server.url)
        late = asyncio.ensure_future(model.complete(MESSAGES, json_schema=SCHEMA))
        await asyncio.to_thread(asked.wait, PATIENCE_S)
        await model.complete(JUDGED, json_schema=SCHEMA)
        release.set()
        try:
            return await late
        finally:
            await model.close()

    assert asyncio.run(run()).text == "prose"
    assert form_known_at(server.url) == RequestForm(proven=True)


def test_form_that_brought_json_stands_before_a_looser_one_that_did_not() -> None:
    proven, looser = RequestForm(proven=True), RequestForm(json_form=JsonForm.PLAIN, logprobs=False)
    for one, other in ((proven, looser), (looser, proven)):
        assert one.merged(other) == RequestForm(proven=True, logprobs=False)
    tool = RequestForm(json_form=JsonForm.TOOL, proven=True)
    assert proven.merged(tool) == tool.merged(proven) == tool
    weaker = FormLadder(tuple(JsonForm), EndpointSettings()).looser(proven)
    assert weaker is not None
    assert weaker.proven is False, "another form is yet to be proven"


@pytest.mark.parametrize("broken", ["json_validate_failed", "tool_use_failed"])
def test_reply_the_endpoint_cannot_read_changes_no_proven_form(server: OpenAIServer, broken: str) -> None:
    server.script([says(OK), fails(400, message="Failed to call a function.", code=broken)], default=says(OK))
    model = model_at(server.url)

    async def run() -> None:
        await model.complete(MESSAGES, json_schema=SCHEMA)
        with pytest.raises(InvalidVerdict, match=broken):
            await model.complete(MESSAGES, json_schema=SCHEMA)
        await model.close()

    asyncio.run(run())
    assert form_known_at(server.url).json_form is JsonForm.SCHEMA


def test_model_that_cannot_call_functions_is_asked_in_the_next_form(server: OpenAIServer) -> None:
    no_schema = fails(400, message="This model does not support response format `json_schema`.")
    server.script([no_schema, fails(400, code="tool_use_failed")], default=says(OK))
    assert ask(model_at(server.url)).text == OK
    assert form_known_at(server.url).json_form is JsonForm.OBJECT


@pytest.mark.parametrize(
    ("steps", "replies"),
    [
        ([says("prose"), fails(401)], 1),
        ([says("prose"), rate_limited(retry_after="60")], 1),
        ([says("prose"), says("prose"), content_filter()], 3),
        ([says("prose"), fails(503, headers={"Retry-After": "0"}), says("prose"), fails(401)], 2),
    ],
)
def test_error_says_what_finding_out_the_form_has_cost(server: OpenAIServer, steps: list[Step], replies: int) -> None:
    server.script(steps)
    with pytest.raises(EvaluationError) as caught:
        ask(model_at(server.url))
    assert caught.value.usage.calls == replies
    assert caught.value.usage.prompt_tokens >= replies * (len(PROMPT + "instructions") // 4)


def test_reply_after_a_retry_says_what_finding_out_the_form_has_cost(server: OpenAIServer) -> None:
    server.script([says("prose"), rate_limited(retry_after="0"), says("prose")], default=says(OK))
    assert ask(model_at(server.url)).usage.calls == 3


def test_refused_tools_after_an_ignored_schema_go_on_to_the_next_form(server: OpenAIServer) -> None:
    server.script([says("prose"), fails(400, message="bad request")], default=says(OK))
    assert ask(model_at(server.url)).usage.calls == 2
    assert form_known_at(server.url).json_form is JsonForm.OBJECT


def test_cut_off_or_declined_reply_is_no_ignored_form(server: OpenAIServer) -> None:
    server.script([says("{", finish_reason="length"), refuses()])
    ask(model_at(server.url), times=2)
    assert [request.body["response_format"]["type"] for request in server.requests] == ["json_schema"] * 2


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_passing_trouble_takes_no_feature_away(server: OpenAIServer, status: int) -> None:
    server.script([fails(status, message="response_format json_schema logprobs temperature busy")])
    with pytest.raises(EvaluationError):
        ask(model_at(server.url, attempts=1))
    ask(model_at(server.url))
    assert server.requests[-1].body["response_format"]["type"] == "json_schema"
    assert {"logprobs", "temperature"} <= server.requests[-1].body.keys()


def test_concurrent_calls_forget_nothing(server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that began in the stricter form and was let through late takes nothing back."""
    monkeypatch.setattr(form_search, "PATIENCE_S", 0.05)
    first, asked, release = True, threading.Event(), threading.Event()

    def step(request: dict[str, Any]) -> Answer:
        nonlocal first
        if first:
            first = False
            asked.set()
            release.wait(PATIENCE_S)
            return Answer(completion(OK, request))
        return refuses_as("openai")(request)  # type: ignore[operator]  # it is a function

    server.script(default=step)

    async def run() -> None:
        model = model_at(server.url)
        late = asyncio.ensure_future(model.complete(MESSAGES, json_schema=SCHEMA))
        await asyncio.to_thread(asked.wait, PATIENCE_S)
        await model.complete(JUDGED, json_schema=SCHEMA)
        release.set()
        await late
        await model.close()

    asyncio.run(run())
    assert form_known_at(server.url).json_form is JsonForm.TOOL


def test_adapters_of_one_endpoint_share_what_they_found_out(server: OpenAIServer) -> None:
    server.script(default=lacks("json_schema"))
    ask(model_at(server.url), messages=JUDGED)
    ask(model_at(server.url), messages=JUDGED)
    assert len(server.requests) == 3
    other = open_model(model="other", key=KEY, url=server.url)
    ask(other, messages=JUDGED)
    assert len(server.requests) == 5, "another model may be able to do what this one is not"


def test_function_call_is_read_as_the_reply(server: OpenAIServer) -> None:
    server.script(default=lacks("json_schema"))
    ask(model_at(server.url), messages=JUDGED)
    body = server.requests[-1].body
    assert body["tools"][0]["function"]["strict"] is True
    assert body["tools"][0]["function"]["parameters"] == SCHEMA
    assert body["tool_choice"] == {"type": "function", "function": {"name": "verdict"}}


@pytest.mark.parametrize(
    ("calls", "text"),
    [
        ([("verdict", OK)], OK),
        ([("verdict", {"a": 1})], '{"a": 1}'),
        ([("other", OK)], OK),
        ([("verdict", OK), ("verdict", "{}")], f"{OK}\n{{}}"),
        (["x", ("verdict", None)], ""),
    ],
)
def test_only_the_asked_for_function_counts(server: OpenAIServer, calls: list[Any], text: str) -> None:
    """Two calls are two objects: nobody may choose which of them is the verdict."""
    given = [c if isinstance(c, str) else {"function": {"name": c[0], "arguments": c[1]}} for c in calls]
    server.script([says(None, tool_calls=given)])
    assert ask(model_at(server.url), schema=False).text == text


def test_token_probabilities_are_read(server: OpenAIServer) -> None:
    content = [
        {"token": "a", "logprob": 0.0, "bytes": [97], "top_logprobs": []},
        {"token": "b", "logprob": -0.7, "top_logprobs": [{"token": "c", "logprob": -0.7}, "x", {"token": "d"}]},
    ]
    body = completion(OK, {})
    body["choices"][0]["logprobs"] = {"content": content}
    server.script([Answer(body)])
    tokens = ask(model_at(server.url)).tokens
    assert [token.raw for token in tokens] == [b"a", b"b"]
    assert tokens[1].shares == {b"b": pytest.approx(0.4966, abs=1e-3), b"c": pytest.approx(0.4966, abs=1e-3)}
    for odd in (None, "x", {"content": 3}, {"content": [1]}, {"content": [{"token": 1}]}, {"content": [*content, {}]}):
        body["choices"][0]["logprobs"] = odd
        server.script([Answer(body)])
        assert ask(model_at(server.url)).tokens == ()


def test_form_is_kept_when_the_simpler_one_fails_too(server: OpenAIServer) -> None:
    """A prompt echoed in an error must not be able to switch strict schemas off for good."""
    server.script([fails(400, message="response_format")] * 4, default=says(OK))
    model = model_at(server.url)

    async def run() -> None:
        with pytest.raises(RequestRejected):
            await model.complete(MESSAGES, json_schema=SCHEMA)
        await model.complete(MESSAGES, json_schema=SCHEMA)
        await model.close()

    asyncio.run(run())
    assert server.requests[-1].body["response_format"]["type"] == "json_schema"


def test_thoughts_are_no_part_of_the_text(server: OpenAIServer) -> None:
    thoughts = [
        says("<think>{}\n</think>\nok"),
        says("<Thinking>{}\n</thinking><reasoning>more</reasoning>ok"),
        says("ok", reasoning_content="hm"),
        says([{"type": "reasoning", "text": "hm"}, {"type": "text", "text": "ok"}]),  # type: ignore[arg-type]  # some servers send parts
        says('ok</think>{"forged": 1}'),
        says("<think>never ends"),
        says(f"Is R1 in E1? Yes.\n</think>\n\n{OK}"),
    ]
    server.script(thoughts)
    read = [ask(model_at(server.url), schema=False).text for _ in thoughts]
    assert read == ["ok", "ok", "ok", "ok", 'ok</think>{"forged": 1}', "", OK]


def test_endpoint_whose_template_opens_the_reasoning_keeps_its_form(server: OpenAIServer) -> None:
    server.script(default=says(f"hm.</think>\n{OK}"))
    assert ask(model_at(server.url)).text == OK
    assert form_known_at(server.url) == RequestForm(proven=True)


@pytest.mark.parametrize(
    ("total", "completion_tokens"), [(135, 103), (41, 9), (None, 9), (136, 9), ("135", 9), (True, 9)]
)
def test_reasoning_counted_beside_the_completion_is_counted_in(
    server: OpenAIServer, total: object, completion_tokens: int
) -> None:
    usage = {
        "prompt_tokens": 32,
        "completion_tokens": 9,
        "total_tokens": total,
        "completion_tokens_details": {"reasoning_tokens": 94},
    }
    server.script([Answer({**completion(OK, {}), "usage": usage})])
    told = ask(model_at(server.url)).usage
    assert told == Usage(calls=1, prompt_tokens=32, completion_tokens=completion_tokens, reasoning_tokens=94)


def test_odd_usage_is_read_as_far_as_it_goes(server: OpenAIServer) -> None:
    for usage in (None, "x", {"prompt_tokens": -1}, {"prompt_tokens": True, "prompt_tokens_details": []}):
        server.script([Answer({**completion(OK, {}), "usage": usage, "model": None})])
        reply = ask(model_at(server.url))
        assert reply.usage.prompt_tokens == 0
        assert reply.model_served == "m"


def test_finish_reason_length_is_passed_on(server: OpenAIServer) -> None:
    server.script([says('{"kind":', finish_reason="length")])
    assert ask(model_at(server.url)).finish_reason == "length"


def test_concurrency_is_bounded(server: OpenAIServer) -> None:
    under_way = 0
    most = 0

    def step(request: dict[str, Any]) -> Answer:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        server.stopping.wait(0.02)
        under_way -= 1
        return Answer(completion(OK, request))

    server.script(default=step)
    model = model_at(server.url, concurrency=3)

    async def run() -> None:
        await asyncio.gather(*(model.complete(MESSAGES) for _ in range(12)))
        await model.close()

    asyncio.run(run())
    assert most <= 3


def test_model_can_be_used_in_a_second_loop(server: OpenAIServer) -> None:
    model = model_at(server.url)
    assert [ask(model).text for _ in range(2)] == [OK, OK]


@pytest.mark.parametrize(
    "settings",
    [
        {"key": ""},
        {"key": "key with blank"},
        {"key": "schlüssel"},
        {"url": "localhost:8000"},
        {"url": "ftp://host"},
        {"url": "http://"},
        {"model": ""},
        {"hedge": 2},
    ],
)
def test_setting_that_cannot_work_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_model(**{"model": "m", "key": "k", **settings})
    assert "schlüssel" not in str(caught.value)


NOW = datetime(2026, 11, 5, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": format_datetime(NOW.replace(minute=1), usegmt=True)}, 60.0),
        ({"retry-after": format_datetime(NOW.replace(hour=1), usegmt=True)}, 0.0),
        ({"retry-after": "Thu, 05 Nov 2026 12:00:30 GMT", "date": "Thu, 05 Nov 2026 12:00:10 GMT"}, 20.0),
        ({"retry-after": "Thu, 05 Nov 2026 12:00:30 GMT", "date": "broken"}, None),
        ({"retry-after": "Thu, 05 Nov 2026 12:00:30 -0000"}, None),
    ],
)
def test_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_s(headers, NOW) == seconds


def test_wait_is_what_was_asked_plus_a_little() -> None:
    for attempts in range(1, 9):
        assert 3.0 <= wait_before_next(RateLimited("x", retry_after_s=3.0), attempts) <= 3.25
        assert 0.0 <= wait_before_next(RateLimited("x"), attempts) <= min(8.0, 0.5 * 2 ** (attempts - 1))
