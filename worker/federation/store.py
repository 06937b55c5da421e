"""Several stores as one store: every call goes to the stores that it is about, side by side."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar, cast

from assay.worker.federation.review_queues import QueuesOfParts
from assay.worker.federation.trace_ids import TraceIds
from assay.worker.federation.view_capabilities import viewed
from assay.worker.ports.capabilities import RequestBudget, WithRequestBudget, WithRootCounts, WithWholeMetadata
from assay.worker.ports.reviews import ReviewQueues, WithReviewQueues
from assay.worker.ports.source import Fetched
from assay.worker.ports.store import Store
from assay.worker.ports.store_errors import StoreError
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.traces import TraceKey, TraceRoot

T = TypeVar("T")
Item = TypeVar("Item")


class FederatedStore:
    """`assay.worker.ports.store.Store` and `assay.worker.ports.parts.WithParts` over several stores."""

    def __init__(self, parts: Mapping[str, Store], ids: TraceIds) -> None:
        """Join stores.

        Args:
            parts: the views of the stores by name, the first one first.
            ids: knows all names.
        """
        self._parts = parts
        self._ids = ids

    @property
    def parts(self) -> Mapping[str, Store]:
        """The stores by name."""
        return self._parts

    def part_name(self, trace_id: str) -> str:
        """The name of the store that a trace is in."""
        return self._ids.store_of(trace_id)

    async def project_id(self) -> str:
        """The first store's id of its project. For a trace's own see `assay.worker.ports.parts.project_of`."""
        return await self._parts[self._ids.first].project_id()

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of all stores. What a store fails with is raised when the others have given theirs."""
        failed: StoreError | None = None
        for store in self._parts.values():
            try:
                async for page in store.list_roots(start, end):
                    yield page
            except StoreError as exc:
                failed = failed or exc
        if failed is not None:
            raise failed

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """The sum of all stores."""
        return sum(await asyncio.gather(*(store.count_rootless(start, end) for store in self._parts.values())))

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        """Whole traces by id. Where one store of several fails, its own traces have the error."""
        return await self._fetched(keys, lambda store, own: store.fetch_traces(own))

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        """The scores that the stores show. Where one fails, nothing is told: ask each store for its own."""
        groups = self._by_store(list(keys), lambda key: key.trace_id)
        shown = await _all(self._parts[name].read_scores(own) for name, own in groups.items())
        return {score_id: score for each in shown for score_id, score in each.items()}

    async def write_scores(self, scores: Sequence[Score]) -> None:
        """Write or overwrite scores by id. Where one store fails, the others have theirs."""
        groups = self._by_store(scores, lambda score: score.trace_id)
        await _all(self._parts[name].write_scores(own) for name, own in groups.items())

    async def close(self) -> None:
        """Close all stores."""
        await asyncio.gather(*(store.close() for store in self._parts.values()))

    async def _fetched(
        self,
        keys: Sequence[TraceKey],
        fetch: Callable[[Store, Sequence[TraceKey]], Awaitable[Mapping[str, Fetched]]],
    ) -> dict[str, Fetched]:
        groups = self._by_store(keys, lambda key: key.trace_id)
        if len(groups) == 1:
            ((name, own),) = groups.items()
            return {**await fetch(self._parts[name], own)}

        async def told(name: str, own: Sequence[TraceKey]) -> Mapping[str, Fetched]:
            try:
                return await fetch(self._parts[name], own)
            except StoreError as exc:
                return dict.fromkeys((key.trace_id for key in own), exc)

        answers = await asyncio.gather(*(told(name, own) for name, own in groups.items()))
        return {trace_id: each for answer in answers for trace_id, each in answer.items()}

    def _by_store(self, items: Sequence[Item], trace_id: Callable[[Item], str]) -> dict[str, list[Item]]:
        groups: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            groups[self.part_name(trace_id(item))].append(item)
        return groups


class _WithQueues(FederatedStore):
    @property
    def review_queues(self) -> ReviewQueues:
        """The queues of the stores that have some."""
        queues = {n: store.review_queues for n, store in self._parts.items() if isinstance(store, WithReviewQueues)}
        return QueuesOfParts(queues, self.part_name)


class _WithWhole(FederatedStore):
    async def fetch_whole(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        """Whole traces, with whole metadata also of stores that cut it."""
        return await self._fetched(keys, _whole)


class _WithCounts(FederatedStore):
    async def count_roots(self, start: datetime, end: datetime) -> int | None:
        """The sum of all stores; None where one of them cannot tell."""
        stores = [cast("WithRootCounts", store) for store in self._parts.values()]
        counts = await asyncio.gather(*(store.count_roots(start, end) for store in stores))
        known = [n for n in counts if n is not None]
        return sum(known) if len(known) == len(counts) else None


class _WithBudget(FederatedStore):
    async def request_budget(self) -> RequestBudget:
        """Of each number the smallest: what is planned with it fits every store."""
        stores = [store for store in self._parts.values() if isinstance(store, WithRequestBudget)]
        budgets = await asyncio.gather(*(store.request_budget() for store in stores))
        names = RequestBudget.model_fields
        return RequestBudget.model_validate({name: min(getattr(b, name) for b in budgets) for name in names})


async def _whole(store: Store, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
    return await (store.fetch_whole(keys) if isinstance(store, WithWholeMetadata) else store.fetch_traces(keys))


async def _all(calls: Iterable[Awaitable[T]]) -> list[T]:
    """What all calls answer. The first error is raised when all are over."""
    answers = await asyncio.gather(*calls, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return cast("list[T]", answers)


def federated(stores: Mapping[str, Store]) -> Store:
    """Several stores as one, with the capabilities that make sense over several.

    Args:
        stores: at least two by name, the first one first.
    """
    ids = TraceIds(tuple(stores))
    parts = {name: viewed(store, name, ids) for name, store in stores.items()}

    def some(capability: type[Any]) -> bool:
        return any(isinstance(store, capability) for store in stores.values())

    has_counts = all(isinstance(store, WithRootCounts) for store in stores.values())
    bases = (
        *([_WithQueues] if some(WithReviewQueues) else []),
        *([_WithWhole] if some(WithWholeMetadata) else []),
        *([_WithCounts] if has_counts else []),
        *([_WithBudget] if some(WithRequestBudget) else []),
    )
    return cast("Store", type("FederatedStore", bases or (FederatedStore,), {})(parts, ids))
