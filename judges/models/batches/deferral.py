"""Calls that wait for a provider's batch: what is handed in, what comes back, and the desk between judges and fleet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from assay.judges.models.admission import CallBound
from assay.judges.models.endpoint_settings import EndpointSettings

BATCH_PRICE_SHARE = 0.5
"""What a call in a batch costs of its list price, at OpenAI and at Anthropic alike, e.g. 0.5 of 2 USD.

Sources: https://platform.openai.com/docs/guides/batch and https://docs.claude.com/en/docs/build-with-claude/batch-processing.
"""


BATCH_PROTOCOLS = frozenset({"openai", "anthropic"})
"""Protocols whose batches are understood here, e.g. `openai`. Calls by all others are made at once."""


class DeferredCall(NamedTuple):
    """One call that can wait.

    Attributes:
        key: the same whenever the same is asked again, 64 hex digits. It says nothing of the text.
        place: the endpoint.
        model: the model that is asked.
        body: the request.
        bound: the most it may use.
    """

    key: str
    place: EndpointSettings
    model: str
    body: Mapping[str, Any]
    bound: CallBound


class DeferredAnswer(NamedTuple):
    """What a batch brought for a call.

    Attributes:
        body: of the answer.
        is_paid: whether the asking sample pays for it. Samples with equal content share one answer, and one pays.
    """

    body: bytes
    is_paid: bool = True


class CallDesk(Protocol):
    """Takes the calls about one sample."""

    @property
    def purpose(self) -> str:
        """Keeps apart what may not share an answer, e.g. two evaluator revisions."""
        ...

    async def answer_to(self, call: DeferredCall) -> DeferredAnswer | None:
        """The answer to a call, where a batch has brought one.

        Returns:
            None: this call is to be made at once.

        Raises:
            CallHeld: it waits for a batch.
        """
        ...
