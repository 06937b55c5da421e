"""Rows that nobody can read, a project that is renamed, answers that never end, keys that come back."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.worker.ports.store import StoreContext
from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.records.traces import Trace
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.opik import store as opik_store
from assay.worker.stores.opik.factory import FACTORY, OpikSection, OpikVariables
from tests.servers.opik import OpikFault, OpikServer
from tests.servers.opik.server import PROJECT_ID
from tests.unit.worker.stores.opik.making import add_trace, key_of, listed, opened, score_of, uuid7


def nested(levels: int) -> Any:
    return json.loads("[" * levels + "]" * levels)


@pytest.mark.parametrize("columns", [{"input": nested(300)}, {"metadata": {"a": nested(300)}}])
def test_row_that_cannot_be_read_takes_no_neighbour_along(columns: dict[str, Any]) -> None:
    async def run() -> None:
        async with opened(server) as store:
            assert len(await listed(store)) == 2
            fetched = await store.fetch_traces([key_of(good), key_of(bad)])
            assert isinstance(fetched[good], Trace)
            assert isinstance(fetched[bad], StoreRejected if "input" in columns else Trace)

    with OpikServer() as server:
        good, bad = add_trace(server, 1), add_trace(server, 2, **columns)
        asyncio.run(run())


def test_renamed_project_keeps_its_traces_and_gets_its_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opik_store, "NAME_KNOWN_S", 0.0)

    async def run() -> None:
        async with opened(server) as store:
            await store.write_scores([score_of(trace_id, "before")])
            server.rename("renamed by a person")
            await store.write_scores([score_of(trace_id, "after")])
            assert len(await listed(store)) == 1
            shown = await store.read_scores([score_of(trace_id, name).key for name in ("before", "after")])
            assert len(shown) == 2

    with OpikServer() as server:
        trace_id = add_trace(server, 1)
        asyncio.run(run())
        assert server.projects == {"renamed by a person": PROJECT_ID}


def test_project_that_was_deleted_is_told_by_reads_and_writes() -> None:
    async def run() -> None:
        async with opened(server) as store:
            await store.project_id()
            server.projects = {}
            with pytest.raises(ConfigurationError, match="no more"):
                await listed(store)
            with pytest.raises(ConfigurationError, match="no more"):
                await store.write_scores([score_of(trace_id)])
        assert server.projects == {}

    with OpikServer() as server:
        trace_id = uuid7(1)
        asyncio.run(run())


def test_name_is_asked_once_a_minute_and_not_at_every_write() -> None:
    async def run() -> None:
        async with opened(server) as store:
            for _ in range(5):
                await store.write_scores([score_of(trace_id)])

    with OpikServer() as server:
        trace_id = add_trace(server, 1)
        asyncio.run(run())
        assert [path for method, path in server.asked if method == "GET"] == [f"/projects/{PROJECT_ID}"]


@pytest.mark.parametrize("trace_id", ["../../projects", "a?x=1", "a#b", "", "\x00", "x" * 100_000, "\ud83d"])
def test_id_that_is_none_leads_nowhere_else(trace_id: str) -> None:
    async def run() -> None:
        async with opened(server) as store:
            assert await store.fetch_traces([key_of(trace_id)]) == {}

    with OpikServer() as server:
        asyncio.run(run())
        assert server.asked == []


def test_answer_that_trickles_is_waited_for_so_long_and_no_longer() -> None:
    async def run() -> None:
        async with opened(server, timeout_s=0.4) as store:
            with pytest.raises(StoreUnavailable, match=r"no answer in 0\.4 s"):
                await listed(store)

    with OpikServer() as server:
        server.faults.append(OpikFault("search", "trickle", times=100))
        asyncio.run(run())


def test_pages_that_repeat_are_told() -> None:
    async def run() -> None:
        async with opened(server) as store:
            with pytest.raises(StoreUnavailable, match="turns in a circle"):
                await listed(store)

    with OpikServer() as server:
        add_trace(server, 1)
        search = server.tables.search
        server.tables.search = lambda kind, body: search(kind, {**body, "last_retrieved_id": None})  # type: ignore[method-assign]
        asyncio.run(run())
    assert len(server.asked) < 10


def test_key_that_the_server_echoes_is_not_shown() -> None:
    async def run() -> str:
        async with opened(server) as store:
            with pytest.raises(StoreRejected) as raised:
                await listed(store)
            return str(raised.value)

    with OpikServer() as server:
        server.faults.append(OpikFault("search", status=400, message="x" * 190 + f" {server.api_key} is not valid"))
        message = asyncio.run(run())
    assert "key-of" not in message


@pytest.mark.parametrize("text", ["key\n", "k ey", "", "k\u00e9y"])
def test_key_that_no_header_carries_is_named(text: str) -> None:
    context = StoreContext(home=Path(), data_dir=Path(), limits=MemoryLimits(), embedded_kind="embedded")
    with pytest.raises(ConfigurationError, match="OPIK_API_KEY"):
        FACTORY.open(OpikSection(), OpikVariables(opik_api_key=SecretStr(text)), context)
