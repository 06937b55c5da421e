"""Spans searched for, and made into traces."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assay.worker.ports.store_errors import StoreBusy, StoreUnavailable, TraceTooLarge
from assay.worker.records.traces import Tokens, Trace
from assay.worker.stores.datadog import traces
from assay.worker.stores.datadog.codec import root_of, trace_of
from assay.worker.stores.datadog.store import DatadogStore
from tests.servers.datadog.server import DatadogServer
from tests.servers.datadog.settings import DatadogSettings
from tests.servers.langfuse.faults import Fault, Faults
from tests.unit.worker.stores.datadog.making import NOON, ROOT, STEP, TRACE, asked, fill, key, span

HOUR = timedelta(hours=1)
SEARCHES = r"spans/events/search$"


async def listed(store: DatadogStore) -> list[str]:
    pages = [page async for page in store.list_roots(NOON, NOON + HOUR)]
    return [root.trace_id for page in pages for root in page]


def shown(*spans: dict[str, Any], **settings: Any) -> list[dict[str, Any]]:
    """Spans as a search gives them."""
    server = DatadogServer(DatadogSettings(**settings))
    fill(server, *spans)
    return [server._with_evaluations(one) for one in server.spans.values()]


@pytest.mark.parametrize("takes_words", [True, False])
def test_bounds_are_sent_with_every_search(takes_words: bool) -> None:
    with DatadogServer(DatadogSettings(takes_words=takes_words)) as server:
        fill(server, span(), span(STEP, parent_id=ROOT))

        async def use(store: DatadogStore) -> None:
            assert await listed(store) == [TRACE]
            assert list(await store.fetch_traces([key()])) == [TRACE]

        asked(server, use)
        filters = [r.json["data"]["attributes"]["filter"] for r in server.requests("/search")]
    assert all({"from", "to"} <= one.keys() for one in filters)


def test_traces_are_found_in_one_search_where_words_are_taken() -> None:
    ids = [f"{n:032x}" for n in range(1, 26)]
    with DatadogServer() as server:
        fill(server, *(span(str(n), trace_id) for n, trace_id in enumerate(ids, 1)))
        assert len(asked(server, lambda store: store.fetch_traces([key(i) for i in ids]))) == 25
        assert len(server.requests("/search")) == 1


def test_words_that_are_not_taken_are_given_up_once_and_told_by_doctor() -> None:
    with DatadogServer(DatadogSettings(takes_words=False)) as server:
        fill(server, span())

        async def use(store: DatadogStore) -> list[int]:
            counts = []
            for _ in range(2):
                before = len(server.log)
                assert list(await store.fetch_traces([key()])) == [TRACE]
                counts.append(len(server.log) - before)
            assert not store.spans.takes_words
            return counts

        assert asked(server, use) == [3, 1]


def test_roots_are_found_although_only_the_words_for_traces_are_taken() -> None:
    """One kind of words that works says nothing of another: else a listing would be empty, and nobody would know."""
    with DatadogServer() as server:
        fill(server, span())
        matching = server._matching

        def without_roots(wanted: Any) -> Any:
            return [] if "ml_app:" in wanted.get("query", "") else matching(wanted)

        server._matching = without_roots  # type: ignore[method-assign]

        async def use(store: DatadogStore) -> list[str]:
            await store.fetch_traces([key()])
            return await listed(store)

        assert asked(server, use) == [TRACE]


def test_search_that_ran_out_of_time_is_no_short_list() -> None:
    with DatadogServer(DatadogSettings(times_out=True)) as server:
        fill(server, span())
        with pytest.raises(StoreUnavailable, match="ran out of time"):
            asked(server, listed)


def test_spans_of_another_application_are_left_out() -> None:
    with DatadogServer() as server:
        fill(server, span())
        fill(server, span("7", "8" * 32), ml_app="other-bot")
        assert asked(server, listed) == [TRACE]


def test_trace_of_too_many_spans_is_told_and_takes_no_other_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "MOST_SPANS", 50)
    small, large = "1" * 32, "2" * 32
    with DatadogServer() as server:
        fill(server, span("1", small), span("2", large))
        fill(server, *(span(str(100 + n), large, parent_id="2") for n in range(60)))
        fetched = asked(server, lambda store: store.fetch_traces([key(small), key(large)]))
    assert isinstance(fetched[small], Trace)
    assert isinstance(fetched[large], TraceTooLarge)


def test_trouble_in_the_middle_of_a_fetch_is_told_for_the_traces_it_befell() -> None:
    ids = [f"{n:032x}" for n in range(1, 51)]
    with DatadogServer(DatadogSettings(searches_in_all=1)) as server:
        fill(server, *(span(str(n), trace_id) for n, trace_id in enumerate(ids, 1)))

        async def use(store: DatadogStore) -> Any:
            store._search.max_wait_s = 0.1
            return await store.fetch_traces([key(i) for i in ids])

        kinds = [type(one) for one in asked(server, use).values()]
    assert (kinds.count(Trace), kinds.count(StoreBusy)) == (25, 25)


def test_answer_that_is_no_json_is_no_empty_list() -> None:
    faults = Faults(rules=[Fault("status", 1.0, on=SEARCHES, status=200, text="<html>welcome</html>")])
    with DatadogServer(faults=faults) as server, pytest.raises(StoreUnavailable, match="is this Datadog"):
        asked(server, listed)


def test_rootless_traces_are_counted() -> None:
    with DatadogServer() as server:
        early = span("1", "1" * 32, start=NOON - timedelta(minutes=30))
        fill(server, span(), early, span("2", "1" * 32, parent_id="1"), span("3", "3" * 32, parent_id="99"))
        assert asked(server, lambda store: store.count_rootless(NOON, NOON + HOUR)) == 1


def test_start_is_read_whether_it_is_in_nanoseconds_or_milliseconds() -> None:
    for in_ms in (True, False):
        (row,) = shown(span(), start_in_ms=in_ms)
        root = root_of(row)
        assert root is not None
        assert (root.start, root.end) == (NOON, NOON + timedelta(seconds=2))


def test_root_columns_come_from_tags() -> None:
    tags = ["env:prod", "version:1.2", "user_id:u", "git.commit.sha:abc", "tier:gold", "legal", "language:python"]
    (row,) = shown(span(tags=tags, session_id="s", status="error", meta={"metadata": {"k": 1}}))
    root = root_of(row)
    assert root is not None
    assert (root.environment, root.version, root.user_id, root.release, root.session_id) == (
        "prod", "1.2", "u", "abc", "s",
    )  # fmt: skip
    assert (root.level, root.tags, root.metadata) == ("ERROR", ("tier:gold", "legal"), {"k": 1})


def test_model_call_keeps_its_messages_counts_and_cost() -> None:
    messages = [{"role": "user", "content": "hi"}]
    meta = {"input": {"messages": messages}, "output": {"value": "hello"}, "metadata": {"model_name": "m1"}}
    metrics = {"input_tokens": 10.0, "output_tokens": 4.0, "estimated_total_cost": 7500.0, "time_to_first_token": 0.5}
    trace = trace_of(shown(span(), span(STEP, parent_id=ROOT, kind="llm", meta=meta, metrics=metrics)))
    assert trace is not None
    (step,) = trace.observations
    assert (step.type, step.model, step.input, step.output) == ("generation", "m1", messages, "hello")
    assert step.usage == Tokens(input=10, output=4)
    assert step.cost_usd == 7.5e-6
    assert step.first_token == NOON + timedelta(seconds=0.5)


def test_documents_are_taken_where_a_search_shows_them_and_else_from_the_text() -> None:
    documents = [{"text": "30 days", "id": "d1", "score": 0.9}]
    rows = shown(span(), span(STEP, parent_id=ROOT, kind="retrieval", meta={"output": {"documents": documents}}))
    for row in (rows, [*rows[:1], {**rows[1], "output": {"documents": documents, "value": "30 days"}}]):
        trace = trace_of(row)
        assert trace is not None
        assert trace.observations[0].output == documents


def test_intake_refuses_old_spans_as_the_real_one_says() -> None:
    server = DatadogServer(DatadogSettings(newest_span_s=86_400))
    assert server._take_spans({"data": {"attributes": {"ml_app": "a", "spans": [span()]}}}).status == 400
