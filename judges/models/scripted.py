"""A chat model that answers from a script: for tests, notebooks and trying out a prompt without a provider."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from assay.judges.errors import ConfigurationError
from assay.judges.models.base import ChatMessage, Reply
from assay.judges.schema import Usage

ScriptedReply = str | Reply | Exception
"""What a scripted turn gives: a text, a whole reply, or an error to raise."""


class ScriptedModel:
    """Answers from a list, in order, or from a function of the messages. The same script gives the same replies.

    `requests` keeps the messages of every call. Usage is counted in characters over four, a stand-in for tokens.
    """

    def __init__(
        self,
        replies: Iterable[ScriptedReply] | Callable[[Sequence[ChatMessage]], ScriptedReply],
        *,
        model: str = "scripted",
    ) -> None:
        self._answer = replies if callable(replies) else None
        self._queue = [] if callable(replies) else list(replies)
        self._model = model
        self.requests: list[tuple[ChatMessage, ...]] = []

    @property
    def model(self) -> str:
        """The name the script goes by."""
        return self._model

    async def complete(
        self,
        messages: Sequence[ChatMessage],
        *,
        json_schema: Mapping[str, Any] | None = None,
        exact_schema: Callable[[], Mapping[str, Any]] | None = None,
        max_tokens: int = 2048,
    ) -> Reply:
        """Give the next reply of the script. The schemas and the bound are not looked at.

        Raises:
            ConfigurationError: the list of replies is used up.
            Exception: whatever error the script names for this turn.
        """
        self.requests.append(tuple(messages))
        reply = self._next(messages)
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, Reply):
            return reply
        prompt_tokens = sum(len(message.content) for message in messages) // 4 + 1
        usage = Usage(calls=1, prompt_tokens=prompt_tokens, completion_tokens=len(reply) // 4 + 1)
        return Reply(text=reply, finish_reason="stop", usage=usage, model_served=self._model, latency_s=0.0)

    def _next(self, messages: Sequence[ChatMessage]) -> ScriptedReply:
        if self._answer is not None:
            return self._answer(messages)
        if not self._queue:
            raise ConfigurationError(
                f"scripted model {self._model!r}: no reply left for call {len(self.requests)}; add one"
            )
        return self._queue.pop(0)

    async def close(self) -> None:
        """Nothing to close."""
