"""What every call to a judge model has in common: one question, one repair turn, and a bill for all of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import EvaluationError, InvalidVerdict, ModelRefused, RequestRejected, UnjudgeableSample
from assay.judges.llm.fence import one_line
from assay.judges.models.base import ChatMessage, ChatModel, Reply
from assay.judges.prices import Bill, PriceTable
from assay.judges.schema import Usage

_REPEATED_REPLY_CHARS = 8_000

T = TypeVar("T")


def fresh_nonce() -> str:
    """64 random bits: nobody who wrote the text under judgement can have known them."""
    return secrets.token_hex(8)


class Conversation:
    """All that is asked of a model about one sample. Every reply is kept, so that all of them are paid for."""

    def __init__(self, model: ChatModel, prices: PriceTable, max_tokens: int) -> None:
        """Begin, with nothing asked yet.

        Args:
            model: who is asked.
            prices: what the calls cost.
            max_tokens: most tokens of one reply.
        """
        self._model = model
        self._prices = prices
        self._max_tokens = max_tokens
        self._replies: list[Reply] = []

    async def ask(
        self,
        messages: Sequence[ChatMessage],
        schema: dict[str, Any],
        read: Callable[[Reply], T],
        *,
        reread: Callable[[Reply], T] | None = None,
        exact_schema: Callable[[], Mapping[str, Any]] | None = None,
        wanted: str,
    ) -> T:
        """What `read` makes of the reply. After a fault the model is asked once more, and the fault is named.

        Args:
            messages: the prompt.
            schema: JSON schema of the reply.
            read: parses a reply. It is called in a thread.
            reread: parses the second reply. None: `read` does.
            exact_schema: makes the schema narrowed to this very call. See `ChatModel.complete`.
            wanted: what a whole reply is, in words, for the repair turn.

        Raises:
            ModelError: the provider did not answer usefully.
            ModelRefused: the model declined.
            InvalidVerdict: the second reply is at fault, too, or the endpoint does not take the repair turn.
        """
        reply: Reply | None = None
        try:
            reply = await self._ask(messages, schema, exact_schema, self._max_tokens)
            return await in_thread(read, reply)
        except InvalidVerdict as exc:
            fault = exc
            self._keep(fault)
        messages = [*messages, *_repair_turn(reply, fault, wanted)]
        # Asking again for what did not fit would cut it off again.
        is_cut = reply is not None and reply.finish_reason == "length"
        max_tokens = self._max_tokens * 2 if is_cut else self._max_tokens
        try:
            second = await self._ask(messages, schema, exact_schema, max_tokens)
        except (RequestRejected, UnjudgeableSample) as refused:
            # The first request was taken: what this one is refused for is ours, its length or its doubled bound.
            self._keep(refused)
            raise fault from refused
        return await in_thread(reread or read, second)

    def provenance(self) -> Mapping[str, Any]:
        """Who was asked, who answered, and what it took: fields of a verdict. Nothing asked costs nothing."""
        last = self._replies[-1] if self._replies else None
        bill = self._bill(self._replies)
        return {
            "usage": sum((reply.usage for reply in self._replies), start=Usage()),
            "cost_usd": bill.cost_usd,
            "cost_basis": bill.basis if last else "",
            "latency_s": sum(reply.latency_s for reply in self._replies),
            "model_requested": self._model.model,
            "model_served": last.model_served if last else None,
            "system_fingerprint": last.system_fingerprint if last else None,
        }

    @contextmanager
    def charging(self) -> Iterator[None]:
        """Say on every error of evaluation that leaves the block what had been spent by then."""
        try:
            yield
        except EvaluationError as exc:
            self._charge(exc)
            raise

    def _charge(self, error: EvaluationError) -> None:
        """Put the bill on an error. What the model itself reported of its last call is added."""
        self._keep(error)
        bill = self._bill(self._replies)
        error.usage = sum((reply.usage for reply in self._replies), start=Usage())
        error.cost_usd, error.cost_basis = bill.cost_usd, bill.basis if self._replies else ""

    def _keep(self, error: EvaluationError) -> None:
        """Take over what an error says was spent, so that it is paid for once."""
        if error.usage.calls:
            spent = Reply(text="", usage=error.usage, model_served=self._model.model, latency_s=0.0)
            self._replies.append(spent)
            error.usage = Usage()

    async def _ask(
        self,
        messages: Sequence[ChatMessage],
        schema: dict[str, Any],
        exact_schema: Callable[[], Mapping[str, Any]] | None,
        max_tokens: int,
    ) -> Reply:
        reply = await self._model.complete(
            messages, json_schema=schema, exact_schema=exact_schema, max_tokens=max_tokens
        )
        self._replies.append(reply)
        if reply.refusal is not None:
            raise ModelRefused(f"{self._model.model} declined to judge this sample")
        return reply

    def _bill(self, replies: Sequence[Reply]) -> Bill:
        """Each reply priced by the model that served it, else by the one asked for."""
        return self._prices.bill((reply.model_served, self._model.model, reply.usage) for reply in replies)


def parse_whole(reply: Reply, parse: Callable[[str], T], advice: str) -> T:
    """Parse one reply. Where a reply cannot be parsed because it was cut off, that is the fault to name.

    Args:
        reply: the reply.
        parse: reads its text.
        advice: what a model may leave out where its reply was cut off.

    Raises:
        InvalidVerdict: the reply breaks the format.
    """
    try:
        return parse(reply.text)
    except InvalidVerdict as fault:
        if reply.finish_reason != "length":
            raise
        raise type(fault)(_cut_off(reply, advice), reply=fault.reply) from fault


def _cut_off(reply: Reply, advice: str) -> str:
    """The fault of a reply that was cut off at its token limit.

    There is nothing to leave out where most of the room, or all of it, went to reasoning.
    """
    usage = reply.usage
    if reply.text.strip() and 2 * usage.reasoning_tokens <= usage.completion_tokens:
        return f"the reply was cut off at its token limit; {advice}"
    return "reasoning took up the token limit before the reply was whole; reason less, or raise judge.llm.max_tokens"


def _repair_turn(reply: Reply | None, fault: InvalidVerdict, wanted: str) -> tuple[ChatMessage, ChatMessage]:
    """What is added to the conversation: the broken reply, unless the endpoint kept it, and what is wrong with it."""
    request = f"Your reply cannot be used: {fault}. Reply again with {wanted}, nothing else."
    broken = one_line(reply.text[:_REPEATED_REPLY_CHARS] if reply else "") or "(empty)"
    return ChatMessage(role="assistant", content=broken), ChatMessage(role="user", content=request)
