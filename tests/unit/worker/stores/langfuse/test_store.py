"""The Langfuse adapter against a server that is slow, small, limited, older, or says no."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from assay.judges.errors import ConfigurationError
from assay.worker.config.use_cases import Match
from assay.worker.flow.selection import matches
from assay.worker.ports.clock import FixedClock
from assay.worker.ports.source import trace_in
from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreRejected, StoreUnavailable, TraceTooLarge
from assay.worker.records.scores import Score
from assay.worker.records.traces import OWN_ENVIRONMENT, Trace, TraceKey
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.state.memory.state import memory_state
from assay.worker.stores.langfuse.client import (
    LangfuseClient,
    NotThere,
    QueryTooHeavy,
    RouteMissing,
    TooLarge,
    UrlTooLong,
    error_of,
)
from assay.worker.stores.langfuse.codec import iso, may_be_cut, payload
from assay.worker.stores.langfuse.quotas import PLANS, bucket_of
from assay.worker.stores.langfuse.score_reads import score_of
from assay.worker.stores.langfuse.scores import event
from assay.worker.stores.langfuse.server import numbers
from assay.worker.stores.langfuse.store import LangfuseStore
from tests.servers.langfuse import HOBBY, Fault, Faults, LangfuseServer, LangfuseSettings
from tests.unit.worker.extraction.test_trace_shapes import recorded
from tests.unit.worker.stores.langfuse.making import (
    HOUR,
    NOON,
    OPEN,
    SPECS,
    QuickPlan,
    add_root,
    key_of,
    roots_in,
    score,
    store_on,
    using,
)
from tests.waiting import PATIENCE_S


@pytest.fixture
def server() -> Iterator[LangfuseServer]:
    with LangfuseServer() as running:
        yield running


# --- which server it is


@pytest.mark.parametrize(
    ("settings", "generation", "reads", "writes"),
    [
        (LangfuseSettings(), "v4", "v3", "events"),
        (LangfuseSettings(generation="dual"), "v4", "v3", "events"),
        (LangfuseSettings(score_body="list"), "v4", "v3", "list"),
        (LangfuseSettings(generation="v3"), "v3", "v3", "events"),
    ],
)
def test_server_is_recognised_once(settings: LangfuseSettings, generation: str, reads: str, writes: str) -> None:
    async def use(store: LangfuseStore) -> tuple[str, str, str]:
        found = (await asyncio.gather(*(store.server() for _ in range(5))))[0]
        return found.generation, found.reads_scores, found.writes_scores

    with LangfuseServer(settings) as server:
        assert using(store_on(server), use) == (generation, reads, writes)
        assert server.requests.counts()["GET /api/public/health"] == 1


def test_server_that_is_no_langfuse_is_said_to_be_none() -> None:
    faults = Faults(0, [Fault("status", 1.0, on="GET", status=404)])
    with LangfuseServer(faults=faults) as server, pytest.raises(StoreUnavailable, match="LANGFUSE_BASE_URL"):
        using(store_on(server), lambda store: store.server())


def test_langfuse_that_serves_neither_generations_reads_is_a_configuration_error() -> None:
    faults = Faults(0, [Fault("status", 1.0, on="/v2/observations", status=404)])
    with LangfuseServer(faults=faults) as server, pytest.raises(ConfigurationError, match="ALLOW_PREVIEW_OPT_IN"):
        using(store_on(server), lambda store: store.server())


@pytest.mark.parametrize(
    ("version", "expected"),
    [("4.59.0", (4, 59, 0)), ("v4.60", (4, 60)), ("3.179.0-rc.1", (3, 179, 0)), ("", ()), ("next", ())],
)
def test_versions_are_read_as_numbers(version: str, expected: tuple[int, ...]) -> None:
    assert numbers(version) == expected


# --- listing roots


def test_list_roots_asks_for_narrow_fields_and_follows_the_cursor(server: LangfuseServer) -> None:
    ids = {add_root(server, n, after_s=n) for n in range(2500)}
    assert {root.trace_id for root in roots_in(store_on(server))} == ids
    queries = [one.query for one in server.requests.entries if "isRootObservation=true" in one.query]
    assert len(queries) == 3
    assert all("fields=core%2Cbasic%2Ctrace_context&" in query for query in queries)
    assert not any("io" in query.split("fields=")[1].split("&")[0] for query in queries)


def test_list_roots_halves_what_is_too_heavy_and_loses_nothing() -> None:
    with LangfuseServer(LangfuseSettings(most_rows_scanned=300)) as server:
        ids = {add_root(server, n, after_s=n) for n in range(2000)}
        found = roots_in(store_on(server))
        assert {root.trace_id for root in found} == ids
        assert server.requests.statuses()[422] > 3


def test_list_roots_waits_for_room_in_the_budget_and_never_exceeds_it() -> None:
    """The server's limit holds for a second here, ours for a second, too: the same, sixty times as fast."""
    settings = LangfuseSettings(per_minute={"general": 20}, rate_window_s=1.0)
    with LangfuseServer(settings) as server:
        ids = {add_root(server, n, after_s=n) for n in range(60)}
        store = store_on(server, plan=QuickPlan(20))
        store._roots._size.limit = 1
        assert {root.trace_id for root in roots_in(store)} == ids
        assert 429 not in server.requests.statuses()
        assert server.requests.peak("general", seconds=1.0) < 20


