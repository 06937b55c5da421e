"""Experiments of any size: bodies stay under what the server takes, and what it takes at no size is named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.worker.stores.langfuse import experiments, spans
from assay.worker.stores.langfuse.spans import MOST_BYTES, send_traces
from assay.worker.stores.langfuse.store import LangfuseStore
from tests.integration.golden_home import Home, answers
from tests.servers.langfuse import LangfuseServer, LangfuseSettings
from tests.servers.langfuse.tables import FOREVER
from tests.unit.worker.stores.langfuse.making import store_on, use, using
from tests.unit.worker.stores.langfuse.test_golden import assay, scores

CLOUD = LangfuseSettings(most_request_bytes=5_000_000)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LangfuseServer]:
    with LangfuseServer(CLOUD) as running:
        use(running, monkeypatch)
        yield running


def span(number: int, size: int = 10, letter: str = "x") -> dict[str, Any]:
    attribute = {"key": "langfuse.observation.input", "value": {"stringValue": letter * size}}
    return {
        "traceId": f"{number:032x}", "spanId": f"{number:016x}", "name": "s", "kind": 1, "status": {},
        "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000001000000000",
        "attributes": [attribute],
    }  # fmt: skip


def sent(server: LangfuseServer, traces: dict[str, list[dict[str, Any]]]) -> set[str]:
    async def work(store: LangfuseStore) -> set[str]:
        return await send_traces(store.client, traces)

    return using(store_on(server), work)


def stored(server: LangfuseServer) -> set[str]:
    return {row.fields["id"] for row in server.project.observations.descending(FOREVER, None)}


def test_spans_of_any_size_go_in_bodies_the_server_takes(server: LangfuseServer) -> None:
    given = {f"t{n}": [span(2 * n, 90_000), span(2 * n + 1, 90_000, "語")] for n in range(20)}
    assert sent(server, given) == set()
    assert stored(server) == {f"{n:016x}" for n in range(40)}
    assert 413 not in server.requests.statuses()


def test_trace_larger_than_any_body_is_named_and_none_of_it_is_sent(server: LangfuseServer) -> None:
    given = {"small": [span(1)], "huge": [span(2), span(3, MOST_BYTES)], "other": [span(4)]}
    assert sent(server, given) == {"huge"}
    assert stored(server) == {f"{n:016x}" for n in (1, 4)}


def test_server_that_takes_less_gets_less(monkeypatch: pytest.MonkeyPatch) -> None:
    with LangfuseServer(LangfuseSettings(most_request_bytes=3000)) as server:
        given = {f"t{n}": [span(n, 400)] for n in range(1, 12)} | {"huge": [span(99, 5000)]}
        assert sent(server, given) == {"huge"}
        assert stored(server) == {f"{n:016x}" for n in range(1, 12)}


def test_experiment_with_long_answers_is_shown_whole_but_for_the_item_that_is_too_long(
    tmp_path: Path, server: LangfuseServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiments, "POLL_S", 0.05)
    monkeypatch.setattr(spans, "MOST_BYTES", 60_000)
    home = Home(tmp_path)
    (tmp_path / "assay.yaml").write_text("store: {kind: langfuse, plan: self-hosted}\nuse_cases: [{name: bot}]\n")
    good = answers()["q0"]
    long = {f"q{n}": f"{good} " + good * 60 for n in range(60)}
    home.write({"old": answers(), "new": {**long, "q7": good * 2000}})
    code, said = assay(home, "golden", "run", "bot-v1", "--release", "new", "--experiment", "auto")
    assert code == 3, said
    assert "59 of 60 items" in said
    assert "left out, larger than Langfuse takes at once: q7" in said
    assert "q7" not in {row.metadata.get("item") for row in scores(server) if row.subject["kind"] != "experiment"}
    assert len({row.metadata.get("item") for row in scores(server)} - {None}) == 59
