"""The list of answers for people in Redis: four Lua scripts over two keys and one for each request.

Keys: reviews (sorted set, by due moment), reviews:count (hash: state → n), review:KEY (hash: document, tries)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from assay.worker.ports.reviews import ReviewRequest, TakenReview
from assay.worker.state.redis.limits import RunScript

REMEMBERED_S = 30 * 24 * 3600
"""Longer than a final ledger entry lives, so that no answer is put into a queue twice."""


class RedisReviews:
    """`assay.worker.ports.reviews.ReviewList` on the server of a `RedisState`, which lends its connection."""

    def __init__(self, run: RunScript, *, prefix: str) -> None:
        self._run = run
        self._prefix = prefix

    async def ask(self, requests: Sequence[ReviewRequest]) -> int:
        """Add requests, each once."""
        if not requests:
            return 0
        args: list[str | float] = [self._prefix, REMEMBERED_S]
        for one in requests:
            args += [one.key, one.asked_at.timestamp(), one.model_dump_json()]
        return int(await self._run("review_ask", [], args))

    async def take(self, *, now: datetime, until: datetime) -> TakenReview | None:
        """The request that is due for longest."""
        found = await self._run("review_take", [], [self._prefix, now.timestamp(), until.timestamp()])
        if not found:
            return None
        return TakenReview(request=ReviewRequest.model_validate_json(found[0]), tries=int(found[1]))

    async def put_off(self, request: ReviewRequest, *, due: datetime) -> None:
        """Make a taken request due at another moment."""
        await self._run("review_end", [], [self._prefix, request.key, "", due.timestamp()])

    async def end(self, request: ReviewRequest, state: Literal["queued", "refused"]) -> None:
        """It is in the queue, or never will be."""
        await self._run("review_end", [], [self._prefix, request.key, state, 0])

    async def counts(self) -> Mapping[str, int]:
        """How many are waiting, were queued and refused."""
        waiting, queued, refused = await self._run("review_counts", [], [self._prefix])
        return {"waiting": int(waiting), "queued": int(queued or 0), "refused": int(refused or 0)}
