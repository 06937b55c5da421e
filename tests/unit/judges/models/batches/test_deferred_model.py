"""The key of a call: the same whenever the same is asked again, whatever its fence word, and nobody else's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest

from assay.judges.base import Judge
from assay.judges.errors import CallHeld, EvaluationError, ModelRefused
from assay.judges.llm.conversation import Conversation
from assay.judges.llm.graded.judge import GradedJudge
from assay.judges.llm.grounding.judge import LlmJudge
from assay.judges.llm.statements.forms import SentenceForm
from assay.judges.llm.statements.judge import StatementJudge
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.batches.deferral import BATCH_PRICE_SHARE, DeferredAnswer, DeferredCall
from assay.judges.models.batches.deferred_model import DeferredModel
from assay.judges.models.call_context import call_context, calling_for, take_spent
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.http_chat_model import HttpChatModel
from assay.judges.models.token_usage import read_usage
from assay.judges.prices import PriceTable
from assay.judges.rubric import Rubric, parse_rubric
from assay.judges.schema import Sample
from tests.builders import make_sample
from tests.servers.openai_server import OpenAIServer, completion

GRADED = parse_rubric(
    """
name: one
method: graded
judge: {tiers: [llm], llm: {model: m}}
criteria:
  - score: helpful
    question: Does it help?
    levels: [{label: "yes", value: 1.0, means: it helps}, {label: "no", value: 0.0, means: it does not}]
