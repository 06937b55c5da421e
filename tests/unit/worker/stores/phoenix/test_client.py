"""What Phoenix's refusals mean, and what no answer may do to us."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator

import pytest

from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreError, StoreRejected, StoreUnavailable
from assay.worker.records.traces import TraceKey
from assay.worker.stores.phoenix.refusals import (
    NotThere,
    ProjectMissing,
    RouteMissing,
    TimedOut,
    TooLarge,
    error_of,
    words_of,
)
from tests.servers.phoenix import Fault, PhoenixServer
from tests.unit.worker.stores.phoenix.making import NOON, TRACE, score, sent, span, store_on, within


@pytest.fixture
def server() -> Iterator[PhoenixServer]:
    with PhoenixServer() as running:
        yield running


@pytest.mark.parametrize(
    ("status", "words", "meaning"),
    [
        (401, "Invalid token", StoreAccessDenied),
        (403, "Forbidden", StoreAccessDenied),
        (404, "Project with name bot not found", ProjectMissing),
        (404, "Traces with IDs 4bf9 do not exist.", NotThere),
        (404, "None of the supplied trace_ids exist in this project", NotThere),
        (404, '{"detail":"Not Found"}', RouteMissing),
        (400, "The name 'note' is reserved for trace and span notes.", StoreRejected),
        (413, "", TooLarge),
        (414, "", TooLarge),
        (422, "Invalid cursor", StoreRejected),
        (429, "slow down", StoreBusy),
        (503, "Server is at capacity and cannot process more requests", StoreUnavailable),
        (507, "Insufficient storage", StoreUnavailable),
        (302, "", StoreUnavailable),
    ],
)
def test_refusal_says_what_may_help(status: int, words: str, meaning: type[StoreError]) -> None:
    error = error_of(status, words.encode(), "GET http://phoenix/v1", None)
    assert type(error) is meaning
    assert str(status) in str(error)


def test_words_of_a_failed_validation_never_repeat_what_was_sent() -> None:
    detail = [{"loc": ["body", "data", 0, "result"], "msg": "Input should be valid", "input": "private words"}]
    words = words_of(json.dumps({"detail": detail}).encode())
    assert words == "body.data.0.result: Input should be valid"
    assert words_of(b"<html>a page</html>") == "no words"
    assert words_of("ä".encode() * 5000) == "ä" * 200


def test_key_is_sent_and_never_told(server: PhoenixServer) -> None:
    server.api_key = "secret-key"
    assert within(store_on(server, key="secret-key"), lambda store: store.project_id()) == "Project:1"
    with pytest.raises(StoreAccessDenied) as caught:
        within(store_on(server, key="other-key"), lambda store: store.project_id())
    assert "PHOENIX_API_KEY" in str(caught.value)
    assert "other-key" not in str(caught.value)


def test_project_that_is_not_there_yet_is_waited_for(server: PhoenixServer) -> None:
    with pytest.raises(ProjectMissing, match="nobody") as caught:
        within(store_on(server, project="nobody"), lambda store: store.project_id())
    assert isinstance(caught.value, StoreUnavailable)


def test_server_that_fails_for_a_moment_is_asked_again(server: PhoenixServer) -> None:
    server.faults += [Fault(503), Fault(500)]
    assert within(store_on(server), lambda store: store.project_id()) == "Project:1"
    assert len(server.requests) == 3


def test_write_whose_answer_was_lost_is_sent_again_and_there_once(server: PhoenixServer) -> None:
    sent(server, [span(1)])
    server.faults.append(Fault(502, body=b"<html>bad gateway</html>", is_done=True))
    within(store_on(server), lambda store: store.write_scores([score()]))
    assert len(server.contents.annotations["trace_annotations"]) == 1


def test_being_asked_to_wait_longer_than_seconds_is_told_with_the_time(server: PhoenixServer) -> None:
    server.faults.append(Fault(429, {"Retry-After": "120"}, b"slow down"))
    with pytest.raises(StoreBusy) as caught:
        within(store_on(server), lambda store: store.project_id())
    assert caught.value.retry_after_s == pytest.approx(120, abs=1)
    assert len(server.requests) == 1


def test_own_budget_is_kept(server: PhoenixServer) -> None:
    async def use(store: object) -> None:
        for _ in range(3):
            await store.client.get("/v1/projects/default")  # type: ignore[attr-defined]

    with pytest.raises(StoreBusy, match="requests_per_minute"):
        within(store_on(server, requests_per_minute=2), use)
    assert len(server.requests) == 2


def test_slow_server_is_not_asked_again_at_once(server: PhoenixServer) -> None:
    server.faults += [Fault(200, after_s=1.0)] * 2
    with pytest.raises(TimedOut):
        within(store_on(server, timeout_s=0.2), lambda store: store.project_id())
    assert len(server.requests) == 1


def test_answer_that_is_no_json_is_an_outage(server: PhoenixServer) -> None:
    server.faults += [Fault(200, body=b"<html>login</html>")] * 3
    with pytest.raises(StoreUnavailable, match="is this Phoenix"):
        within(store_on(server), lambda store: store.project_id())


def test_bomb_of_an_answer_is_not_unpacked_whole(server: PhoenixServer) -> None:
    packed = zlib.compress(b" " * 20_000_000)
    server.faults.append(Fault(200, {"Content-Encoding": "deflate"}, packed))
    with pytest.raises(TooLarge, match="1,000,000 bytes"):
        within(store_on(server, most_bytes=1_000_000), lambda store: store.project_id())


def test_no_server_at_all_is_an_outage() -> None:
    with PhoenixServer() as gone:
        store = store_on(gone)
    with pytest.raises(StoreUnavailable, match="PHOENIX_ENDPOINT"):
        within(store, lambda opened: opened.fetch_traces([TraceKey(trace_id=TRACE, start=NOON)]))
