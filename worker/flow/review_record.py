"""What people were asked and what they said, on its way into the record.

A record that is away holds up no review, and nothing is lost: who asked is kept with the request until it is written,
and what people said is read from their queues once more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from assay.judges.errors import ConfigurationError
from assay.worker.flow.label_pull import Label, Wanted, items_of
from assay.worker.ports.history import HistoryUnavailable
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.review_record import AskedReview, ReviewLabel, ReviewRecord
from assay.worker.ports.reviews import Reviewed, ReviewQueues, ReviewRequest
from assay.worker.ports.store_errors import StoreError

ANSWER_S = 10.0
"""A database that has not answered by then is away."""

READ_EVERY = timedelta(hours=1)
MOST_ITEMS = 5_000
"""Items of a queue that are read at once, the newest: at sixty a day those of the last eighty days."""

READ_S = 60.0
"""So long the queues are read in one tick. What was read by then is kept."""

_KEY = "reviews:read"
_TTL_S = 7 * 86400

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class AskedReviews:
    """Keeps with which probability people were asked.

    Attributes:
        place_of: what the record calls the store of a trace, and what that calls its project.
    """

    record: ReviewRecord
    place_of: Callable[[str], Awaitable[tuple[str, str]]]

    async def note(self, request: ReviewRequest) -> bool:
        """Keep a request that has a probability. Returns whether the record took it.

        Raises:
            StoreError: the project is not known.
        """
        if request.design is None:
            return True
        store, project = await self.place_of(request.trace_id)
        asked = AskedReview(
            store=store,
            project=project,
            trace_id=request.trace_id,
            observation_id=request.observation_id or "",
            rubric=request.rubric,
            use_case=request.use_case,
            queue=request.queue,
            design=request.design,
            asked_at=request.asked_at,
        )
        return await is_taken(self.record.note_asked([asked]))


@dataclass(frozen=True)
class ReviewLabels:
    """Reads what people said in the queues of a deployment, once an hour."""

    queues: ReviewQueues
    record: ReviewRecord
    key_values: KeyValues

    async def read(self, names: Iterable[str], now: datetime) -> int:
        """Read these queues, where an hour has passed since the last time. Returns how many items were read.

        Raises:
            StateUnavailable
        """
        raw = (await self.key_values.kept([_KEY])).get(_KEY)
        if raw and now - datetime.fromisoformat(raw.decode()) < READ_EVERY:
            return 0
        total, is_whole = 0, True
        for name in names:
            try:
                async with asyncio.timeout(READ_S):
                    count, taken = await self._of_queue(name)
            except (StoreError, ConfigurationError, TimeoutError) as exc:
                log.warning("review.not_read", queue=name, error=type(exc).__name__)
                is_whole = False
                continue
            total, is_whole = total + count, is_whole and taken
        # What was away is tried again in ten minutes.
        after = now if is_whole else now - READ_EVERY + timedelta(minutes=10)
        await self.key_values.keep(_KEY, after.isoformat().encode(), ttl_s=_TTL_S, replace=True)
        return total

    async def _of_queue(self, name: str) -> tuple[int, bool]:
        """How many items of a queue were read, and whether the record took all of them."""
        count = 0
        async for page in items_of(self.queues, name, Wanted()):
            labels = [known for item, label in page if (known := _label(name, item, label)) is not None]
            if not await is_taken(self.record.note_labels(labels)):
                return count, False
            count += len(page)
            if count >= MOST_ITEMS:
                log.info("review.newest_read", queue=name, items=count)
                break
        return count, True


async def is_taken(writing: Awaitable[None]) -> bool:
    """Whether the record took what was written."""
    try:
        async with asyncio.timeout(ANSWER_S):
            await writing
    except (HistoryUnavailable, ConfigurationError, TimeoutError) as exc:
        log.info("review.not_recorded", error=type(exc).__name__, remedy="assay doctor tells of the record")
        return False
    return True


def _label(queue: str, item: Reviewed, word: Label | str) -> ReviewLabel | None:
    """What an item comes to. None: nobody can say which answer it is about."""
    if item.kind == "session":
        return None
    trace_id = item.id if item.kind == "trace" else _trace_of(item)
    if trace_id is None:
        return None
    label, at = (None, None) if isinstance(word, str) else (word.label, word.at)
    observation_id = item.id if item.kind == "observation" else ""
    return ReviewLabel(queue=queue, trace_id=trace_id, observation_id=observation_id, label=label, at=at)


def _trace_of(item: Reviewed) -> str | None:
    known: Sequence[str] = [score.trace_id for score in item.scores if score.trace_id]
    return known[0] if known else None
