"""GET /v2/metrics: counts and sums over observations and scores, for a cross-check."""

from __future__ import annotations

import itertools
import json
import math
import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tests.servers.langfuse import clock, issues
from tests.servers.langfuse.calls import Call
from tests.servers.langfuse.filters import COLUMNS, parse_filter
from tests.servers.langfuse.issues import MISSING, Reply
from tests.servers.langfuse.observations import Listing, matching
from tests.servers.langfuse.older_rows import trace_of
from tests.servers.langfuse.rows import Row
from tests.servers.langfuse.score_table import ScoreRow

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project

Values = dict[str, Any]
VIEWS = ("observations", "scores-numeric", "scores-categorical", "scores-boolean")
DIMENSIONS = (
    "id", "traceId", "environment", "parentObservationId", "isRootObservation", "type", "name", "level", "version",
    "userId", "sessionId", "tags", "release", "traceName", "traceRelease", "traceVersion", "providedModelName",
    "promptName", "promptVersion", "startTimeMonth", "toolNames", "calledToolNames", "costType", "usageType",
    "experimentName", "experimentDatasetId", "experimentId",
)  # fmt: skip
ALIASES = {"traceRelease": "release", "traceVersion": "version", "providedModelName": "model"}
HIGH_CARDINALITY = ("id", "traceId", "userId", "sessionId", "parentObservationId")
SCORE_TYPES = {
    "scores-numeric": {"NUMERIC", "BOOLEAN"},
    "scores-boolean": {"BOOLEAN"},
    "scores-categorical": {"CATEGORICAL"},
}
MEASURES: dict[str, Callable[[Row], float | None]] = {
    "count": lambda row: 1,
    "latency": lambda row: None if row.fields["latency"] is None else row.fields["latency"] * 1000,
    "totalCost": lambda row: float(row.fields["totalCost"] or 0),
    "totalTokens": lambda row: float(row.fields["totalUsage"] or 0),
}
STEPS_MS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}


def metrics(project: Project, call: Call) -> Reply:
    """The rows of one query."""
    query = _parse(call)
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for row in _rows(project, query):
        groups.setdefault(_group(query, row), []).append(row)
    if not groups and not query["dimensions"] and "timeDimension" not in query:
        groups[()] = []
    found = [_shown(query, key, rows) for key, rows in groups.items()]
    measured = _alias(query["metrics"][0])
    found.sort(key=lambda one: -(one[measured] or 0))
    if "timeDimension" in query:
        found = _filled(query, found)
    limit = (query.get("config") or {}).get("row_limit", 100)
    return Reply(200, {"data": found[: max(limit, len(found) if "timeDimension" in query else limit)]})


