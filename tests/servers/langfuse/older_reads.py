"""The older generation's reads of traces, observations and sessions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.servers.langfuse import clock, issues
from tests.servers.langfuse.calls import Call, Page
from tests.servers.langfuse.issues import Reply
from tests.servers.langfuse.older_rows import Values, nested, trace_of
from tests.servers.langfuse.older_scores import scores_of, shown_score
from tests.servers.langfuse.rows import Row, parsed

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project

TOO_HEAVY = "Request timed out. Ask for a shorter time range."
GROUPS = ("core", "io", "scores", "observations", "metrics")
EMPTY_IS_NULL = ("statusMessage", "version", "model", "promptId", "promptName")
SAME = (
    "id", "traceId", "startTime", "projectId", "parentObservationId", "type", "environment", "name", "level",
    "createdAt", "updatedAt", "completionStartTime", "promptVersion", "usageDetails", "costDetails", "modelId",
)  # fmt: skip


def list_traces(project: Project, call: Call) -> Reply:
    """Traces by pages, with totals."""
    page = Page.of(call)
    for name in ("fromTimestamp", "toTimestamp"):
        if call.first(name) is not None:
            issues.check(issues.datetime_text(call.first(name), [name]))
    if project.settings.insists_on_dates and call.first("fromTimestamp") is None:
        raise issues.refuse(400, "A date range is required: set fromTimestamp and toTimestamp", "InvalidRequestError")
    _check_width(project, call)
    column, _, direction = (call.first("orderBy") or "timestamp.desc").partition(".")
    found = [trace for trace in _traces(project) if _wanted(trace, call)]
    if column not in {"timestamp", "name", "id", "userId", "createdAt", "updatedAt"}:
        raise issues.refuse(400, f"Invalid order by column: {column}", "InvalidRequestError")
    found.sort(key=lambda trace: (trace[column] or "", trace["id"]), reverse=direction != "asc")
    groups = call.words("fields") or list(GROUPS)
    start = (page.number - 1) * page.limit
    shown = [_listed(project, trace, groups) for trace in found[start : start + page.limit]]
    return Reply(200, {"data": shown, "meta": page.meta(len(found))})


def _check_width(project: Project, call: Call) -> None:
    most = project.settings.most_rows_scanned
    if most is None:
        return
    bounds = Call(call.method, call.path, query=tuple(one for one in call.query if one[0].endswith("Timestamp")))
    if sum(_wanted(trace, bounds) for trace in _traces(project)) > most:
        raise issues.refuse(422, TOO_HEAVY, "Unprocessable Content")


def get_trace(project: Project, call: Call) -> Reply:
    """One trace, whole, as far as the fields ask."""
    trace_id = call.args[0]
    if not project.older.knows(trace_id, _now(project)):
        raise issues.not_found(f"Trace {trace_id} not found within authorized project")
    groups = call.words("fields") or list(GROUPS)
    rows = project.older.of_trace(trace_id, _now(project))
    if project.settings.most_rows_read is not None and len(rows) > project.settings.most_rows_read:
        raise issues.too_heavy()
    shown = _base(project, trace_of(project.older, trace_id, rows), groups)
    shown["observations"] = [_observation(row, whole=True) for row in rows] if "observations" in groups else []
    scores = scores_of(project, trace_id) if "scores" in groups else []
    shown["scores"] = [shown_score(project, row, whole=False) for row in scores]
    return Reply(200, shown)


def list_observations(project: Project, call: Call) -> Reply:
    """Observations by pages, newest first."""
    page = Page.of(call)
    for name in ("fromStartTime", "toStartTime"):
        if call.first(name) is not None:
            issues.check(issues.datetime_text(call.first(name), [name]))
    found = [row for row in _rows(project) if _wanted_row(row, call)]
    found.sort(key=lambda row: row.key, reverse=True)
    return page.reply([_observation(row, whole=False) for row in found])


def get_observation(project: Project, call: Call) -> Reply:
    """One observation."""
    row = next((one for one in _rows(project) if one.fields["id"] == call.args[0]), None)
    if row is None:
        raise issues.not_found(f"Observation with id {call.args[0]} not found")
    return Reply(200, _observation(row, whole=False))


def list_sessions(project: Project, call: Call) -> Reply:
    """Sessions, the last made first."""
    found = [_session(project, traces) for traces in _sessions(project).values()]
    found.sort(key=lambda one: str(one["createdAt"]), reverse=True)
    return Page.of(call).reply(found)


def get_session(project: Project, call: Call) -> Reply:
    """One session with its traces."""
    traces = _sessions(project).get(call.args[0])
    if traces is None:
        raise issues.not_found("Session not found within authorized project")
    traces = sorted(traces, key=lambda trace: str(trace["updatedAt"]))
    project_id = project.settings.project_id
    return Reply(200, {**_session(project, traces), "traces": [{**trace, "projectId": project_id} for trace in traces]})


def _now(project: Project) -> int:
    return clock.millis(project.clock.now())


def _rows(project: Project) -> Iterator[Row]:
    now = _now(project)
    for trace_id in project.older.trace_ids(now):
        yield from project.older.of_trace(trace_id, now)


def _traces(project: Project) -> Iterator[Values]:
    now = _now(project)
    for trace_id in project.older.trace_ids(now):
        yield trace_of(project.older, trace_id, project.older.of_trace(trace_id, now))


def _wanted(trace: Values, call: Call) -> bool:
    low, high = call.first("fromTimestamp"), call.first("toTimestamp")
    stamp = clock.parse(trace["timestamp"])
    if (low and stamp < clock.parse(low)) or (high and stamp >= clock.parse(high)):
        return False
    environments = call.all("environment")
    if environments and trace["environment"] not in environments:
        return False
    same = ("name", "userId", "sessionId", "release", "version")
    return set(call.all("tags")) <= set(trace["tags"]) and all(call.first(name) in (None, trace[name]) for name in same)


def _wanted_row(row: Row, call: Call) -> bool:
    low, high = call.first("fromStartTime"), call.first("toStartTime")
    if (low and row.start < clock.parse(low)) or (high and row.start >= clock.parse(high)):
        return False
    environments = call.all("environment")
    if environments and row.fields["environment"] not in environments:
        return False
    same = ("name", "userId", "type", "traceId", "level", "parentObservationId", "version")
    return all(call.first(name) in (None, row.fields[name]) for name in same)


def _base(project: Project, trace: Values, groups: list[str]) -> Values:
    """What list and single read have in common; what was not asked for is empty, or -1."""
    shown = {**trace, "projectId": project.settings.project_id}
    if "io" not in groups:
        shown |= {"input": None, "output": None, "metadata": {}}
    shown |= {"latency": -1, "totalCost": -1}
    if "metrics" in groups:
        shown |= _measures(project.older.of_trace(trace["id"], _now(project)))
    shown["htmlPath"] = f"/project/{project.settings.project_id}/traces/{trace['id']}"
    return shown


def _measures(rows: list[Row]) -> Values:
    if not rows:
        return {"latency": 0, "totalCost": 0}
    span = max(clock.parse(row.fields["endTime"]) for row in rows) - min(row.start for row in rows)
    cost = sum(float(row.fields["totalCost"] or 0) for row in rows)
    return {"latency": span / 1000, "totalCost": cost}


def _listed(project: Project, trace: Values, groups: list[str]) -> Values:
    shown = _base(project, trace, groups)
    rows = project.older.of_trace(trace["id"], _now(project)) if "observations" in groups else []
    shown["observations"] = [row.fields["id"] for row in rows]
    shown["scores"] = [row.id for row in scores_of(project, trace["id"])] if "scores" in groups else []
    return shown


def _observation(row: Row, *, whole: bool) -> Values:
    """An observation; `whole`: as part of its trace, where prices are looked up for good."""
    fields = row.fields
    plain = fields["type"] in {"SPAN", "EVENT"}
    shown: Values = {name: fields[name] for name in SAME}
    shown |= {name: fields[name] or None for name in EMPTY_IS_NULL}
    shown |= {"endTime": fields["endTime"] if row.ended else None, "latency": fields["latency"] if row.ended else None}
    shown |= {name: None if fields[name] is None else parsed(fields[name]) for name in ("input", "output")}
    shown["metadata"] = nested(row.metadata, row.trace_keys)
    shown["timeToFirstToken"] = fields["timeToFirstToken"]
    shown["modelParameters"] = fields["modelParameters"] or (None if plain else fields["modelParameters"])
    tier = ("usagePricingTierId", "usagePricingTierName")
    shown |= {name: fields[name] if whole else None for name in tier}
    unknown = 0 if whole else None
    prices = ("inputPrice", "outputPrice", "totalPrice")
    shown |= {name: unknown if fields[name] is None else float(fields[name]) for name in prices}
    shown |= {"calculatedInputCost": fields["inputCost"], "calculatedOutputCost": fields["outputCost"]}
    shown["calculatedTotalCost"] = fields["totalCost"]
    counts = {name: fields[f"{name}Usage"] for name in ("input", "output", "total")}
    shown |= {"promptTokens": counts["input"], "completionTokens": counts["output"], "totalTokens": counts["total"]}
    return shown | {"unit": "TOKENS", "usage": {"unit": "TOKENS", **counts}}


def _sessions(project: Project) -> dict[str, list[Values]]:
    found: dict[str, list[Values]] = {}
    for trace in _traces(project):
        if trace["sessionId"]:
            found.setdefault(trace["sessionId"], []).append(trace)
    return found


def _session(project: Project, traces: list[Values]) -> Values:
    """A session is made when the first of its traces has been worked on."""
    first = min(traces, key=lambda trace: str(trace["updatedAt"]))
    return {
        "id": first["sessionId"],
        "createdAt": first["updatedAt"],
        "projectId": project.settings.project_id,
        "environment": first["environment"],
    }
