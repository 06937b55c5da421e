"""What a golden run needs of a target: an answer to an item, or the reason why there is none."""

from __future__ import annotations

from typing import Protocol

from pydantic import Field

from assay.judges.errors import EvaluationError
from assay.judges.schema import Record
from assay.worker.golden.sets.manifest import GoldenItem


class TargetResponse(Record):
    """What a target answered. `contexts` is None where it does not tell its evidence, empty where it found none.

    `latency_s` and `tokens` are what the answer took, None where that is not known.
    """

    response: str
    contexts: tuple[str, ...] | None = None
    latency_s: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    tokens: int | None = Field(default=None, ge=0)


class TargetFailure(EvaluationError):
    """A target gave no answer to an item. `reason` is a short stable word; the item then counts as missing."""

    def __init__(self, item_id: str, reason: str, detail: str) -> None:
        super().__init__(f"{item_id}: {reason}: {detail}")
        self.item_id = item_id
        self.reason = reason
        self.detail = detail


class GoldenTarget(Protocol):
    """The application under test, or what stands for it."""

    @property
    def name(self) -> str:
        """What is shown as the release's name; holds no secret."""
        ...

    @property
    def identity(self) -> str:
        """The name, and digests of the files and settings the answers depend on; a resumed run must find the same."""
        ...

    async def respond(self, item: GoldenItem) -> TargetResponse:
        """Answer one item.

        Raises:
            TargetFailure: there is no answer; an empty answer is an answer.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...
