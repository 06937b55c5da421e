"""What the Langfuse adapter does with quotas of several kinds, and with answers that the SDK cannot read."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreError, StoreRejected, StoreUnavailable
from assay.worker.records.traces import TraceKey
from assay.worker.stores.langfuse import sdk
from assay.worker.stores.langfuse.client import NotThere, RouteMissing
from assay.worker.stores.langfuse.metrics import count_roots
from assay.worker.stores.langfuse.quotas import DAY_S, HOUR_S, MINUTE_S, PLANS, Plan, Quota
from assay.worker.stores.langfuse.store import LangfuseStore
from assay.worker.stores.langfuse.transport import retry_after_s
from assay.worker.stores.langfuse.write_responses import check_errors
from tests.servers.langfuse import HOBBY, Fault, Faults, LangfuseServer, LangfuseSettings
from tests.unit.worker.stores.langfuse.making import NOON, SPECS, add_root, key_of, score, store_on, using

HOUR = timedelta(hours=1)
SPENT = {**HOBBY, "deletes": 1, "metrics": 1}
"""A day's quotas that somebody else has used up: the server refuses the request that uses the last point."""


# --- quotas


@pytest.mark.parametrize("which", ["deletes", "metrics"])
def test_spent_quota_of_the_day_stops_nothing_else(which: str) -> None:
    async def use(store: LangfuseStore) -> None:
        asks: dict[str, Callable[[], Awaitable[Any]]] = {
            "deletes": lambda: store.client.delete("/api/public/scores/x"),
            "metrics": lambda: count_roots(store.client, NOON, NOON + HOUR),
        }
        for _ in range(2):
            with pytest.raises(StoreBusy) as busy:
                await asks[which]()
            assert (busy.value.retry_after_s or 0) >= 3600
        assert set(await store.fetch_traces([TraceKey(trace_id=trace_id, start=NOON, end=NOON + HOUR)])) == {trace_id}
        await store.write_scores([score()])
        assert set(await store.read_scores([key_of("s-groundedness")])) == {"s-groundedness"}

    with LangfuseServer(LangfuseSettings(per_minute=SPENT)) as server:
        trace_id = add_root(server, 1)
        using(store_on(server, plan=PLANS["hobby"]), use)
        assert server.requests.statuses(which) == {429: 1}, "asked once, then waited for"


def test_quotas_of_the_smallest_plan_are_kept_without_a_refusal() -> None:
    async def use(store: LangfuseStore) -> int:
        taken = 0
        for number in range(60):
            try:
                await store.client.delete(f"/api/public/scores/x{number}")
                taken += 1
            except StoreBusy:
                continue
        return taken

    with LangfuseServer(LangfuseSettings(per_minute=HOBBY)) as server:
        store = store_on(server, plan=PLANS["hobby"], client={"max_wait_s": 0.0})
        assert using(store, use) == 45
        assert 429 not in server.requests.statuses()


@pytest.mark.parametrize(
    ("plan", "metrics", "deletes"),
    [
        ("hobby", (90, DAY_S), (45, DAY_S)),
        ("core", (90, HOUR_S), (180, DAY_S)),
        ("pro", (450, HOUR_S), (900, DAY_S)),
        ("self-hosted", (54, MINUTE_S), (54, MINUTE_S)),
    ],
)
def test_plans_count_metrics_and_deletes_by_their_own_periods(
    plan: Any, metrics: tuple[int, float], deletes: tuple[int, float]
) -> None:
    made = [PLANS[plan].limit(bucket, "p") for bucket in ("metrics", "deletes")]
    assert [(limit.amount, limit.period_s) for limit in made] == [metrics, deletes]
    assert PLANS[plan].limit("general", "p").period_s == MINUTE_S


def test_plan_made_by_hand_has_the_smallest_quotas() -> None:
    assert Plan(general=1, ingestion=1, legacy=1).deletes == Quota(amount=50, period_s=DAY_S)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7.0),
        ("-1", 10.0),
        ("99999", 3600.0),
        ("nan", 10.0),
        ("inf", 10.0),
        ("soon", 10.0),
        ("Thu, 01 Jan 2026 00:00:00 GMT", 0.0),
        ("Fri, 31 Dec 2100 23:59:59 GMT", 3600.0),
        (None, 10.0),
    ],
)
def test_wait_that_a_429_names_is_bounded(said: str | None, seconds: float) -> None:
    headers = {} if said is None else {"Retry-After": said}
    assert retry_after_s(httpx.Response(429, headers=headers)) == seconds


