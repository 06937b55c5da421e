"""The fake Langfuse fails as it is told to, and stays up whatever it is sent."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.contract.langfuse_requests import NOON, client_of, score, stored
from tests.servers.langfuse import Fault, Faults, LangfuseServer, failing_score_writes
from tests.servers.langfuse.clock import iso, millis
from tests.servers.langfuse.faults import SCORE_WRITES

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
