"""Complete listings out of a search that gives the first so many it finds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from assay.worker.ports.capabilities import Examination
from assay.worker.ports.store import StoreContext
from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.records.spans import Span
from assay.worker.records.traces import TraceRoot
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.tempo.factory import FACTORY, TempoSection, TempoVariables
from assay.worker.stores.tempo.search import roots_query
from tests.otlp_filling import export_request_of
from tests.servers.tempo import TempoServer

NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
HOUR = NOON + timedelta(hours=1)
MANY = 10_000_000


@pytest.fixture
def server() -> Iterator[TempoServer]:
    with TempoServer() as server:
        yield server


def store_of(server: TempoServer, *, root_metadata: tuple[str, ...] = (), **section: Any) -> Any:
    context = StoreContext(
        home=Path(), data_dir=Path(), limits=MemoryLimits(), embedded_kind="none", root_metadata=root_metadata
    )
    variables = TempoVariables(url=server.url, otlp_endpoint=server.url, headers=SecretStr("x-key=k"))
    return FACTORY.open(TempoSection(requests_per_minute=MANY, **section), variables, context)


def span(number: int, *, seconds: float = 0.0, lasts: float = 1.0, **columns: Any) -> Span:
    start = NOON + timedelta(seconds=seconds)
    told = {"trace_id": f"{number:032x}", "span_id": f"{number:015x}0", "name": "chat", "start": start}
    return Span.model_validate({**told, "end": start + timedelta(seconds=lasts), **columns})


def fill(server: TempoServer, *spans: Span) -> None:
    body = export_request_of(spans).SerializeToString()
    httpx.post(f"{server.url}/v1/traces", content=body).raise_for_status()


def listed(server: TempoServer, start: datetime = NOON, end: datetime = HOUR, **options: Any) -> list[TraceRoot]:
    async def run() -> list[TraceRoot]:
        store = store_of(server, **options)
        try:
            return [root async for page in store.list_roots(start, end) for root in page]
        finally:
            await store.close()

    return asyncio.run(run())


def rootless(server: TempoServer, **options: Any) -> int:
    async def run() -> int:
        store = store_of(server, **options)
        try:
            return int(await store.count_rootless(NOON, HOUR))
        finally:
            await store.close()

    return asyncio.run(run())


def test_windows_are_halved_until_every_answer_is_below_the_limit(server: TempoServer) -> None:
    fill(server, *(span(n, seconds=n) for n in range(1, 301)))
    roots = listed(server, search_limit=20)
    assert sorted(int(root.trace_id, 16) for root in roots) == list(range(1, 301))
    assert server.asked("/api/search") > 30
    server.requests.clear()
    assert len(listed(server)) == 300
    assert server.asked("/api/search") == 1


def test_second_with_more_than_the_limit_is_asked_for_with_a_higher_one(server: TempoServer) -> None:
    fill(server, *(span(n) for n in range(1, 101)))
    assert len(listed(server, search_limit=10)) == 100
    limits = [int(query["limit"]) for path, query in server.requests if path == "/api/search"]
    assert max(limits) == 160


def test_nothing_is_listed_rather_than_a_part_where_the_server_gives_no_more(server: TempoServer) -> None:
    server.settings.max_limit = 40
    fill(server, *(span(n) for n in range(1, 101)))
    with pytest.raises(StoreRejected, match=r"more than 40 traces run in the second from 2026-11-03T12:00:00"):
        listed(server, search_limit=10)
    with pytest.raises(StoreRejected, match="set search_limit in assay"):
        listed(server, search_limit=50)


def test_trace_that_runs_for_long_is_listed_where_it_began_and_once(server: TempoServer) -> None:
    fill(server, *(span(n, seconds=n, lasts=3000) for n in range(1, 31)))
    roots = listed(server, search_limit=20)
    assert sorted(int(root.trace_id, 16) for root in roots) == list(range(1, 31))
    assert server.asked("/api/search") < 40  # not one for each second that they run in
    assert listed(server, start=HOUR - timedelta(minutes=30), search_limit=100) == []


def test_bounds_are_exact_although_the_search_knows_seconds(server: TempoServer) -> None:
    fill(server, *(span(n, seconds=n / 10) for n in range(1, 10)))
    start, end = NOON + timedelta(seconds=0.3), NOON + timedelta(seconds=0.7)
    assert sorted(int(root.trace_id, 16) for root in listed(server, start, end)) == [3, 4, 5, 6]


def test_long_range_is_asked_for_in_days(server: TempoServer) -> None:
    fill(server, span(1), span(2, seconds=6 * 86_400))
    roots = listed(server, NOON - timedelta(days=10), NOON + timedelta(days=10))
    assert [int(root.trace_id, 16) for root in roots] == [1, 2]
    assert server.asked("/api/search") == 20


def test_columns_of_a_root_are_read_from_the_attributes_that_were_selected(server: TempoServer) -> None:
    told = {
        "user.id": "u",
        "session.id": "s",
        "tag.tags": ["a", "b"],
        "release": "r1",
        "team name": "search",
        "metadata": '{"plan": "pro"}',
    }
    process = {
        "deployment.environment.name": "production",
        "service.name": "bot",
        "service.version": "v2",
        "zone": "eu",
    }
    fill(server, span(1, status="ERROR", attributes={**told, "unasked": 1}, resource=process))
    (root,) = listed(server, root_metadata=("team name", "plan", "resource.zone"))
    assert (root.name, root.environment, root.level) == ("chat", "production", "ERROR")
    assert (root.user_id, root.session_id, root.tags, root.release) == ("u", "s", ("a", "b"), "r1")
    assert root.version == "v2"
    assert root.end == NOON + timedelta(seconds=1)
    assert root.metadata == {
        "team name": "search",
        "plan": "pro",
        "resource.service.name": "bot",
        "resource.zone": "eu",
    }


def test_names_in_a_query_are_quoted_where_they_must_be() -> None:
    query = roots_query(["plain.name", 'odd "name"} || { true'])
    assert query.startswith("{ nestedSetParent < 0 } | select(status, name, ")
    assert "span.plain.name" in query
    assert 'span."odd \\"name\\"} || { true"' in query


def test_our_own_traces_and_results_are_no_roots(server: TempoServer) -> None:
    own = span(1, attributes={"deployment.environment.name": "assay"})
    result = span(2, attributes={"gen_ai.evaluation.name": "groundedness"})
    other_root = span(3, seconds=5, span_id="00000000000000ff")
    fill(server, own, result, span(3), other_root)
    assert [(int(root.trace_id, 16), root.start) for root in listed(server)] == [(3, NOON)]


def test_traces_without_a_root_are_counted_once_and_never_listed(server: TempoServer) -> None:
    fill(server, span(1), span(2, parent_id="00000000000000aa"), span(3, seconds=9, parent_id="00000000000000bb"))
    assert [int(root.trace_id, 16) for root in listed(server)] == [1]
    assert rootless(server, search_limit=10) == 2


def test_empty_and_reversed_ranges_ask_nothing(server: TempoServer) -> None:
    assert listed(server, NOON, NOON) == listed(server, HOUR, NOON) == []
    assert server.requests == []


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (500, "internal", StoreUnavailable),
        (503, "too many outstanding requests", StoreUnavailable),
        (429, "job queue full", StoreUnavailable),
        (400, "invalid TraceQL query", StoreRejected),
        (404, "404 page not found", StoreUnavailable),
        (401, "no org id", StoreUnavailable),
        (200, "<html>", StoreUnavailable),
        (200, "[]", StoreUnavailable),
    ],
)
def test_refused_search_lists_nothing(server: TempoServer, status: int, body: str, error: type[Exception]) -> None:
    server.fail("/api/search", status, body, times=9, retry_after="60")
    with pytest.raises(error, match="/api/search"):
        listed(server)


def test_tenant_and_key_go_with_each_request(server: TempoServer) -> None:
    server.settings.tenants = True
    fill_headers = {"X-Scope-OrgID": "a"}
    body = export_request_of([span(1)]).SerializeToString()
    httpx.post(f"{server.url}/v1/traces", content=body, headers=fill_headers).raise_for_status()
    assert len(listed(server, tenant="a")) == 1
    assert (server.headers[-1]["x-scope-orgid"], server.headers[-1]["x-key"]) == ("a", "k")
    with pytest.raises(StoreUnavailable, match="check ASSAY_TEMPO_HEADERS and the tenant"):
        listed(server)


def test_doctor_tells_version_environments_and_whether_spans_are_taken(server: TempoServer) -> None:
    now = datetime.now(UTC)
    fresh = span(1, attributes={"deployment.environment.name": "production"})
    fill(server, fresh.model_copy(update={"start": now, "end": now}))

    async def run() -> list[tuple[str, str, str]]:
        store = store_of(server)
        checks = [c async for c in store.examine(Examination(excluded=("demo",)))]
        await store.close()
        return [(check.name, check.status, check.message) for check in checks]

    assert asyncio.run(run()) == [
        ("tempo", "ok", f"2.9.0; {server.url}"),
        ("recent traces", "ok", "production 1; never judged: demo, assay"),
        ("results", "ok", "the distributor takes spans"),
    ]
    server.fail("/v1/traces", 404, "404 page not found", times=1)
    assert [status for _, status, _ in asyncio.run(run())] == ["ok", "ok", "fail"]
    server.fail("/api/status/buildinfo", 401, "who are you", times=1)
    assert [status for _, status, _ in asyncio.run(run())] == ["fail"]
