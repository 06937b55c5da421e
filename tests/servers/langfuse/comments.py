"""Comments of people or programs on traces, observations, sessions and prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.langfuse import clock, issues
from tests.servers.langfuse.calls import Call, Page, given
from tests.servers.langfuse.filters import Condition
from tests.servers.langfuse.issues import Reply
from tests.servers.langfuse.observations import Listing, matching
from tests.servers.langfuse.tables import FOREVER

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project

OBJECTS = ("TRACE", "OBSERVATION", "SESSION", "PROMPT")
COLUMNS = {"TRACE": "traceId", "OBSERVATION": "id", "SESSION": "sessionId"}
Comments = dict[str, dict[str, Any]]


def create(project: Project, call: Call) -> Reply:
    """A comment on something that is there; the body's project id is required and not looked at."""
    body = call.fields()
    issues.check(
        issues.string(given(body, "projectId"), ["projectId"]),
        issues.one_of(given(body, "objectType"), OBJECTS, ["objectType"]),
        issues.string(given(body, "objectId"), ["objectId"]),
        issues.string(given(body, "content"), ["content"], shortest=1, longest=5000),
    )
    if not _exists(project, body["objectType"], body["objectId"]):
        message = f"Reference object, {body['objectType']}: {body['objectId']} not found. Skipping comment creation."
        raise issues.not_found(message)
    now = clock.iso(clock.millis(project.clock.now()))
    comment = {
        "id": project.ids.new(),
        "projectId": project.settings.project_id,
        "createdAt": now,
        "updatedAt": now,
        **{name: body[name] for name in ("objectType", "objectId", "content")},
        "authorUserId": body.get("authorUserId"),
    }
    project.comments[comment["id"]] = comment
    return Reply(200, {"id": comment["id"]})


def get(project: Project, call: Call) -> Reply:
    """One comment."""
    found = project.comments.get(call.args[0])
    if found is None:
        raise issues.not_found("Comment not found within authorized project")
    return Reply(200, found)


def listing(project: Project, call: Call) -> Reply:
    """Comments, newest first."""
    rows = list(reversed(project.comments.values()))
    for name in ("objectType", "objectId", "authorUserId"):
        value = call.first(name)
        rows = [one for one in rows if value is None or one[name] == value]
    return Page.of(call).reply(rows)


def _exists(project: Project, kind: str, object_id: str) -> bool:
    if kind == "PROMPT":
        return any(one["id"] == object_id for one in project.prompts)
    same = Condition("string", COLUMNS[kind], "=", object_id)
    return next(matching(project, Listing((same,), FOREVER, None, 1)), None) is not None
