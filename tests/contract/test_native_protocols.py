"""The judge over Anthropic's and Google's own protocols, against servers that are as strict as the documentation."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from assay.judges.errors import EvaluationError, InvalidVerdict, ModelRefused, RequestRejected, UnjudgeableSample
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.models.base import ChatMessage, ChatModel, Reply
from assay.judges.prices import PriceTable
from assay.judges.rubric import Rubric
from assay.judges.schema import Sample, Verdict
from tests.chat_models import open_model
from tests.servers import anthropic_server as anthropic
from tests.servers import gemini_server as gemini
from tests.servers.native_server import NativeServer
from tests.servers.openai_server import Step

RUBRIC = Rubric.model_validate({"name": "r", "judge": {"tiers": ["llm"], "llm": {"model": "m"}}})
EVIDENCE = "The bridge was opened in 1932 by the Premier. It is 1,149 metres long and painted grey."
RESPONSES = ("The bridge was opened in 1932. It is 1,149 metres long.", "It is painted grey. Elephants built it.")
MESSAGES = (ChatMessage(role="system", content="Say ok."), ChatMessage(role="user", content="ünïcode ✓"))

SERVERS: dict[str, type[NativeServer]] = {"anthropic": anthropic.AnthropicServer, "gemini": gemini.GeminiServer}
MODELS = {"anthropic": "claude-sonnet-4-6", "gemini": "gemini-2.5-flash"}
BOTH = pytest.mark.parametrize("protocol", SERVERS)


def opened(server: NativeServer, protocol: str, **settings: Any) -> ChatModel:
    return open_model(
        server.url, model=MODELS[protocol], **{"key": "k", "protocol": protocol, "max_wait_s": 0.2, **settings}
    )


def judged(model: ChatModel, responses: Sequence[str] = RESPONSES) -> list[Verdict]:
    """The verdicts, one sample after the other."""

    async def in_turn() -> list[Verdict]:
        judge = LlmJudge(model, PriceTable.load(None))
        samples = [Sample(id=f"s{n}", contexts=(EVIDENCE,), response=text) for n, text in enumerate(responses)]
        try:
            return [await judge.assess(sample, RUBRIC) for sample in samples]
        finally:
            await judge.close()

    return asyncio.run(in_turn())


def asked(model: ChatModel, **options: Any) -> Reply:
    async def once() -> Reply:
        try:
            return await model.complete(MESSAGES, **options)
        finally:
            await model.close()

    return asyncio.run(once())


@BOTH
def test_a_sample_is_scored_with_one_call_and_its_price_is_known(protocol: str) -> None:
    with SERVERS[protocol]() as server:
        verdicts = judged(opened(server, protocol))
    assert len(server.requests) == len(verdicts) == 2
    assert [[claim.verdict for claim in verdict.claims] for verdict in verdicts] == [
        ["supported", "supported"],
        ["supported", "not_found"],
    ]
    assert all(verdict.cost_usd and verdict.model_served for verdict in verdicts)


@BOTH
def test_reasoning_before_the_verdict_changes_nothing(protocol: str) -> None:
    with SERVERS[protocol]() as server:
        server.thinks = True  # type: ignore[attr-defined]
        (verdict,) = judged(opened(server, protocol), RESPONSES[:1])
    assert len(verdict.claims) == 2
    assert len(server.requests) == 1


def test_the_second_sample_reads_what_the_first_wrote_to_anthropics_cache() -> None:
    with anthropic.AnthropicServer() as server:
        first, second = judged(opened(server, "anthropic"))
    assert first.usage.cache_write_tokens > 0 == first.usage.cached_tokens
    assert second.usage.cached_tokens == first.usage.cache_write_tokens
    # Sonnet 4.6 per million: 3 USD in, .30 read from the cache, 3.75 written to it, 15 out.
    for usage, cost in ((first.usage, first.cost_usd), (second.usage, second.cost_usd)):
        plain = usage.prompt_tokens - usage.cached_tokens - usage.cache_write_tokens
        micros = 3 * plain + 0.3 * usage.cached_tokens + 3.75 * usage.cache_write_tokens + 15 * usage.completion_tokens
        assert cost == pytest.approx(micros / 1e6)


@pytest.mark.parametrize(
    ("protocol", "lacks"),
    [
        ("anthropic", ["temperature"]),
        ("anthropic", ["output_config"]),
        ("anthropic", ["output_config", "named_tool"]),
        ("anthropic", ["output_config", "tools"]),
        ("anthropic", ["output_config", "tools", "temperature"]),
        ("gemini", ["logprobs"]),
        ("gemini", ["logprobs", "temperature"]),
        ("gemini", ["logprobs", "schema"]),
        ("gemini", ["logprobs", "schema", "tools"]),
        ("gemini", ["logprobs", "schema", "tools", "json"]),
    ],
)
def test_what_a_model_lacks_is_found_out_with_the_first_sample(protocol: str, lacks: list[str]) -> None:
    with SERVERS[protocol](lacks=lacks) as server:
        verdicts = judged(opened(server, protocol), [*RESPONSES, RESPONSES[0]])
    assert [len(verdict.claims) for verdict in verdicts] == [2, 2, 2]
    assert verdicts[1].usage.calls == verdicts[2].usage.calls == 1
    assert len(server.requests) <= 8


@BOTH
def test_the_schema_of_the_very_call_is_asked_for_where_it_is_understood(protocol: str) -> None:
    with SERVERS[protocol]() as server:
        (verdict,) = judged(opened(server, protocol, exact_schema=True), RESPONSES[:1])
    assert len(verdict.claims) == 2
    assert ("prefixItems" in str(server.requests[-1].body)) is (protocol == "gemini")


def test_settings_stand_beside_ours_in_the_fields_that_hold_both() -> None:
    for protocol, extra, place in (
        ("anthropic", {"output_config": {"effort": "low"}}, "output_config"),
        ("gemini", {"generationConfig": {"thinkingConfig": {"thinkingLevel": "low"}}}, "generationConfig"),
    ):
        with SERVERS[protocol]() as server:
            judged(opened(server, protocol, extra_body=extra), RESPONSES[:1])
        sent = server.requests[0].body[place]
        assert extra[place].items() <= sent.items()
        assert len(sent) > 1


def test_an_endpoints_own_version_of_the_api_replaces_ours() -> None:
    with anthropic.AnthropicServer() as server:
        judged(opened(server, "anthropic", headers={"Anthropic-Version": "2026-10-21"}), RESPONSES[:1])
    assert server.requests[0].headers["anthropic-version"] == "2026-10-21"


UNKIND: dict[str, dict[str, tuple[Step, type[Exception]]]] = {
    "anthropic": {
        "refused": (anthropic.refuses(), ModelRefused),
        "truncated": (anthropic.says('{"kind": "ans', stop_reason="max_tokens"), InvalidVerdict),
        "empty": (anthropic.says(""), InvalidVerdict),
        "window": (anthropic.says("{", stop_reason="model_context_window_exceeded"), UnjudgeableSample),
        "prose": (anthropic.says("All of it is true."), InvalidVerdict),
    },
    "gemini": {
        "refused": (gemini.withheld(), ModelRefused),
        "blocked": (gemini.blocked(), ModelRefused),
        "truncated": (gemini.says('{"kind": "ans', finish_reason="MAX_TOKENS"), InvalidVerdict),
        "empty": (gemini.says(""), InvalidVerdict),
        "broken call": (gemini.withheld("MALFORMED_FUNCTION_CALL"), InvalidVerdict),
        "prose": (gemini.says("All of it is true."), InvalidVerdict),
    },
}


@pytest.mark.parametrize(("protocol", "case"), [(name, case) for name, cases in UNKIND.items() for case in cases])
def test_an_unkind_answer_is_an_error_that_says_what_was_spent(protocol: str, case: str) -> None:
    step, error = UNKIND[protocol][case]
    with SERVERS[protocol]() as server:
        server.script(default=step)
        with pytest.raises(error) as caught:
            judged(opened(server, protocol, attempts=1), RESPONSES[:1])
    assert isinstance(caught.value, EvaluationError)
    assert caught.value.usage.calls >= 1


PASSING: dict[str, list[Step]] = {
    "anthropic": [
        anthropic.error_answer(429, "rate_limit_error", "slow down", {"Retry-After": "0.01"}),
        anthropic.error_answer(529, "overloaded_error", "Overloaded"),
        anthropic.error_answer(500, "api_error", "Overloaded"),
    ],
    "gemini": [
        gemini.error_answer(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
        gemini.rate_limited(1),
        gemini.error_answer(500, "INTERNAL", "An internal error has occurred. Please retry."),
    ],
}


@pytest.mark.parametrize(("protocol", "place"), [(name, place) for name in PASSING for place in range(3)])
def test_an_error_that_passes_is_waited_for(protocol: str, place: int) -> None:
    with SERVERS[protocol]([PASSING[protocol][place]]) as server:
        (verdict,) = judged(opened(server, protocol, max_wait_s=5.0), RESPONSES[:1])
    assert len(verdict.claims) == 2
    assert len(server.requests) == 2
    assert server.requests[0].body == server.requests[1].body


@BOTH
def test_a_reply_that_breaks_the_format_is_mended_by_one_repair_turn(protocol: str) -> None:
    says = {"anthropic": anthropic.says, "gemini": gemini.says}[protocol]
    with SERVERS[protocol]([says('{"kind": "answer", "sentences": []}')]) as server:
        (verdict,) = judged(opened(server, protocol), RESPONSES[:1])
    assert len(verdict.claims) == 2
    assert verdict.usage.calls == len(server.requests) == 2


@BOTH
def test_the_server_of_this_test_refuses_what_is_not_documented(protocol: str) -> None:
    extra = {"anthropic": {"logprobs": True}, "gemini": {"max_tokens": 7}}[protocol]
    with SERVERS[protocol]() as server, pytest.raises(RequestRejected):
        asked(opened(server, protocol, extra_body=extra, attempts=1))


@BOTH
def test_concurrent_samples_share_what_was_found_out(protocol: str) -> None:
    lacks = {"anthropic": ["output_config"], "gemini": ["logprobs", "schema"]}[protocol]

    async def many(model: ChatModel) -> list[Verdict]:
        judge = LlmJudge(model, PriceTable.load(None))
        samples = [Sample(id=f"s{n}", contexts=(EVIDENCE,), response=RESPONSES[n % 2]) for n in range(12)]
        try:
            return list(await asyncio.gather(*(judge.assess(sample, RUBRIC) for sample in samples)))
        finally:
            await judge.close()

    with SERVERS[protocol](lacks=lacks) as server:
        verdicts = asyncio.run(many(opened(server, protocol)))
    assert all(len(verdict.claims) == 2 for verdict in verdicts)
    assert len(server.requests) <= 12 + 8
