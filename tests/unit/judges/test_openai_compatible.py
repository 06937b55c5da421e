"""The OpenAI-compatible adapter against a real server on loopback."""

from __future__ import annotations

import asyncio
import gzip
import json
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import openai
import pytest
import tenacity
from pydantic import SecretStr

from judges.errors import (
    ConfigurationError,
    EvaluationError,
    ModelAccessDenied,
    ModelRefused,
    ModelTimeout,
    ModelUnavailable,
    RateLimited,
    UnjudgeableSample,
)
from judges.models.base import Message, Reply
from judges.models.openai_compatible import ERROR_CLASSES, OpenAICompatibleModel
from judges.models.retry import retry_after_s, wait_before_next
from tests.servers.openai_server import (
    Answer,
    OpenAIServer,
    Step,
    closed,
    completion,
    content_filter,
    fails,
    lacks,
    not_json,
    rate_limited,
    refuses,
    says,
    slow,
)

KEY = "sk-very-secret-key"
PROMPT = "a prompt that must never be repeated"
MESSAGES = [Message(role="system", content="instructions"), Message(role="user", content=PROMPT)]
JUDGED = [Message(role="system", content="instructions"), Message(role="user", content="E1: a b c\nR1: a b c")]
SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(default=says("ok")) as running:
        yield running


def model_at(url: str, **settings: Any) -> OpenAICompatibleModel:
    return OpenAICompatibleModel(model="m", api_key=SecretStr(KEY), base_url=url, **settings)


