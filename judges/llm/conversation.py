"""What every call to a judge model has in common: one question, one repair turn, and a bill for all of it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from assay.judges.call_plan import CallPlan, Purse, plan_of_call
from assay.judges.cpu_executor import in_thread
from assay.judges.errors import (
    CallHeld,
    EvaluationError,
    InvalidVerdict,
    ModelRefused,
    RequestRejected,
    UnjudgeableSample,
)
from assay.judges.llm.paid_answers import PAID_ANSWERS, key_of
from assay.judges.llm.repair import repair_turn
from assay.judges.models.base import ChatMessage, ChatModel, Reply
from assay.judges.models.call_context import call_context, take_spent
from assay.judges.prices import Bill, PriceTable
from assay.judges.schema import Usage

T = TypeVar("T")


def fresh_nonce() -> str:
    """64 random bits: nobody who wrote the text under judgement can have known them."""
    return secrets.token_hex(8)


class Conversation:
    """All that is asked of a model about one sample. Every reply is kept, so that all of them are paid for."""

    def __init__(self, model: ChatModel, prices: PriceTable, max_tokens: int, purse: Purse | None = None) -> None:
        """Begin, with nothing asked yet.

        Args:
            model: who is asked.
            prices: what the calls cost.
            max_tokens: most tokens of one reply.
            purse: what all calls together may cost. None: any price. What is asked first was promised in it.
        """
        self._model = model
        self._prices = prices
        self._max_tokens = max_tokens
        self._purse = purse
        self._replies: list[Reply] = []
        self._latencies: list[float] = []
        self._paid: dict[str, Reply] = {}
        self._may_keep = False
        self.prompt_cut = False
        """Whether the endpoint read only a part of some prompt, as its own count of tokens tells."""

    async def together(self, asks: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
        """The answers to several questions, in order. The first is asked alone, the rest at once.

        The first one warms the provider's cache for what all prompts have in common, and finds a wrong key at the price
        of one call. Once it is paid for, the others wait for room in a limit where they would be held else. A question
        that fails ends those under way: their calls are charged by the limits, as calls of unknown end.
        """
        (first, *rest) = asks
        self._may_keep = bool(rest) and call_context().purpose == "traffic"
        try:
            return await self._together(first, rest)
        except BaseException:
            for key, reply in self._paid.items():
                PAID_ANSWERS.keep(self._model, key, reply)
            raise

    async def _together(self, first: Callable[[], Awaitable[T]], rest: Sequence[Callable[[], Awaitable[T]]]) -> list[T]:
        """The first answer, then the others at once."""
        try:
            answers = [await first()]
        except CallHeld as held:
            if held.reason == "batch":  # all of them go into the same batch
                await asyncio.gather(*(ask() for ask in rest), return_exceptions=True)
            raise
        if not rest:
            return answers
        before = len(self._latencies)
        tasks = [asyncio.ensure_future(ask()) for ask in rest]
        try:
            answers += await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._latencies[before:] = [max(self._latencies[before:])]
        return answers

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
            InvalidVerdict: the second reply is at fault, too, or the endpoint does not take the repair turn, or the
                price that the sample may have leaves no room for it.
        """
        reply: Reply | None = None
        at = self._started()
        try:
            reply = await self._first(messages, schema, exact_schema, at)
            return await in_thread(read, reply)
        except InvalidVerdict as exc:
            fault = exc
            self._keep(fault)
        key = self._forget_paid(messages, schema)
        messages = [*messages, *repair_turn(reply, fault, wanted)]
        # Asking again for what did not fit would cut it off again.
        is_cut = reply is not None and reply.finish_reason == "length"
        max_tokens = self._max_tokens * 2 if is_cut else self._max_tokens
        again = self._planned(messages, schema, max_tokens)
        if again is not None and self._purse is not None and not self._purse.take(again):
            raise fault
        try:
            second = await self._ask(messages, schema, exact_schema, max_tokens, at)
        except (RequestRejected, UnjudgeableSample) as refused:
            # The first request was taken: what this one is refused for is ours, its length or its doubled bound.
            self._keep(refused)
            raise fault from refused
        self._settle(again, second)
        answer = await in_thread(reread or read, second)
        self._note_paid(key, second)
        return answer

    async def ask_once(
        self,
        messages: Sequence[ChatMessage],
        read: Callable[[Reply], T],
        *,
        schema: dict[str, Any] | None = None,
        follows: bool = False,
    ) -> T:
        """What `read` makes of the reply, without a repair turn.

        Args:
            messages: the prompt.
            read: parses a reply. It is called in a thread.
            schema: JSON schema of the reply. None: free text.
            follows: the prompt begins as one before it in this conversation. Then a low count of its tokens says
                nothing: a server may count only what it had not read before.

        Raises:
            ModelError: the provider did not answer usefully.
            ModelRefused: the model declined.
            InvalidVerdict: the reply is at fault.
        """
        reply = await self._first(messages, schema, None, self._started(), follows=follows)
        try:
            return await in_thread(read, reply)
        except InvalidVerdict:
            self._forget_paid(messages, schema)
            raise

    def _started(self) -> int:
        """The place of a new question's latency."""
        self._latencies.append(0.0)
        return len(self._latencies) - 1

    async def _first(
        self,
        messages: Sequence[ChatMessage],
        schema: dict[str, Any] | None,
        exact_schema: Callable[[], Mapping[str, Any]] | None,
        at: int,
        *,
        follows: bool = False,
    ) -> Reply:
        """The first reply to a question. Its price was promised before, or it was paid for in an earlier try."""
        key = self._key(messages, schema)
        paid = PAID_ANSWERS.take(self._model, key) if key else None
        if paid is not None:
            self._replies.append(paid)
            self.prompt_cut |= paid.prompt_cut and not follows
            self._note_paid(key, paid)
            return paid
        planned = self._planned(messages, schema, self._max_tokens)
        reply = await self._ask(messages, schema, exact_schema, self._max_tokens, at)
        # Of a later turn it is not told: a server may count only what it had not read before.
        self.prompt_cut |= reply.prompt_cut and not follows
        self._note_paid(key, reply)
        self._settle(planned, reply)
        return reply

    def _key(self, messages: Sequence[ChatMessage], schema: Mapping[str, Any] | None) -> str:
        """The key of an answer that may be kept. Empty: none may."""
        return key_of(messages, schema, self._max_tokens) if self._may_keep else ""

    def _note_paid(self, key: str, reply: Reply) -> None:
        """Note an answer, so that it is kept where the sample fails over another."""
        if key:
            self._paid[key] = reply

    def _forget_paid(self, messages: Sequence[ChatMessage], schema: Mapping[str, Any] | None) -> str:
        """An answer cannot be used: it is asked for again. Returns its key."""
        key = self._key(messages, schema)
        self._paid.pop(key, None)
        return key

    def provenance(self) -> Mapping[str, Any]:
        """Who was asked, who answered, and what it took: fields of a verdict. Nothing asked costs nothing."""
        last = self._replies[-1] if self._replies else None
        bill = self._bill(self._replies)
        return {
            "prompt_cut": self.prompt_cut,
            "usage": sum((reply.usage for reply in self._replies), start=Usage()),
            "cost_usd": bill.cost_usd,
            "cost_basis": bill.basis if last else "",
            "latency_s": sum(self._latencies),
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
        schema: dict[str, Any] | None,
        exact_schema: Callable[[], Mapping[str, Any]] | None,
        max_tokens: int,
        at: int,
    ) -> Reply:
        try:
            reply = await self._model.complete(
                messages, json_schema=schema, exact_schema=exact_schema, max_tokens=max_tokens
            )
        finally:
            self._replies += take_spent()
        self._replies.append(reply)
        self._latencies[at] += reply.latency_s
        if reply.refusal is not None:
            raise ModelRefused(f"{self._model.model} declined to judge this sample")
        return reply

    def _planned(
        self, messages: Sequence[ChatMessage], schema: Mapping[str, Any] | None, max_tokens: int
    ) -> CallPlan | None:
        """What a call takes at most. None where nobody bounds it: telling takes time."""
        if self._purse is None:
            return None
        return plan_of_call(messages, schema or {}, max_tokens, model=self._model.model, prices=self._prices)

    def _settle(self, planned: CallPlan | None, reply: Reply) -> None:
        """Give back to the purse what a call did not cost."""
        if planned is not None and self._purse is not None:
            self._purse.settle(planned, self._bill([reply]).cost_usd)

    def _bill(self, replies: Sequence[Reply]) -> Bill:
        """Each reply priced by the model that served it, else by the one asked for."""
        asked = self._model.model
        return self._prices.bill((reply.model_served, asked, reply.usage, reply.price_share) for reply in replies)
