"""Whole traces from a Langfuse that finds some of them too heavy, too large, too slow: the others come all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from assay.worker.ports.source import Fetched
from assay.worker.ports.store_errors import StoreBusy, StoreRejected, TraceTooLarge
from assay.worker.records.traces import Trace, TraceKey
from assay.worker.stores.langfuse import fetch_deadline as fetching
from assay.worker.stores.langfuse.client import QueryTooHeavy, TimedOut, TooLarge, UrlTooLong
from assay.worker.stores.langfuse.factory import LangfuseVariables
from assay.worker.stores.langfuse.quotas import PLANS
from assay.worker.stores.langfuse.v3 import traces as v3_traces
from assay.worker.stores.langfuse.v4 import traces as v4_traces
from tests.servers.langfuse import HOBBY, Fault, Faults, LangfuseServer, LangfuseSettings
from tests.unit.worker.stores.langfuse.making import HOUR, NOON, QuickPlan, add_root, roots_in, store_on, using
from tests.waiting import PATIENCE_S

V4, V3 = LangfuseSettings(), LangfuseSettings(generation="v3")
CONTENT = r"GET /api/public/(v2/observations|traces/)"
SHORT = {"timeout_s": 2.0}
"""Seconds until the client gives up: long enough for every answer that does come."""

NEVER_S = PATIENCE_S
"""Seconds until a server that hangs closes the connection: no client waits for it."""


def fetched(server: LangfuseServer, ids: Sequence[str], **options: Any) -> dict[str, Fetched]:
    keys = [TraceKey(trace_id=trace_id, start=NOON, end=NOON + HOUR) for trace_id in ids]
    return dict(using(store_on(server, **options), lambda store: store.fetch_traces(keys)))


def whole(found: dict[str, Fetched]) -> set[str]:
    return {trace_id for trace_id, one in found.items() if isinstance(one, Trace)}


def sixteen(server: LangfuseServer, **columns: Any) -> list[str]:
    return [add_root(server, n, after_s=n, **columns) for n in range(1, 17)]


def page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of one row, as if each were of the size that one answer should have."""
    monkeypatch.setattr(v4_traces, "TARGET_BYTES", 500)
    monkeypatch.setattr(v4_traces, "PAGE", 1)


def fault_on(trace_id: str, kind: Any, settings: LangfuseSettings, **over: Any) -> Fault:
    """A fault that strikes what is asked about one trace."""
    if settings.generation == "v3":
        return Fault(kind, 1.0, on=rf"GET /api/public/traces/{trace_id}$", **over)
    return Fault(kind, 1.0, on=r"GET /api/public/v2/observations$", query=trace_id, **over)


@pytest.mark.parametrize("settings", [V4, V3], ids=["v4", "v3"])
@pytest.mark.parametrize(
    ("fault", "error", "client"),
    [
        ({"kind": "status", "status": 422}, QueryTooHeavy, {}),
        ({"kind": "status", "status": 413}, TraceTooLarge, {}),
        ({"kind": "status", "status": 414}, UrlTooLong, {}),
        ({"kind": "timeout", "delay_s": NEVER_S}, TimedOut, SHORT),
    ],
    ids=["422", "413", "414", "time-out"],
)
def test_trace_that_cannot_be_had_takes_none_of_its_batch_along(
    settings: LangfuseSettings, fault: dict[str, Any], error: type[Exception], client: dict[str, Any]
) -> None:
    bad = f"{5:032x}"
    with LangfuseServer(settings, faults=Faults(0, [fault_on(bad, settings=settings, **fault)])) as server:
        ids = sixteen(server)
        found = fetched(server, [*ids, "f" * 32], client=client)
        assert whole(found) == {*ids} - {bad}
        assert type(found[bad]) is error
        assert "f" * 32 not in found
        assert len(server.requests.entries) < 30


