"""Trace and observation events of POST /ingestion, which only the older generation takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.servers.langfuse import clock, issues
from tests.servers.langfuse.issues import Issue
from tests.servers.langfuse.model_prices import priced

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project

Values = dict[str, Any]
TYPES = (
    "trace-create", "event-create", "span-create", "span-update", "generation-create", "generation-update",
    "agent-create", "tool-create", "chain-create", "retriever-create", "evaluator-create", "embedding-create",
    "guardrail-create", "observation-create", "observation-update",
)  # fmt: skip
TRACE_FIELDS = ("name", "environment", "release", "version", "userId", "sessionId", "metadata", "public")
SAME = (
    "id", "traceId", "parentObservationId", "name", "startTime", "endTime", "environment", "level", "statusMessage",
    "version", "completionStartTime", "modelParameters",
)  # fmt: skip


def take(project: Project, event: Values) -> list[Issue]:
    """Take one event; its issues when it is none."""
    body = event["body"]
    if not isinstance(body, dict):
        return [issues.wrong_type("object", body, ["body"])]
    if event["type"] == "trace-create":
        _take_trace(project, event["timestamp"], body)
        return []
    wrong = issues.string(body.get("traceId", issues.MISSING), ["body", "traceId"])
    if not wrong:
        _take_observation(project, event, body)
    return wrong


def _take_trace(project: Project, timestamp: str, body: Values) -> None:
    now = clock.millis(project.clock.now())
    said = {name: body[name] for name in TRACE_FIELDS if name in body}
    said |= {name: _compact(body[name]) for name in ("input", "output") if body.get(name) is not None}
    said |= {"tags": sorted(body["tags"])} if body.get("tags") else {}
    said["timestamp"] = clock.iso(clock.parse(body.get("timestamp") or timestamp))
    visible = now + round(project.settings.span_lag_s * 1000)
    project.older.tell(body.get("id") or project.ids.new(), said, now=now, visible=visible)


def _take_observation(project: Project, event: Values, body: Values) -> None:
    now = clock.millis(project.clock.now())
    columns = {name: body[name] for name in SAME if body.get(name) is not None}
    columns |= {name: _compact(body[name]) for name in ("input", "output") if body.get(name) is not None}
    columns.setdefault("id", project.ids.new())
    columns.setdefault("modelParameters", None)
    columns.setdefault("startTime", event["timestamp"])
    columns["type"] = str(event["type"].partition("-")[0]).upper()
    usage = {key: int(value) for key, value in (body.get("usageDetails") or body.get("usage") or {}).items()
             if isinstance(value, int | float)}  # fmt: skip
    if usage:
        usage.setdefault("total", sum(usage.values()))
    columns |= priced(str(body.get("model") or ""), usage, body.get("costDetails") or {})
    metadata = body.get("metadata") or {}
    columns |= {"metadata": metadata if isinstance(metadata, dict) else {"metadata": metadata}}
    said = project.older.said.get(body["traceId"], {})
    columns |= {"traceName": said.get("name"), "tags": said.get("tags", [])}
    columns |= {name: said.get(name) or "" for name in ("userId", "sessionId", "release")}
    visible = now + round(project.settings.span_lag_s * 1000)
    project.add_observation(visible=visible, older=True, **columns)


def _compact(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
