"""GET /v3/scores."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from tests.servers.langfuse import clock, issues
from tests.servers.langfuse.calls import Call, decimal, whole_number
from tests.servers.langfuse.issues import Reply
from tests.servers.langfuse.rows import parsed
from tests.servers.langfuse.score_table import ScoreRow, moment

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project

GROUPS = ("core", "details", "subject", "annotation")
TYPES = ("NUMERIC", "CATEGORICAL", "BOOLEAN", "CORRECTION", "TEXT")
SOURCES = ("API", "EVAL", "ANNOTATION")
PARAMETERS = (
    "limit", "cursor", "fields", "id", "name", "source", "dataType", "environment", "configId", "queueId",
    "authorUserId", "value", "valueMin", "valueMax", "traceId", "sessionId", "observationId", "experimentId",
    "fromTimestamp", "toTimestamp",
)  # fmt: skip
LISTS: dict[str, Callable[[ScoreRow], Any]] = {
    "id": lambda row: row.id,
    "name": lambda row: row.name,
    "source": lambda row: row.source,
    "dataType": lambda row: row.data_type,
    "environment": lambda row: row.environment,
    "configId": lambda row: row.config_id,
    "queueId": lambda row: row.queue_id,
    "authorUserId": lambda row: None,
    "value": lambda row: str(row.shown_value).lower() if row.data_type == "BOOLEAN" else str(row.shown_value),
    "traceId": lambda row: row.subject.get("traceId") or _subject(row, "trace"),
    "observationId": lambda row: _subject(row, "observation"),
    "sessionId": lambda row: _subject(row, "session"),
    "experimentId": lambda row: _subject(row, "experiment"),
}


def list_scores(project: Project, call: Call) -> Reply:
    """Scores, newest first; a parameter nobody knows is refused."""
    limit = whole_number(call, "limit", default=50, least=1, most=100)
    _check(call)
    before = _parse_cursor(call.first("cursor"))
    project.scores.settle(clock.millis(project.clock.now()))
    found = sorted(_latest(_matching(project, call)), key=lambda row: (row.timestamp, row.id), reverse=True)
    if before is not None:
        found = [row for row in found if (row.timestamp, row.id) < before]
    meta: dict[str, Any] = {"limit": limit}
    if len(found) > limit:
        meta["cursor"] = _cursor(found[limit - 1])
    groups = call.words("fields") or []
    return Reply(200, {"data": [show(project.settings.project_id, row, groups) for row in found[:limit]], "meta": meta})


def show(project_id: str, row: ScoreRow, groups: list[str]) -> dict[str, Any]:
    """The score with these field groups."""
    found: dict[str, Any] = {"id": row.id, "projectId": project_id, "name": row.name, "source": row.source}
    found |= {**moment(row), "environment": row.environment}
    if "details" in groups:
        metadata = {key: parsed(raw) for key, raw in row.metadata.items()}
        found |= {"comment": row.comment, "configId": row.config_id, "metadata": metadata}
    if "annotation" in groups:
        found |= {"authorUserId": row.author, "queueId": row.queue_id}
    if "subject" in groups:
        found["subject"] = row.subject
    return found | {"dataType": row.data_type, "value": row.shown_value}


def _matching(project: Project, call: Call) -> Iterator[ScoreRow]:
    wanted = {name: set(words) for name in LISTS if (words := call.words(name)) is not None}
    low, high = call.first("fromTimestamp"), call.first("toTimestamp")
    least, most = decimal(call, "valueMin"), decimal(call, "valueMax")
    for row in project.scores.rows(wanted.get("id")):
        if any(LISTS[name](row) not in words for name, words in wanted.items()):
            continue
        if (low and row.timestamp < clock.parse(low)) or (high and row.timestamp >= clock.parse(high)):
            continue
        if not _within(row, least, most):
            continue
        yield row


def _within(row: ScoreRow, least: float | None, most: float | None) -> bool:
    """Whether a value lies in a range, which only NUMERIC scores are asked for."""
    if isinstance(row.value, str):
        return least is None and most is None
    return (least is None or row.value >= least) and (most is None or row.value <= most)


def _latest(rows: Iterator[ScoreRow]) -> list[ScoreRow]:
    """One row per id: where a score was renamed, the old row shows only to who asks by the old name."""
    found: dict[str, ScoreRow] = {}
    for row in rows:
        if row.id not in found or row.updated >= found[row.id].updated:
            found[row.id] = row
    return list(found.values())


def _subject(row: ScoreRow, kind: str) -> str | None:
    return row.subject["id"] if row.subject["kind"] == kind else None


def _check(call: Call) -> None:
    unknown = [name for name, _ in call.query if name not in PARAMETERS]
    if unknown:
        names = ", ".join(f'"{name}"' for name in unknown)
        message = f"Unrecognized key{'s' if len(unknown) > 1 else ''}: {names}"
        raise issues.invalid([{"code": "unrecognized_keys", "keys": unknown, "path": [], "message": message}])
    issues.check(*(issues.one_of(word, GROUPS, ["fields", at]) for at, word in enumerate(call.words("fields") or [])))
    for name, allowed in (("dataType", TYPES), ("source", SOURCES)):
        for word in call.words(name) or []:
            if word not in allowed:
                message = f'Invalid {name} value: "{word}". Allowed: {", ".join(allowed)}'
                raise issues.invalid([issues.custom(message, [name])])
    issues.check(*(issues.any_date(call.first(name), [name]) for name in ("fromTimestamp", "toTimestamp")))
    for name in ("valueMin", "valueMax"):
        decimal(call, name)
    _check_together(call)


def _check_together(call: Call) -> None:
    ranged = call.first("valueMin") is not None or call.first("valueMax") is not None
    wrong = []
    if ranged and call.words("dataType") != ["NUMERIC"]:
        wrong.append("valueMin and valueMax require dataType=NUMERIC as a single value")
    if call.first("value") is not None and len(call.words("dataType") or []) != 1:
        wrong.append("value requires dataType as a single value")
    if call.first("observationId") is not None and call.first("traceId") is None:
        wrong.append("observationId filter requires traceId — observation IDs are scoped to a trace")
    if sum(call.first(name) is not None for name in ("traceId", "sessionId", "experimentId")) > 1:
        wrong.append("traceId, sessionId and experimentId filters are mutually exclusive")
    issues.check([issues.custom(message, []) for message in wrong])


def _cursor(row: ScoreRow) -> str:
    place = {"v": 1, "lastTimestamp": clock.iso(row.timestamp), "lastId": row.id}
    return base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def _parse_cursor(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return clock.parse(place["lastTimestamp"]), place["lastId"]
    except (ValueError, TypeError, KeyError, binascii.Error):
        raise issues.refuse(400, "Invalid cursor format", "InvalidRequestError") from None