def test_heavy_trace_is_read_in_smaller_pages() -> None:
    with LangfuseServer(LangfuseSettings(most_rows_read=10)) as server:
        ids = sixteen(server)
        for number in range(60):
            server.project.add_observation(
                traceId=ids[3], id=f"c{number:015x}", name="step", type="TOOL", startTime="2026-11-21T12:00:09.000Z",
                parentObservationId=f"{4:016x}", isRootObservation=False,
            )  # fmt: skip
        found = fetched(server, ids)
        assert whole(found) == set(ids)
        heavy = found[ids[3]]
        assert isinstance(heavy, Trace)
        assert len(heavy.observations) == 60
        assert 422 in server.requests.statuses()


def test_whole_trace_of_the_older_generation_that_is_too_heavy_is_the_only_one_missing() -> None:
    with LangfuseServer(LangfuseSettings(generation="v3", most_rows_read=10)) as server:
        ids = sixteen(server)
        for number in range(20):
            server.project.add_observation(
                traceId=ids[3], id=f"c{number:015x}", name="step", type="TOOL", startTime="2026-11-21T12:00:09.000Z",
                parentObservationId=f"{4:016x}", isRootObservation=False,
            )  # fmt: skip
        found = fetched(server, ids)
        assert whole(found) == {*ids} - {ids[3]}
        assert isinstance(found[ids[3]], QueryTooHeavy)


def test_older_generation_puts_off_only_what_the_budget_has_no_room_for() -> None:
    settings = LangfuseSettings(generation="v3", per_minute=HOBBY)
    with LangfuseServer(settings) as server:
        ids = sixteen(server)
        found = fetched(server, ids, plan=PLANS["hobby"])
        late = [one for one in found.values() if isinstance(one, StoreBusy)]
        assert len(whole(found)) + len(late) == 16
        assert len(late) == 4  # of 15 a minute we use 13; one of them asked which server it is
        assert all(one.retry_after_s and one.retry_after_s > 0 for one in late)
        assert 429 not in server.requests.statuses()


def test_pages_wait_for_room_in_the_budget_instead_of_being_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    page_by_page(monkeypatch)
    with LangfuseServer(LangfuseSettings(per_minute={"general": 12}, rate_window_s=1.0)) as server:
        ids = sixteen(server, output="x" * 3000)
        found = fetched(server, ids, plan=QuickPlan(12), client={"max_wait_s": 0.05})
        assert whole(found) == set(ids)
        assert 429 not in server.requests.statuses()
        asked = [one.query for one in server.requests.entries if "traceId" in one.query]
        assert len(asked) > 11, "more than one window's budget, or this shows nothing"
        assert len(asked) == len(set(asked)), "no page is read twice"


def test_batch_that_cannot_be_read_in_time_is_asked_for_in_smaller_parts_next(monkeypatch: pytest.MonkeyPatch) -> None:
    page_by_page(monkeypatch)
    monkeypatch.setattr(fetching, "FETCH_S", 0.9)  # less than the second that nine requests are for
    with LangfuseServer(LangfuseSettings()) as server:
        ids = sixteen(server, output="x" * 3000)
        keys = [TraceKey(trace_id=trace_id, start=NOON, end=NOON + HOUR) for trace_id in ids]
        store = store_on(server, plan=QuickPlan(9), client={"max_wait_s": 0.05})

        async def in_turns() -> tuple[int, list[dict[str, Fetched]]]:
            left = keys
            rounds: list[dict[str, Fetched]] = []
            try:
                while left and len(rounds) < 100:
                    rounds.append(dict(await store.fetch_traces(left)))
                    left = [key for key in left if not isinstance(rounds[-1][key.trace_id], Trace)]
                    await asyncio.sleep(0.9 if left else 0)
            finally:
                await store.close()
            return len(left), rounds

        left, rounds = asyncio.run(in_turns())
        assert left == 0
        assert all(isinstance(one, StoreBusy) for one in rounds[0].values()), (
            "nothing was too slow, so this shows nothing"
        )


