"""The fake Langfuse answers every recorded request as the real server did: status, shape, values, order."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx
import pytest

from tests.contract.replay import RECORDED_KEY, Answer, differences, send
from tests.servers.langfuse import LangfuseServer, LangfuseSettings, seeding
from tests.servers.langfuse import recordings as recorded
from tests.servers.langfuse.clock import ManualClock, millis
from tests.servers.langfuse.project import Project
from tests.servers.langfuse.recordings import Exchange
from tests.servers.langfuse.seeding_dual import seed_dual

EXCEPTED: dict[str, str] = {}
"""Recorded exchanges whose answer the fake does not give, and why. As few as can be."""

SHAPE_ONLY: dict[str, str] = {
    "otlp.json": "the queue's job object is echoed: random ids, times and a running number",
}
"""Exchanges whose values cannot be the same; keys, types and nesting must be."""

V4_GROUPS = [name for name in recorded.groups() if name != "dual"]


Seed = tuple[str, Callable[[Project], object]]
"""What was done to the recorded server apart from the exchanges, and the moment by which it was done."""


class Replay:
    """One server that lives through the recording: its clock stands where the recording's stood."""

    def __init__(self, server: LangfuseServer, clock: ManualClock, client: httpx.Client, seeds: list[Seed]) -> None:
        self.server = server
        self._seeds = list(seeds)
        self.clock = clock
        self.client = client
        self._stamps = dict(_stamps())

    def play(self, exchange: Exchange) -> Answer:
        """Send one recorded request at its recorded moment, after what happened unrecorded before it."""
        while self._seeds and self._seeds[0][0] <= exchange["at"]:
            self._seeds.pop(0)[1](self.server.project)
        moment = datetime.fromisoformat(exchange["at"])
        body = exchange["request"].get("body")
        if exchange["request"]["method"] == "POST":
            self.server.project.ids.script(*_made_ids(exchange))
            given, made = body or {}, exchange["response"]["body"] or {}
            ids = [one["id"] for one in (given, made) if isinstance(one, dict) and isinstance(one.get("id"), str)]
            score_id = ids[0] if ids else ""
            # The first post of a score is dated by the server's clock, some milliseconds after it was sent.
            moment = self._stamps.pop(score_id, moment) if exchange["request"]["path"].endswith("/scores") else moment
        self.clock.set(moment)
        return send(self.client, self.server, exchange)


def _stamps() -> Iterator[tuple[str, datetime]]:
    """The moment at which the recorded server dated each score."""
    for exchange in recorded.in_order(["scores-write", "scores-read", "annotation-queues", "experiments", "dual"]):
        body = exchange["response"]["body"]
        for row in body.get("data", []) if isinstance(body, dict) and "scores" in exchange["request"]["path"] else []:
            yield row["id"], datetime.fromisoformat(row["timestamp"])


def _made_ids(exchange: Exchange) -> list[str]:
    """The ids the recorded server made up for its answer."""
    given, made = exchange["request"].get("body") or {}, exchange["response"]["body"]
    if not isinstance(made, dict) or not isinstance(given, dict) or exchange["response"]["status"] >= 400:
        return []
    ids = [made.get(key) for key in ("id", "datasetRunId")]
    return [one for one in ids if isinstance(one, str) and one != given.get("id")]


@cache
def played_v4() -> dict[str, Answer]:
    """All answers of a v4 server to everything but the older generation's file."""
    settings = LangfuseSettings(score_lag_s=5.1, delete_lag_s=0.5, public_key=RECORDED_KEY)
    seeds: list[Seed] = [
        ("2026-11-21T18:11:00", seeding.seed_recorded),
        ("2026-11-21T18:11:00", seeding.seed_prompts),
        ("2026-11-21T18:12:20", _seed_first_ingestion),
        ("2026-11-21T18:13:30", seeding.seed_experiments),
    ]
    return _play(recorded.in_order(V4_GROUPS), settings, seeds)