def test_list_roots_gives_the_rows_of_one_id_and_of_several_roots(server: LangfuseServer) -> None:
    one = add_root(server, 1, after_s=5)
    add_root(server, 1, after_s=9)
    server.project.add_observation(
        traceId=one, id="b" * 16, name="second", startTime=iso(NOON), isRootObservation=True, type="SPAN"
    )
    assert {root.trace_id for root in roots_in(store_on(server))} == {one}


def test_list_roots_leaves_out_our_own_and_does_not_guess_environments(server: LangfuseServer) -> None:
    add_root(server, 1, environment=OWN_ENVIRONMENT)
    other = add_root(server, 2, environment="staging")
    assert [(root.trace_id, root.environment) for root in roots_in(store_on(server))] == [(other, "staging")]


def test_list_roots_asks_for_metadata_only_where_selection_needs_it(server: LangfuseServer) -> None:
    add_root(server, 1, metadata={"tenant": "x" * 400})
    assert roots_in(store_on(server))[0].metadata == {}
    assert roots_in(store_on(server, root_metadata=["tenant"]))[0].metadata == {"tenant": "x" * 400}


def test_rootless_traces_are_counted(server: LangfuseServer) -> None:
    add_root(server, 1)
    for number in (1, 2, 3):
        server.project.add_observation(
            traceId=f"{number:032x}", id=f"c{number:015x}", name="step", type="TOOL", startTime=iso(NOON),
            parentObservationId="f" * 16, isRootObservation=False,
        )  # fmt: skip
    assert using(store_on(server), lambda store: store.count_rootless(NOON, NOON + HOUR)) == 2


# --- fetching content


def test_fetch_takes_two_hundred_traces_in_one_query() -> None:
    with LangfuseServer() as server:
        server.project.add_synthetic(300, start_ms=_ms(NOON), span_ms=3_000_000, plain=True)
        roots = roots_in(store_on(server))[:200]
        keys = [TraceKey(trace_id=r.trace_id, start=r.start, end=r.end) for r in roots]
        before = len(server.requests.entries)
        found = using(store_on(server), lambda store: store.fetch_traces(keys))
        asked = [one for one in list(server.requests.entries)[before:] if "filter" in one.query]
        assert set(found) == {key.trace_id for key in keys}
        assert len(asked) <= 6
        assert all("fromStartTime" in one.query and "toStartTime" in one.query for one in asked)


def test_fetch_fits_its_pages_to_what_the_server_moves_at_once() -> None:
    with LangfuseServer(LangfuseSettings(most_response_bytes=200_000)) as server:
        ids = [add_root(server, n, after_s=n, output="x" * 40_000) for n in range(30)]
        keys = [TraceKey(trace_id=trace_id, start=NOON, end=NOON + HOUR) for trace_id in ids]
        found = using(store_on(server), lambda store: store.fetch_traces(keys))
        assert set(found) == set(ids)
        assert server.requests.statuses()[413] >= 1


