"""A trace that cannot be read takes no other with it: who writes an application's input decides how deep it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assay.worker.otlp.evaluations import scores_in
from assay.worker.otlp.sending import _partial_success
from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.records.spans import Span
from assay.worker.records.traces import Trace, TraceKey
from assay.worker.store_clients.connection import Answer
from tests.servers.kept_spans import Answered, BackendServer
from tests.unit.worker.stores.test_wrong_servers import store_of

NOON = datetime(2026, 11, 3, 12, 0, tzinfo=UTC)
GOOD, BAD = "aa" * 16, "bb" * 16
DEEP = {260: "[" * 260 + "]" * 260, 1200: "[" * 1200 + "]" * 1200}
POISON = [*DEEP.values(), "9" * 5000, "[null, 5]", '{"a": [1]}', '"\\ud800"']


class Told(BackendServer):
    """Answers by path what a test told."""

    def __init__(self, told: dict[str, str]) -> None:
        super().__init__()
        self.told = told

    def answer(self, path: str, query: dict[str, str]) -> Answered:
        for start, body in self.told.items():
            if path.startswith(start):
                return Answered(200, body.encode())
        return Answered(404, b"404 page not found", "text/plain")

    def take(self, path: str, body: bytes) -> Answered:
        return self.answer(path, {})


def read(kind: str, told: dict[str, str], ids: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """The ids of the roots that are listed, and what is fetched."""

    async def run(url: str) -> tuple[list[str], dict[str, Any]]:
        store = store_of(kind, url)
        if kind == "mlflow":
            store._experiment = "1"
        try:
            pages = [page async for page in store.list_roots(NOON, NOON + timedelta(hours=1))]
            keys = [TraceKey(trace_id=trace_id, start=NOON, end=NOON) for trace_id in ids]
            return [root.trace_id for page in pages for root in page], dict(await store.fetch_traces(keys))
        finally:
            await store.close()

    with Told(told) as server:
        return asyncio.run(run(server.url))


def otlp_span(trace_id: str, value: str) -> str:
    nanos = int(NOON.timestamp()) * 10**9
    return (
        f'{{"traceId":"{trace_id}","spanId":"{trace_id[:16]}","name":"chat","startTimeUnixNano":"{nanos}",'
        f'"endTimeUnixNano":"{nanos}","attributes":[{{"key":"metadata","value":{value}}}]}}'
    )


def resource_spans(*spans: str) -> str:
    return f'[{{"scopeSpans":[{{"spans":[{",".join(spans)}]}}]}}]'


@pytest.mark.parametrize("poison", POISON)
@pytest.mark.parametrize("in_parts", [False, True])
def test_jaeger(poison: str, in_parts: bool) -> None:
    good, bad = otlp_span(GOOD, '{"stringValue":"x"}'), otlp_span(BAD, poison)
    groups = [resource_spans(bad), resource_spans(good)] if in_parts else [resource_spans(bad, good)]
    told = {
        "/api/v3/services": '{"services":["bot", null, 5]}',
        f"/api/v3/traces/{GOOD}": f'{{"result":{{"resourceSpans":{resource_spans(good)}}}}}',
        f"/api/v3/traces/{BAD}": f'{{"result":{{"resourceSpans":{resource_spans(bad)}}}}}',
        "/api/v3/traces": "\n".join(f'{{"result":{{"resourceSpans":{group}}}}}' for group in groups),
    }
    roots, fetched = read("jaeger", told, [GOOD, BAD])
    assert GOOD in roots
    assert isinstance(fetched[GOOD], Trace)


@pytest.mark.parametrize("poison", POISON)
def test_tempo(poison: str) -> None:
    nanos = int(NOON.timestamp()) * 10**9

    def found(trace_id: str, value: str) -> str:
        span = (
            f'{{"spanID":"{trace_id[:16]}","startTimeUnixNano":"{nanos}","attributes":[{{"key":"m","value":{value}}}]}}'
        )
        return f'{{"traceID":"{trace_id}","startTimeUnixNano":"{nanos}","spanSets":[null,{{"spans":[null,{span}]}}]}}'

    traces = f'[null, 5, {{"traceID":5,"spanSets":5}}, {found(BAD, poison)}, {found(GOOD, "{}")}]'
    told = {
        "/api/search": f'{{"traces":{traces}}}',
        f"/api/v2/traces/{GOOD}": f'{{"trace":{{"resourceSpans":{resource_spans(otlp_span(GOOD, "{}"))}}}}}',
        f"/api/v2/traces/{BAD}": f'{{"trace":{{"resourceSpans":{resource_spans(otlp_span(BAD, poison))}}}}}',
    }
    roots, fetched = read("tempo", told, [GOOD, BAD])
    assert GOOD in roots
    assert isinstance(fetched[GOOD], Trace)


@pytest.mark.parametrize("poison", POISON)
def test_phoenix(poison: str) -> None:
    def row(trace_id: str, value: str) -> str:
        return (
            f'{{"context":{{"trace_id":"{trace_id}","span_id":"{trace_id[:16]}"}},"name":"chat",'
            f'"start_time":"{NOON.isoformat()}","attributes":{{"x":{value}}}}}'
        )

    told = {"/v1/projects/": f'{{"data":[null, {{"context":5}}, {row(BAD, poison)}, {row(GOOD, "1")}]}}'}
    roots, fetched = read("phoenix", told, [GOOD, BAD])
    assert GOOD in roots
    assert isinstance(fetched[GOOD], Trace)


@pytest.mark.parametrize("poison", POISON)
def test_mlflow(poison: str) -> None:
    def info(trace_id: str, value: str) -> str:
        tags = json.dumps({"note": value})
        return (
            f'{{"trace_id":"tr-{trace_id}","request_time":"2026-11-03T12:00:00Z","state":"OK","tags":{tags},'
            f'"trace_metadata":{value}}}'
        )

    infos = f'[null, {{"trace_id":5}}, {info(BAD, poison)}, {info(GOOD, "{}")}]'
    wholes = ",".join(
        f'{{"trace_info":{info(trace_id, value)},"spans":[{otlp_span(trace_id, value)}]}}'
        for trace_id, value in ((BAD, poison), (GOOD, "{}"))
    )
    told = {
        "/api/3.0/mlflow/traces/search": f'{{"traces":{infos}}}',
        "/api/3.0/mlflow/traces/batchGet": f'{{"traces":[null, {{"trace_info":5}}, {wholes}]}}',
    }
    roots, fetched = read("mlflow", told, [f"tr-{GOOD}", f"tr-{BAD}"])
    assert f"tr-{GOOD}" in roots
    assert isinstance(fetched[f"tr-{GOOD}"], Trace)


@pytest.mark.parametrize("body", [b"[" * 100_000, b"null", b'{"partialSuccess":{"rejectedSpans":[1]}}'])
def test_answer_of_a_receiver_that_cannot_be_read_is_an_error_of_ours(body: bytes) -> None:
    with pytest.raises(StoreUnavailable, match="broken message"):
        _partial_success(Answer(200, {"content-type": "application/json"}, body, "POST x"), None)
    negative = Answer(200, {"content-type": "application/json"}, b'{"partialSuccess":{"rejectedSpans":"-1"}}', "POST x")
    assert _partial_success(negative, None) == (0, "")


def test_span_with_names_of_ours_that_is_no_score_takes_no_score_with_it() -> None:
    ours = {"assay.score.id": "a", "gen_ai.evaluation.name": "g", "gen_ai.evaluation.score.value": 0.5}
    theirs = {
        **ours,
        "assay.score.id": "b",
        "assay.metadata_json.x": "[" * 5000,
        "gen_ai.evaluation.score.value": 10**400,
    }
    spans = [Span(trace_id=GOOD, span_id="1" * 16, start=NOON, attributes=told) for told in (theirs, ours)]
    assert [score.id for score in scores_in(spans)] == ["a"]
