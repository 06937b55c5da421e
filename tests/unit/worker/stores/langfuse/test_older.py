"""The Langfuse adapter on servers of the older generation: slow, limited, insisting on dates, without newer reads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.records.scores import Score
from assay.worker.records.traces import TraceRoot
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.langfuse.client import QueryTooHeavy
from assay.worker.stores.langfuse.examine import is_migrating
from assay.worker.stores.langfuse.narrowing import MOST_TIME_OUTS
from assay.worker.stores.langfuse.quotas import Plan
from assay.worker.stores.langfuse.store import LangfuseStore
from tests.servers.langfuse import Fault, Faults, LangfuseServer, LangfuseSettings
from tests.unit.worker.stores.langfuse.making import NOON, add_root, key_of, roots_in, score, store_on, using
from tests.waiting import PATIENCE_S

HOUR = timedelta(hours=1)


def older(**settings: Any) -> LangfuseSettings:
    return LangfuseSettings(generation="v3", **settings)


def test_scores_are_read_the_older_way_below_3_179() -> None:
    async def use(store: LangfuseStore) -> tuple[str, dict[str, Score]]:
        many = [score(number / 200, id=f"s{number}") for number in range(100)]
        await store.write_scores([*many, score("judged", "grounding_state")])
        ids = [*(one.id for one in many[:98]), "s-grounding_state", "unknown"]
        return (await store.server()).reads_scores, dict(await store.read_scores(key_of(i) for i in ids))

    with LangfuseServer(older(release="3.150.2")) as server:
        way, found = using(store_on(server), use)
        asked = server.requests.counts()
    assert way == "v2"
    assert len(found) == 99
    assert (found["s7"].value, found["s-grounding_state"].value) == (0.035, "judged")
    assert found["s7"].trace_id == "a" * 32
    assert asked["GET /api/public/v2/scores"] == 1
    assert asked["GET /api/public/v3/scores"] == 1, "the probe"


def test_scores_are_read_the_newer_way_from_3_179_on() -> None:
    with LangfuseServer(older(release="3.179.0")) as server:
        assert using(store_on(server), lambda store: store.server()).reads_scores == "v3"


@pytest.mark.parametrize("generation", ["v3", "dual"])
def test_server_that_insists_on_dates_is_recognised(generation: Any) -> None:
    with LangfuseServer(LangfuseSettings(generation=generation, insists_on_dates=True)) as server:

        async def use(store: LangfuseStore) -> tuple[str, bool]:
            return (await store.server()).generation, await is_migrating(store)

        assert using(store_on(server), use) == ({"v3": "v3", "dual": "v4"}[generation], generation == "dual")
        probes = [one.query for one in server.requests.entries if one.path == "/api/public/traces"]
        assert all("fromTimestamp" in query and "toTimestamp" in query for query in probes)


def test_listing_that_is_too_heavy_is_halved_and_loses_nothing() -> None:
    with LangfuseServer(older(most_rows_scanned=60)) as server:
        ids = {add_root(server, n, after_s=n) for n in range(300)}
        found = roots_in(store_on(server))
        assert {root.trace_id for root in found} == ids
        assert server.requests.statuses()[422] > 3


def test_listing_that_is_too_heavy_at_any_length_is_given_up() -> None:
    faults = Faults(0, [Fault("status", 1.0, on="GET /api/public/traces", status=422)])
    with LangfuseServer(older(), faults=faults) as server:
        with pytest.raises(QueryTooHeavy):
            roots_in(store_on(server))
        assert server.requests.statuses()[422] < 30


def test_answer_that_is_too_large_is_asked_for_in_smaller_pages() -> None:
    with LangfuseServer(older(most_response_bytes=20_000)) as server:
        ids = {add_root(server, n, after_s=n % 3) for n in range(200)}
        assert {root.trace_id for root in roots_in(store_on(server))} == ids
        assert server.requests.statuses()[413] >= 1


def test_time_outs_are_halved_a_few_times_and_then_given_up() -> None:
    with LangfuseServer(older()) as server:
        ids = {add_root(server, n, after_s=n) for n in range(20)}

        async def use(store: LangfuseStore) -> list[TraceRoot]:
            await store.server()
            server.project.faults = Faults(0, [Fault("timeout", 1.0, on="/traces$", delay_s=PATIENCE_S, most=2)])
            found = [root async for page in store.list_roots(NOON, NOON + HOUR) for root in page]
            server.project.faults = Faults(0, [Fault("timeout", 1.0, on="/traces$", delay_s=PATIENCE_S)])
            with pytest.raises(StoreUnavailable, match="no answer"):
                [page async for page in store.list_roots(NOON, NOON + HOUR)]
            return found

        found = using(store_on(server, client={"timeout_s": 1.0}), use)
        assert {root.trace_id for root in found} == ids
        asked = [one for one in server.requests.entries if one.status == 0]
        assert len(asked) <= 2 + MOST_TIME_OUTS + 1


def test_listing_waits_for_room_in_the_budget_and_begins_no_page_anew() -> None:
    """The server's limit holds for a second here, ours for a second, too: the same, sixty times as fast."""
    settings = older(per_minute={"legacy": 10}, rate_window_s=1.0)
    with LangfuseServer(settings) as server:
        ids = {add_root(server, n, after_s=n) for n in range(12)}
        plan = _QuickPlan(general=10**6, ingestion=10**6, legacy=10)
        store = store_on(server, plan=plan, client={"max_wait_s": 0.0, "limits": MemoryLimits()})
        store._older_roots._size.limit = 1
        assert {root.trace_id for root in roots_in(store)} == ids
        assert 429 not in server.requests.statuses()
        starts = [one.query for one in server.requests.entries if "orderBy" in one.query]
        assert len(starts) == len(set(starts))


def test_metadata_is_asked_for_where_selection_looks_at_it() -> None:
    with LangfuseServer(older()) as server:
        add_root(server, 1, metadata={"tenant": "acme"})
        assert roots_in(store_on(server))[0].metadata == {}
        assert roots_in(store_on(server, root_metadata=["tenant"]))[0].metadata == {"tenant": "acme"}


def test_root_within_the_last_millisecond_of_a_range_is_listed() -> None:
    with LangfuseServer(older()) as server:
        trace_id = add_root(server, 1, after_s=5)
        found = roots_in(store_on(server), NOON, NOON + timedelta(seconds=5, microseconds=1))
        assert [root.trace_id for root in found] == [trace_id]


class _QuickPlan(Plan):
    """A plan whose minutes take a second."""

    def limit(self, bucket: Any, project: str) -> Any:
        return super().limit(bucket, project).model_copy(update={"period_s": 1.0})