def test_fetch_leaves_out_the_trace_that_cannot_be_moved_and_brings_the_others() -> None:
    with LangfuseServer(LangfuseSettings(most_response_bytes=200_000)) as server:
        good = [add_root(server, n, after_s=n, output="x" * 1000) for n in range(8)]
        bad = add_root(server, 99, after_s=4, output="x" * 300_000)
        keys = [TraceKey(trace_id=trace_id, start=NOON, end=NOON + HOUR) for trace_id in [*good, bad]]
        found = using(store_on(server), lambda store: store.fetch_traces(keys))
        assert {key for key, one in found.items() if isinstance(one, Trace)} == set(good)
        assert isinstance(found[bad], TraceTooLarge)


def test_fetch_splits_ids_that_do_not_fit_into_a_url(server: LangfuseServer) -> None:
    ids = [f"{n}-{'é' * 100}" for n in range(60)]
    for n, trace_id in enumerate(ids):
        add_root(server, n, traceId=trace_id)
    keys = [TraceKey(trace_id=trace_id, start=NOON, end=NOON + HOUR) for trace_id in ids]
    found = using(store_on(server), lambda store: store.fetch_traces(keys))
    assert set(found) == set(ids)
    assert 431 not in server.requests.statuses()


def test_fetch_asks_again_for_documents_that_were_cut(server: LangfuseServer) -> None:
    trace_id = add_root(server, 1, input="q", output="a")
    document = "A long passage. " * 40
    server.project.add_observation(
        traceId=trace_id, id="d" * 16, name="retrieve", type="RETRIEVER", startTime=iso(NOON),
        parentObservationId=f"{1:016x}", isRootObservation=False,
        metadata={f"attributes.retrieval.documents.{n}.document.content": f"{n} {document}" for n in range(30)},
    )  # fmt: skip
    key = TraceKey(trace_id=trace_id, start=NOON, end=NOON + HOUR)
    found = using(store_on(server), lambda store: store.fetch_traces([key]))
    trace = trace_in(found, trace_id)
    assert trace is not None
    values = trace.observations[0].metadata.values()
    assert sorted(map(str, values)) == sorted(f"{n} {document}" for n in range(30))


# --- writing and reading scores


def test_scores_are_dated_at_the_trace_and_a_rewrite_is_later(server: LangfuseServer) -> None:
    clock = FixedClock(NOON + timedelta(days=2))

    async def use(store: LangfuseStore) -> Score:
        await store.write_scores([score(0.9)])
        clock.moment += timedelta(seconds=61)
        await store.write_scores([score(0.2)])
        return (await store.read_scores([key_of("s-groundedness")]))["s-groundedness"]

    shown = using(store_on(server, clock=clock), use)
    assert shown.value == 0.2
    assert NOON <= shown.timestamp < NOON + timedelta(minutes=5)


def test_event_of_a_rewrite_on_the_last_day_of_a_ledger_is_still_of_the_same_hour() -> None:
    body = {"id": "x", "timestamp": "t"}
    late = event(body, NOON, NOON + timedelta(days=14))
    assert NOON < datetime.fromisoformat(late["timestamp"]) < NOON + HOUR
    assert event(body, NOON, NOON + timedelta(days=14, seconds=1))["timestamp"] > late["timestamp"]
    assert event(body, NOON, NOON - HOUR)["timestamp"] == iso(NOON), "a trace from the future"


def test_two_hundred_scores_take_two_requests(server: LangfuseServer) -> None:
    given = [score(0.5, id=f"n{n}") for n in range(200)]
    using(store_on(server), lambda store: store.write_scores(given))
    assert server.requests.counts()["POST /api/public/ingestion"] == 2


