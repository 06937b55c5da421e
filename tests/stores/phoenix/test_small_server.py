"""The small server of `make test` says what the real one says: both are asked the same, and their answers compared."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from assay.worker.records.spans import Span, SpanEvent
from tests.otlp_filling import export_request_of
from tests.servers.phoenix import PhoenixServer
from tests.waiting import until

NOON = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
OF_THE_SERVER = {"id", "created_at", "updated_at", "next_cursor"}
"""What each server makes up by itself."""


@pytest.fixture(scope="module")
def small_url() -> Iterator[str]:
    with PhoenixServer() as server:
        yield server.url


@pytest.fixture(scope="module")
def run() -> str:
    """What the ids of this run begin with."""
    return uuid.uuid4().hex[:12]


def spans_of_every_kind(run: str) -> list[Span]:
    """A root with metadata, a GenAI call without content, a retrieval, an error with an event, and an orphan."""
    trace, other = run + "0" * 19 + "1", run + "0" * 19 + "2"

    def span(number: int, attributes: dict[str, Any], **over: Any) -> Span:
        fields = {"trace_id": trace, "span_id": f"{run[:8]}{number:08x}", "parent_id": f"{run[:8]}{1:08x}"}
        times = {"start": NOON, "end": NOON + timedelta(seconds=number)}
        return Span.model_validate({**fields, **times, "name": f"s{number}", "attributes": attributes, **over})

    metadata = json.dumps({"contexts": ["x"], "n": 1.5, "deep": {"a": [{"b": 1}]}, "none": None, "list": []})
    return [
        span(1, {"metadata": metadata, "tag.tags": ["a", "b"], "session.id": run}, parent_id=None),
        span(2, {"gen_ai.response.id": "r", "gen_ai.response.model": "m"}),
        span(
            3,
            {
                "openinference.span.kind": "RETRIEVER",
                "retrieval.documents.0.document.content": "passage",
                "retrieval.documents.0.document.metadata": '{"page": 3}',
            },
        ),
        span(
            4,
            {"input.value": "?", "n": 2, "b": True, "f": 0.5},
            status="ERROR",
            status_message="boom",
            events=(SpanEvent(name="note", at=NOON, attributes={"k": "v"}),),
            resource={"deployment.environment.name": "production"},
        ),
        span(5, {}, trace_id=other, parent_id="9" * 16),
    ]


@pytest.fixture(scope="module")
def both(phoenix_url: str, small_url: str, run: str) -> tuple[str, str]:
    """The addresses of the real and of the small server, both with a project and the same spans in it."""
    body = export_request_of(spans_of_every_kind(run)).SerializeToString()
    headers = {"Content-Type": "application/x-protobuf", "x-project-name": run}
    for url in (phoenix_url, small_url):
        assert httpx.post(f"{url}/v1/traces", content=body, headers=headers).status_code == 200
        until(lambda url=url: shown(url, run) == 5, every_s=0.2)  # type: ignore[misc]
    return phoenix_url, small_url


def shown(url: str, project: str) -> int:
    answer = httpx.get(f"{url}/v1/projects/{project}/spans")
    return len(answer.json()["data"]) if answer.status_code == 200 else 0


def plain(value: Any) -> Any:
    """An answer without what each server makes up by itself."""
    if isinstance(value, dict):
        return {key: plain(content) for key, content in sorted(value.items()) if key not in OF_THE_SERVER}
    return [plain(content) for content in value] if isinstance(value, list) else value


def said(answer: httpx.Response) -> tuple[int, Any]:
    is_json = "json" in answer.headers.get("content-type", "")
    if is_json and answer.content:
        return answer.status_code, plain(answer.json())
    return answer.status_code, re.sub(r"\W+", " ", answer.text)


def asked(url: str, run: str) -> list[tuple[str, tuple[int, Any]]]:
    """Everything that the store asks, and what it may be refused, in order."""
    trace, root = run + "0" * 19 + "1", f"{run[:8]}{1:08x}"
    project = f"{url}/v1/projects/{run}"
    between = {"start_time": "2026-11-21T12:00:00Z", "end_time": "2026-11-21T13:00:00Z"}
    rootless = {**between, "filter": "not any(s.parent_id is None for s in spans)"}
    score = {"name": "risk", "annotator_kind": "CODE", "identifier": f"{run}-risk", "result": {"score": 0.5}}
    word = {"name": "check", "annotator_kind": "LLM", "identifier": "c", "result": {"label": "1"}, "metadata": {"a": 1}}
    unknown = {"data": [{**score, "trace_id": "f" * 32}]}
    note = {"data": [{**score, "name": "note", "trace_id": trace}]}
    changed = {"data": [{**score, "trace_id": trace, "result": {"score": 0.75, "explanation": "why"}}]}
    with httpx.Client(timeout=60) as http:

        def get(path: str, **query: Any) -> tuple[str, tuple[int, Any]]:
            return f"GET {path} {query}", said(http.get(f"{project}{path}", params=query))

        def post(path: str, body: Any) -> tuple[str, tuple[int, Any]]:
            return f"POST {path}", said(http.post(f"{url}/v1/{path}", params={"sync": "true"}, json=body))

        return [
            get(""),
            get("/spans", **between),
            get("/spans", **between, parent_id="null"),
            get("/spans", trace_id=[trace, "f" * 32], limit=2),
            get("/spans", end_time="2026-11-21T12:00:00Z"),
            ("rootless", (0, [t["trace_id"] for t in http.get(f"{project}/traces", params=rootless).json()["data"]])),
            ("GET nowhere", said(http.get(f"{url}/v1/projects/nobody/spans"))),
            ("POST project again", said(httpx.post(f"{url}/v1/projects", json={"name": run}))),
            post("trace_annotations", {"data": [{**score, "trace_id": trace}, {**word, "trace_id": trace}]}),
            post("trace_annotations", changed),
            post("trace_annotations", unknown),
            post("trace_annotations", note),
            post("trace_annotations", {"data": []}),
            post("span_annotations", {"data": [{**word, "span_id": root}]}),
            post("session_annotations", {"data": [{**word, "session_id": run}]}),
            post("session_annotations", {"data": [{**word, "session_id": "nobody"}]}),
            get("/trace_annotations", trace_ids=[trace]),
            get("/trace_annotations", trace_ids=[trace], identifier=["c"], include_annotation_names=["check"]),
            get("/trace_annotations", identifier=[f"{run}-risk", "none"]),
            get("/trace_annotations", trace_ids=["f" * 32]),
            get("/trace_annotations", trace_ids=[trace], limit=1),
            get("/span_annotations", span_ids=[root]),
            get("/span_annotations", span_ids=["f" * 16]),
            ("DELETE", said(http.delete(f"{project}/trace_annotations", params={"identifier": "c", **FAR}))),
            get("/trace_annotations", trace_ids=[trace]),
        ]


FAR = {"start_time": "2020-01-01T00:00:00Z", "end_time": "2100-01-01T00:00:00Z"}


def test_both_servers_say_the_same(both: tuple[str, str], run: str) -> None:
    real, small = (asked(url, run) for url in both)
    assert [what for what, _ in real] == [what for what, _ in small]
    for (what, expected), (_, answered) in zip(real, small, strict=True):
        assert answered == expected, what