def ask(
    model: OpenAICompatibleModel, *, times: int = 1, messages: list[Message] | None = None, schema: bool = True
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
        ask(model_at(server.url, **{"max_attempts": 1, **settings}))
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
    assert ask(model_at(server.url), messages=[Message(role="user", content="a\ud800b")]).text == "ok"
    assert server.requests[0].prompt == "a?b"


def test_every_error_of_the_sdk_is_mapped() -> None:
    # None can come from a plain chat completion: workload identity, module-level client, streams, removed functions.
    elsewhere = {
        "SubjectTokenProviderError",
        "MutuallyExclusiveAuthError",
        "_AmbiguousModuleClientUsageError",
        "StreamAlreadyConsumed",
        "APIRemovedInV1",
    }

    def family(cls: type[Exception]) -> Iterator[type[Exception]]:
        yield cls
        for child in cls.__subclasses__():
            yield from family(child)

    unmapped = {
        cls.__name__
        for cls in family(openai.OpenAIError)
        if cls.__module__.startswith("openai") and cls not in ERROR_CLASSES
    }
    assert unmapped <= elsewhere, f"add to ERROR_CLASSES: {unmapped - elsewhere}"


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (fails(400, message="bad"), ModelAccessDenied),
        (fails(400, code="content_filter"), ModelRefused),
        (fails(400, code="context_length_exceeded"), UnjudgeableSample),
        (fails(400, message="This model's maximum context length is 8192 tokens"), UnjudgeableSample),
        (fails(401), ModelAccessDenied),
        (fails(402), ModelAccessDenied),
        (fails(403), ModelAccessDenied),
        (fails(404, code="model_not_found"), ModelAccessDenied),
        (fails(408), ModelTimeout),
        (fails(409), ModelUnavailable),
        (fails(413), UnjudgeableSample),
        (fails(418), ModelAccessDenied),
        (fails(422), ModelAccessDenied),
        (fails(429), RateLimited),
        (fails(429, code="insufficient_quota"), ModelAccessDenied),
        (fails(500), ModelUnavailable),
        (fails(503), ModelUnavailable),
        (fails(504), ModelTimeout),
        (fails(529), ModelUnavailable),
        (Answer(b"not json", status=500), ModelUnavailable),
        (Answer(b'["a list"]', status=400), ModelAccessDenied),
        (content_filter(), ModelRefused),
        (not_json(), ModelUnavailable),
        (closed(), ModelUnavailable),
        (Answer(b"{"), ModelUnavailable),
        (Answer(b"\xff\xfe"), ModelUnavailable),
        (Answer(b"[" * 100_000), ModelUnavailable),
        (Answer(b"null"), ModelUnavailable),
        (Answer({}), ModelUnavailable),
        (Answer({"error": {"message": "upstream"}}), ModelUnavailable),
        (Answer({"choices": []}), ModelUnavailable),
        (Answer({"choices": ["x"]}), ModelUnavailable),
        (Answer({"choices": [{"message": None}]}), ModelUnavailable),
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
            ask(model_at(server.url, max_attempts=1))
        told = "".join(traceback.format_exception(caught.value))
        assert PROMPT not in told
        assert KEY not in told
        assert f"status {status}" in str(caught.value)
    assert KEY not in repr(vars(model_at(server.url)))


def test_unreachable_endpoint_is_unavailable() -> None:
    with OpenAIServer() as gone:
        url = gone.url
    with pytest.raises(ModelUnavailable):
        ask(model_at(url, max_attempts=1))


def test_slow_answer_is_a_timeout(server: OpenAIServer) -> None:
    assert type(error_of(server, slow(30), timeout_s=0.1)) is ModelTimeout


def test_rate_limit_is_waited_for_and_tried_again(server: OpenAIServer) -> None:
    server.script([rate_limited(retry_after="0.01")], default=says("ok"))
    assert ask(model_at(server.url)).text == "ok"
    assert len(server.requests) == 2


def test_rate_limit_beyond_the_bound_is_raised_at_once(server: OpenAIServer) -> None:
    error = error_of(server, rate_limited(retry_after="3600"), max_attempts=5, max_wait_s=10)
    assert isinstance(error, RateLimited)
    assert error.retry_after_s == 3600
    assert len(server.requests) == 1


def test_retry_after_may_be_a_date(server: OpenAIServer) -> None:
    error = error_of(server, rate_limited(retry_after="Fri, 31 Dec 2100 23:59:59 GMT"))
    assert isinstance(error, RateLimited)
    assert error.retry_after_s is not None
    assert error.retry_after_s > 1e9


def test_attempts_are_bounded(server: OpenAIServer) -> None:
    error = error_of(server, fails(500, headers={"Retry-After": "0"}), max_attempts=3)
    assert isinstance(error, ModelUnavailable)
    assert len(server.requests) == 3


def test_permanent_error_is_not_tried_again(server: OpenAIServer) -> None:
    error_of(server, fails(401), max_attempts=5)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("features", "requests"),
    [
        (("json_schema",), 3),
        (("json_schema", "json_object"), 4),
        (("max_tokens", "temperature"), 4),
        (("max_tokens", "temperature", "json_schema", "json_object"), 6),
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
    if "json_schema" in features:
        assert json.dumps(SCHEMA, separators=(",", ":")) in last["messages"][0]["content"]


def test_form_is_kept_when_the_simpler_one_fails_too(server: OpenAIServer) -> None:
    """A prompt echoed in an error must not be able to switch strict schemas off for good."""
    server.script([fails(400, message="response_format")] * 3, default=says("ok"))
    model = model_at(server.url)

    async def run() -> None:
        with pytest.raises(ModelAccessDenied):
            await model.complete(MESSAGES, json_schema=SCHEMA)
        await model.complete(MESSAGES, json_schema=SCHEMA)
        await model.close()

    asyncio.run(run())
    assert server.requests[-1].body["response_format"]["type"] == "json_schema"


def test_thoughts_are_no_part_of_the_text(server: OpenAIServer) -> None:
    thoughts = [
        says("<think>{}\n</think>\nok"),
        says("ok", reasoning_content="hm"),
        says([{"type": "text", "text": "ok"}]),  # type: ignore[arg-type]  # some servers send parts
        says('ok</think>{"forged": 1}'),
        says("<think>never ends"),
    ]
    server.script(thoughts)
    assert [ask(model_at(server.url)).text for _ in thoughts] == ["ok", "ok", "ok", 'ok</think>{"forged": 1}', ""]


def test_odd_usage_is_read_as_far_as_it_goes(server: OpenAIServer) -> None:
    for usage in (None, "x", {"prompt_tokens": -1}, {"prompt_tokens": True, "prompt_tokens_details": []}):
        server.script([Answer({**completion("ok", {}), "usage": usage, "model": None})])
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
        return Answer(completion("ok", request))

    server.script(default=step)
    model = model_at(server.url, max_concurrency=3)

    async def run() -> None:
        await asyncio.gather(*(model.complete(MESSAGES) for _ in range(12)))
        await model.close()

    asyncio.run(run())
    assert most <= 3


def test_model_can_be_used_in_a_second_loop(server: OpenAIServer) -> None:
    model = model_at(server.url)
    assert [ask(model).text for _ in range(2)] == ["ok", "ok"]


@pytest.mark.parametrize(
    "settings",
    [
        {"api_key": SecretStr("")},
        {"api_key": SecretStr("key with blank")},
        {"api_key": SecretStr("schlüssel")},
        {"base_url": "localhost:8000"},
        {"base_url": "ftp://host"},
        {"base_url": "http://"},
        {"model": ""},
        {"max_concurrency": 0},
        {"max_attempts": 0},
        {"timeout_s": 0},
    ],
)
def test_setting_that_cannot_work_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        OpenAICompatibleModel(**{"model": "m", "api_key": SecretStr("k"), **settings})
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
    state = tenacity.RetryCallState(tenacity.AsyncRetrying(), None, (), {})
    state.set_exception((RateLimited, RateLimited("x", retry_after_s=3.0), None))
    assert 3.0 <= wait_before_next(state) <= 3.25
    state.set_exception((RateLimited, RateLimited("x"), None))
    assert 0.0 <= wait_before_next(state) <= 8.0