def test_configs_are_made_once_and_named_by_scores_that_fit(server: LangfuseServer) -> None:
    state = memory_state()

    async def many() -> None:
        stores = [store_on(server, specs=SPECS, locks=state.locks) for _ in range(4)]
        await asyncio.gather(*(one.write_scores([score(), score("judged", "grounding_state")]) for one in stores))
        await asyncio.gather(*(one.close() for one in stores))

    asyncio.run(many())
    assert server.requests.counts()["POST /api/public/score-configs"] == 2
    assert {row.config_id is not None for row in _rows(server)} == {True}


@pytest.mark.parametrize("given", [score(7.5), score("unheard_of", "grounding_state")])
def test_score_that_does_not_fit_its_config_is_written_without_it(server: LangfuseServer, given: Score) -> None:
    """With the config's id the server would answer 200 and drop it."""

    async def use(store: LangfuseStore) -> dict[str, Score]:
        await store.write_scores([given])
        return dict(await store.read_scores([given.key]))

    assert using(store_on(server, specs=SPECS), use)[given.id].value == given.value


def test_config_that_somebody_archived_is_not_used(server: LangfuseServer) -> None:
    async def use(store: LangfuseStore) -> None:
        made = await store.client.post(
            "/api/public/score-configs", {"name": "groundedness", "dataType": "NUMERIC", "minValue": 5, "maxValue": 9}
        )
        async with httpx.AsyncClient(auth=(server.public_key, server.secret_key)) as http:
            await http.patch(f"{server.url}/api/public/score-configs/{made['id']}", json={"isArchived": True})
        await store.write_scores([score()])

    using(store_on(server, specs=SPECS), use)
    assert server.requests.counts()["POST /api/public/score-configs"] == 3
    (row,) = _rows(server)
    assert row.config_id is not None


def test_scores_are_written_though_configs_cannot_be_read() -> None:
    faults = Faults(0, [Fault("status", 1.0, on="score-configs", status=403)])
    with LangfuseServer(faults=faults) as server:
        using(store_on(server, specs=SPECS), lambda store: store.write_scores([score()]))
        assert len(_rows(server)) == 1


class SaysMore(LangfuseSettings):
    """A server behind something that says another version."""

    @property
    def version(self) -> str:
        return "4.60.0"


def test_list_that_the_server_does_not_take_goes_another_way() -> None:
    with LangfuseServer(SaysMore()) as server:
        given = [score(id="a"), score(id="b")]
        using(store_on(server), lambda store: store.write_scores(given))
        assert {row.id for row in _rows(server)} == {"a", "b"}


def test_scores_go_one_by_one_where_there_is_no_ingestion() -> None:
    faults = Faults(0, [Fault("status", 1.0, on="POST /api/public/ingestion", status=404)])
    with LangfuseServer(faults=faults) as server:
        using(store_on(server), lambda store: store.write_scores([score(id="a"), score(id="b")]))
        assert {row.id for row in _rows(server)} == {"a", "b"}
        assert server.requests.counts()["POST /api/public/scores"] == 2


@pytest.mark.parametrize("settings", [LangfuseSettings(), LangfuseSettings(score_body="list")])
def test_refused_score_is_an_error(settings: LangfuseSettings) -> None:
    with LangfuseServer(settings) as server, pytest.raises(StoreRejected, match="refused"):
        using(store_on(server), lambda store: store.write_scores([score(), score(name="", id="bad")]))


def test_read_scores_takes_the_row_that_changed_last() -> None:
    """A score that was renamed under its id stays findable by its old name."""
    rows = [recorded("ingestion.json")[f"ingestion.renamed.{which}"] for which in ("read-old-name", "read")]
    old, new = (one["response"]["body"]["data"][0] for one in rows)
    assert old["id"] == new["id"]
    assert old["updatedAt"] < new["updatedAt"]


@pytest.mark.parametrize("name", ["scores-read.by-traces.fields", "scores-read.user-feedback", "scores-read.session"])
def test_recorded_scores_are_read(name: str) -> None:
    rows = recorded("scores-read.json")[name]["response"]["body"]["data"]
    made = [score_of(row) for row in rows]
    assert [one is None for one in made] == [row.get("subject", {}).get("kind") == "session" for row in rows]
    for row, one in zip(rows, made, strict=True):
        if one is not None:
            assert (one.id, one.name, one.environment) == (row["id"], row["name"], row["environment"])
            assert one.value == row["value"]


