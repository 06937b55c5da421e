"""The older generation's routes where only events are served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.servers.langfuse.calls import Call
from tests.servers.langfuse.issues import Reply
from tests.servers.langfuse.settings import EVENTS_ONLY_404

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project

PATHS = (
    ("GET", "/traces"),
    ("GET", "/traces/{}"),
    ("GET", "/observations"),
    ("GET", "/observations/{}"),
    ("GET", "/scores"),
    ("GET", "/scores/{}"),
    ("GET", "/v2/scores"),
    ("GET", "/v2/scores/{}"),
    ("GET", "/sessions"),
    ("GET", "/sessions/{}"),
    ("GET", "/metrics"),
    ("GET", "/metrics/daily"),
    ("GET", "/dataset-run-items"),
    ("GET", "/datasets/{}/runs"),
    ("GET", "/datasets/{}/runs/{}"),
    ("POST", "/traces"),
    ("POST", "/spans"),
    ("PATCH", "/spans"),
    ("POST", "/generations"),
    ("PATCH", "/generations"),
    ("POST", "/events"),
)


def gone(project: Project, call: Call) -> Reply:
    """404, and why."""
    return Reply(404, {"message": EVENTS_ONLY_404})


def delete_trace(project: Project, call: Call) -> Reply:
    """Deletes a trace, and says so of unknown ones too."""
    for trace_id in call.args or tuple(call.fields().get("traceIds", ())):
        project.observations.drop_trace(trace_id)
        project.older.drop(trace_id)
    return Reply(200, {"message": "Trace deleted successfully"})