def older_metrics(project: Project, call: Call) -> Reply:
    """GET /metrics of the older generation: counts of traces, by day and environment."""
    query = _parse(call, views=("traces", "observations", "scores-numeric", "scores-categorical"))
    now = clock.millis(project.clock.now())
    bounds = [clock.parse(query[name]) for name in ("fromTimestamp", "toTimestamp")]
    step = STEPS_MS[query.get("timeDimension", {}).get("granularity", "day")]
    counts: dict[tuple[Any, ...], int] = {}
    for trace_id in project.older.trace_ids(now):
        trace = trace_of(project.older, trace_id, project.older.of_trace(trace_id, now))
        stamp = clock.parse(trace["timestamp"])
        if bounds[0] <= stamp < bounds[1]:
            key = (stamp // step * step, *(trace.get(name) or "" for name in query["dimensions"]))
            counts[key] = counts.get(key, 0) + 1
    days = {key[0] for key in counts}
    gaps = [at for at in range(bounds[0] // step * step, bounds[1] // step * step, step) if at not in days]
    blank = [""] * len(query["dimensions"])
    rows = [*counts.items(), *(((at, *blank), 0) for at in gaps)]
    rows.sort(key=lambda row: (row[0][0], -row[1]))
    return Reply(200, {"data": [_counted(query, key, count) for key, count in rows]})


def _counted(query: Values, key: tuple[Any, ...], count: int) -> Values:
    found = dict(zip(query["dimensions"], key[1:], strict=True))
    if "timeDimension" in query:
        found["time_dimension"] = clock.iso(key[0])[:10]
    return {**found, _alias(query["metrics"][0]): count}


def _parse(call: Call, views: tuple[str, ...] = VIEWS) -> Values:
    text = call.first("query")
    if text is None:
        raise issues.invalid(issues.string(MISSING, ["query"]))
    try:
        query: Values = json.loads(text)
    except ValueError:
        raise issues.refuse(400, "Invalid JSON in query parameter", "InvalidRequestError") from None
    issues.check(issues.one_of(query.get("view"), views, ["query", "view"]))
    for name in ("fromTimestamp", "toTimestamp"):
        query.setdefault(name, MISSING)
    issues.check(*(issues.datetime_text(query[name], ["query", name]) for name in ("fromTimestamp", "toTimestamp")))
    if clock.parse(query["fromTimestamp"]) >= clock.parse(query["toTimestamp"]):
        raise issues.invalid([issues.custom("fromTimestamp must be before toTimestamp", ["query"])])
    query["dimensions"] = [one["field"] for one in query.get("dimensions") or []]
    _check_dimensions(query)
    return query


def _check_dimensions(query: Values) -> None:
    if query["view"] != "observations":
        return
    for name in query["dimensions"]:
        if name not in DIMENSIONS:
            message = f"Invalid dimension {name}. Must be one of {','.join(DIMENSIONS)}"
            raise issues.refuse(400, message, "InvalidRequestError")
    wide = [name for name in query["dimensions"] if name in HIGH_CARDINALITY]
    limited = (query.get("config") or {}).get("row_limit") and query.get("orderBy")
    if wide and not limited:
        message = (
            f"High cardinality dimension(s) '{', '.join(wide)}' require both 'config.row_limit' and 'orderBy' with "
            "direction 'desc' on a measure field."
        )
        raise issues.refuse(400, message, "InvalidRequestError")


def _rows(project: Project, query: Values) -> Iterator[Any]:
    low, high = clock.parse(query["fromTimestamp"]), clock.parse(query["toTimestamp"])
    if query["view"] == "observations":
        conditions = parse_filter(json.dumps(query.get("filters") or []))
        yield from matching(project, Listing(tuple(conditions), (low, high), None, 0))
        return
    project.scores.settle(clock.millis(project.clock.now()))
    kinds = SCORE_TYPES[query["view"]]
    for row in project.scores.rows():
        if row.data_type in kinds and low <= row.timestamp < high:
            yield row


def _group(query: Values, row: Any) -> tuple[Any, ...]:
    step = query.get("timeDimension", {}).get("granularity")
    if isinstance(row, Row):
        values = [row.fields[COLUMNS.get(ALIASES.get(name, name), ("", ALIASES.get(name, name)))[1]] or None
                  for name in query["dimensions"]]  # fmt: skip
        when = row.start
    else:
        values, when = [_score_value(row, name) for name in query["dimensions"]], row.timestamp
    return (*values, when // STEPS_MS[step] * STEPS_MS[step]) if step else tuple(values)


def _score_value(row: ScoreRow, name: str) -> Any:
    known = {"name": row.name, "stringValue": row.value, "environment": row.environment, "source": row.source}
    if name not in known:
        message = f"Invalid dimension {name}. Must be one of {','.join(known)}"
        raise issues.refuse(400, message, "InvalidRequestError")
    return known[name]


def _alias(metric: Values) -> str:
    return f"{metric['aggregation']}_{metric['measure']}"


def _shown(query: Values, key: tuple[Any, ...], rows: Sequence[Any]) -> Values:
    found: Values = dict(zip(query["dimensions"], key, strict=False))
    if "timeDimension" in query:
        found["time_dimension"] = key[-1]
    for metric in query["metrics"]:
        values = [value for row in rows if (value := _measured(metric["measure"], row)) is not None]
        found[_alias(metric)] = _aggregate(metric["aggregation"], values)
    return found


def _measured(measure: str, row: Any) -> float | None:
    if isinstance(row, Row):
        return MEASURES[measure](row)
    return 1 if measure == "count" else float(row.value)


def _aggregate(how: str, values: Sequence[float]) -> float | None:
    if how in {"count", "sum"}:
        return len(values) if how == "count" else _plain(math.fsum(values))
    if not values:
        return None
    if how == "avg":
        return _plain(statistics.fmean(values))
    if how in {"min", "max"}:
        return _plain(min(values) if how == "min" else max(values))
    return _plain(_quantile(values, int(how[1:]) / 100))


def _quantile(values: Sequence[float], share: float) -> float:
    """Linear between the neighbours, as ClickHouse's `quantile` does on few values."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
    return low + (high - low) * (place - math.floor(place))


def _plain(value: float) -> float:
    return int(value) if float(value).is_integer() else round(value, 12)


def _filled(query: Values, found: list[Values]) -> list[Values]:
    """In order of time, with an empty row for every step that has none."""
    step = STEPS_MS[query["timeDimension"]["granularity"]]
    first, last = (clock.parse(query[name]) // step * step for name in ("fromTimestamp", "toTimestamp"))
    have = {one["time_dimension"] for one in found}
    empty = {**dict.fromkeys(query["dimensions"]), **{_alias(metric): 0 for metric in query["metrics"]}}
    gaps = [{**empty, "time_dimension": at} for at in range(first, last, step) if at not in have]
    rows = sorted(itertools.chain(found, gaps), key=lambda one: one["time_dimension"])
    return [{**one, "time_dimension": clock.iso(one["time_dimension"])[:19] + "Z"} for one in rows]