def test_recorded_scores_of_the_older_generation_are_read() -> None:
    for row in recorded("dual.json")["dual.scores-v2.by-ids"]["response"]["body"]["data"]:
        made = score_of(row)
        assert made is not None
        assert (made.trace_id, made.value, made.comment) == (row["traceId"], row["value"], "")


# --- errors, retries, budget


@pytest.mark.parametrize(
    ("file", "name", "error"),
    [
        ("auth-errors.json", "auth-errors.observations.wrong-secret", StoreAccessDenied),
        ("auth-errors.json", "auth-errors.scores-read.bearer-public-key", StoreAccessDenied),
        ("observations-errors.json", "observations-errors.any-of-400-ids", UrlTooLong),
        ("observations-errors.json", "observations-errors.bad-cursor", StoreRejected),
        ("ingestion.json", "ingestion.large-6-mb", TooLarge),
        ("health.json", "health.probe-traces", RouteMissing),
        ("health.json", "health.unknown-route", RouteMissing),
        ("datasets.json", "datasets.get.unknown", NotThere),
        ("dual.json", "dual.trace.unknown", NotThere),
        ("scores-write.json", "scores-write.bad.not-json", StoreRejected),
    ],
)
def test_recorded_refusals_mean_what_they_are(file: str, name: str, error: type[Exception]) -> None:
    answer = recorded(file)[name]["response"]
    body = answer["body"]
    response = (
        httpx.Response(answer["status"], json=body)
        if isinstance(body, dict | list)
        else httpx.Response(answer["status"], text=body or "")
    )
    made = error_of(response, "GET x")
    assert type(made) is error
    assert "\n" not in str(made)
    assert len(str(made)) < 500


@pytest.mark.parametrize(
    ("status", "error"), [(422, QueryTooHeavy), (524, QueryTooHeavy), (500, StoreUnavailable), (429, StoreBusy)]
)
def test_other_refusals_mean_what_is_documented(status: int, error: type[Exception]) -> None:
    assert type(error_of(httpx.Response(status, text=""), "GET x")) is error


def test_broken_connections_and_500s_are_tried_again(server: LangfuseServer) -> None:
    rules = [Fault("cut", 1.0, on="projects", most=1), Fault("status", 1.0, on="projects", status=502, most=1)]
    with LangfuseServer(faults=Faults(0, rules)) as flaky:
        assert using(store_on(flaky), lambda store: store.project_id()) == "support-desk-project"
        assert flaky.requests.counts()["GET /api/public/projects"] == 3


def test_429_holds_everybody_for_as_long_as_it_says() -> None:
    rules = [Fault("status", 1.0, on="projects", status=429, retry_after_s=1, most=1)]
    with LangfuseServer(faults=Faults(0, rules)) as server:
        limits = MemoryLimits()
        store = store_on(server, client={"limits": limits})
        using(store, lambda store: store.project_id())
        first, second = [one.at for one in server.requests.entries if one.path.endswith("projects")]
        assert second - first >= 1.0


def test_budget_of_the_smallest_plan_is_said_to_be_used_up_rather_than_exceeded() -> None:
    with LangfuseServer(LangfuseSettings(per_minute=HOBBY)) as server:
        store = store_on(server, plan=PLANS["hobby"], client={"max_wait_s": 0.0})

        async def use(store: LangfuseStore) -> Counter[str]:
            outcomes: Counter[str] = Counter()
            for number in range(40):
                try:
                    await store.read_scores([key_of(f"unknown-{number}")])
                    outcomes["read"] += 1
                except StoreBusy as exc:
                    outcomes["busy"] += (exc.retry_after_s or 0) > 30
            return outcomes

        assert using(store, use)["busy"] > 10
        assert server.requests.peak("general") < HOBBY["general"]
        assert 429 not in server.requests.statuses()


