"""One store of several, with ids as Assay has them: qualified on the way out, native on the way in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime

from assay.worker.federation.patience import Patience
from assay.worker.federation.trace_ids import TraceIds
from assay.worker.ports.source import Fetched
from assay.worker.ports.store import Store
from assay.worker.records.scores import Score, ScoreKey
from assay.worker.records.traces import Trace, TraceKey, TraceRoot


class StoreView:
    """`assay.worker.ports.store.Store` over one store. Capabilities are added by `viewed`."""

    def __init__(self, inner: Store, name: str, ids: TraceIds, patience: Patience) -> None:
        """Look at a store.

        Args:
            inner: the store.
            name: what assay.yaml calls it.
            ids: knows all names.
            patience: how long it is waited for.
        """
        self.inner = inner
        self.name = name
        self.ids = ids
        self.patience = patience

    async def project_id(self) -> str:
        """The store's own id of the project."""
        return await self.patience.call(self.inner.project_id)

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        """Pages of roots that began in a range."""
        with self.patience.asking():
            async for page in self.inner.list_roots(start, end):
                yield [self.root_out(root) for root in page]

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        """About how many traces of a range have no root anywhere."""
        return await self.patience.call(lambda: self.inner.count_rootless(start, end))

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Fetched]:
        """Whole traces by id."""
        return self.fetched_out(await self.patience.call(lambda: self.inner.fetch_traces(self.keys_in(keys))))

    async def read_scores(self, keys: Iterable[ScoreKey]) -> Mapping[str, Score]:
        """The scores that the store shows under these keys, by id."""
        native = [key._replace(trace_id=self.ids.native(key.trace_id)) for key in keys]
        shown = await self.patience.call(lambda: self.inner.read_scores(native))
        return {score_id: self.score_out(score) for score_id, score in shown.items()}

    async def write_scores(self, scores: Sequence[Score]) -> None:
        """Write or overwrite scores by id."""
        native = [with_native_trace(score, self.ids) for score in scores]
        await self.patience.call(lambda: self.inner.write_scores(native))

    async def close(self) -> None:
        """Close the store."""
        await self.inner.close()

    def keys_in(self, keys: Sequence[TraceKey]) -> list[TraceKey]:
        """Keys as the store knows them."""
        return [key.model_copy(update={"trace_id": self.ids.native(key.trace_id)}) for key in keys]

    def id_out(self, native: str) -> str:
        """A trace's id as Assay knows it."""
        return self.ids.qualified(self.name, native)

    def root_out(self, root: TraceRoot) -> TraceRoot:
        """A root as Assay knows it."""
        store = "" if self.name == self.ids.first else self.name
        return root.model_copy(update={"trace_id": self.id_out(root.trace_id), "store": store})

    def score_out(self, score: Score) -> Score:
        """A score as Assay knows it."""
        return score.model_copy(update={"trace_id": self.id_out(score.trace_id)})

    def fetched_out(self, fetched: Mapping[str, Fetched]) -> dict[str, Fetched]:
        """Traces, and why some could not be read, as Assay knows them."""
        return {
            self.id_out(native): each.model_copy(update={"root": self.root_out(each.root)})
            if isinstance(each, Trace)
            else each
            for native, each in fetched.items()
        }


def with_native_trace(score: Score, ids: TraceIds) -> Score:
    """A score as its trace's own store, or any sink, is to show it."""
    return score.model_copy(update={"trace_id": ids.native(score.trace_id)})