# --- the SDK's answers


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, StoreRejected), (403, StoreAccessDenied), (404, RouteMissing), (429, StoreBusy), (503, StoreUnavailable)],
)
@pytest.mark.parametrize("text", [None, "<html>busy</html>"])
def test_compressed_refusal_of_an_sdk_call_is_an_error_of_ours(
    status: int, error: type[StoreError], text: str | None
) -> None:
    rule = Fault("status", 1.0, on="score-configs", status=status, retry_after_s=17, text=text)
    with LangfuseServer(faults=Faults(0, [rule])) as server:
        with pytest.raises(StoreError) as raised:
            using(store_on(server), lambda store: sdk.call(store.client, "score_configs", "get"))
        assert type(raised.value) is error
        if status == 429 and text is None:
            assert isinstance(raised.value, StoreBusy)
            assert raised.value.retry_after_s == 17


def test_scores_are_written_though_the_refusal_of_configs_comes_compressed() -> None:
    faults = Faults(0, [Fault("status", 1.0, on="score-configs", status=500)])
    with LangfuseServer(faults=faults) as server:
        using(store_on(server, specs=SPECS), lambda store: store.write_scores([score()]))
        server.project.scores.settle(int(time.time() * 1000) + 60_000)
        assert [row.id for row in server.project.scores.rows()] == ["s-groundedness"]


def test_unknown_object_of_an_sdk_call_is_not_there() -> None:
    with LangfuseServer() as server, pytest.raises(NotThere):
        using(store_on(server), lambda store: sdk.call(store.client, "score_configs", "get_by_id", "none"))


def test_page_that_answers_200_is_no_langfuse() -> None:
    rule = Fault("status", 1.0, on="score-configs", status=200, text="<html>log in</html>")
    with (
        LangfuseServer(faults=Faults(0, [rule])) as server,
        pytest.raises(StoreUnavailable, match="without JSON"),
    ):
        using(store_on(server), lambda store: sdk.call(store.client, "score_configs", "get"))


def test_config_of_a_kind_that_the_sdk_does_not_know_stops_no_score() -> None:
    async def use(store: LangfuseStore) -> None:
        with pytest.raises(StoreRejected, match="expects") as raised:
            await sdk.call(store.client, "score_configs", "get")
        assert "SECRET-NAME" not in str(raised.value)
        await store.write_scores([score()])
        assert set(await store.read_scores([key_of("s-groundedness")])) == {"s-groundedness"}

    with LangfuseServer() as server:
        server.project.configs.by_id["new"] = {
            "id": "new", "name": "SECRET-NAME", "isArchived": False, "dataType": "VIDEO", "projectId": "p",
            "createdAt": "2026-11-21T12:00:00Z", "updatedAt": "2026-11-21T12:00:00Z",
        }  # fmt: skip
        using(store_on(server, specs=SPECS), use)


# --- a 207's answer to each event


@pytest.mark.parametrize(
    ("errors", "error"),
    [
        ([{"id": "a", "status": 400}], StoreRejected),
        ([{"id": "a", "status": 500}], StoreUnavailable),
        ([{"id": "a", "status": 503}, {"id": "b", "status": 400}], StoreRejected),
        ([{"id": "a", "status": 429}, {"id": "b", "status": 500}], StoreUnavailable),
        ([{"id": "a", "status": 401}], StoreAccessDenied),
        ([{"id": "a"}], StoreRejected),
        ([], StoreUnavailable),
    ],
)
def test_event_that_the_server_could_not_take_is_not_refused(
    errors: list[dict[str, Any]], error: type[StoreError]
) -> None:
    part = [{"id": i, "body": {"name": "risk", "traceId": "t"}} for i in ("a", "b")]
    told = {one["id"] for one in errors}
    taken = [{"id": "b", "status": 201}] if "b" not in told else []
    with pytest.raises(StoreError) as raised:
        check_errors({"successes": taken, "errors": errors}, part)
    assert type(raised.value) is error
    assert "'risk'" in str(raised.value)


@pytest.mark.parametrize("answer", [None, [], "ok", {}, {"successes": []}])
def test_answer_that_says_nothing_of_an_event_is_no_refusal(answer: Any) -> None:
    with pytest.raises(StoreUnavailable):
        check_errors(answer, [{"id": "a", "body": {"name": "risk", "traceId": "t"}}])
