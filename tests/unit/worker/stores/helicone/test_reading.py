"""Helicone's requests as traces: which are answers, where their bodies lie, and pages that shrink as they are read."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from pydantic import SecretStr

from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreUnavailable, TraceTooLarge
from assay.worker.records.traces import Tokens, Trace
from assay.worker.stores.helicone import store as helicone_store
from assay.worker.stores.helicone.traces import moment, trace_of
from tests.servers.helicone import HeliconeFault, HeliconeServer
from tests.unit.worker.stores.helicone.making import NOON, add_request, key_of, listed, opened, request_id


def test_searches_tools_and_our_own_requests_are_no_answers() -> None:
    async def run() -> list[str]:
        async with opened(server) as store:
            return [root.trace_id for root in await listed(store)]

    with HeliconeServer() as server:
        answer = add_request(server, 1)
        for number, model in enumerate(("vector_db", "tool:weather", "data:clicks"), 2):
            add_request(server, number, request_model=model)
        add_request(server, 5, properties={"Environment": "assay"})
        assert asyncio.run(run()) == [answer]


def test_custom_properties_are_columns_and_metadata() -> None:
    properties = {
        "Environment": "production",
        "Release": "r1",
        "Version": "3",
        "Helicone-Session-Id": "s1",
        "Helicone-Session-Path": "/support/answer",
        "team": "search",
        "assay.grounding": "{}",
        "assay_answer_check": "fine",
    }

    async def run() -> None:
        async with opened(server) as store:
            root, refused = await listed(store)
            assert (root.environment, root.release, root.version) == ("production", "r1", "3")
            assert (root.session_id, root.name, root.user_id) == ("s1", "/support/answer", "ann")
            assert root.metadata == {key: text for key, text in properties.items() if not key.startswith("assay")}
            assert (root.level, refused.level) == ("DEFAULT", "ERROR")
            assert root.end == root.start + timedelta(milliseconds=1500)

    with HeliconeServer() as server:
        add_request(server, 1, properties=properties, request_user_id="ann")
        add_request(server, 2, response_status=-3)
        asyncio.run(run())


@pytest.mark.parametrize("inline", [True, False])
def test_bodies_are_read_from_where_they_lie(inline: bool) -> None:
    async def run() -> Trace:
        async with opened(server) as store:
            fetched = (await store.fetch_traces([key_of(one)]))[one]
            assert isinstance(fetched, Trace)
            return fetched

    with HeliconeServer(inline=inline) as server:
        one = add_request(server, 1, prompt_tokens=12, completion_tokens=3, prompt_cache_read_tokens=90, cost=0.002)
        trace = asyncio.run(run())
        (call,) = trace.observations
        assert call.usage == Tokens(input=102, cached=90, output=3)
        assert (call.model, call.cost_usd) == ("gpt-5", 0.002)
        assert (call.input, call.output) == (trace.input, trace.output)
        assert isinstance(trace.input, dict)


def test_body_that_cannot_be_read_takes_no_other_with_it() -> None:
    async def run() -> dict[str, object]:
        async with opened(server) as store:
            return dict(await store.fetch_traces([key_of(one), key_of(other), key_of(request_id(9)), key_of("no-id")]))

    with HeliconeServer() as server:
        one, other = add_request(server, 1), add_request(server, 2)
        server.faults.append(HeliconeFault(f"/bodies/{one}", status=403))
        fetched = asyncio.run(run())
        assert isinstance(fetched[one], StoreUnavailable)
        assert "Signature" not in str(fetched[one])
        assert isinstance(fetched[other], Trace)
        assert len(fetched) == 2


def test_body_beyond_the_limit_is_too_large() -> None:
    async def run() -> object:
        async with opened(server, most_bytes=10_000) as store:
            return (await store.fetch_traces([key_of(one)]))[one]

    with HeliconeServer() as server:
        one = add_request(server, 1, response_body={"choices": ["x" * 20_000]})
        assert isinstance(asyncio.run(run()), TraceTooLarge)


def test_listing_loses_nothing_where_versions_shorten_its_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page is counted in versions, and gives each request once: ten rows may be four requests."""
    monkeypatch.setattr(helicone_store, "PAGE", 10)

    async def run() -> list[str]:
        async with opened(server) as store:
            return [root.trace_id for root in await listed(store)]

    with HeliconeServer() as server:
        ids = [add_request(server, number, start=NOON + timedelta(seconds=number // 15)) for number in range(40)]
        for one in ids[::2]:
            server.table.put_property(one, "k", "1")
            server.table.put_property(one, "k", "2")
        assert sorted(asyncio.run(run())) == ids


def test_listing_asks_for_less_where_an_answer_is_too_large() -> None:
    async def run() -> int:
        async with opened(server, most_bytes=200_000) as store:
            return len(await listed(store))

    with HeliconeServer(inline=True) as server:
        for number in range(200):
            add_request(server, number, start=NOON + timedelta(seconds=number), response_body="x" * 2000)
        assert asyncio.run(run()) == 200


def test_refusals_are_told_apart() -> None:
    async def run() -> None:
        async with opened(server) as store:
            for fault, error in (
                (HeliconeFault("query", status=500, times=3), StoreUnavailable),
                (HeliconeFault("query", "error_in_200", times=3), StoreUnavailable),
                (HeliconeFault("query", "gone"), StoreUnavailable),
                (HeliconeFault("query", "no_json", times=3), StoreUnavailable),
                (HeliconeFault("query", status=429, headers={"Retry-After": "60"}), StoreBusy),
            ):
                server.faults[:] = [fault]
                with pytest.raises(error):
                    await listed(store)
        async with opened(server, api_key=SecretStr("secret-word")) as store:
            with pytest.raises(StoreAccessDenied, match="HELICONE_API_KEY") as caught:
                await listed(store)
            assert "secret-word" not in str(caught.value)

    with HeliconeServer() as server:
        asyncio.run(run())


def test_outage_that_passes_is_not_noticed() -> None:
    async def run() -> None:
        async with opened(server) as store:
            server.faults.append(HeliconeFault("query", status=502, times=2))
            assert len(await listed(store)) == 1
            server.faults.append(HeliconeFault("query", status=429, headers={"Retry-After": "1"}))
            assert len(await listed(store)) == 1

    with HeliconeServer() as server:
        add_request(server, 1)
        asyncio.run(run())


def test_hanging_server_is_waited_for_so_long_and_no_longer() -> None:
    async def run() -> None:
        async with opened(server, timeout_s=0.1) as store:
            with pytest.raises(StoreUnavailable, match="no answer"):
                await listed(store)

    with HeliconeServer() as server:
        server.faults.append(HeliconeFault("query", "hang", times=9))
        asyncio.run(run())


def test_moments_are_read_in_both_forms() -> None:
    assert moment("2026-11-21 12:00:00.123") == moment("2026-11-21T12:00:00.123Z")
    assert moment("soon") is None
    assert moment(7) is None
    assert trace_of({"request_id": "r"}, None, None) is None
