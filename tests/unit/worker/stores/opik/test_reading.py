"""Opik's traces: what a row says, what is no traffic, and streams that end too early."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.worker.ports.store_errors import (
    StoreAccessDenied,
    StoreBusy,
    StoreUnavailable,
    TraceTooLarge,
)
from assay.worker.records.traces import Tokens, Trace
from assay.worker.stores.opik import store as opik_store
from assay.worker.stores.opik.traces import moment, trace_of
from tests.servers.opik import OpikFault, OpikServer
from tests.unit.worker.stores.opik.making import HOUR, NOON, add_trace, key_of, listed, opened, uuid7


def test_project_is_found_by_name_and_never_made() -> None:
    async def run() -> None:
        async with opened(server) as store, opened(server, project="typo") as wrong:
            assert await store.project_id() == server.projects[server.project]
            with pytest.raises(ConfigurationError, match="no project 'typo'"):
                await wrong.project_id()

    with OpikServer() as server:
        asyncio.run(run())
        assert list(server.projects) == [server.project]


def test_experiments_evaluators_and_our_own_traces_are_no_traffic() -> None:
    async def run() -> list[str]:
        async with opened(server) as store:
            return [root.trace_id for root in await listed(store)]

    with OpikServer() as server:
        app = add_trace(server, 1)
        older_sdk = add_trace(server, 2, source=None)
        for number, source in enumerate(("experiment", "playground", "optimization", "evaluator"), 3):
            add_trace(server, number, source=source)
        add_trace(server, 8, environment="assay")
        add_trace(server, 9, metadata={"environment": "assay"})
        assert sorted(asyncio.run(run())) == [app, older_sdk]


def test_columns_that_opik_lacks_are_read_from_the_metadata() -> None:
    async def run() -> None:
        async with opened(server) as store:
            (root,) = await listed(store)
            assert (root.release, root.version, root.user_id) == ("r1", "2", "ann")
            assert (root.environment, root.session_id, root.level) == ("staging", "t1", "ERROR")
            assert root.tags == ("a", "b")

    with OpikServer() as server:
        metadata = {"release": "r1", "version": 2, "user_id": "ann", "environment": "staging"}
        error = {"exception_type": "KeyError", "traceback": "…"}
        add_trace(server, 1, metadata=metadata, thread_id="t1", tags=["b", "a"], error_info=error)
        asyncio.run(run())


@pytest.mark.parametrize("way", ["half", "cut", "error_row"])
def test_listing_goes_on_where_a_stream_ended_too_early(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a query fails midway, Opik ends the stream as if that were all."""
    monkeypatch.setattr(opik_store, "PAGE", 100)

    async def run() -> set[str]:
        async with opened(server) as store:
            return {root.trace_id for root in await listed(store)}

    with OpikServer() as server:
        ids = {add_trace(server, number) for number in range(1, 161)}
        server.faults.append(OpikFault("/traces/search", way))  # type: ignore[arg-type]
        assert asyncio.run(run()) == ids


def test_listing_asks_for_less_where_an_answer_is_too_large() -> None:
    async def run() -> int:
        async with opened(server, most_bytes=100_000) as store:
            return len(await listed(store))

    with OpikServer() as server:
        for number in range(1, 201):
            add_trace(server, number, metadata={"long": "x" * 1000})
        assert asyncio.run(run()) == 200


def test_trace_is_judged_with_all_its_spans_or_not_at_all() -> None:
    async def run(times: int) -> object:
        server.faults.append(OpikFault("/spans/search", "half", times=times))
        async with opened(server) as store:
            return (await store.fetch_traces([key_of(trace_id), key_of(other)])).get(trace_id)

    with OpikServer() as server:
        trace_id, other = add_trace(server, 1, spans=7), add_trace(server, 2, spans=0)
        whole = asyncio.run(run(times=1))
        assert isinstance(whole, Trace)
        assert len(whole.observations) == 7
        broken = asyncio.run(run(times=20))
        assert isinstance(broken, StoreUnavailable)
        assert "of its 7 spans" in str(broken)


def test_endless_trace_is_too_large_and_takes_no_other_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opik_store, "MOST_SPANS", 10)

    async def run() -> dict[str, object]:
        async with opened(server) as store:
            return dict(await store.fetch_traces([key_of(long), key_of(short)]))

    with OpikServer() as server:
        long, short = add_trace(server, 1, spans=11), add_trace(server, 2)
        fetched = asyncio.run(run())
        assert isinstance(fetched[long], TraceTooLarge)
        assert isinstance(fetched[short], Trace)


