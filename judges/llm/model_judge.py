"""What the two judges that ask a chat model have in common: their parts, their name and their fingerprint."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from assay.judges.call_plan import CallPlan, Purse, affordable, plan_of_call
from assay.judges.llm.conversation import Conversation
from assay.judges.models.base import ChatMessage, ChatModel, asking_of
from assay.judges.prices import PriceTable
from assay.judges.rubric import LlmOptions, Rubric
from assay.judges.schema import Record, Sample

L = TypeVar("L", bound=Record)

Asked = tuple[Sequence[ChatMessage], Mapping[str, Any]]
"""What one call asks: its messages, and the schema of its reply."""


def texts_of(sample: Sample) -> tuple[str, ...]:
    """Every text of a sample that a model may be shown: an object that stands in one of them is a quotation."""
    turns = (turn.content for turn in sample.history)
    # In the order of the prompt: a quotation may go on from one into the next.
    return (*turns, sample.question, *sample.contexts, sample.response, sample.reference or "")


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
        # Nothing set: the fingerprint is that of what is asked alone, so that calibrations and golden sets stay valid.
        parts = [*asked, asking] if (asking := asking_of(model)) else asked
        self._fingerprint = hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def name(self) -> str:
        """`llm`."""
        return "llm"

    @property
    def fingerprint(self) -> str:
        """sha256 over prompt, model name, reply schema, limits and what is set of how the model is asked.

        Criteria are in the rubric's hash.
        """
        return self._fingerprint

    async def close(self) -> None:
        """Close the model's connections."""
        await self._model.close()

    def _options(self, rubric: Rubric) -> LlmOptions:
        """How the rubric lets a model be asked. One that says nothing of it, as a panel's, gives the usual bounds."""
        return rubric.judge.llm or LlmOptions(model=self._model.model)

    def _planned(self, asked: Asked, options: LlmOptions) -> CallPlan:
        """What one call takes at most."""
        messages, schema = asked
        return plan_of_call(messages, schema, options.max_tokens, model=self._model.model, prices=self._prices)

    def _within_price(self, asked: Sequence[Asked], options: LlmOptions) -> tuple[int, Purse | None]:
        """How many of the calls, in the order given, the rubric's price allows, and the purse they are paid from.

        Raises:
            UnjudgeableSample: the sample is too expensive.
            ConfigurationError: the model has no price.
        """
        if options.max_usd is None:
            return len(asked), None
        plans = [self._planned(call, options) for call in asked]
        count = affordable(plans, options, self._model.model)
        return count, Purse(options.max_usd, plans[:count])

    def _conversation(self, options: LlmOptions, purse: Purse | None) -> Conversation:
        """A conversation about one sample."""
        return Conversation(self._model, self._prices, options.max_tokens, purse)
