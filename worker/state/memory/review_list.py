"""The list of answers for people in the memory of one process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from assay.worker.ports.review_list import TakenReview
from assay.worker.ports.reviews import ReviewRequest


class MemoryReviewList:
    """`assay.worker.ports.review_list.ReviewList` without a server."""

    def __init__(self) -> None:
        self._known: dict[str, ReviewRequest] = {}
        self._due: dict[str, datetime] = {}
        self._tries: Counter[str] = Counter()
        self._ended: Counter[str] = Counter()

    async def ask(self, requests: Sequence[ReviewRequest]) -> int:
        """Add requests, each once."""
        fresh = {request.key: request for request in requests if request.key not in self._known}
        self._known |= fresh
        self._due |= {key: request.asked_at for key, request in fresh.items()}
        return len(fresh)

    async def take(self, *, now: datetime, until: datetime) -> TakenReview | None:
        """The request that is due for longest."""
        due = [key for key, moment in self._due.items() if moment <= now]
        if not due:
            return None
        key = min(due, key=self._due.__getitem__)
        self._due[key] = until
        self._tries[key] += 1
        return TakenReview(request=self._known[key], tries=self._tries[key])

    async def put_off(self, request: ReviewRequest, *, due: datetime) -> None:
        """Make a taken request due at another moment."""
        if request.key in self._due:
            self._due[request.key] = due

    async def end(self, request: ReviewRequest, state: Literal["queued", "refused"]) -> None:
        """It is in the queue, or never will be."""
        if self._due.pop(request.key, None) is not None:
            self._ended[state] += 1

    async def counts(self) -> Mapping[str, int]:
        """How many are waiting, were queued and refused."""
        return {"waiting": len(self._due), "queued": self._ended["queued"], "refused": self._ended["refused"]}
