"""The list of answers that wait to be put into review queues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from assay.judges.schema import Record
from assay.worker.ports.reviews import ReviewRequest


class TakenReview(Record):
    """A request in work. `tries` is how often it has been: above 1, an earlier try may have gone through."""

    request: ReviewRequest
    tries: int


class ReviewList(Protocol):
    """The requests that wait, shared by all workers. Every method is atomic and safe to repeat.

    Raises (all methods):
        StateUnavailable
    """

    async def ask(self, requests: Sequence[ReviewRequest]) -> int:
        """Add requests, each once however often it is made within 30 days. Returns how many were new."""
        ...

    async def take(self, *, now: datetime, until: datetime) -> TakenReview | None:
        """The request that is due for longest, for this caller alone until a moment. None if none is due."""
        ...

    async def put_off(self, request: ReviewRequest, *, due: datetime) -> None:
        """Make a taken request due at another moment."""
        ...

    async def end(self, request: ReviewRequest, state: Literal["queued", "refused"]) -> None:
        """The request is in its queue, or never will be."""
        ...

    async def counts(self) -> Mapping[str, int]:
        """How many are `waiting`, were `queued` and `refused`, ever."""
        ...
