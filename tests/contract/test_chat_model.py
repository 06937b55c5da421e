"""What every ChatModel must do, run against each of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from assay.judges.errors import ModelAccessDenied, ModelRefused, ModelUnavailable, RateLimited
from assay.judges.models.base import ChatMessage, ChatModel, Reply
from assay.judges.models.scripted import ScriptedModel
from assay.judges.schema import Usage
from tests.chat_models import open_model
from tests.servers import anthropic_server as anthropic
from tests.servers import gemini_server as gemini
from tests.servers.openai_server import OpenAIServer, Step, content_filter, fails, rate_limited, refuses, says

MESSAGES = [ChatMessage(role="system", content="Say ok."), ChatMessage(role="user", content="ünïcode ✓")]
OK = "{}"
CASES = ("ok", "refusal", "rate_limited", "unavailable", "denied", "filtered")

_SCRIPTED: dict[str, str | Reply | Exception] = {
    "ok": OK,
    "refusal": Reply(text="", refusal="no", usage=Usage(calls=1), model_served="m", latency_s=0.0),
    "rate_limited": RateLimited("slow down", retry_after_s=120.0),
    "unavailable": ModelUnavailable("down"),
    "denied": ModelAccessDenied("bad key"),
    "filtered": ModelRefused("filtered"),
}
_OPENAI: dict[str, Step] = {
    "ok": says(OK),
    "refusal": refuses(),
    "rate_limited": rate_limited(retry_after="120"),
    "unavailable": fails(503),
    "denied": fails(401, code="invalid_api_key"),
    "filtered": content_filter(),
}
_ANTHROPIC: dict[str, Step] = {
    "ok": anthropic.says(OK),
    "refusal": anthropic.refuses(),
    "rate_limited": anthropic.error_answer(429, "rate_limit_error", "slow down", {"Retry-After": "120"}),
    "unavailable": anthropic.error_answer(529, "overloaded_error", "Overloaded"),
    "denied": anthropic.error_answer(401, "authentication_error", "invalid x-api-key"),
    "filtered": anthropic.error_answer(400, "invalid_request_error", "Output blocked by content filtering policy"),
}
_GEMINI: dict[str, Step] = {
    "ok": gemini.says(OK),
    "refusal": gemini.withheld(),
    "rate_limited": gemini.rate_limited(120),
    "unavailable": gemini.error_answer(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
    "denied": gemini.error_answer(403, "PERMISSION_DENIED", "Your API key was reported as leaked."),
    "filtered": gemini.blocked(),
}
_SERVED: dict[str, tuple[type[OpenAIServer], dict[str, Step]]] = {
    "openai": (OpenAIServer, _OPENAI),
    "anthropic": (anthropic.AnthropicServer, _ANTHROPIC),
    "gemini": (gemini.GeminiServer, _GEMINI),
}

MakeModel = Callable[[str], ChatModel]


@pytest.fixture(params=["scripted", *_SERVED])
def make_model(request: pytest.FixtureRequest) -> Iterator[MakeModel]:
    """Makes a model that behaves in one of the CASES, whatever it is asked."""
    if request.param == "scripted":
        yield lambda case: ScriptedModel(lambda _: _SCRIPTED[case], model="m")
        return
    serve, steps = _SERVED[request.param]
    with serve() as server:

        def make(case: str) -> ChatModel:
            server.script(default=steps[case])
            return open_model(model="m", key="k", url=server.url, attempts=1, protocol=request.param)

        yield make


def _with(model: ChatModel, use: Callable[[ChatModel], Awaitable[Reply]]) -> Reply:
    async def run() -> Reply:
        try:
            return await use(model)
        finally:
            await model.close()

    return asyncio.run(run())


def test_chat_model_gives_text_usage_and_served_model(make_model: MakeModel) -> None:
    model = make_model("ok")
    reply = _with(model, lambda m: m.complete(MESSAGES, json_schema={"type": "object"}, max_tokens=16))
    assert model.model == "m"
    assert reply.text == OK
    assert reply.refusal is None
    assert reply.finish_reason == "stop"
    assert reply.usage.calls == 1
    assert reply.usage.prompt_tokens > 0
    assert reply.model_served
    assert reply.latency_s >= 0


def test_chat_model_gives_empty_text_when_the_model_declines(make_model: MakeModel) -> None:
    reply = _with(make_model("refusal"), lambda m: m.complete(MESSAGES))
    assert reply.text == ""
    assert reply.refusal


@pytest.mark.parametrize(
    ("case", "error"),
    [
        ("rate_limited", RateLimited),
        ("unavailable", ModelUnavailable),
        ("denied", ModelAccessDenied),
        ("filtered", ModelRefused),
    ],
)
def test_chat_model_raises_our_errors_only(make_model: MakeModel, case: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        _with(make_model(case), lambda m: m.complete(MESSAGES))


def test_chat_model_passes_on_how_long_to_wait(make_model: MakeModel) -> None:
    with pytest.raises(RateLimited) as caught:
        _with(make_model("rate_limited"), lambda m: m.complete(MESSAGES))
    assert caught.value.retry_after_s == 120


def test_chat_model_serves_concurrent_calls(make_model: MakeModel) -> None:
    async def many(model: ChatModel) -> Reply:
        replies = await asyncio.gather(*(model.complete(MESSAGES) for _ in range(20)))
        assert {reply.text for reply in replies} == {OK}
        return replies[0]

    _with(make_model("ok"), many)


def test_chat_model_can_be_closed_unused_and_twice(make_model: MakeModel) -> None:
    model = make_model("ok")

    async def close_twice() -> None:
        await model.close()
        await model.close()

    asyncio.run(close_twice())