def test_single_trace_that_is_never_read_in_time_uses_up_its_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    page_by_page(monkeypatch)
    monkeypatch.setattr(fetching, "FETCH_S", 0.1)
    with LangfuseServer(LangfuseSettings()) as server:
        ids = [add_root(server, 1)]
        for number in range(20):
            server.project.add_observation(
                traceId=ids[0], id=f"c{number:015x}", name="step", type="TOOL", startTime="2026-11-21T12:00:09.000Z"
            )
        found = fetched(server, ids, plan=QuickPlan(9), client={"max_wait_s": 0.05})
        assert type(found[ids[0]]) is TimedOut


def test_trace_that_is_too_large_to_move_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(v4_traces, "MOST_BYTES", 50_000)
    with LangfuseServer() as server:
        ids = sixteen(server, output="x" * 1000)
        large = add_root(server, 99, output="語" * 20_000)
        found = fetched(server, [*ids, large])
        assert whole(found) == set(ids)
        assert isinstance(found[large], TraceTooLarge)


def test_size_is_told_in_bytes() -> None:
    assert v4_traces._size([{"input": "語" * 1000}]) > 3000


@pytest.mark.parametrize("settings", [V4, V3], ids=["v4", "v3"])
def test_trace_id_that_fits_into_no_request_takes_none_along(settings: LangfuseSettings) -> None:
    with LangfuseServer(settings) as server:
        ids = sixteen(server)
        long = "z" * 20_000
        found = fetched(server, [*ids[:8], long, *ids[8:]])
        assert whole(found) == set(ids)
        assert isinstance(found[long], StoreRejected)
        assert not isinstance(found[long], TraceTooLarge)


def test_older_generation_begins_nothing_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(v3_traces, "FETCH_S", 0.2)
    faults = Faults(0, [Fault("timeout", 1.0, on=r"GET /api/public/traces/", delay_s=NEVER_S)])
    with LangfuseServer(V3, faults=faults) as server:
        found = fetched(server, sixteen(server), client=SHORT)
        kinds = [type(one) for one in found.values()]
        assert kinds.count(TimedOut) == v3_traces.AT_ONCE
        assert kinds.count(StoreBusy) == 16 - v3_traces.AT_ONCE


def test_slow_window_is_halved_and_loses_nothing() -> None:
    faults = Faults(
        0, [Fault("timeout", 1.0, on="v2/observations", query="isRootObservation", delay_s=NEVER_S, most=2)]
    )
    with LangfuseServer(faults=faults) as server:
        ids = {add_root(server, n, after_s=30 * n) for n in range(100)}
        assert {root.trace_id for root in roots_in(store_on(server, client=SHORT))} == ids
        asked = [one.query for one in server.requests.entries if "isRootObservation" in one.query]
        assert len(asked) == len(set(asked)), "never the same again"


def test_window_of_a_server_that_never_answers_is_given_up() -> None:
    faults = Faults(0, [Fault("timeout", 1.0, on="v2/observations", query="isRootObservation", delay_s=NEVER_S)])
    with LangfuseServer(faults=faults) as server, pytest.raises(TimedOut):
        roots_in(store_on(server, client=SHORT), NOON, NOON + timedelta(days=1))
    assert faults.struck[0] == 4


def test_login_in_the_servers_address_is_kept_nowhere() -> None:
    given = {"LANGFUSE_BASE_URL": "https://user:p@ss?w0rd#@lf.example.com:8443/base"}
    assert LangfuseVariables.model_validate(given).langfuse_base_url == "https://lf.example.com:8443/base"


def test_too_large_and_too_long_are_told_apart() -> None:
    assert isinstance(fetching.meaning_for_one(TooLarge("413")), TraceTooLarge)
    assert isinstance(fetching.meaning_for_one(UrlTooLong("414")), UrlTooLong)
