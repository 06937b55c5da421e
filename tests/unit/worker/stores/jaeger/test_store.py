"""Complete listings out of a search by service, and whole traces by id, where the server is unkind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from pydantic import SecretStr

from assay.worker.ports.capabilities import Examination
from assay.worker.ports.store import StoreContext
from assay.worker.ports.store_errors import StoreAccessDenied, StoreRejected, StoreUnavailable, TraceTooLarge
from assay.worker.records.scores import Score
from assay.worker.records.spans import Span
from assay.worker.records.traces import Trace, TraceKey, TraceRoot
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.jaeger.factory import FACTORY, JaegerSection, JaegerVariables
from tests.otlp_filling import export_request_of
from tests.servers.jaeger import JaegerServer

T = TypeVar("T")
NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
HOUR = NOON + timedelta(hours=1)
MANY = 10_000_000


@pytest.fixture
def server() -> Iterator[JaegerServer]:
    with JaegerServer() as server:
        yield server


def within(server: JaegerServer, use: Callable[[Any], Awaitable[T]], **section: Any) -> T:
    async def run() -> T:
        context = StoreContext(home=Path(), data_dir=Path(), limits=MemoryLimits(), embedded_kind="none")
        variables = JaegerVariables(url=server.url, otlp_endpoint=server.url, headers=SecretStr("x-key=k"))
        store = FACTORY.open(JaegerSection(requests_per_minute=MANY, **section), variables, context)
        try:
            return await use(store)
        finally:
            await store.close()

    return asyncio.run(run())


def span(number: int, *, seconds: float = 0.0, service: str = "bot", step: int = 0, **columns: Any) -> Span:
    start = NOON + timedelta(seconds=seconds)
    told = {
        "trace_id": f"{number:032x}",
        "span_id": f"{number:015x}{step:x}",
        "parent_id": f"{number:015x}0" if step else None,
        "name": "chat",
        "start": start,
        "end": start + timedelta(seconds=1),
        "resource": {"service.name": service} if service else {},
    }
    return Span.model_validate(told | columns)


def fill(server: JaegerServer, *spans: Span) -> None:
    body = export_request_of(spans).SerializeToString()
    httpx.post(f"{server.url}/v1/traces", content=body).raise_for_status()


def listed(server: JaegerServer, start: datetime = NOON, end: datetime = HOUR, **section: Any) -> list[TraceRoot]:
    async def use(store: Any) -> list[TraceRoot]:
        return [root async for page in store.list_roots(start, end) for root in page]

    return within(server, use, **section)


def key(number: int) -> TraceKey:
    return TraceKey(trace_id=f"{number:032x}", start=NOON)


def score(number: int = 1, **columns: Any) -> Score:
    told = {"id": f"s{number}", "trace_id": f"{number:032x}", "name": "groundedness", "value": 0.5, "timestamp": NOON}
    return Score.model_validate(told | columns)


@pytest.mark.parametrize("counts_spans", [False, True])
def test_every_root_is_listed_whatever_the_depth_bounds(server: JaegerServer, counts_spans: bool) -> None:
    server.settings.counts_spans = counts_spans
    fill(server, *(span(n, seconds=n, step=step) for n in range(1, 201) for step in range(4)))
    roots = listed(server, search_depth=40)
    assert sorted(int(root.trace_id, 16) for root in roots) == list(range(1, 201))


def test_each_root_is_given_by_its_own_service(server: JaegerServer) -> None:
    for n in range(1, 5):
        fill(server, span(n, service=f"front-{n % 2}"), span(n, step=1, service="retrieval"))
    fill(server, span(9, service=""))
    roots = listed(server)
    assert sorted(int(root.trace_id, 16) for root in roots) == [1, 2, 3, 4, 9]
    asked = {query["query.service_name"] for path, query in server.requests if path == "/api/v3/traces"}
    assert asked == {"front-0", "front-1", "retrieval", "OTLPResourceNoServiceName"}


def test_millisecond_with_more_than_the_depth_is_asked_for_at_a_greater_one(server: JaegerServer) -> None:
    fill(server, *(span(n) for n in range(1, 101)))
    assert len(listed(server, search_depth=10)) == 100
    server.settings.max_depth = 50
    with pytest.raises(StoreRejected, match="search depth must be at most 50"):
        listed(server, search_depth=10)


def test_answer_that_is_too_large_is_asked_for_in_halves(server: JaegerServer) -> None:
    fill(server, *(span(n, seconds=n, attributes={"input.value": "x" * 2000}) for n in range(1, 41)))

    async def use(store: Any) -> int:
        store.client.connection.most_bytes = 20_000
        return len([root async for page in store.list_roots(NOON, HOUR) for root in page])

    assert within(server, use) == 40


def test_bounds_are_exact_and_long_ranges_are_asked_for_in_days(server: JaegerServer) -> None:
    tick = timedelta(microseconds=1)
    fill(server, span(1), span(2, seconds=1), span(3, seconds=6 * 86_400))
    assert [int(root.trace_id, 16) for root in listed(server, NOON, NOON + timedelta(seconds=1))] == [1]
    assert [int(root.trace_id, 16) for root in listed(server, NOON + tick, NOON + timedelta(days=7))] == [2, 3]
    server.requests.clear()
    assert listed(server, HOUR, NOON) == []
    assert server.requests == []


def test_our_own_traces_and_results_are_no_roots_and_not_asked_for(server: JaegerServer) -> None:
    own = span(1, attributes={"deployment.environment.name": "assay"})
    fill(server, own, span(2, service="assay"), span(3, attributes={"gen_ai.evaluation.name": "x"}), span(4))
    assert [int(root.trace_id, 16) for root in listed(server)] == [4]
    assert "assay" not in {query.get("query.service_name") for _, query in server.requests}


def test_traces_without_a_root_are_counted(server: JaegerServer) -> None:
    fill(server, span(1), span(1, step=1), span(2, step=1), span(3, step=1, service="other"))

    async def use(store: Any) -> int:
        return int(await store.count_rootless(NOON, HOUR))

    assert within(server, use) == 2


def test_traces_are_asked_for_as_they_were_stored(server: JaegerServer) -> None:
    """Else the server moves spans whose clocks seem to differ, and a root would begin at another time."""
    fill(server, span(1))
    listed(server)
    within(server, lambda store: store.fetch_traces([key(1), key(2)]))
    searches = [query for path, query in server.requests if path == "/api/v3/traces"]
    reads = [query for path, query in server.requests if path.startswith("/api/v3/traces/")]
    assert {query["query.raw_traces"] for query in searches} == {query["raw_traces"] for query in reads} == {"true"}
    assert server.headers[-1]["x-key"] == "k"


def test_answer_in_several_parts_is_read_whole(server: JaegerServer) -> None:
    server.settings.in_parts = True
    fill(server, *(span(n, seconds=n) for n in range(1, 6)))
    assert len(listed(server)) == 5


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (500, '{"error": {"httpCode": 500, "message": "storage is away"}}', StoreUnavailable),
        (503, "away", StoreUnavailable),
        (429, "slow down", StoreUnavailable),
        (401, "who are you", StoreAccessDenied),
        (400, '{"error": {"message": "malformed parameter"}}', StoreRejected),
        (404, "404 page not found", StoreUnavailable),
        (404, "<html>", StoreUnavailable),
        (200, "<html>", StoreUnavailable),
    ],
)
def test_refusals_read_nothing(server: JaegerServer, status: int, body: str, error: type[Exception]) -> None:
    fill(server, span(1))
    server.fail("/api/v3/traces", status, body, times=9, retry_after="60")
    with pytest.raises(error, match="/api/v3/traces"):
        listed(server)
    server.faults[0].times = 9
    with pytest.raises(error):
        within(server, lambda store: store.fetch_traces([key(1)]))


def test_unknown_traces_and_ids_of_other_stores_are_absent(server: JaegerServer) -> None:
    fill(server, span(1))
    keys = [key(1), key(2), TraceKey(trace_id="run-17", start=NOON)]
    read = within(server, lambda store: store.fetch_traces(keys))
    assert list(read) == [key(1).trace_id]
    assert isinstance(read[key(1).trace_id], Trace)


def test_trace_larger_than_we_take_is_too_large(server: JaegerServer) -> None:
    fill(server, span(1, attributes={"input.value": "x" * 50_000}))

    async def use(store: Any) -> Any:
        store.client.connection.most_bytes = 10_000
        return await store.fetch_traces([key(1)])

    assert isinstance(within(server, use)[key(1).trace_id], TraceTooLarge)


def test_rewritten_score_is_read_as_the_newest_and_is_no_step(server: JaegerServer) -> None:
    fill(server, span(1))
    before = within(server, lambda store: store.fetch_traces([key(1)]))

    async def use(store: Any) -> list[object]:
        seen = []
        for value in (0.1, 0.9, 0.1):
            await store.write_scores([score(value=value, root_id=span(1).span_id)])
            seen.append((await store.read_scores([score().key]))["s1"].value)
        return seen

    assert within(server, use) == [0.1, 0.9, 0.1]
    assert within(server, lambda store: store.fetch_traces([key(1)])) == before


def test_doctor_tells_services_environments_and_whether_spans_are_taken(server: JaegerServer) -> None:
    fresh = span(1, attributes={"deployment.environment.name": "production"})
    now = datetime.now(UTC)

    async def use(store: Any) -> list[tuple[str, str, str]]:
        checks = [check async for check in store.examine(Examination(excluded=("demo",)))]
        return [(check.name, check.status, check.message) for check in checks]

    assert [status for _, status, _ in within(server, use)] == ["ok", "warn", "ok"]
    fill(server, fresh.model_copy(update={"start": now, "end": now}))
    assert within(server, use) == [
        ("jaeger", "ok", f"1 services (bot); {server.url}"),
        ("recent traces", "ok", "production 1; never judged: demo, assay"),
        ("results", "ok", "it takes spans"),
    ]
    server.fail("/api/v3/services", 404, "404 page not found", times=1)
    assert [status for _, status, _ in within(server, use)] == ["fail"]
