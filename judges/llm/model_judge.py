"""What the two judges that ask a chat model have in common: their parts, their name and their fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from assay.judges.llm.conversation import Conversation
from assay.judges.models.base import ChatModel
from assay.judges.prices import PriceTable
from assay.judges.rubric import LlmOptions, Rubric
from assay.judges.schema import Record

L = TypeVar("L", bound=Record)

_MAX_TOKENS: int = LlmOptions.model_fields["max_tokens"].default
"""Most tokens of one reply where the rubric has no options for a model."""


class ModelJudge(Generic[L]):
    """Asks a chat model. It is stateless: one instance serves all concurrent assessments."""

    def __init__(
        self, model: ChatModel, prices: PriceTable, limits: L, nonce: Callable[[], str], asked: Sequence[object]
    ) -> None:
        """Keep the parts.

        Args:
            model: who is asked.
            prices: what the calls cost.
            limits: sizes of one call.
            nonce: makes the fence word of each call. Tests pass their own.
            asked: what is asked of the model and how, as JSON values. The fingerprint covers it.
        """
        self._model = model
        self._prices = prices
        self._limits = limits
        self._nonce = nonce
        self._fingerprint = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()

    @property
    def name(self) -> str:
        """`llm`."""
        return "llm"

    @property
    def fingerprint(self) -> str:
        """sha256 over prompt, model name, reply schema and limits. Criteria are in the rubric's hash."""
        return self._fingerprint

    async def close(self) -> None:
        """Close the model's connections."""
        await self._model.close()

    def _conversation(self, rubric: Rubric) -> Conversation:
        """A conversation about one sample."""
        max_tokens = rubric.judge.llm.max_tokens if rubric.judge.llm else _MAX_TOKENS
        return Conversation(self._model, self._prices, max_tokens)
