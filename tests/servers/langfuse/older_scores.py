"""GET /v2/scores: scores as the older generation shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.langfuse import clock, issues
from tests.servers.langfuse.calls import Call, Page
from tests.servers.langfuse.issues import Reply
from tests.servers.langfuse.older_rows import Values, trace_of
from tests.servers.langfuse.rows import parsed
from tests.servers.langfuse.score_reads import LISTS
from tests.servers.langfuse.score_table import ScoreRow, moment

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project

WORDS = ("name", "source", "dataType", "configId", "queueId", "traceId", "observationId", "sessionId")


def list_scores(project: Project, call: Call) -> Reply:
    """Scores by pages, newest first; unless `fields=score`, only those whose trace is there."""
    page, groups = Page.of(call), call.words("fields") or ["score", "trace"]
    issues.check(*(issues.any_date(call.first(name), [name]) for name in ("fromTimestamp", "toTimestamp")))
    rows = [row for row in _all(project) if _wanted(row, call)]
    shown = []
    for row in sorted(rows, key=lambda row: (row.timestamp, row.id), reverse=True):
        trace = _trace_of(project, row) if "trace" in groups else None
        if trace is not None or "trace" not in groups:
            shown.append({**shown_score(project, row, whole=True), "trace": trace})
    return page.reply(shown)


def get_score(project: Project, call: Call) -> Reply:
    """One score."""
    row = next((one for one in _all(project) if one.id == call.args[0]), None)
    if row is None:
        raise issues.not_found("Score not found")
    return Reply(200, shown_score(project, row, whole=True))


def scores_of(project: Project, trace_id: str) -> list[ScoreRow]:
    """The scores of a trace, newest first."""
    rows = [row for row in _all(project) if LISTS["traceId"](row) == trace_id]
    return sorted(rows, key=lambda row: (row.timestamp, row.id), reverse=True)


def shown_score(project: Project, row: ScoreRow, *, whole: bool) -> Values:
    """A score; `whole`: with the keys it has on its own, not inside a trace."""
    value, text = _value(row)
    shown: Values = {
        "id": row.id,
        "projectId": project.settings.project_id,
        "environment": row.environment,
        "name": row.name,
        "value": value,
        "source": row.source,
        "authorUserId": None,
        "comment": row.comment,
        "metadata": {key: parsed(raw) for key, raw in row.metadata.items()},
        "configId": row.config_id,
        "queueId": row.queue_id,
        "executionTraceId": None,
        **moment(row),
        "traceId": LISTS["traceId"](row),
        "observationId": LISTS["observationId"](row),
        "stringValue": text,
        "dataType": row.data_type,
    }
    if whole:
        shown |= {"sessionId": LISTS["sessionId"](row), "datasetRunId": LISTS["experimentId"](row)}
    return shown


def _value(row: ScoreRow) -> tuple[Any, str | None]:
    if row.data_type == "BOOLEAN":
        return int(row.value), str(bool(row.value))
    if isinstance(row.value, str):
        return 0, row.value
    return row.shown_value, None


def _all(project: Project) -> list[ScoreRow]:
    project.scores.settle(clock.millis(project.clock.now()))
    return list(project.scores.rows())


def _wanted(row: ScoreRow, call: Call) -> bool:
    if call.first("scoreIds") is not None and row.id not in (call.words("scoreIds") or []):
        return False
    environments = call.all("environment")
    if environments and row.environment not in environments:
        return False
    low, high = call.first("fromTimestamp"), call.first("toTimestamp")
    if (low and row.timestamp < clock.parse(low)) or (high and row.timestamp >= clock.parse(high)):
        return False
    return all(call.first(name) in (None, LISTS[name](row)) for name in WORDS)


def _trace_of(project: Project, row: ScoreRow) -> Values | None:
    trace_id = LISTS["traceId"](row)
    rows = project.older.of_trace(trace_id, clock.millis(project.clock.now()))
    if not rows and trace_id not in project.older.said:
        return None
    trace = trace_of(project.older, trace_id, rows)
    return {name: trace[name] for name in ("userId", "tags", "environment", "sessionId")}