def test_wrong_key_is_an_error_that_names_the_settings(server: LangfuseServer) -> None:
    with pytest.raises(StoreAccessDenied, match="LANGFUSE_SECRET_KEY"):
        using(store_on(server, client={"secret_key": SecretStr("wrong")}), lambda store: store.project_id())


def test_nothing_listening_is_an_error_that_names_the_address() -> None:
    client = LangfuseClient(
        "http://127.0.0.1:9", public_key="p", secret_key=SecretStr("s"), limits=MemoryLimits(), plan=OPEN
    )
    with pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:9.*LANGFUSE_BASE_URL"):
        using(LangfuseStore(client), lambda store: store.project_id())


def test_server_that_hangs_is_given_up_in_time() -> None:
    rules = [Fault("timeout", 1.0, on="projects", delay_s=PATIENCE_S)]
    given_up = pytest.raises(StoreUnavailable, match=r"no answer in 0\.2 s")
    with LangfuseServer(faults=Faults(0, rules)) as server, given_up:
        using(store_on(server, client={"timeout_s": 0.2}), lambda store: store.project_id())


@pytest.mark.parametrize(
    ("method", "path", "bucket"),
    [
        ("GET", "/api/public/v2/observations", "general"),
        ("POST", "/api/public/scores", "general"),
        ("GET", "/api/public/scores", "legacy"),
        ("GET", "/api/public/traces/x", "legacy"),
        ("POST", "/api/public/ingestion", "ingestion"),
        ("GET", "/api/public/health", None),
        ("GET", "/api/public/v2/metrics", "metrics"),
        ("DELETE", "/api/public/scores/x", "deletes"),
        ("DELETE", "/api/public/traces/x", "deletes"),
        ("DELETE", "/api/public/dataset-items/x", "datasets"),
        ("DELETE", "/api/public/annotation-queues/x/items/y", "queues"),
    ],
)
def test_requests_count_against_the_right_limit(method: str, path: str, bucket: str | None) -> None:
    assert bucket_of(path, method) == bucket


# --- the older generation


def test_older_generation_lists_and_fetches_its_traces() -> None:
    with LangfuseServer(LangfuseSettings(generation="v3")) as server:
        server.project.add_synthetic(250, start_ms=_ms(NOON), span_ms=3_000_000, plain=True)
        roots = roots_in(store_on(server))
        assert len({root.trace_id for root in roots}) == 250
        assert all(root.end is not None for root in roots)
        keys = [TraceKey(trace_id=r.trace_id, start=r.start, end=r.end) for r in roots[:20]]
        found = using(store_on(server), lambda store: store.fetch_traces([*keys, TraceKey(trace_id="no", start=NOON)]))
        assert set(found) == {key.trace_id for key in keys}
        assert all(isinstance(trace, Trace) and trace.observations for trace in found.values())


def test_older_generation_shows_metadata_where_selection_looks_at_it() -> None:
    with LangfuseServer(LangfuseSettings(generation="v3")) as server:
        add_root(server, 1, metadata={"tenant": "acme"})
        assert [root.metadata for root in roots_in(store_on(server))] == [{}]
        (root,) = roots_in(store_on(server, root_metadata=["tenant"]))
        assert matches(root, Match(metadata={"tenant": "acme"}))
        assert not matches(root, Match(metadata={"tenant": "other"}))


# --- values


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        (' {"a": 1} ', {"a": 1}),
        ("[1]", [1]),
        ('"quoted"', "quoted"),
        (None, None),
        *((text, text) for text in ("", "42", "true", "{not json}", '"To be" or "not"', "[" * 100_000 + "]")),
    ],
    ids=range(11),
)
def test_payloads_are_parsed_only_where_they_are_json(raw: Any, value: Any) -> None:
    assert payload(raw) == value


def test_values_that_may_be_cut_are_known_by_characters_and_by_bytes() -> None:
    assert may_be_cut("x" * 200)
    assert may_be_cut("語" * 66)
    assert not may_be_cut("x" * 100)
    assert not may_be_cut("x" * 201)


def _rows(server: LangfuseServer) -> list[Any]:
    server.project.scores.settle(int(time.time() * 1000) + 60_000)
    return list(server.project.scores.rows())


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
