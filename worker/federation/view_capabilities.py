"""What one store of several can do beside the ports of every store, with ids as Assay has them.

A capability that knows no trace ids is handed on as it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, cast

from pydantic import AwareDatetime

from assay.worker.federation.patience import Patience
from assay.worker.federation.trace_ids import TraceIds
from assay.worker.federation.view import StoreView
from assay.worker.ports.capabilities import (
    WithExamination,
    WithRequestBudget,
    WithRootCounts,
    WithScoredTraces,
    WithSessionScores,
    WithTotals,
    WithTraceImport,
    WithTrafficHints,
    WithWholeMetadata,
)
from assay.worker.ports.datasets import WithDatasets
from assay.worker.ports.experiments import WithExperiments
from assay.worker.ports.reviews import HumanScore, Reviewed, ReviewQueue, ReviewQueues, ReviewRequest, WithReviewQueues
from assay.worker.ports.source import Fetched
from assay.worker.ports.store import Store
from assay.worker.ports.trace_links import WithTraceLinks
from assay.worker.records.scores import Score
from assay.worker.records.traces import TraceKey

HANDED_ON: Mapping[type[Any], tuple[str, ...]] = {
    WithTraceImport: ("add_traces",),
    WithTotals: ("count_traces", "count_scores", "used_bytes"),
    WithSessionScores: ("write_session_scores",),
    WithRootCounts: ("count_roots",),
    WithRequestBudget: ("request_budget",),
    WithTrafficHints: ("why_late",),
    WithExamination: ("examine",),
    WithDatasets: ("datasets",),
    WithExperiments: ("experiments",),
}
"""Capabilities without ids of traces, and their methods."""


class _ScoredTraces(StoreView):
    async def scored_traces(
        self, keys: Sequence[TraceKey], names: Sequence[str] | None
    ) -> Mapping[str, Collection[Score]] | None:
        """Scores of rubrics by trace."""
        inner, native = cast("WithScoredTraces", self.inner), self.keys_in(keys)
        scored = await self.patience.call(lambda: inner.scored_traces(native, names))
        if scored is None:
            return None
        return {self.id_out(trace_id): [self.score_out(score) for score in of] for trace_id, of in scored.items()}


class _WholeMetadata(StoreView):
    async def fetch_whole(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        """Whole traces, with every value of the metadata whole."""
        inner = cast("WithWholeMetadata", self.inner)
        return self.fetched_out(await self.patience.call(lambda: inner.fetch_whole(self.keys_in(keys))))


class _TraceLinks(StoreView):
    async def trace_url(self, trace_id: str, observation_id: str | None = None) -> str:
        """The address of a trace's page."""
        inner, native = cast("WithTraceLinks", self.inner), self.ids.native(trace_id)
        return await self.patience.call(lambda: inner.trace_url(native, observation_id))


class _Queues(StoreView):
    @cached_property
    def review_queues(self) -> ReviewQueues:
        """The store's queues."""
        return _QueuesOfStore(cast("WithReviewQueues", self.inner).review_queues, self)


class _QueuesOfStore:
    """`assay.worker.ports.reviews.ReviewQueues` of one store of several."""

    def __init__(self, inner: ReviewQueues, view: StoreView) -> None:
        self._inner = inner
        self._view = view

    async def find(self, name: str) -> ReviewQueue:
        """A queue by its name."""
        return await self._view.patience.call(lambda: self._inner.find(name))

    async def add(self, queue: ReviewQueue, request: ReviewRequest, *, again: bool) -> bool:
        """Put an answer into a queue."""
        native = request.model_copy(update={"trace_id": self._view.ids.native(request.trace_id)})
        return await self._view.patience.call(lambda: self._inner.add(queue, native, again=again))

    async def completed(self, queue: ReviewQueue) -> AsyncIterator[Sequence[Reviewed]]:
        """Everything in a queue that people are done with."""
        with self._view.patience.asking():
            async for page in self._inner.completed(queue):
                yield [self._reviewed(item) for item in page]

    async def feedback(
        self, name: str, start: AwareDatetime, end: AwareDatetime
    ) -> AsyncIterator[Sequence[HumanScore]]:
        """Scores of a name that were given within a time."""
        with self._view.patience.asking():
            async for page in self._inner.feedback(name, start, end):
                yield [self._human(score) for score in page]

    def _reviewed(self, item: Reviewed) -> Reviewed:
        shown = self._view.id_out(item.id) if item.kind == "trace" else item.id
        return item.model_copy(update={"id": shown, "scores": tuple(map(self._human, item.scores))})

    def _human(self, score: HumanScore) -> HumanScore:
        if score.trace_id is None:
            return score
        return score.model_copy(update={"trace_id": self._view.id_out(score.trace_id)})


_TRANSLATED: Mapping[type[Any], type[StoreView]] = {
    WithScoredTraces: _ScoredTraces,
    WithWholeMetadata: _WholeMetadata,
    WithTraceLinks: _TraceLinks,
    WithReviewQueues: _Queues,
}


def viewed(inner: Store, name: str, ids: TraceIds) -> Store:
    """A store as one of several: it can do what the store itself can do, and nothing else."""
    bases = tuple(view for capability, view in _TRANSLATED.items() if isinstance(inner, capability)) or (StoreView,)
    methods = [each for capability, names in HANDED_ON.items() if isinstance(inner, capability) for each in names]
    kind = type("StoreView", bases, {each: property(_handed_on(each)) for each in methods})
    return cast("Store", kind(inner, name, ids, Patience(name)))


def _handed_on(name: str) -> Callable[[StoreView], Any]:
    def hand_on(view: StoreView) -> Any:
        return getattr(view.inner, name)

    return hand_on
