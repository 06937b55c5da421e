"""The judge of graded rubrics: all criteria in one call, a level each, and no number out of a failure."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable, Sequence
from typing import Any

from judges.errors import EvaluationError, InvalidVerdict, ModelRefused, UnjudgeableSample
from judges.grades import missing_part
from judges.llm.fence import one_line
from judges.llm.graded_prompt import Ask, GradedLimits, Layout, graded_fingerprint, lay_out, plan_asks
from judges.llm.graded_reply import Graded, parse_graded, reply_schema
from judges.llm.spending import billed, charge
from judges.models.base import ChatModel, Message, Reply
from judges.offload import in_thread
from judges.prices import PriceTable
from judges.rubric import REFUSAL, Rubric
from judges.schema import Grade, ResponseKind, Sample, Tier, Usage, Verdict

_MAX_TOKENS = 2048
_REPEATED_REPLY_CHARS = 8_000


def fresh_nonce() -> str:
    """64 random bits: nobody who wrote the text under judgement can have known them."""
    return secrets.token_hex(8)


class GradedJudge:
    """Grades samples with a chat model; stateless, so one instance serves all concurrent assessments."""

    def __init__(
        self,
        model: ChatModel,
        prices: PriceTable,
        *,
        limits: GradedLimits | None = None,
        nonce: Callable[[], str] = fresh_nonce,
    ) -> None:
        """Keep the parts.

        Args:
            model: who is asked.
            prices: what the calls cost.
            limits: sizes of one call; the defaults fit a 32,000-token context window.
            nonce: makes the fence word of each call; tests pass their own.
        """
        self._model = model
        self._prices = prices
        self._limits = limits or GradedLimits()
        self._nonce = nonce
        content = [graded_fingerprint(), model.model, self._limits.model_dump()]
        self._fingerprint = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    @property
    def name(self) -> str:
        """`llm`."""
        return "llm"

    @property
    def fingerprint(self) -> str:
        """sha256 over instructions, layout, model name and limits; the criteria are in the rubric's hash."""
        return self._fingerprint

    async def assess(self, sample: Sample, rubric: Rubric) -> Verdict:
        """Grade one sample; without the parts a criterion needs it is not asked, and without any nobody is.

        Raises:
            UnjudgeableSample: the response is longer than one call takes.
            ModelError: the provider did not answer usefully.
            InvalidVerdict: the reply broke the format, also after the repair turn.

        Each of them says what had been spent by then.
        """
        criteria = [one for one in rubric.criteria if missing_part(one, sample) is None]
        if any("response" in one.sees for one in criteria) and len(sample.response) > self._limits.text_chars:
            detail = f"{len(sample.response):,} > {self._limits.text_chars:,} characters"
            raise UnjudgeableSample("response_too_long", detail)
        asks = await in_thread(plan_asks, sample, criteria, self._limits) if criteria else []
        max_tokens = rubric.judge.llm.max_tokens if rubric.judge.llm else _MAX_TOKENS
        replies: list[Reply] = []
        try:
            graded = [await self._grade(sample, ask, max_tokens, replies) for ask in asks]
        except EvaluationError as exc:
            charge(exc, self._prices, self._model.model, replies)
            raise
        return self._verdict(asks, graded, replies)

    async def close(self) -> None:
        """Close the model's connections."""
        await self._model.close()

    async def _grade(self, sample: Sample, ask: Ask, max_tokens: int, replies: list[Reply]) -> Graded:
        """Ask, and ask once more naming the fault; every reply is added to `replies`, so that all are paid for."""
        layout: Layout = await in_thread(lay_out, sample, ask, nonce=self._nonce(), limits=self._limits)
        schema = reply_schema(ask.criteria)
        messages: Sequence[Message] = layout.messages
        reply = await self._ask(messages, schema, max_tokens, replies)
        try:
            return await in_thread(_read, reply, ask, layout)
        except InvalidVerdict as fault:
            messages = [*messages, *_repair_turn(reply, fault)]
        if reply.finish_reason == "length":
            max_tokens *= 2  # asking again for what did not fit would cut it off again
        return await in_thread(_read, await self._ask(messages, schema, max_tokens, replies), ask, layout)

    async def _ask(
        self, messages: Sequence[Message], schema: dict[str, Any], max_tokens: int, replies: list[Reply]
    ) -> Reply:
        reply = await self._model.complete(messages, json_schema=schema, max_tokens=max_tokens)
        replies.append(reply)
        if reply.refusal is not None:
            raise ModelRefused(f"{self._model.model} declined to judge this sample")
        return reply

    def _verdict(self, asks: Sequence[Ask], graded: Sequence[Graded], replies: Sequence[Reply]) -> Verdict:
        grades = tuple(grade for one in graded for grade in one.grades)
        last = replies[-1] if replies else None
        bill = billed(self._prices, self._model.model, replies)
        return Verdict(
            judge=self.name,
            tier=Tier.LLM,
            kind=_kind(grades),
            grades=grades,
            partial_context=any(ask.partial for ask in asks),
            rejected_evidence=sum(one.rejected for one in graded),
            usage=sum((reply.usage for reply in replies), start=Usage()),
            cost_usd=bill.cost_usd,
            cost_basis=bill.basis if replies else "",
            latency_s=sum(reply.latency_s for reply in replies),
            model_requested=self._model.model,
            model_served=last.model_served if last else None,
            system_fingerprint=last.system_fingerprint if last else None,
        )


def _kind(grades: Sequence[Grade]) -> ResponseKind:
    """A refusal where a criterion of the response says so; a graded answer has no claims, and is one all the same."""
    refused = any(grade.level == REFUSAL and grade.context is None for grade in grades)
    return ResponseKind.REFUSAL if refused else ResponseKind.ANSWER


def _read(reply: Reply, ask: Ask, layout: Layout) -> Graded:
    """Parse one reply; a cut-off one says so, because that is the fault to name."""
    try:
        return parse_graded(reply.text, ask, layout.lines)
    except InvalidVerdict as fault:
        if reply.finish_reason != "length":
            raise
        raise InvalidVerdict(
            "the reply was cut off at its token limit; leave out reasons", reply=fault.reply
        ) from fault


def _repair_turn(reply: Reply, fault: InvalidVerdict) -> tuple[Message, Message]:
    """What is added to the conversation: the broken reply and what is wrong with it."""
    request = f"Your reply cannot be used: {fault}. Reply again with the whole JSON object, nothing else."
    broken = one_line(reply.text[:_REPEATED_REPLY_CHARS]) or "(empty)"
    return Message(role="assistant", content=broken), Message(role="user", content=request)
