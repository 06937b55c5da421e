"""Whole traces by id, and results among their spans, where the server is unkind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import pytest

from assay.worker.ports.store_errors import StoreAccessDenied, StoreRejected, StoreUnavailable, TraceTooLarge
from assay.worker.records.scores import Score
from assay.worker.records.traces import Trace, TraceKey
from tests.servers.tempo import TempoServer
from tests.unit.worker.stores.tempo.test_listing import NOON, fill, span, store_of

T = TypeVar("T")


@pytest.fixture
def server() -> Iterator[TempoServer]:
    with TempoServer() as server:
        yield server


def within(server: TempoServer, use: Callable[[Any], Awaitable[T]]) -> T:
    async def run() -> T:
        store = store_of(server)
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(run())


def key(number: int) -> TraceKey:
    return TraceKey(trace_id=f"{number:032x}", start=NOON)


def fetched(server: TempoServer, *numbers: int) -> dict[str, Any]:
    return within(server, lambda store: store.fetch_traces([key(n) for n in numbers]))


def score(number: int = 1, **columns: Any) -> Score:
    told = {"id": f"s{number}", "trace_id": f"{number:032x}", "name": "groundedness", "value": 0.5, "timestamp": NOON}
    return Score.model_validate(told | columns)


@pytest.mark.parametrize("has_v2", [True, False])
def test_trace_that_is_given_in_part_is_too_large_and_takes_no_other_with_it(server: TempoServer, has_v2: bool) -> None:
    server.settings.has_v2, server.settings.max_bytes = has_v2, 2000
    fill(server, span(1, attributes={"input.value": "x" * 5000}), span(2))
    read = fetched(server, 1, 2, 3)
    assert isinstance(read[key(1).trace_id], TraceTooLarge)
    assert isinstance(read[key(2).trace_id], Trace)
    assert key(3).trace_id not in read


def test_older_server_is_asked_by_the_older_route_from_then_on(server: TempoServer) -> None:
    server.settings.has_v2 = False
    fill(server, span(1), span(2))

    async def use(store: Any) -> int:
        await store.fetch_traces([key(1)])
        return len(await store.fetch_traces([key(2)]))

    assert within(server, use) == 1
    assert server.asked("/api/v2/traces") == 1


def test_trace_whose_sender_left_spans_out_is_whole_as_it_is_stored(server: TempoServer) -> None:
    words = "Trace was already pruned before it reached Tempo; this is the complete trace Tempo has stored"
    server.fail(
        "/api/v2/traces", 200, f'{{"trace": {{"resourceSpans": []}}, "status": "PARTIAL", "message": "{words}"}}'
    )
    assert fetched(server, 1) == {}
    server.fail("/api/v2/traces", 200, '{"trace": {}, "status": "PARTIAL", "message": "Trace was pruned by Tempo"}')
    assert isinstance(fetched(server, 1)[key(1).trace_id], TraceTooLarge)


@pytest.mark.parametrize("status", [422, 500])
def test_refusal_that_tells_of_size_is_too_large(server: TempoServer, status: int) -> None:
    server.fail("/api/v2/traces", status, "trace exceeds max size (max bytes: 5000000)")
    assert isinstance(fetched(server, 1)[key(1).trace_id], TraceTooLarge)


def test_trace_larger_than_we_take_is_too_large(server: TempoServer) -> None:
    fill(server, span(1, attributes={"input.value": "x" * 50_000}))

    async def use(store: Any) -> Any:
        store.client.connection.most_bytes = 10_000
        return await store.fetch_traces([key(1)])

    assert isinstance(within(server, use)[key(1).trace_id], TraceTooLarge)


def test_server_that_is_away_reads_nothing(server: TempoServer) -> None:
    server.fail("/api/v2/traces", 500, "internal", times=9)
    with pytest.raises(StoreUnavailable, match="500: internal"):
        fetched(server, 1, 2)
    server.faults.clear()
    server.fail("/api/v2/traces", 401, "no org id", times=9)
    with pytest.raises(StoreAccessDenied):
        fetched(server, 1, 2)


def test_one_trace_that_fails_leaves_the_others(server: TempoServer) -> None:
    fill(server, *(span(n) for n in range(1, 6)))
    server.fail("/api/v2/traces", 500, "internal")
    read = fetched(server, *range(1, 6))
    assert sum(isinstance(trace, Trace) for trace in read.values()) == 4
    assert sum(isinstance(trace, StoreUnavailable) for trace in read.values()) == 1


def test_ids_of_other_stores_are_not_there_and_not_asked_for(server: TempoServer) -> None:
    read = within(server, lambda store: store.fetch_traces([TraceKey(trace_id="run-17", start=NOON)]))
    assert (read, server.requests) == ({}, [])


def test_result_is_no_step_of_the_trace_and_does_not_change_its_root(server: TempoServer) -> None:
    fill(server, span(1))
    before = fetched(server, 1)
    within(server, lambda store: store.write_scores([score()]))
    assert len(server.kept.of(key(1).trace_id)) == 2
    assert fetched(server, 1) == before


def test_root_is_looked_for_once_where_the_score_does_not_name_it(server: TempoServer) -> None:
    fill(server, span(1))

    async def use(store: Any) -> None:
        await store.write_scores([score(), score(value=0.6, id="s9")])
        await store.write_scores([score(value=0.7)])

    within(server, use)
    assert server.asked("/api/v2/traces") == 1
    parents = {kept.span.parent_span_id.hex() for kept in server.kept.of(key(1).trace_id)[1:]}
    assert parents == {span(1).span_id}


def test_score_of_a_trace_without_a_root_is_refused_by_name(server: TempoServer) -> None:
    fill(server, span(1, parent_id="00000000000000aa"))
    with pytest.raises(StoreRejected, match=f"trace '{key(1).trace_id}': this store has no root span"):
        within(server, lambda store: store.write_scores([score()]))


def test_rewritten_score_is_another_span_and_the_newest_is_read(server: TempoServer) -> None:
    """The server gives one span of each id, the first: with one id for both it would show the older for ever."""
    fill(server, span(1))

    async def use(store: Any) -> list[object]:
        seen = []
        for value in (0.1, 0.1, 0.9):
            await store.write_scores([score(value=value)])
            seen.append((await store.read_scores([score().key]))["s1"].value)
        return seen

    assert within(server, use) == [0.1, 0.1, 0.9]
    ids = {kept.span.span_id for kept in server.kept.of(key(1).trace_id)}
    assert len(ids) == 1 + 2


def test_score_whose_texts_the_server_cuts_is_still_verified(server: TempoServer) -> None:
    """Attributes of more than 2,048 bytes are cut there unless the operator allows more."""
    server.kept.longest_attribute = 2048
    fill(server, span(1))
    long = score(comment="c" * 5000, metadata={"rubric": "r", "rubric_hash": "0f", "deep": {"x": "d" * 5000}})

    async def use(store: Any) -> tuple[Score, Any]:
        await store.write_scores([long])
        return (await store.read_scores([long.key]))["s1"], await store.scored_traces([key(1)], None)

    read, scored = within(server, use)
    assert (read.value, read.name, len(read.comment)) == (0.5, "groundedness", 2048)
    assert read.metadata == {"rubric": "r", "rubric_hash": "0f"}
    assert list(scored) == [key(1).trace_id]


def test_accepted_but_dropped_and_refused_in_part_are_told_apart(server: TempoServer) -> None:
    fill(server, span(1))
    server.kept.drops = True

    async def use(store: Any) -> Any:
        await store.write_scores([score()])
        return await store.read_scores([score().key])

    assert within(server, use) == {}
    server.kept.drops, server.kept.rejects = False, 1
    with pytest.raises(StoreRejected, match="refused 1 of 1: LIVE_TRACES_EXCEEDED"):
        within(server, lambda store: store.write_scores([score()]))


def test_budget_is_what_one_minute_allows(server: TempoServer) -> None:
    budget = within(server, lambda store: store.request_budget())
    assert (budget.traces_per_request, budget.roots_per_request) == (1, 5000)
