"""The Langfuse adapter in one running process while the server, or what people set on it, changes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from assay.worker.ports.clock import FixedClock
from assay.worker.ports.store_errors import StoreError, StoreUnavailable
from assay.worker.records.scores import Score, ScoreSpec
from assay.worker.records.traces import TraceKey
from assay.worker.stores.langfuse.client import RouteMissing
from assay.worker.stores.langfuse.configs import FAILED_FOR, FRESH_FOR
from assay.worker.stores.langfuse.store import LangfuseStore
from tests.servers.langfuse import Fault, Faults, LangfuseServer, LangfuseSettings
from tests.unit.worker.stores.langfuse.making import NOON, SPECS, add_root, key_of, score, store_on, using

CONFIGS = "/api/public/score-configs"
PROXY_PAGE = "<html><body><h1>404 page not found</h1></body></html>"
HOUR = timedelta(hours=1)


def restarting(on: str, *, most: int | None = None) -> Faults:
    """A proxy that answers for a server on its way up."""
    return Faults(0, [Fault("status", 1.0, on=on, status=404, text=PROXY_PAGE, most=most)])


async def shown(store: LangfuseStore, *ids: str) -> dict[str, float | str]:
    return {one.id: one.value for one in (await store.read_scores(key_of(i) for i in ids)).values()}


async def change_config(server: LangfuseServer, **change: Any) -> None:
    (config_id,) = [c["id"] for c in server.project.configs.by_id.values() if c["name"] == "groundedness"]
    async with httpx.AsyncClient(auth=(server.public_key, server.secret_key)) as http:
        assert (await http.patch(f"{server.url}{CONFIGS}/{config_id}", json=change)).status_code == 200


# --- score configs


@pytest.mark.parametrize("change", [{"isArchived": True}, {"maxValue": 0.4}], ids=["archived", "narrowed"])
def test_score_that_a_changed_config_dropped_is_there_when_written_again(change: dict[str, Any]) -> None:
    clock = FixedClock(NOON)

    async def use(store: LangfuseStore) -> list[bool]:
        await store.write_scores([score(0.5, id="before")])
        await change_config(server, **change)
        await store.write_scores([score(0.5, id="after")])
        seen = [bool(await shown(store, "after"))]
        clock.moment += timedelta(seconds=60)
        await store.write_scores([score(0.5, id="after")])
        return [*seen, bool(await shown(store, "after"))]

    with LangfuseServer() as server:
        assert using(store_on(server, specs=SPECS, clock=clock), use) == [False, True]


def test_third_write_of_a_score_knows_the_configs_whichever_worker_does_it() -> None:
    """Written at 0, 60 and 120 s by three workers that each remember the config as it was."""
    clock = FixedClock(NOON)

    async def main() -> dict[str, float | str]:
        workers = [store_on(server, specs=SPECS, clock=clock) for _ in range(3)]
        for number, worker in enumerate(workers):
            await worker.write_scores([score(0.5, id=f"before-{number}")])
        await change_config(server, isArchived=True)
        for worker in workers:
            await worker.write_scores([score(0.5, id="x")])
            clock.moment += timedelta(seconds=60)
        found = await shown(workers[0], "x")
        await asyncio.gather(*(worker.close() for worker in workers))
        return found

    with LangfuseServer() as server:
        assert asyncio.run(main()) == {"x": 0.5}
    assert timedelta(seconds=120) > FRESH_FOR


def test_configs_are_looked_up_again_after_a_failure() -> None:
    clock = FixedClock(NOON)

    async def use(store: LangfuseStore) -> None:
        for number in range(3):
            await store.write_scores([score(id=f"s{number}")])
            clock.moment += FAILED_FOR

    faults = Faults(0, [Fault("status", 1.0, on="GET /api/public/score-configs", status=503, most=1)])
    with LangfuseServer(faults=faults) as server:
        using(store_on(server, specs=SPECS, clock=clock), use)
        server.project.scores.settle(int(time.time() * 1000) + 60_000)
        named = {row.id: row.config_id is not None for row in server.project.scores.rows()}
    assert named == {"s0": False, "s1": True, "s2": True}


def test_a_config_that_the_server_refuses_is_left_out_alone_and_said_once() -> None:
    clock = FixedClock(NOON)
    too_long = ScoreSpec(name="n" * 36, data_type="NUMERIC", minimum=0, maximum=1)

    async def use(store: LangfuseStore) -> None:
        for number in range(3):
            given = [score(id=f"s{number}"), score(id=f"l{number}", name=too_long.name)]
            await store.write_scores([*given, score("judged", "grounding_state", id=f"g{number}")])
            clock.moment += FRESH_FOR

    with LangfuseServer() as server, capture_logs() as logs:
        using(store_on(server, specs=(SPECS[0], too_long, SPECS[1]), clock=clock), use)
        server.project.scores.settle(int(time.time() * 1000) + 60_000)
        named = {row.id: row.config_id is not None for row in server.project.scores.rows()}
        asked = server.requests.counts()["POST /api/public/score-configs"]
    assert named == {f"{kind}{number}": kind != "l" for kind in "slg" for number in range(3)}
    assert asked == 3
    assert [(entry["event"], entry["score"]) for entry in logs] == [("langfuse.score_config_refused", too_long.name)]


def test_configs_that_are_there_are_named_though_others_cannot_be_made_now() -> None:
    clock = FixedClock(NOON)

    async def use(store: LangfuseStore) -> None:
        await store.client.post(CONFIGS, {"name": "groundedness", "dataType": "NUMERIC", "minValue": 0, "maxValue": 1})
        server.project.faults = Faults(0, [Fault("status", 1.0, on=f"POST {CONFIGS}", status=503, most=1)])
        for number in range(2):
            given = score("judged", "grounding_state", id=f"g{number}")
            await store.write_scores([score(id=f"s{number}"), given])
            clock.moment += FAILED_FOR

    with LangfuseServer() as server:
        using(store_on(server, specs=SPECS, clock=clock), use)
        server.project.scores.settle(int(time.time() * 1000) + 60_000)
        named = {row.id: row.config_id is not None for row in server.project.scores.rows()}
    assert named == {"s0": True, "g0": False, "s1": True, "g1": True}


def test_configs_cost_few_requests_however_many_scores_are_written_again() -> None:
    clock = FixedClock(NOON)

    async def use(store: LangfuseStore) -> None:
        many = [score(id=f"s{number}") for number in range(300)]
        for _ in range(3):
            await store.write_scores(many)
            await store.write_scores([one.model_copy(update={"id": f"{one.id}-more"}) for one in many])

    with LangfuseServer() as server:
        using(store_on(server, specs=SPECS, clock=clock), use)
        assert server.requests.counts()[f"GET {CONFIGS}"] <= 3 + 3


# --- another generation, or none for a while


def test_fleet_goes_on_after_the_server_was_upgraded() -> None:
    """v3 to v4 under a running process: no trace is called absent, no score unseen."""

    async def use(store: LangfuseStore) -> None:
        assert await fetched(store, trace_id)
        await store.write_scores([score(trace_id=trace_id)])
        server.become(generation="v4", release="4.16.0")
        assert await retried(lambda: fetched(store, trace_id))
        assert (await store.server()).generation == "v4"
        assert await shown(store, "s-groundedness") == {"s-groundedness": 0.5}
        assert {r.trace_id for r in await retried(lambda: listed(store))} == {trace_id}

    with LangfuseServer(LangfuseSettings(generation="v3", release="3.150.0")) as server:
        trace_id = add_root(server, 1)
        using(store_on(server), use)


@pytest.mark.parametrize("what", ["fetch", "list", "read"])
def test_route_of_the_older_generation_that_is_gone_is_no_answer(what: str) -> None:
    async def use(store: LangfuseStore) -> None:
        assert (await store.server()).reads_scores == "v2"
        server.become(generation="v4", release="4.16.0")
        asks: dict[str, Callable[[], Awaitable[Any]]] = {
            "fetch": lambda: fetched(store, trace_id),
            "list": lambda: listed(store),
            "read": lambda: store.read_scores([key_of("s-groundedness")]),
        }
        with pytest.raises(StoreUnavailable):
            await asks[what]()
        assert (await store.server()).generation == "v4"

    with LangfuseServer(LangfuseSettings(generation="v3", release="3.150.0")) as server:
        trace_id = add_root(server, 1)
        using(store_on(server), use)


@pytest.mark.parametrize("generation", ["v4", "v3"])
def test_trace_is_not_called_absent_while_a_proxy_answers_for_the_server(generation: Any) -> None:
    async def use(store: LangfuseStore) -> None:
        await store.server()
        server.project.faults = restarting("GET /api/public/")
        for _ in range(3):
            with pytest.raises(StoreUnavailable):
                await fetched(store, trace_id)
        server.project.faults = Faults()
        assert await fetched(store, trace_id)

    with LangfuseServer(LangfuseSettings(generation=generation)) as server:
        trace_id = add_root(server, 1)
        using(store_on(server), use)


def test_langfuse_that_loses_its_reads_for_a_while_is_waited_for() -> None:
    async def use(store: LangfuseStore) -> None:
        await store.server()
        server.project.faults = restarting("/v2/observations")
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                await fetched(store, "a" * 32)

    with LangfuseServer() as server:
        using(store_on(server), use)


def test_unknown_trace_is_absent_all_the_same() -> None:
    with LangfuseServer(LangfuseSettings(generation="v3")) as server:
        key = TraceKey(trace_id="no", start=NOON)
        assert using(store_on(server), lambda store: store.fetch_traces([key])) == {}


def test_passing_404_does_not_send_scores_one_by_one_for_good() -> None:
    async def use(store: LangfuseStore) -> None:
        await store.write_scores([score(id="before")])
        server.project.faults = restarting("/api/public/ingestion", most=1)
        with pytest.raises(RouteMissing):
            await store.write_scores(many("during"))
        await store.write_scores(many("after"))

    with LangfuseServer() as server:
        using(store_on(server), use)
        assert server.requests.counts()["POST /api/public/scores"] == 0


def test_ingestion_that_was_missing_is_tried_again_later() -> None:
    clock = FixedClock(NOON)

    async def use(store: LangfuseStore) -> None:
        await store.write_scores(many("first"))
        clock.moment += timedelta(minutes=1)
        await store.write_scores(many("second"))
        clock.moment += timedelta(minutes=10)
        await store.write_scores(many("third"))

    with LangfuseServer(faults=restarting("/api/public/ingestion", most=1)) as server:
        using(store_on(server, clock=clock), use)
        asked = server.requests.counts()
        assert (asked["POST /api/public/scores"], asked["POST /api/public/ingestion"]) == (20, 2)


def many(name: str) -> Sequence[Score]:
    return [score(id=f"{name}-{number}") for number in range(10)]


async def listed(store: LangfuseStore, start: datetime = NOON) -> list[Any]:
    return [root async for page in store.list_roots(start, start + HOUR) for root in page]


async def fetched(store: LangfuseStore, trace_id: str) -> bool:
    """Whether the store has a trace; why it could not be read is raised, whichever way the store says it."""
    found: Mapping[str, object] = await store.fetch_traces([TraceKey(trace_id=trace_id, start=NOON, end=NOON + HOUR)])
    for one in found.values():
        if isinstance(one, StoreError):
            raise one
    return trace_id in found


async def retried(ask: Callable[[], Awaitable[Any]]) -> Any:
    """Again once, as the fleet does with what a store could not do."""
    try:
        return await ask()
    except StoreUnavailable:
        return await ask()
