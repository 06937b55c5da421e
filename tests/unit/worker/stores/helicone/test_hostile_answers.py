"""Requests that nobody can read, answers that are none, keys that come back, batches that fail in part."""

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
from assay.worker.stores.helicone.factory import FACTORY, HeliconeSection, HeliconeVariables
from tests.servers.helicone import HeliconeFault, HeliconeServer
from tests.unit.worker.stores.helicone.making import add_request, key_of, listed, opened, score_of


def nested(levels: int) -> Any:
    return json.loads("[" * levels + "]" * levels)


@pytest.mark.parametrize("is_inline", [True, False])
def test_body_that_is_too_deep_takes_no_neighbour_along(is_inline: bool) -> None:
    async def run() -> None:
        async with opened(server) as store:
            assert len(await listed(store)) == 2
            fetched = await store.fetch_traces([key_of(good), key_of(bad)])
            assert isinstance(fetched[good], Trace)
            assert isinstance(fetched[bad], StoreRejected)

    with HeliconeServer(inline=is_inline) as server:
        good, bad = add_request(server, 1), add_request(server, 2, request_body={"a": nested(300)})
        asyncio.run(run())


def test_answer_without_a_list_is_neither_an_empty_store_nor_a_lost_request() -> None:
    async def run() -> None:
        async with opened(server) as store:
            with pytest.raises(StoreUnavailable, match="without a list"):
                await listed(store)
            with pytest.raises(StoreUnavailable, match="without a list"):
                await store.write_scores([score_of(request)])

    with HeliconeServer() as server:
        request = add_request(server, 1)
        server.faults.append(HeliconeFault("query-clickhouse", "empty", times=100))
        asyncio.run(run())


def test_pages_that_repeat_are_told() -> None:
    async def run() -> None:
        async with opened(server) as store:
            with pytest.raises(StoreUnavailable, match="does not end"):
                await listed(store)

    with HeliconeServer() as server:
        add_request(server, 1)
        query = server.table.query
        server.table.query = lambda asked: query({**asked, "offset": 0})  # type: ignore[method-assign]
        asyncio.run(run())
    assert len(server.asked) < 40


def test_key_that_the_server_echoes_is_not_shown() -> None:
    async def run() -> str:
        async with opened(server) as store:
            with pytest.raises(StoreRejected) as raised:
                await listed(store)
            return str(raised.value)

    with HeliconeServer() as server:
        words = "x" * 190 + f" {server.api_key} is not valid"
        server.faults.append(HeliconeFault("query", status=400, message=words))
        message = asyncio.run(run())
    assert "sk-" not in message


def test_batch_that_failed_in_part_is_not_sent_again_as_a_whole() -> None:
    async def run() -> None:
        async with opened(server) as store:
            scores = [score_of(request, id=f"id-{request}") for request in requests]
            with pytest.raises(StoreUnavailable):
                await store.write_scores(scores)
            before = len(server.asked)
            await store.write_scores(scores)
            assert len(server.asked) - before == 3  # the one that failed: looked up, property, number

    with HeliconeServer() as server:
        requests = [add_request(server, number) for number in range(1, 6)]
        server.faults.append(HeliconeFault(f"{requests[2]}/score", "status", times=3))
        asyncio.run(run())


@pytest.mark.parametrize("text", ["sk\n", "s k", "", "sk\u00e9"])
def test_key_that_no_header_carries_is_named(text: str) -> None:
    context = StoreContext(home=Path(), data_dir=Path(), limits=MemoryLimits(), embedded_kind="embedded")
    with pytest.raises(ConfigurationError, match="HELICONE_API_KEY"):
        FACTORY.open(HeliconeSection(), HeliconeVariables(helicone_api_key=SecretStr(text)), context)
