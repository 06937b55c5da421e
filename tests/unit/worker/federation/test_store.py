"""Several stores as one: ids are told apart, an outage of one is told for its own traces, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import cast

import pytest

from assay.worker.federation.store import FederatedStore, federated
from assay.worker.ports.capabilities import WithRootCounts, WithScoredTraces, WithTraceImport
from assay.worker.ports.parts import WithParts, part_of, parts_of, project_of, projects_of
from assay.worker.ports.reviews import WithReviewQueues
from assay.worker.ports.source import trace_in
from assay.worker.ports.store import Store
from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.ports.trace_links import trace_url
from assay.worker.records.scores import Score
from assay.worker.records.traces import Trace, TraceKey, TraceRoot
from tests.builders import NOW, make_trace
from tests.fakes import FlakyStore


class Listed(FlakyStore):
    """A store in memory that lists its traces, links to them and knows what it counts."""

    def __init__(self, project: str, traces: Sequence[Trace]) -> None:
        super().__init__(traces)
        self.project = project
        self.is_down = False

    async def project_id(self) -> str:
        return self.project

    async def list_roots(self, start: datetime, end: datetime) -> AsyncIterator[Sequence[TraceRoot]]:
        for trace in self.traces.values():
            yield [trace.root]
        if self.is_down:
            raise StoreUnavailable(f"{self.project} is down")

    async def fetch_traces(self, keys: Sequence[TraceKey]) -> Mapping[str, Trace]:
        if self.is_down:
            raise StoreUnavailable(f"{self.project} is down")
        return {key.trace_id: self.traces[key.trace_id] for key in keys if key.trace_id in self.traces}

    async def count_rootless(self, start: datetime, end: datetime) -> int:
        return 2

    async def count_roots(self, start: datetime, end: datetime) -> int | None:
        return len(self.traces)


class Linked(Listed):
    """One with pages."""

    async def trace_url(self, trace_id: str, observation_id: str | None = None) -> str:
        return f"https://{self.project}/{trace_id}"


def two() -> tuple[Listed, Linked, Store]:
    chat = Listed("p1", [make_trace("a"), make_trace("rag~a")])
    rag = Linked("p2", [make_trace("a"), make_trace("b")])
    return chat, rag, federated({"chat": cast("Store", chat), "rag": cast("Store", rag)})


def key(trace_id: str) -> TraceKey:
    return TraceKey(trace_id=trace_id, start=NOW)


def score(trace_id: str, score_id: str) -> Score:
    return Score(id=score_id, trace_id=trace_id, name="n", value=1.0, timestamp=NOW)


async def listed(store: Store) -> list[TraceRoot]:
    return [root async for page in store.list_roots(NOW, NOW + timedelta(hours=1)) for root in page]


def test_traces_of_all_stores_have_ids_and_a_store_of_their_own() -> None:
    _, _, store = two()
    roots = {root.trace_id: root.store for root in asyncio.run(listed(store))}
    assert roots == {"a": "", "chat~rag~a": "", "rag~a": "rag", "rag~b": "rag"}
    fetched = asyncio.run(store.fetch_traces([key(trace_id) for trace_id in (*roots, "rag~c")]))
    assert {trace_id: trace_in(fetched, trace_id) is not None for trace_id in fetched} == dict.fromkeys(roots, True)
    assert all(cast("Trace", trace).id == trace_id for trace_id, trace in fetched.items())


def test_store_that_is_down_hides_no_other() -> None:
    chat, _, store = two()
    chat.is_down = True

    ids: set[str] = set()

    async def read() -> None:
        async for page in store.list_roots(NOW, NOW):
            ids.update(root.trace_id for root in page)

    with pytest.raises(StoreUnavailable, match="p1 is down"):
        asyncio.run(read())
    assert ids == {"a", "chat~rag~a", "rag~a", "rag~b"}
    fetched = asyncio.run(store.fetch_traces([key("a"), key("rag~a")]))
    assert isinstance(fetched["a"], StoreUnavailable)
    assert isinstance(fetched["rag~a"], Trace)
    with pytest.raises(StoreUnavailable):
        asyncio.run(store.fetch_traces([key("a")]))


def test_scores_go_to_their_own_store_under_its_own_ids() -> None:
    chat, rag, store = two()

    async def work() -> Mapping[str, Score]:
        scores = [score("a", "1"), score("rag~a", "2"), score("chat~rag~a", "3")]
        await store.write_scores(scores)
        return await store.read_scores(each.key for each in scores)

    shown = asyncio.run(work())
    assert {i: each.trace_id for i, each in shown.items()} == {"1": "a", "2": "rag~a", "3": "chat~rag~a"}
    assert {i: each.trace_id for i, each in chat.scores.items()} == {"1": "a", "3": "rag~a"}
    assert {i: each.trace_id for i, each in rag.scores.items()} == {"2": "a"}


def test_each_trace_has_its_own_project_page_and_part() -> None:
    _, _, store = two()

    async def work() -> tuple[object, ...]:
        return (
            await project_of(store, "rag~a"),
            await projects_of(store, ["a", "rag~a"]),
            await trace_url(store, "rag~a"),
            await trace_url(store, "a"),
        )

    assert asyncio.run(work()) == ("p2", {"a": "p1", "rag~a": "p2"}, "https://p2/a", None)
    assert isinstance(store, WithParts)
    assert part_of(store, "rag~x") is parts_of(store)["rag"]


def test_it_can_do_what_makes_sense_over_all_and_its_parts_what_each_can() -> None:
    _, _, store = two()
    assert isinstance(store, WithRootCounts)
    assert not isinstance(store, WithReviewQueues | WithTraceImport | WithScoredTraces)
    assert not isinstance(parts_of(store)["chat"], WithReviewQueues)

    async def counts() -> tuple[int | None, int]:
        return await cast("WithRootCounts", store).count_roots(NOW, NOW), await store.count_rootless(NOW, NOW)

    assert asyncio.run(counts()) == (4, 4)
    assert isinstance(store, FederatedStore)
