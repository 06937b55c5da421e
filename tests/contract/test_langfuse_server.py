"""What the recordings do not hold: limits, lag, list bodies, caps, the v3 generation."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.contract.langfuse_requests import NOON, client_of, observation, pages, score, stored
from tests.servers.langfuse import LangfuseServer, LangfuseSettings
from tests.servers.langfuse.clock import ManualClock, iso, millis
from tests.servers.langfuse.limits import Logged, RequestLog
from tests.servers.langfuse.recordings import recorded_traces
from tests.servers.langfuse.seeding import seed_recorded


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


def test_a_score_keeps_the_environment_of_its_first_post() -> None:
    """Seen on 4.16 through /ingestion; the worker behind both ways is the same."""
    with LangfuseServer() as server:
        client = client_of(server)
        for environment in ("a", "b"):
            client.post("/scores", json=score(environment=environment, comment=environment))
        (row,) = stored(client, "s0")
        assert (row["environment"], row["comment"]) == ("a", "b")
        client.close()


@pytest.mark.parametrize(("sent", "kept"), [(5e-324, 0), (-5e-324, 0), (2.3e-308, 2.3e-308), (1e-12, 1e-12)])
def test_a_number_too_small_for_its_full_precision_becomes_zero(sent: float, kept: float) -> None:
    with LangfuseServer() as server:
        client = client_of(server)
        client.post("/scores", json=score(value=sent))
        (row,) = stored(client, "s0")
        assert row["value"] == kept
        client.close()


def test_a_whole_number_in_metadata_loses_its_point() -> None:
    with LangfuseServer() as server:
        server.project.add_observation(**observation(0, metadata={"n": '{"score": 4.0, "rest": 4.5, "big": 1e300}'}))
        client = client_of(server)
        ((row,),) = pages(client, fields="core,metadata", expandMetadata="n")
        assert json.dumps(row["metadata"]["n"]) == '{"score": 4, "rest": 4.5, "big": 1e+300}'
        client.close()


def test_dataset_items_are_kept_without_control_characters() -> None:
    with LangfuseServer() as server:
        client = client_of(server)
        client.post("/v2/datasets", json={"name": "d"})
        sent = {"q": "Clerkâ\x80\x99s\x00 desk\x1b\x7f\n\t\r.", "in\x85 a key": ["\x9f", 1, None]}
        item = {"datasetName": "d", "id": "i", "input": sent, "expectedOutput": "\x08x", "metadata": {"m": "\x0b"}}
        client.post("/dataset-items", json=item)
        (kept,) = client.get("/dataset-items?datasetName=d").json()["data"]
        assert kept["input"] == {"q": "Clerkâs desk\n\t\r.", "in a key": ["", 1, None]}
        assert (kept["expectedOutput"], kept["metadata"]) == ("x", {"m": ""})
        client.close()
