"""The review queues of several stores: an answer goes where its trace is, and what people said comes from all."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from pydantic import AwareDatetime

from assay.judges.errors import ConfigurationError
from assay.worker.ports.reviews import HumanScore, Reviewed, ReviewQueue, ReviewQueues, ReviewRequest


class QueuesOfParts:
    """`assay.worker.ports.reviews.ReviewQueues` over several stores."""

    def __init__(self, queues: Mapping[str, ReviewQueues], part_name: Callable[[str], str]) -> None:
        """Join queues.

        Args:
            queues: those of the stores that have some, by the store's name.
            part_name: the name of the store that a trace is in.
        """
        self._queues = queues
        self._part_name = part_name

    async def find(self, name: str) -> ReviewQueue:
        """The first store's queue of that name.

        Raises:
            ConfigurationError: no store has one.
        """
        missing: list[str] = []
        for store, queues in self._queues.items():
            try:
                return await queues.find(name)
            except ConfigurationError as exc:
                missing.append(f"{store}: {exc}")
        raise ConfigurationError("; ".join(missing))

    async def add(self, queue: ReviewQueue, request: ReviewRequest, *, again: bool) -> bool:
        """Put an answer into the queue of that name in its trace's own store.

        Raises:
            ConfigurationError: that store has no queues, or none of that name.
        """
        store = self._part_name(request.trace_id)
        if store not in self._queues:
            raise ConfigurationError(f"store {store}: has no review queues; name another one, or remove review_queue")
        queues = self._queues[store]
        return await queues.add(await queues.find(queue.name), request, again=again)

    async def completed(self, queue: ReviewQueue) -> AsyncIterator[Sequence[Reviewed]]:
        """Everything that people are done with in the queues of that name."""
        for queues in self._queues.values():
            try:
                own = await queues.find(queue.name)
            except ConfigurationError:
                continue
            async for page in queues.completed(own):
                yield page

    async def feedback(
        self, name: str, start: AwareDatetime, end: AwareDatetime
    ) -> AsyncIterator[Sequence[HumanScore]]:
        """Scores of a name in all stores."""
        for queues in self._queues.values():
            async for page in queues.feedback(name, start, end):
                yield page
