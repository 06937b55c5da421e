"""What the recordings do not hold: limits, faults, lag, list bodies, the v3 generation, traces made on demand."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.servers.langfuse import Fault, Faults, LangfuseServer, LangfuseSettings, failing_score_writes
from tests.servers.langfuse.clock import ManualClock, iso, millis
from tests.servers.langfuse.faults import SCORE_WRITES
from tests.servers.langfuse.limits import Logged, RequestLog
from tests.servers.langfuse.project import Project
from tests.servers.langfuse.recordings import recorded_traces
from tests.servers.langfuse.rows import trace_hash
from tests.servers.langfuse.seeding import seed_recorded
from tests.servers.langfuse.synthetic import SyntheticTraces

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TRACE = "0" * 32


def client_of(server: LangfuseServer) -> httpx.Client:
    key = (server.public_key, server.secret_key)
    return httpx.Client(base_url=f"{server.url}/api/public", auth=key, timeout=20)


def score(number: int = 0, **fields: Any) -> dict[str, Any]:
    return {"id": f"s{number}", "traceId": TRACE, "name": "risk", "value": number / 1000, **fields}


def observation(number: int, **columns: Any) -> dict[str, Any]:
    start = iso(millis(NOON) + number)
    return {"id": f"{number:016x}", "traceId": f"{number:032x}", "name": "chat", "startTime": start, **columns}


def stored(client: httpx.Client, ids: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = client.get("/v3/scores", params={"id": ids, "fields": "details"}).json()["data"]
    return rows


def pages(client: httpx.Client, **query: Any) -> Iterator[list[dict[str, Any]]]:
    cursor: dict[str, str] = {}
    while True:
        found = client.get("/v2/observations", params={**query, **cursor}).raise_for_status().json()
        yield found["data"]
        if "cursor" not in found["meta"]:
            return
        cursor = {"cursor": found["meta"]["cursor"]}


def test_rate_limit_lets_all_but_the_last_of_a_window_through_and_says_when_to_return() -> None:
    clock = ManualClock(NOON)
    with LangfuseServer(LangfuseSettings(per_minute={"general": 5}), clock=clock) as server:
        client = client_of(server)
        statuses = [client.get("/v3/scores").status_code for _ in range(4)]
        clock.set(NOON + timedelta(seconds=20))
        refused = client.post("/scores", json=score())
        assert (statuses, refused.status_code, refused.headers["Retry-After"]) == ([200] * 4, 429, "40")
        assert client.post("/ingestion", json={"batch": []}).status_code == 207
        clock.set(NOON + timedelta(seconds=60))
        assert client.get("/v3/scores").status_code == 200
        assert server.requests.peak("general") == 6
        assert server.requests.statuses("general") == Counter({200: 5, 429: 1})
        client.close()


def test_request_log_counts_the_fullest_minute() -> None:
    log = RequestLog()
    for at in (0.0, 30.0, 59.9, 60.0, 89.0, 200.0):
        log.entries.append(Logged(at, "GET", "/x", "", "general", 200))
    assert log.peak("general") == 4
    assert log.peak("general", seconds=1.0) == 2
    assert log.peak("other") == 0


def test_scores_appear_after_the_lag_and_not_before() -> None:
    clock = ManualClock(NOON)
    with LangfuseServer(LangfuseSettings(score_lag_s=15, delete_lag_s=2), clock=clock) as server:
        client = client_of(server)
        client.post("/scores", json=score())
        seen = []
        for seconds in (0, 14.9, 15):
            clock.set(NOON + timedelta(seconds=seconds))
            seen.append(len(stored(client, "s0")))
        client.delete("/scores/s0")
        seen.append(len(stored(client, "s0")))
        clock.set(NOON + timedelta(seconds=18))
        assert [*seen, len(stored(client, "s0"))] == [0, 0, 1, 1, 0]
        client.close()


def test_score_list_is_taken_by_newer_servers_with_errors_that_name_nothing() -> None:
    with LangfuseServer(LangfuseSettings(score_body="list")) as server:
        client = client_of(server)
        good = client.post("/scores", json=[score(1), score(2)])
        assert (good.status_code, good.json()) == (202, {"message": "Accepted"})
        mixed = client.post("/scores", json=[score(3), score(4, value=None)])
        assert (mixed.status_code, mixed.json()["accepted"], mixed.json()["rejected"]) == (207, 1, 1)
        assert [set(one) for one in mixed.json()["errors"]] == [{"message"}]
        assert client.post("/scores", json=score(5)).json() == {"id": "s5"}
        assert {row["id"] for row in stored(client, "s1,s2,s3,s4,s5")} == {"s1", "s2", "s3", "s5"}
        client.close()


def test_many_posts_of_one_id_at_once_make_one_score() -> None:
    with LangfuseServer() as server, client_of(server) as client, ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda n: client.post("/scores", json=score(value=float(n))).status_code, range(40)))
        assert answers == [200] * 40
        assert len(stored(client, "s0")) == 1


def test_score_texts_that_look_like_json_come_back_as_json_and_nan_stays_a_text() -> None:
    with LangfuseServer() as server, client_of(server) as client:
        metadata = {"n": "1", "word": "NaN", "deep": {"a": [1]}, "text": "x", "日本": "語"}
        client.post("/scores", json=score(metadata=metadata))
        assert stored(client, "s0")[0]["metadata"] == {**metadata, "n": 1}


NASTY = [
    "naïve 日本語 \u202e \u0000 tail",
    "'; DROP TABLE scores; --",
    "a/b:c?d#e%2F",
    "x" * 700,
]


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_strange_ids_and_texts_come_back_unchanged(text: str) -> None:
    with LangfuseServer() as server, client_of(server) as client:
        assert client.post("/scores", json=score(id=text, comment=text, name=text)).json() == {"id": text}
        row = stored(client, text)[0]
        assert (row["id"], row["comment"], row["name"]) == (text, text, text)
        assert client.delete(f"/scores/{quote(text, safe='')}").status_code == 202
        assert stored(client, text) == []


def test_half_a_surrogate_pair_comes_back_as_the_replacement_character() -> None:
    with LangfuseServer() as server, client_of(server) as client:
        raw = b'{"id": "s0", "traceId": "t", "name": "risk", "value": 1, "comment": "cut \\ud83d"}'
        assert client.post("/scores", content=raw).status_code == 200
        assert stored(client, "s0")[0]["comment"] == "cut \ufffd"


WRONG_BODIES: list[Any] = [
    [], "x", None, 5, {}, score(value=[]), score(comment=5), score(traceId=7), score(name=None), score(id=1.5),
    score(value="x", dataType="BOOLEAN"), score(metadata={"a": 1}, value={}), score(traceId="", sessionId=""),
]  # fmt: skip


@pytest.mark.parametrize("body", WRONG_BODIES, ids=range(len(WRONG_BODIES)))
def test_wrong_scores_are_refused_by_both_ways_and_break_nothing(body: Any) -> None:
    with LangfuseServer() as server, client_of(server) as client:
        assert client.post("/scores", json=body).status_code == 400
        event = {"id": "e", "type": "score-create", "timestamp": iso(millis(NOON)), "body": body}
        answer = client.post("/ingestion", json={"batch": [event, {**event, "id": "f", "body": score(1)}, 7]})
        assert answer.status_code == 207
        assert [one["id"] for one in answer.json()["successes"]] == ["f"]
        assert [row["id"] for row in client.get("/v3/scores").json()["data"]] == ["s1"]


WRONG_QUERIES = [
    "/v3/scores?fromTimestamp=yesterday",
    "/v3/scores?dataType=NUMERIC&valueMin=much",
    "/v3/scores?cursor=%00",
    "/v3/scores?traceId=a&sessionId=b",
    "/v2/observations?filter=5",
    "/v2/observations?filter=[5]",
    '/v2/observations?filter=[{"type":"datetime","column":"endTime","operator":">","value":5}]',
    '/v2/observations?filter=[{"type":"string","column":"input","operator":"contains","value":"x"}]',
    "/v2/observations?cursor=bnVsbA==",
    "/experiments?fromStartTime=2026-11-21T00:00:00Z&toStartTime=never",
    "/experiment-items?fromStartTime=2026-11-21T00:00:00Z&cursor=x",
    "/score-configs?page=0",
    "/dataset-items?version=yesterday",
]


@pytest.mark.parametrize("query", WRONG_QUERIES)
def test_wrong_queries_are_refused(query: str) -> None:
    with LangfuseServer() as server, client_of(server) as client:
        assert client.get(query).status_code == 400


def test_one_malformed_span_refuses_the_whole_export() -> None:
    good = {"traceId": "ab" * 16, "spanId": "cd" * 8, "name": "chat", "startTimeUnixNano": "1795284853388430848"}
    with LangfuseServer() as server, client_of(server) as client:
        body = {"resourceSpans": [{"scopeSpans": [{"spans": [good, {"traceId": "x"}]}]}]}
        assert client.post("/otel/v1/traces", json=body).status_code == 400
        assert client.get("/v2/observations").json()["data"] == []


FATES = [
    (Fault("status", 1.0, status=500), 500, 0),
    (Fault("status", 1.0, status=429), 429, 0),
    (Fault("drop", 1.0), 200, 0),
    (Fault("slow", 1.0, delay_s=0.01), 200, 1),
    (Fault("cut", 1.0), 0, 0),
    (Fault("timeout", 1.0, delay_s=0.01), 0, 0),
    (Fault("lost_answer", 1.0, delay_s=0.01), 0, 1),
]


@pytest.mark.parametrize(
    ("fault", "status", "found"), FATES, ids=[f"{one.kind}-{n}" for n, (one, _, _) in enumerate(FATES)]
)
def test_fault_strikes_score_writes_only(fault: Fault, status: int, found: int) -> None:
    with LangfuseServer(faults=Faults(rules=[fault])) as server, client_of(server) as client:
        try:
            got = client.post("/scores", json=score()).status_code
        except httpx.TransportError:
            got = 0
        assert (got, len(stored(client, "s0"))) == (status, found)
        assert server.requests.statuses()[status] >= 1


def test_faults_are_the_same_for_a_seed_and_near_their_share() -> None:
    def struck(seed: int) -> list[str | None]:
        faults = failing_score_writes(0.2, seed=seed)
        kinds: list[str | None] = []
        for _ in range(2000):
            fault = faults.of_request("POST", "/api/public/scores")
            kinds.append(fault.kind if fault else "drop" if faults.drops_score() else None)
        return kinds

    assert struck(1) == struck(1) != struck(2)
    counts = Counter(struck(1))
    assert 300 < 2000 - counts[None] < 500
    assert {"status", "timeout", "lost_answer", "drop"} <= counts.keys()
    assert failing_score_writes(1.0).of_request("GET", "/api/public/v3/scores") is None
    assert SCORE_WRITES.startswith("POST")


def test_fault_stops_after_its_most() -> None:
    with LangfuseServer(faults=Faults(rules=[Fault("status", 1.0, most=2)])) as server, client_of(server) as client:
        assert [client.post("/scores", json=score()).status_code for _ in range(4)] == [500, 500, 200, 200]


def test_answers_over_the_cap_are_refused_and_smaller_pages_pass() -> None:
    with LangfuseServer(LangfuseSettings(most_response_bytes=200_000)) as server, client_of(server) as client:
        for number in range(10):
            server.project.add_observation(**observation(number, input="x" * 50_000))
        big = client.get("/v2/observations", params={"fields": "core,io"})
        small = client.get("/v2/observations", params={"fields": "core,io", "limit": 3})
        assert (big.status_code, small.status_code) == (413, 200)


def test_wide_windows_time_out_and_narrow_ones_do_not() -> None:
    with LangfuseServer(LangfuseSettings(most_rows_scanned=5)) as server, client_of(server) as client:
        for number in range(10):
            server.project.add_observation(**observation(number))
        wide = client.get("/v2/observations")
        narrow = client.get("/v2/observations", params={"fromStartTime": iso(millis(NOON) + 5)})
        named = client.get("/v2/observations", params={"traceId": f"{1:032x}"})
        assert (wide.status_code, len(narrow.json()["data"]), len(named.json()["data"])) == (422, 5, 1)


def test_a_start_time_in_the_filter_discards_the_simple_bounds() -> None:
    with LangfuseServer() as server, client_of(server) as client:
        for number in range(4):
            server.project.add_observation(**observation(number))
        late = iso(millis(NOON) + 2)
        condition = f'[{{"type":"datetime","column":"startTime","operator":">=","value":"{late}"}}]'
        found = client.get("/v2/observations", params={"filter": condition, "toStartTime": late}).json()["data"]
        assert [row["startTime"] for row in found] == [iso(millis(NOON) + 3), late]


def test_rows_come_back_double_for_the_share_asked() -> None:
    with LangfuseServer() as server, client_of(server) as client:
        server.project.duplicate_share = 0.5
        for number in range(60):
            server.project.add_observation(**observation(number))
        ids = [row["id"] for page in pages(client, limit=1000) for row in page]
        assert len(set(ids)) == 60
        assert 70 < len(ids) < 115


def test_spans_by_protobuf_become_the_rows_that_json_makes() -> None:
    service = pytest.importorskip("opentelemetry.proto.collector.trace.v1.trace_service_pb2")
    request = service.ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id, span.name = bytes.fromhex("ab" * 16), bytes.fromhex("cd" * 8), "chat"
    span.start_time_unix_nano = span.end_time_unix_nano = millis(NOON) * 1_000_000
    with LangfuseServer() as server, client_of(server) as client:
        headers = {"Content-Type": "application/x-protobuf"}
        answer = client.post("/otel/v1/traces", content=request.SerializeToString(), headers=headers)
        assert answer.status_code == 200
        assert client.post("/otel/v1/traces", content=b"\xff", headers=headers).status_code == 400
        rows = client.get("/v2/observations").json()["data"]
        assert [(row["id"], row["traceId"], row["startTime"]) for row in rows] == [
            ("cd" * 8, "ab" * 16, iso(millis(NOON)))
        ]


def test_v3_serves_the_older_reads_alone() -> None:
    with LangfuseServer(LangfuseSettings(generation="v3")) as server, client_of(server) as client:
        count = seed_recorded(server.project)
        assert client.get("/health").json()["version"].startswith("3.")
        assert client.get("/v2/observations").status_code == 404
        first = client.get("/traces", params={"limit": 20, "fields": "core"}).json()
        assert (first["meta"]["totalItems"], len(first["data"])) == (count, 20)
        trace = client.get(f"/traces/{first['data'][0]['id']}").json()
        assert trace["observations"]
        client.post("/scores", json=score(traceId=trace["id"]))
        assert [row["trace"]["tags"] for row in client.get("/v2/scores?scoreIds=s0").json()["data"]] == [trace["tags"]]


def test_recorded_traces_can_be_moved_into_another_time() -> None:
    with LangfuseServer() as server, client_of(server) as client:
        moved = -3 * 86_400_000
        assert seed_recorded(server.project, moved_ms=moved) == len(recorded_traces())
        day = {"fromStartTime": "2026-11-17T00:00:00Z", "toStartTime": "2026-11-19T00:00:00Z", "limit": 1000}
        rows = [row for page in pages(client, **day) for row in page]
        assert len({row["traceId"] for row in rows}) == 32
        assert len(client.get("/v3/scores", params={"name": "user-feedback"}).json()["data"]) == 4


def test_synthetic_traces_are_listed_once_each_in_order_over_any_pages() -> None:
    with LangfuseServer() as server, client_of(server) as client:
        start = millis(NOON)
        made = server.project.add_synthetic(300, start_ms=start, span_ms=3000)
        whole = [row for page in pages(client, limit=1000, fields="core") for row in page]
        keys = [(row["startTime"], trace_hash(row["traceId"]), row["id"]) for row in whole]
        assert keys == sorted(keys, reverse=True)
        assert [row for page in pages(client, limit=37, fields="core") for row in page] == whole
        wanted = Counter({made.trace_id(n): len(made.template(n).rows) for n in range(300)})
        assert Counter(row["traceId"] for row in whole) == wanted
        roots = [row for page in pages(client, limit=37, fields="core", isRootObservation="true") for row in page]
        assert len(roots) == sum(made.template(n).roots for n in range(300))
        one = client.get("/v2/observations", params={"traceId": made.trace_id(7), "fields": "core"}).json()["data"]
        assert one == [row for row in whole if row["traceId"] == made.trace_id(7)]


@settings(max_examples=200, deadline=None)
@given(index=st.integers(0, 10**7 - 1), seed=st.integers(0, 2**32 - 1))
def test_synthetic_trace_ids_lead_back_to_their_index(index: int, seed: int) -> None:
    made = SyntheticTraces(10**7, 0, 10**9, seed)
    trace_id = made.trace_id(index)
    assert made.index(trace_id) == index
    assert made.index(trace_id[:-1] + ("0" if trace_id[-1] != "0" else "1")) is None
    assert made.index("not-hex-at-all") is None


def test_trace_hash_is_xxhash32() -> None:
    # Test vectors of xxHash32 with seed 0, as its specification's implementations print them.
    assert [trace_hash(text) for text in ("", "a", "abc")] == [0x02CC5D05, 0x550D7456, 0x32D153FF]
    assert trace_hash("Nobody inspects the spammish repetition") == 0xE2293B2F


def test_synthetic_traces_take_no_memory_and_no_time_to_add() -> None:
    project = Project(LangfuseSettings())
    made = project.add_synthetic(10**9, start_ms=0, span_ms=10**12)
    newest = list(itertools.islice(made.descending((0, 10**13), None), 5))
    assert len({row.fields["id"] for row in newest}) == 5


def test_command_prints_where_it_is_and_ends_on_sigterm() -> None:
    command = [sys.executable, "-m", "tests.servers.langfuse", "--traces", "50", "--plain", "--lag", "5"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = dict(line.strip().split("=", 1) for line in itertools.islice(process.stdout, 3))
        key = (told["LANGFUSE_PUBLIC_KEY"], told["LANGFUSE_SECRET_KEY"])
        url = f"{told['LANGFUSE_BASE_URL']}/api/public/v2/observations"
        answer = httpx.get(url, params={"isRootObservation": "true", "limit": 100}, auth=key, timeout=20)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) == 0
    assert len(answer.json()["data"]) == 50