def test_removed_route_is_not_taken_for_a_missing_trace() -> None:
    async def run() -> None:
        async with opened(server) as store:
            assert await store.fetch_traces([key_of(uuid7(99))]) == {}
            with pytest.raises(StoreUnavailable, match="404"):
                await store.fetch_traces([key_of(trace_id)])

    with OpikServer() as server:
        trace_id = add_trace(server, 1)
        server.faults.append(OpikFault(f"/traces/{trace_id}", "gone", times=9))
        asyncio.run(run())


def test_busy_server_is_asked_again_as_it_wishes() -> None:
    async def run() -> None:
        async with opened(server) as store:
            await store.project_id()
            server.faults.append(OpikFault("/traces/search", status=429, headers={"RateLimit-Reset": "1"}))
            assert len(await listed(store)) == 1
            server.faults.append(OpikFault("/traces/search", status=429, headers={"Retry-After": "120"}))
            with pytest.raises(StoreBusy) as caught:
                await listed(store)
            assert caught.value.retry_after_s == 120

    with OpikServer() as server:
        add_trace(server, 1)
        asyncio.run(run())


def test_server_errors_pass_or_are_said() -> None:
    async def run() -> None:
        async with opened(server) as store:
            server.faults.append(OpikFault("/traces/search", status=503, times=2))
            assert len(await listed(store)) == 1
            server.faults.append(OpikFault("/traces/search", status=500, times=3))
            with pytest.raises(StoreUnavailable, match="500: it is not to be"):
                await listed(store)

    with OpikServer() as server:
        add_trace(server, 1)
        asyncio.run(run())


def test_hanging_server_is_waited_for_so_long_and_no_longer() -> None:
    async def run() -> None:
        async with opened(server, timeout_s=0.2) as store:
            with pytest.raises(StoreUnavailable, match="no answer"):
                await store.project_id()

    with OpikServer() as server:
        server.faults.append(OpikFault("/projects", "hang"))
        asyncio.run(run())


def test_wrong_key_is_said_and_never_shown() -> None:
    async def run() -> None:
        async with opened(server, api_key=SecretStr("secret-word")) as store:
            with pytest.raises(StoreAccessDenied, match="OPIK_API_KEY") as caught:
                await listed(store)
            assert "secret-word" not in str(caught.value)

    with OpikServer() as server:
        asyncio.run(run())


def test_traces_of_which_only_spans_came_are_counted() -> None:
    async def run() -> int:
        async with opened(server) as store:
            return await store.count_rootless(NOON - HOUR, NOON + HOUR)

    with OpikServer() as server:
        for number in range(1, 9):
            add_trace(server, number)
        server.tables.settle()
        for number in range(1, 4):
            del server.tables.traces[uuid7(number)]
        assert asyncio.run(run()) == 3


def test_usage_is_read_as_the_sdk_flattens_it() -> None:
    usage = {
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "original_usage.cache_read_input_tokens": 90,
        "original_usage.completion_tokens_details.reasoning_tokens": 2,
    }
    row = {"id": "t", "start_time": "2026-11-21T12:00:00Z"}
    span = {**row, "id": "s", "type": "llm", "usage": usage, "ttft": 12.5, "total_estimated_cost": 0}
    trace = trace_of(row, [span, {**span, "name": "later", "end_time": "2026-11-21T12:00:09Z"}])
    assert trace is not None
    (step,) = trace.observations
    assert step.usage == Tokens(input=100, cached=90, output=5, reasoning=2)
    assert (step.cost_usd, step.name, step.type) == (None, "later", "generation")
    assert step.first_token == step.start + timedelta(milliseconds=12.5)


def test_evaluation_spans_are_no_content() -> None:
    row = {"id": "t", "start_time": "2026-11-21T12:00:00Z"}
    judged = {**row, "id": "s", "metadata": {"gen_ai.evaluation.name": "groundedness"}}
    trace = trace_of(row, [judged, {**row, "id": "odd", "start_time": None}])
    assert trace is not None
    assert trace.observations == ()
    assert trace_of({"id": "t"}, []) is None


def test_moments_are_read_in_every_precision() -> None:
    assert moment("2026-11-21T12:00:00.123456789Z") is not None
    assert moment("2026-11-21T12:00:00") == NOON
    assert moment("yesterday") is None
    assert moment(None) is None
