"""Experiments: what the spans of `run_experiment` say about themselves; there is no call that makes one."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from tests.servers.langfuse import clock, issues
from tests.servers.langfuse.calls import Call, whole_number
from tests.servers.langfuse.issues import MISSING, Reply
from tests.servers.langfuse.observations import Listing, matching
from tests.servers.langfuse.rows import Row, parsed
from tests.servers.langfuse.score_reads import show
from tests.servers.langfuse.score_table import ScoreRow
from tests.servers.langfuse.tables import FOREVER

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project

Values = dict[str, Any]
GROUPS = ("core", "metadata", "scores")
ITEM_GROUPS = ("core", "dataset", "io", "metadata", "itemMetadata", "experimentMetadata", "scores")


def list_experiments(project: Project, call: Call) -> Reply:
    """Experiments that started since a moment, newest first."""
    limit, groups = _asked(call, GROUPS)
    runs: dict[str, list[Row]] = {}
    for row in _rows(project, call):
        runs.setdefault(row.experiment["id"], []).append(row)
    found = [_experiment(project, rows, groups) for rows in runs.values() if _is_wanted(rows[0], call)]
    found.sort(key=lambda one: (one["startTime"], one["id"]), reverse=True)
    return _page(found, call, limit, lambda one: {"lastTime": one["startTime"], "lastId": one["id"]})


def list_items(project: Project, call: Call) -> Reply:
    """Items of experiments: of each the observation that did the task, newest first."""
    limit, groups = _asked(call, ITEM_GROUPS)
    rows = [row for row in _rows(project, call) if _is_task(row) and _is_wanted(row, call)]
    found = [_item(project, row, groups) for row in rows]
    return _page(
        found,
        call,
        limit,
        lambda one: {
            "lastTime": one["startTime"].replace("T", " ").replace("Z", "000"),
            "lastTraceId": one["traceId"],
            "lastId": one["id"],
            "lastExperimentId": one["experimentId"],
        },
    )


def _asked(call: Call, allowed: tuple[str, ...]) -> tuple[int, list[str]]:
    issues.check(issues.datetime_text(call.first("fromStartTime") or MISSING, ["fromStartTime"]))
    if call.first("toStartTime") is not None:
        issues.check(issues.datetime_text(call.first("toStartTime"), ["toStartTime"]))
    limit = whole_number(call, "limit", default=50, least=1, most=100)
    groups = call.words("fields") or ["core"]
    issues.check(*(issues.one_of(word, allowed, ["fields", at]) for at, word in enumerate(groups)))
    return limit, groups


def _rows(project: Project, call: Call) -> Iterable[Row]:
    last = call.first("toStartTime")
    bounds = clock.parse(call.first("fromStartTime") or ""), clock.parse(last) if last else FOREVER[1]
    return (row for row in matching(project, Listing((), bounds, None, 0)) if row.experiment.get("id"))


def _is_task(row: Row) -> bool:
    return bool(row.experiment.get("item.root_observation_id") == row.fields["id"])


def _is_wanted(row: Row, call: Call) -> bool:
    asked = {
        "id": call.words("experimentId") or call.words("id"),
        "name": call.words("name") or call.words("experimentName"),
        "dataset.id": call.words("datasetId"),
    }
    return all(words is None or row.experiment.get(key) in words for key, words in asked.items())


def _experiment(project: Project, rows: list[Row], groups: list[str]) -> Values:
    said = {key: value for row in rows for key, value in row.experiment.items()}
    found: Values = {
        "id": said["id"],
        "name": said.get("name", ""),
        # Of the row that started last: SDK 5 leaves the description off its evaluation spans, and the recorded list
        # shows none for its run though the items have one.
        "description": rows[0].experiment.get("description", ""),
        "startTime": min(row.fields["startTime"] for row in rows),
        "endTime": max(row.fields["endTime"] for row in rows),
        "itemCount": len({row.experiment.get("item.id") for row in rows if row.experiment.get("item.id")}),
        "datasetId": said.get("dataset.id"),
    }
    if "metadata" in groups:
        found["metadata"] = _json(said.get("metadata")) or {}
    if "scores" in groups:
        found["scores"] = _scores(project, lambda row: row.subject == {"kind": "experiment", "id": said["id"]})
    return found


def _item(project: Project, row: Row, groups: list[str]) -> Values:
    said, fields = row.experiment, row.fields
    found: Values = {name: fields[name] for name in ("id", "traceId", "startTime", "endTime", "level", "environment")}
    found |= {"experimentId": said["id"], "experimentName": said.get("name", ""), "experimentItemId": said["item.id"]}
    found |= {"experimentDatasetId": said.get("dataset.id"), "experimentItemVersion": said.get("item.version")}
    if "io" in groups:
        found |= {"input": fields["input"], "output": fields["output"]}
        found["expectedOutput"] = said.get("item.expected_output")
    if "metadata" in groups:
        found["metadata"] = dict(row.metadata)
    if "itemMetadata" in groups:
        found["experimentItemMetadata"] = _json(said.get("item.metadata")) or {}
    if "experimentMetadata" in groups:
        found["experimentMetadata"] = _json(said.get("metadata")) or {}
        found["experimentDescription"] = said.get("description", "")
    if "scores" in groups:
        found["scores"] = _scores(project, lambda score: score.subject.get("id") in (fields["id"], fields["traceId"]))
    return found


def _scores(project: Project, belongs: Callable[[ScoreRow], bool]) -> list[Values]:
    project.scores.settle(clock.millis(project.clock.now()))
    rows = [row for row in project.scores.rows() if belongs(row)]
    return [show(project.settings.project_id, row, ["subject"]) for row in rows]


def _json(value: Any) -> Any:
    return parsed(value) if isinstance(value, str) else value


def _page(found: list[Values], call: Call, limit: int, place: Callable[[Values], Values]) -> Reply:
    after = _parse_cursor(call.first("cursor"))
    if after is not None:
        found = [one for one in found if (place(one)["lastTime"], one["id"]) < after]
    meta = {}
    if len(found) > limit:
        cursor = json.dumps({"v": 1, **place(found[limit - 1])}, separators=(",", ":"))
        meta = {"cursor": base64.urlsafe_b64encode(cursor.encode()).decode().rstrip("=")}
    return Reply(200, {"data": found[:limit], "meta": meta})


def _parse_cursor(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return place["lastTime"], place["lastId"]
    except (ValueError, TypeError, KeyError, binascii.Error):
        raise issues.refuse(400, "Invalid cursor format", "InvalidRequestError") from None
