"""The list of answers for people in Redis: four Lua scripts over two keys and one for each request.

Keys:
    reviews         sorted set of request keys, by due moment
    reviews:count   hash: state → number
    review:KEY      hash: document, tries
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from assay.worker.ports.review_list import TakenReview
from assay.worker.ports.reviews import ReviewRequest
from assay.worker.state.redis.connection import RedisConnection

REMEMBERED_S = 30 * 24 * 3600
"""Longer than a final ledger entry lives, so that no answer is put into a queue twice."""


class RedisReviewList:
    """`assay.worker.ports.review_list.ReviewList`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def ask(self, requests: Sequence[ReviewRequest]) -> int:
        """Add requests, each once."""
        if not requests:
            return 0
        args: list[str | float] = [self._redis.prefix, REMEMBERED_S]
        for request in requests:
            args += [request.key, request.asked_at.timestamp(), request.model_dump_json()]
        return int(await self._redis.run("review_ask", [], args))

    async def take(self, *, now: datetime, until: datetime) -> TakenReview | None:
        """The request that is due for longest."""
        taken = await self._redis.run("review_take", [], [self._redis.prefix, now.timestamp(), until.timestamp()])
        if not taken:
            return None
        document, tries = taken
        return TakenReview(request=ReviewRequest.model_validate_json(document), tries=int(tries))

    async def put_off(self, request: ReviewRequest, *, due: datetime) -> None:
        """Make a taken request due at another moment."""
        await self._redis.run("review_end", [], [self._redis.prefix, request.key, "", due.timestamp()])

    async def end(self, request: ReviewRequest, state: Literal["queued", "refused"]) -> None:
        """It is in the queue, or never will be."""
        await self._redis.run("review_end", [], [self._redis.prefix, request.key, state, 0])

    async def counts(self) -> Mapping[str, int]:
        """How many are waiting, were queued and refused."""
        waiting, queued, refused = await self._redis.run("review_counts", [], [self._redis.prefix])
        return {"waiting": int(waiting), "queued": int(queued or 0), "refused": int(refused or 0)}
