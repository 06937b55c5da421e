"""Listing and fetching where answers are large, traces odd, and servers old."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from assay.worker.ports.store_errors import TraceTooLarge
from assay.worker.records.traces import TraceKey, TraceRoot
from assay.worker.stores.phoenix import reading
from assay.worker.stores.phoenix.store import PhoenixStore
from tests.servers.phoenix import PhoenixServer
from tests.unit.worker.stores.phoenix.making import NOON, OTHER, TRACE, sent, span, store_on, within

HOUR = timedelta(hours=1)


@pytest.fixture
def server() -> Iterator[PhoenixServer]:
    with PhoenixServer() as running:
        yield running


async def listed(store: PhoenixStore) -> list[TraceRoot]:
    return [root async for page in store.list_roots(NOON - HOUR, NOON + HOUR) for root in page]


def key(trace_id: str) -> TraceKey:
    return TraceKey(trace_id=trace_id, start=NOON)


def test_pages_shrink_until_an_answer_is_small_enough(server: PhoenixServer) -> None:
    text = {"output.value": "x" * 10_000}
    sent(server, [span(n, trace_id=f"{n:032x}", attributes=text) for n in range(1, 61)])
    roots = within(store_on(server, most_bytes=100_000), listed)
    assert len({root.trace_id for root in roots}) == len(roots) == 60
    sizes = [int(query["limit"][0]) for _, _, query in server.requests]
    assert sizes[:4] == [500, 125, 31, 7]


def test_one_trace_that_is_too_large_takes_no_other_along(server: PhoenixServer) -> None:
    sent(server, [span(1, attributes={"output.value": "x" * 200_000})])
    sent(server, [span(n, trace_id=f"{n:032x}", attributes={"output.value": "short"}) for n in range(2, 50)])
    ids = [TRACE, *(f"{n:032x}" for n in range(2, 50))]
    fetched = within(store_on(server, most_bytes=100_000), lambda store: store.fetch_traces([key(i) for i in ids]))
    assert isinstance(fetched[TRACE], TraceTooLarge)
    assert {i for i in ids if not isinstance(fetched[i], TraceTooLarge)} == set(ids[1:])


def test_long_trace_is_read_in_smaller_pages(server: PhoenixServer) -> None:
    steps = [span(n, parent=1, attributes={"output.value": "x" * 10_000}) for n in range(2, 40)]
    sent(server, [span(1), *steps])
    fetched = within(store_on(server, most_bytes=60_000), lambda store: store.fetch_traces([key(TRACE)]))
    trace = fetched[TRACE]
    assert not isinstance(trace, Exception)
    assert len(trace.observations) == 38


def test_trace_with_more_spans_than_we_hold_is_skipped(server: PhoenixServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_SPANS", 20)
    sent(server, [span(1), *(span(n, parent=1) for n in range(2, 40))])
    fetched = within(store_on(server), lambda store: store.fetch_traces([key(TRACE)]))
    assert isinstance(fetched[TRACE], TraceTooLarge)


def test_trace_with_more_bytes_than_we_hold_is_skipped(server: PhoenixServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_BYTES", 20_000)
    sent(server, [span(1), *(span(n, parent=1, attributes={"output.value": "x" * 5_000}) for n in range(2, 10))])
    sent(server, [span(99, trace_id=OTHER)])
    fetched = within(store_on(server), lambda store: store.fetch_traces([key(TRACE), key(OTHER)]))
    assert isinstance(fetched[TRACE], TraceTooLarge)
    assert not isinstance(fetched[OTHER], TraceTooLarge)


def test_traces_without_a_root_are_counted_and_not_listed(server: PhoenixServer) -> None:
    sent(server, [span(1), span(2, parent=1), span(3, trace_id=OTHER, parent=99)])
    store = store_on(server)
    assert within(store, lambda s: s.count_rootless(NOON - HOUR, NOON + HOUR)) == 1
    assert [root.trace_id for root in within(store, listed)] == [TRACE]
    assert within(store, lambda s: s.fetch_traces([key(OTHER)])) == {}


def test_server_that_does_not_know_the_filter_gives_the_same_count(
    server: PhoenixServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_ROOTLESS", "words of another version")
    sent(server, [span(1), span(3, trace_id=OTHER, parent=99)])
    assert within(store_on(server), lambda s: s.count_rootless(NOON - HOUR, NOON + HOUR)) == 1


def test_evaluations_of_ours_are_no_roots_and_no_steps(server: PhoenixServer) -> None:
    ours = {"gen_ai.evaluation.name": "groundedness"}
    sent(server, [span(1), span(2, parent=1, attributes=ours), span(3, trace_id=OTHER, attributes=ours)])
    store = store_on(server)
    assert [root.trace_id for root in within(store, listed)] == [TRACE]
    fetched = within(store, lambda s: s.fetch_traces([key(TRACE), key(OTHER)]))
    assert set(fetched) == {TRACE}
    assert fetched[TRACE].observations == ()  # type: ignore[union-attr]


def test_traces_of_another_project_are_not_seen(server: PhoenixServer) -> None:
    sent(server, [span(1)], project="mine")
    sent(server, [span(2, trace_id=OTHER)], project="theirs")
    store = store_on(server, project="mine")
    assert [root.trace_id for root in within(store, listed)] == [TRACE]
    assert set(within(store, lambda s: s.fetch_traces([key(TRACE), key(OTHER)]))) == {TRACE}


def test_what_stands_on_the_resource_is_lost(server: PhoenixServer) -> None:
    """Seen on 20.26.1: only attributes of the span itself come back."""
    sent(server, [span(1, resource={"deployment.environment.name": "production"})])
    (root,) = within(store_on(server), listed)
    assert root.environment == "default"
    sent(server, [span(2, trace_id=OTHER, attributes={"deployment.environment.name": "production"})])
    assert {root.environment for root in within(store_on(server), listed)} == {"default", "production"}