def _play(exchanges: list[Exchange], settings: LangfuseSettings, seeds: list[Seed]) -> dict[str, Answer]:
    clock = ManualClock(datetime.fromisoformat(exchanges[0]["at"]))
    with LangfuseServer(settings, clock=clock) as server, httpx.Client(timeout=20) as client:
        replay = Replay(server, clock, client, seeds)
        return {exchange["id"]: replay.play(exchange) for exchange in exchanges}


def _seed_first_ingestion(project: Project) -> None:
    """Five scores the recorded metrics count: of a first run of the ingestion group, whose exchanges were not kept."""
    earlier = datetime(2026, 11, 21, 18, 12, 30, tzinfo=UTC)
    values = [("groundedness", value) for value in (0.1, 0.5, 1.0, 0.9)] + [("dated_by_envelope", 1.0)]
    for n, (name, value) in enumerate(values):
        body = {"id": f"first-run-{n}", "traceId": "first-run", "name": name, "value": value}
        project.scores.post(f"e{n}", body, timestamp=millis(earlier), now=millis(earlier), due=millis(earlier))


def check(exchange: Exchange, answer: Answer) -> list[str]:
    """What is wrong with an answer."""
    wanted = exchange["response"]
    if answer.status != wanted["status"]:
        return [f"status {answer.status}, recorded {wanted['status']}: {answer.body!r:.300}"]
    wrong = []
    kind = wanted["headers"].get("content-type")
    if kind is not None and answer.content_type != kind:
        wrong.append(f"content type {answer.content_type}, recorded {kind}")
    if isinstance(wanted["body"], str) and isinstance(answer.body, str):
        # The one page of HTML was cut when it was recorded.
        return wrong + ([] if answer.body.startswith(wanted["body"]) else [f"text {answer.body!r:.120}"])
    if "/metrics" in exchange["request"]["path"]:
        return wrong + differences(*map(_ties_sorted, (wanted["body"], answer.body)))
    return wrong + differences(wanted["body"], answer.body, shape_only=exchange["id"] in SHAPE_ONLY)


def _ties_sorted(body: dict[str, Any]) -> dict[str, Any]:
    """Rows of one value, or of one step of time, have no order there; those of different ones have."""
    columns = body.get("data", [{}])[0]
    measures = [key for key in columns if key.startswith(("count_", "sum_"))]
    by = "time_dimension" if "time_dimension" in columns else next(iter(measures), None)
    if by is None:
        return body
    runs = itertools.groupby(body["data"], key=lambda row: row[by] if isinstance(row[by], str) else round(row[by], 8))
    ordered = [row for _, run in runs for row in sorted(run, key=lambda row: json.dumps(row, sort_keys=True))]
    return {**body, "data": ordered}


V4 = [one["id"] for one in recorded.in_order(V4_GROUPS)]


@pytest.mark.xdist_group("langfuse-recordings")
@pytest.mark.parametrize("exchange_id", V4)
def test_langfuse_answers_as_recorded_on_an_events_only_server(exchange_id: str) -> None:
    assert check(recorded.exchange(exchange_id), played_v4()[exchange_id]) == []


@cache
def played_dual() -> dict[str, Answer]:
    """All answers of a server that serves both generations."""
    settings = LangfuseSettings(
        generation="dual", score_lag_s=5.1, legacy_lag_s=500, project_id="support-desk-dual", public_key=RECORDED_KEY
    )
    return _play(recorded.in_order(["dual"]), settings, [("2026-11-21T18:08:00", seed_dual)])


DUAL = [one["id"] for one in recorded.in_order(["dual"])]


@pytest.mark.xdist_group("langfuse-recordings")
@pytest.mark.parametrize("exchange_id", DUAL)
def test_langfuse_answers_as_recorded_on_a_server_in_migration(exchange_id: str) -> None:
    assert check(recorded.exchange(exchange_id), played_dual()[exchange_id]) == []
