"""Runs read by whichever query a server has, and made into traces."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assay.worker.ports.store_errors import StoreBusy, StoreRejected, StoreUnavailable, TraceTooLarge
from assay.worker.records.traces import Tokens, Trace
from assay.worker.stores.langsmith import traces
from assay.worker.stores.langsmith.codec import root_of, trace_of
from assay.worker.stores.langsmith.store import LangSmithStore
from tests.servers.langfuse.faults import Fault, Faults
from tests.servers.langsmith.server import LangSmithServer
from tests.servers.langsmith.settings import LangSmithSettings
from tests.servers.threaded_server import Reply, Request
from tests.unit.worker.stores.langsmith.making import NOON, STEP, TRACE, asked, fill, key, run

QUERIES = "/runs/query$"


def ids(count: int) -> list[str]:
    return [f"6903738a-0000-4000-8000-{n:012x}" for n in range(1, count + 1)]


async def listed(store: LangSmithStore) -> list[str]:
    pages = [page async for page in store.list_roots(NOON, NOON + timedelta(hours=1))]
    return [root.trace_id for page in pages for root in page]


@pytest.mark.parametrize("gone", [404, 405, 410, 501])
@pytest.mark.parametrize("generation", ["newer", "older", "both"])
def test_either_query_is_found_whatever_the_other_answers(generation: Any, gone: int) -> None:
    with LangSmithServer(LangSmithSettings(generation=generation, gone_status=gone)) as server:
        fill(server, run())
        assert asked(server, listed) == [TRACE]


def test_server_that_takes_the_older_query_away_is_asked_by_the_newer_from_then_on() -> None:
    with LangSmithServer(LangSmithSettings(generation="older")) as server:
        fill(server, run())

        async def use(store: LangSmithStore) -> list[list[str]]:
            before = await listed(store)
            server.settings = LangSmithSettings(generation="newer")
            return [before, await listed(store), await listed(store)]

        assert asked(server, use) == [[TRACE]] * 3
        assert server.requests("/runs/query")[-1].path == "/api/v2/runs/query"


def test_server_with_neither_query_is_waited_for() -> None:
    faults = Faults(rules=[Fault("status", 1.0, on=QUERIES, status=404)])
    with LangSmithServer(faults=faults) as server:
        fill(server, run())
        with pytest.raises(StoreUnavailable, match="serves neither"):
            asked(server, listed)


def test_project_and_bounds_are_sent_with_every_query() -> None:
    with LangSmithServer() as server:
        fill(server, run())
        asked(server, lambda store: store.fetch_traces([key()]))
        (request,) = server.requests("/runs/query")
    assert request.json["project_ids"] == [server.session("contract")]
    assert request.json["min_start_time"] < "2026-11-20T12" < request.json["max_start_time"]


def test_twenty_traces_are_one_query_and_those_far_apart_are_not() -> None:
    near, far = ids(20), "6903738a-0000-4000-8000-0000000000ff"
    with LangSmithServer() as server:
        fill(server, *(run(i, i) for i in near), run(far, far, start=NOON - timedelta(days=8)))
        keys = [*(key(i) for i in near), key(far, NOON - timedelta(days=8))]
        assert len(asked(server, lambda store: store.fetch_traces(keys))) == 21
        assert len(server.requests("/runs/query")) == 2


def test_filter_that_a_server_refuses_is_given_up_for_one_trace_a_query() -> None:
    with LangSmithServer() as server:
        fill(server, *(run(i, i) for i in ids(4)))
        answer = server.runs.newer

        def strict(request: Request) -> Reply:
            return Reply(400, {"error": "no such field: id"}) if "trace_filter" in request.json else answer(request)

        server.runs.newer = strict  # type: ignore[method-assign]
        fetched = asked(server, lambda store: store.fetch_traces([key(i) for i in ids(4)]))
    assert sorted(fetched) == ids(4)


def test_trace_of_too_many_runs_is_told_and_takes_no_other_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(traces, "MOST_RUNS", 50)
    small, large = ids(2)
    steps = [run(f"6903738a-0000-4000-9000-{n:012x}", large) for n in range(60)]
    with LangSmithServer() as server:
        fill(server, run(small, small), run(large, large), *steps)
        fetched = asked(server, lambda store: store.fetch_traces([key(small), key(large)]))
    assert isinstance(fetched[small], Trace)
    assert isinstance(fetched[large], TraceTooLarge)


def test_trouble_in_the_middle_of_a_fetch_is_told_for_the_traces_it_befell() -> None:
    with LangSmithServer(LangSmithSettings(queries_in_10_s=1)) as server:
        fill(server, *(run(i, i) for i in ids(40)))

        async def use(store: LangSmithStore) -> Any:
            store._traces._runs._connection.max_wait_s = 0.1
            return await store.fetch_traces([key(i) for i in ids(40)])

        fetched = asked(server, use)
    kinds = [type(one) for one in fetched.values()]
    assert (kinds.count(Trace), kinds.count(StoreBusy)) == (20, 20)


def test_429_is_waited_out_when_it_asks_for_a_second() -> None:
    faults = Faults(rules=[Fault("status", 1.0, on=QUERIES, status=429, retry_after_s=1, most=1)])
    with LangSmithServer(faults=faults) as server:
        fill(server, run())
        assert asked(server, listed) == [TRACE]


def test_answer_that_is_no_json_is_no_empty_list() -> None:
    faults = Faults(rules=[Fault("status", 1.0, on=QUERIES, status=200, text="<html>welcome</html>")])
    with LangSmithServer(faults=faults) as server:
        fill(server, run())
        with pytest.raises(StoreUnavailable, match="is this LangSmith"):
            asked(server, listed)


def test_unknown_project_is_named() -> None:
    with LangSmithServer() as server, pytest.raises(StoreRejected, match="no tracing project 'contract'"):
        asked(server, listed)


def test_project_may_be_named_by_its_id() -> None:
    with LangSmithServer() as server:
        fill(server, run())
        assert asked(server, listed, project=server.session("contract")) == [TRACE]


def test_rootless_traces_are_counted() -> None:
    orphan = "6903738a-0000-4000-8000-0000000000ee"
    with LangSmithServer() as server:
        fill(server, run(), run(STEP), run("6903738a-0000-4000-8000-0000000000ef", orphan))
        assert asked(server, lambda store: store.count_rootless(NOON, NOON + timedelta(hours=1))) == 1


def test_root_columns_come_from_metadata() -> None:
    metadata = {"environment": "prod", "revision_id": "abc", "user_id": "u", "thread_id": "t", "tier": "gold"}
    row = run(extra={"metadata": metadata}, tags=["legal"], status="error")
    root = root_of(row)
    assert root is not None
    assert (root.environment, root.release, root.user_id, root.session_id) == ("prod", "abc", "u", "t")
    assert (root.level, root.tags, root.metadata) == ("ERROR", ("legal",), {"tier": "gold"})


def test_counts_above_a_model_call_are_sums_and_not_taken() -> None:
    usage: dict[str, Any] = {"prompt_tokens": 100, "completion_tokens": 20, "total_cost": "0.0031"}
    details: dict[str, Any] = {
        "prompt_token_details": {"raw": {"cache_read": 60}},
        "extra": {"metadata": {"ls_model_name": "m1"}},
    }
    rows = [run(**usage), run(STEP, run_type="LLM", **usage, **details)]
    trace = trace_of(rows)
    assert trace is not None
    (step,) = trace.observations
    assert (step.type, step.model, step.cost_usd) == ("generation", "m1", 0.0031)
    assert step.usage == Tokens(input=100, cached=60, output=20)


def test_root_that_is_a_model_call_is_a_step_too() -> None:
    trace = trace_of([run(run_type="llm", inputs={"messages": [{"role": "user", "content": "?"}]})])
    assert trace is not None
    assert [step.type for step in trace.observations] == ["generation"]


def test_documents_of_a_retriever_are_its_output() -> None:
    documents = [{"page_content": "30 days", "metadata": {}, "type": "Document"}]
    trace = trace_of([run(), run(STEP, run_type="retriever", outputs={"documents": documents})])
    assert trace is not None
    assert trace.observations[0].output == documents


def test_zero_tokens_that_nobody_counted_are_none() -> None:
    trace = trace_of([run(), run(STEP, run_type="llm", prompt_tokens=0, completion_tokens=0, total_cost=0)])
    assert trace is not None
    assert (trace.observations[0].usage, trace.observations[0].cost_usd) == (None, None)
