"""Lives through a whole recording with one server: its clock stands where the recording's stood."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import httpx

from tests.contract.replay import RECORDED_KEY, Answer, differences, send
from tests.servers.langfuse import LangfuseServer, LangfuseSettings, recordings, seeding
from tests.servers.langfuse.clock import ManualClock, millis
from tests.servers.langfuse.project import Project
from tests.servers.langfuse.recordings import Exchange
from tests.servers.langfuse.seeding_dual import seed_dual
from tests.waiting import PATIENCE_S

SHAPE_ONLY: dict[str, str] = {
    "otlp.json": "the queue's job object is echoed: random ids, times and a running number",
}
"""Exchanges whose values cannot be the same; keys, types and nesting must be."""

Seeds = dict[str, Callable[[Project], object]]
"""What was done to the recorded server apart from the exchanges: before which of them, and what."""


def v4_exchanges() -> list[Exchange]:
    """Everything that was recorded on the events_only server, in order."""
    return recordings.in_order(name for name in recordings.groups() if name != "dual")


def dual_exchanges() -> list[Exchange]:
    """Everything that was recorded on the server that serves both generations."""
    return recordings.in_order(["dual"])


def play_v4(exchanges: list[Exchange]) -> dict[str, Answer]:
    """The answers of an events_only server."""
    settings = LangfuseSettings(score_lag_s=5.1, delete_lag_s=0.5, public_key=RECORDED_KEY)
    seeds: Seeds = {
        exchanges[0]["id"]: _seed_first,
        "datasets.create": _seed_first_ingestion,
        "experiments.list": seeding.seed_experiments,
    }
    return _play(exchanges, settings, seeds)


def play_dual(exchanges: list[Exchange]) -> dict[str, Answer]:
    """The answers of a server in migration."""
    settings = LangfuseSettings(
        generation="dual", score_lag_s=5.1, legacy_lag_s=500, project_id="support-desk-dual", public_key=RECORDED_KEY
    )
    return _play(exchanges, settings, {exchanges[0]["id"]: seed_dual})


def _seed_first(project: Project) -> None:
    seeding.seed_recorded(project)
    seeding.seed_prompts(project)


def _seed_first_ingestion(project: Project) -> None:
    """Five scores the recorded metrics count: of a first run of the ingestion group, whose exchanges were not kept."""
    now = millis(project.clock.now())
    values = [("groundedness", value) for value in (0.1, 0.5, 1.0, 0.9)] + [("dated_by_envelope", 1.0)]
    for n, (name, value) in enumerate(values):
        body = {"id": f"first-run-{n}", "traceId": "first-run", "name": name, "value": value}
        project.scores.post(f"e{n}", body, timestamp=now, now=now, due=now)


def _play(exchanges: list[Exchange], settings: LangfuseSettings, seeds: Seeds) -> dict[str, Answer]:
    clock = ManualClock(datetime.fromisoformat(exchanges[0]["at"]))
    stamps = dict(_stamps(exchanges))
    answers = {}
    with LangfuseServer(settings, clock=clock) as server, httpx.Client(timeout=PATIENCE_S) as client:
        for exchange in exchanges:
            clock.set(_moment(exchange, stamps))
            if exchange["id"] in seeds:
                seeds[exchange["id"]](server.project)
            if exchange["request"]["method"] == "POST":
                server.project.ids.script(*_made_ids(exchange))
            answers[exchange["id"]] = send(client, server, exchange)
    return answers


def _moment(exchange: Exchange, stamps: dict[str, datetime]) -> datetime:
    """When the server worked: the first post of a score is dated some milliseconds after it was sent."""
    moment = datetime.fromisoformat(exchange["at"])
    request, made = exchange["request"], exchange["response"]["body"]
    if request["method"] != "POST" or not request["path"].endswith("/scores"):
        return moment
    ids = [one["id"] for one in (request.get("body"), made) if isinstance(one, dict) and "id" in one]
    stamp = stamps.pop(ids[0], moment) if ids else moment
    return stamp if abs((stamp - moment).total_seconds()) < 15 else moment


def _stamps(exchanges: list[Exchange]) -> Iterator[tuple[str, datetime]]:
    """The moment at which the recorded server dated each score."""
    for exchange in exchanges:
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


def wrongs(exchange: Exchange, answer: Answer) -> list[str]:
    """What is wrong with an answer."""
    wanted = exchange["response"]
    if answer.status != wanted["status"]:
        return [f"status {answer.status}, recorded {wanted['status']}: {answer.body!r:.300}"]
    found = []
    kind = wanted["headers"].get("content-type")
    if kind is not None and answer.content_type != kind:
        found.append(f"content type {answer.content_type}, recorded {kind}")
    if isinstance(wanted["body"], str) and isinstance(answer.body, str):
        # The one page of HTML was cut when it was recorded.
        return found + ([] if answer.body.startswith(wanted["body"]) else [f"text {answer.body!r:.120}"])
    if "/metrics" in exchange["request"]["path"]:
        return found + differences(_ties_sorted(wanted["body"]), _ties_sorted(answer.body))
    return found + differences(wanted["body"], answer.body, shape_only=exchange["id"] in SHAPE_ONLY)


def _ties_sorted(body: dict[str, Any]) -> dict[str, Any]:
    """Metrics of one value, or of one step of time, have no order there; those of different ones have."""
    columns = body.get("data", [{}])[0]
    measures = [key for key in columns if key.startswith(("count_", "sum_"))]
    by = "time_dimension" if "time_dimension" in columns else next(iter(measures), None)
    if by is None:
        return body
    runs = itertools.groupby(body["data"], key=lambda row: row[by] if isinstance(row[by], str) else round(row[by], 8))
    ordered = [row for _, run in runs for row in sorted(run, key=lambda row: json.dumps(row, sort_keys=True))]
    return {**body, "data": ordered}