""",
    source="test",
)


class Desk:
    """Notes calls. It answers with `body`, else lets all of them wait."""

    def __init__(
        self, body: bytes | None = None, *, purpose: str = "r", is_live: bool = False, is_paid: bool = True
    ) -> None:
        self.body, self.purpose, self.is_live, self.is_paid = body, purpose, is_live, is_paid
        self.calls: list[DeferredCall] = []

    async def answer_to(self, call: DeferredCall) -> DeferredAnswer | None:
        self.calls.append(call)
        if self.body is None and not self.is_live:
            raise CallHeld("it waits", reason="batch", retry_after_s=1.0)
        return None if self.body is None else DeferredAnswer(self.body, self.is_paid)


def said(text: str, *, nonce: str = "abcdef0123456789") -> list[ChatMessage]:
    return [ChatMessage(role="system", content="judge"), ChatMessage(role="user", content=f"NONCE {nonce}\n{text}")]


MESSAGES = said("hello")


def with_desk(
    desk: Desk | None, work: Callable[[DeferredModel], Awaitable[object]], *, url: str | None = None
) -> tuple[object, int]:
    """What the work came to, and how many live calls were made."""

    async def main() -> tuple[object, int]:
        with OpenAIServer() as server:
            place = EndpointSettings(url=url or server.url, attempts=1)
            model = DeferredModel(HttpChatModel("m", place), place)
            try:
                with calling_for():
                    call_context().desk = desk
                    return await work(model), len(server.requests)
            except EvaluationError as exc:
                return exc, len(server.requests)
            finally:
                await model.close()

    return asyncio.run(main())


def ask(model: DeferredModel, messages: list[ChatMessage] = MESSAGES) -> Awaitable[Reply]:
    return model.complete(messages, max_tokens=10)


def key_of(work: Callable[[DeferredModel], Awaitable[object]], **desk: str) -> str:
    noting = Desk(**desk)  # type: ignore[arg-type]
    with_desk(noting, work, url="http://127.0.0.1:9/v1")
    (call,) = noting.calls
    return call.key


def judged_by(sample: Sample) -> Callable[[DeferredModel], Awaitable[object]]:
    return lambda model: LlmJudge(model, PriceTable.load()).assess(sample, Rubric(name="grounding"))


@pytest.mark.parametrize("kind", ["grounding", "graded", "sentences"])
def test_judge_asks_with_the_same_keys_each_time_though_its_fence_word_is_new(kind: str) -> None:
    def judge_of(model: DeferredModel) -> Judge:
        if kind == "sentences":
            return StatementJudge(model, PriceTable.load(), SentenceForm())
        return (GradedJudge if kind == "graded" else LlmJudge)(model, PriceTable.load())

    sample = make_sample(response="The bridge was opened in 1932. It is made of steel.")

    async def twice(model: DeferredModel) -> None:
        judge = judge_of(model)
        for _ in range(2):
            with pytest.raises(CallHeld):
                await judge.assess(sample, GRADED if kind == "graded" else Rubric(name="grounding"))

    desk = Desk()
    with_desk(desk, twice)
    half = len(desk.calls) // 2
    first, second = desk.calls[:half], desk.calls[half:]
    assert [call.key for call in first] == [call.key for call in second]
    assert len({call.key for call in first}) == half == (2 if kind == "sentences" else 1)
    assert all(one.body != other.body for one, other in zip(first, second, strict=True)), "the fence word is fresh"


def test_key_tells_samples_purposes_and_bounds_apart() -> None:
    keys = {
        key_of(ask),
        key_of(ask, purpose="other"),
        key_of(lambda model: ask(model, said("bye"))),
        key_of(lambda model: model.complete(MESSAGES, max_tokens=11)),
        key_of(judged_by(make_sample())),
        key_of(judged_by(make_sample(response="Something else was said here."))),
    }
    assert len(keys) == 6


def test_text_that_claims_to_be_a_fence_word_changes_nothing_of_the_key() -> None:
    """Only the first line is ours: a text that says `NONCE x` further down stays part of what is asked."""

    def saying(nonce: str, claimed: str) -> str:
        return key_of(lambda model: ask(model, said(f"E1: a\nNONCE {claimed}\nb", nonce=nonce)))

    assert saying("1" * 16, "2" * 16) == saying("3" * 16, "2" * 16)
    assert saying("1" * 16, "2" * 16) != saying("1" * 16, "4" * 16)


def test_answer_of_a_batch_is_read_like_a_live_one_and_costs_half() -> None:
    body = json.dumps(completion('{"a":1}', {"model": "m", "messages": []})).encode()
    reply, live = with_desk(Desk(body), ask)
    assert isinstance(reply, Reply)
    assert (reply.text, reply.price_share, live) == ('{"a":1}', BATCH_PRICE_SHARE, 0)


@pytest.mark.parametrize("body", [b"", b"not json", b"{}", b"[1]", b'{"choices":[]}', b'{"error":{"message":"x"}}'])
def test_answer_that_is_none_is_asked_for_live(body: bytes) -> None:
    reply, live = with_desk(Desk(body), ask)
    assert isinstance(reply, Reply)
    assert (reply.price_share, live) == (1.0, 1)


def test_answer_that_another_sample_pays_costs_nothing() -> None:
    body = json.dumps(completion('{"a":1}', {"model": "m", "messages": []})).encode()
    reply, live = with_desk(Desk(body, is_paid=False), ask)
    assert isinstance(reply, Reply)
    assert (reply.price_share, live) == (0.0, 0)


def test_bill_says_how_calls_of_batches_were_paid() -> None:
    usage = read_usage({"prompt_tokens": 1000, "completion_tokens": 10})
    calls = [("m", "gpt-5.4-mini", usage, share) for share in (0.0, BATCH_PRICE_SHARE, 1.0)]
    prices = PriceTable.load()
    free, half, full = (prices.bill([call]) for call in calls)
    assert (free.cost_usd, half.cost_usd) == (0.0, (full.cost_usd or 0.0) / 2)
    assert free.basis.endswith(", some paid by another trace with the same content")
    assert half.basis.endswith(", 50% of them in a batch")
    assert prices.bill(calls).basis == full.basis + free.basis.removeprefix(full.basis) + half.basis.removeprefix(
        full.basis
    )


def ended_with(reason: str) -> bytes:
    body = completion("", {"model": "m", "messages": [{"role": "user", "content": "x" * 40}]})
    body["choices"][0]["finish_reason"] = reason
    return json.dumps(body).encode()


@pytest.mark.parametrize(("is_paid", "share"), [(True, BATCH_PRICE_SHARE), (False, 0.0)])
@pytest.mark.parametrize(("reason", "live_calls"), [("content_filter", 0), ("error", 1), ("malformed_tool_call", 1)])
def test_answer_of_no_use_is_paid_at_the_price_of_a_batch(
    reason: str, live_calls: int, is_paid: bool, share: float
) -> None:
    spent: list[Reply] = []

    async def work(model: DeferredModel) -> Reply:
        try:
            return await ask(model)
        finally:
            spent.extend(take_spent())
            assert take_spent() == []

    result, live = with_desk(Desk(ended_with(reason), is_paid=is_paid), work)
    assert live == live_calls
    (reply,) = spent
    assert (reply.price_share, reply.usage.calls, reply.usage.prompt_tokens > 0) == (share, 1, True)
    if isinstance(result, EvaluationError):
        assert result.usage.calls == 0, "it is not counted twice"


@pytest.mark.parametrize("reason", ["content_filter", "error"])
def test_bill_of_a_sample_holds_answers_of_no_use(reason: str) -> None:
    """Half price for what the batch said, the full one for what was asked at once."""
    prices = PriceTable.load()
    model_name = "gpt-5.4-mini"

    async def main() -> tuple[float | None, float | None, int]:
        with OpenAIServer() as server:
            place = EndpointSettings(url=server.url, attempts=1)
            model = DeferredModel(HttpChatModel(model_name, place), place)
            with calling_for():
                call_context().desk = Desk(ended_with(reason))
                conversation = Conversation(model, prices, 100)
                try:
                    with conversation.charging():
                        await conversation.ask_once(MESSAGES, lambda reply: reply)
                    bill = conversation.provenance()
                    cost, calls = bill["cost_usd"], bill["usage"].calls
                except ModelRefused as exc:
                    cost, calls = exc.cost_usd, exc.usage.calls
            await model.close()
            body = json.loads(ended_with(reason))
            batch = prices.cost(model_name, read_usage(body["usage"]))
            return cost, batch, calls

    cost, batch, calls = asyncio.run(main())
    assert cost is not None
    assert batch is not None
    if reason == "content_filter":
        assert cost == pytest.approx(batch * BATCH_PRICE_SHARE)
        assert calls == 1
    else:
        assert (cost > batch * BATCH_PRICE_SHARE, calls) == (True, 2)


def test_repair_turn_is_asked_live_so_that_work_ends() -> None:
    turns = [*MESSAGES, ChatMessage(role="assistant", content="x"), ChatMessage(role="user", content="again")]
    desk = Desk()
    reply, live = with_desk(desk, lambda model: ask(model, turns))
    assert isinstance(reply, Reply)
    assert (desk.calls, live) == ([], 1)


def test_without_a_desk_and_where_the_desk_says_so_calls_are_live() -> None:
    for desk in (None, Desk(is_live=True)):
        reply, live = with_desk(desk, ask)
        assert isinstance(reply, Reply)
        assert live == 1
