"""A chat model whose calls may wait for a provider's batch. Judges need not know: an answer comes, or work waits."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assay.judges.cpu_executor import in_thread
from assay.judges.errors import EvaluationError, ModelRefused
from assay.judges.models.admission import CallBound
from assay.judges.models.answer_errors import AnswerError
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.models.batches.deferral import BATCH_PRICE_SHARE, BATCH_PROTOCOLS, DeferredAnswer, DeferredCall
from assay.judges.models.call_context import call_context, mark_paid, note_spent
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.models.http_chat_model import HttpChatModel
from assay.judges.models.prompt_bound import prompt_bound
from assay.judges.models.protocol import Asked
from assay.judges.schema import Usage

_NONCE_LINE = re.compile(r"NONCE (\w{8,64})\n")
"""How a prompt states its fence word: before all else, e.g. `NONCE 5f1c09ab77de2310\\n`."""

_ANY_NONCE = "0" * 16
"""Stands in a key where the prompt has its fence word, e.g. `0000000000000000`."""


class DeferredModel:
    """Hands calls to the desk of the call context, where there is one. All others are made at once."""

    def __init__(self, live: HttpChatModel, place: EndpointSettings) -> None:
        """Keep the parts.

        Args:
            live: makes calls at once.
            place: the endpoint that it asks.
        """
        self._live = live
        self._place = place

    @property
    def model(self) -> str:
        """The model name that is asked for."""
        return self._live.model

    @property
    def asking(self) -> str:
        """What is set of the way it is asked. See `ChatModel`."""
        return self._live.asking

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        *,
        json_schema: Mapping[str, Any] | None = None,
        exact_schema: Callable[[], Mapping[str, Any]] | None = None,
        max_tokens: int = 2048,
    ) -> Reply:
        """Ask once. See `ChatModel.complete`.

        Raises:
            CallHeld: the call waits for a batch.

        All other errors are those of `ChatModel.complete`.
        """
        desk = call_context().desk
        if desk is not None and self._place.protocol in BATCH_PROTOCOLS and not _is_further_turn(messages):
            asked = Asked(messages, json_schema, exact_schema, max_tokens)
            answer = await desk.answer_to(await in_thread(self._deferred, asked, desk.purpose))
            reply = None if answer is None else await self._read(answer)
            if reply is not None:
                mark_paid()
                return reply
        return await self._live.complete(
            messages, json_schema=json_schema, exact_schema=exact_schema, max_tokens=max_tokens
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._live.close()

    def _deferred(self, asked: Asked, purpose: str) -> DeferredCall:
        body = self._live.body_of(asked)
        payload = json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        bound = CallBound(prompt_tokens=prompt_bound(payload), completion_tokens=asked.max_tokens)
        return DeferredCall(self._key(asked, purpose), self._place, self.model, body, bound)

    def _key(self, asked: Asked, purpose: str) -> str:
        """What is asked, of whom and for what, without the fence words: they are new each time it is asked."""
        asking = [[message.role, message.content] for message in asked.messages]
        parts = json.dumps([purpose, self._live.address, self.model, asking, asked.json_schema, asked.max_tokens])
        for stated in filter(None, (_NONCE_LINE.match(message.content) for message in asked.messages)):
            parts = parts.replace(stated.group(1), _ANY_NONCE)
        return hashlib.sha256(parts.encode()).hexdigest()

    async def _read(self, answer: DeferredAnswer) -> Reply | None:
        """Read what a batch brought. None: it is of no use, and the call is to be made at once.

        What such an answer has cost is noted, at the price of a batch.

        Raises:
            ModelRefused: the content filter or the model declined, and would again.
        """
        share = BATCH_PRICE_SHARE if answer.is_paid else 0.0
        try:
            reply = await in_thread(self._reply, answer.body)
        except (EvaluationError, AnswerError) as exc:
            usage, exc.usage = exc.usage, Usage()
            if usage.calls:
                note_spent(Reply(text="", usage=usage, model_served=self.model, latency_s=0.0, price_share=share))
            if isinstance(exc, ModelRefused):
                raise
            return None
        except (ValueError, RecursionError):
            return None
        return reply.model_copy(update={"price_share": share})

    def _reply(self, body: bytes) -> Reply:
        return self._live.read(json.loads(body), asked_model=self.model, latency_s=0.0)


def _is_further_turn(messages: Sequence[ChatMessage]) -> bool:
    """Whether the model is told what was wrong with its reply. Such a call is made at once, so that work ends."""
    return any(message.role == "assistant" for message in messages)
