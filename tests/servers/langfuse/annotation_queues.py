"""Queues of things for people to look at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.servers.langfuse import clock, issues
from tests.servers.langfuse.calls import Call, Page, given
from tests.servers.langfuse.issues import Issue, Reply

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project

OBJECTS = ("TRACE", "OBSERVATION", "SESSION")
STATUSES = ("PENDING", "COMPLETED")
ITEM_KEYS = ("id", "queueId", "objectId", "objectType", "status", "completedAt", "createdAt", "updatedAt")


@dataclass
class Queues:
    """Queues and their items by id, oldest first."""

    queues: dict[str, dict[str, Any]] = field(default_factory=dict)
    items: dict[str, dict[str, Any]] = field(default_factory=dict)


def create(project: Project, call: Call) -> Reply:
    """A queue; names are unique, and a queue has at least one config."""
    body = call.fields()
    configs = given(body, "scoreConfigIds")
    issues.check(issues.string(given(body, "name"), ["name"], shortest=1), _config_issues(configs))
    if any(one["name"] == body["name"] for one in project.queues.queues.values()):
        raise issues.refuse(400, "A queue with this name already exists.", "InvalidRequestError")
    if any(one not in project.configs.by_id for one in configs):
        message = "At least one of the score config IDs cannot be found for the given project."
        raise issues.refuse(400, message, "InvalidRequestError")
    queue = {
        "id": project.ids.cuid(),
        "name": body["name"],
        "description": body.get("description"),
        "scoreConfigIds": configs,
        **_times(project),
    }
    project.queues.queues[queue["id"]] = queue
    return Reply(200, queue)


def listing(project: Project, call: Call) -> Reply:
    """All queues, newest first."""
    return Page.of(call).reply(list(reversed(project.queues.queues.values())))


def get(project: Project, call: Call) -> Reply:
    """One queue."""
    return Reply(200, _queue(project, call))


def add_item(project: Project, call: Call) -> Reply:
    """An item; neither is it looked up nor does it matter that it is there already."""
    queue, body = _queue(project, call), call.fields()
    issues.check(
        issues.string(given(body, "objectId"), ["objectId"]),
        issues.one_of(given(body, "objectType"), OBJECTS, ["objectType"]),
        issues.one_of(body.get("status", "PENDING"), STATUSES, ["status"]),
    )
    status = body.get("status", "PENDING")
    times = _times(project)
    item = {
        "id": project.ids.cuid(),
        "queueId": queue["id"],
        "objectId": body["objectId"],
        "objectType": body["objectType"],
        "status": status,
        "completedAt": times["createdAt"] if status == "COMPLETED" else None,
        **times,
    }
    project.queues.items[item["id"]] = item
    return Reply(200, item)


def list_items(project: Project, call: Call) -> Reply:
    """Items of a queue, newest first."""
    queue, status = _queue(project, call), call.first("status")
    if status is not None:
        issues.check(issues.one_of(status, STATUSES, ["status"]))
    mine = [one for one in reversed(project.queues.items.values()) if one["queueId"] == queue["id"]]
    return Page.of(call).reply([one for one in mine if status in (None, one["status"])])


def get_item(project: Project, call: Call) -> Reply:
    """One item."""
    return Reply(200, _item(project, call))


def update_item(project: Project, call: Call) -> Reply:
    """Set an item's status."""
    item, status = _item(project, call), call.fields().get("status")
    issues.check(issues.one_of(status, STATUSES, ["status"]))
    now = _times(project)["updatedAt"]
    item |= {"status": status, "updatedAt": now, "completedAt": now if status == "COMPLETED" else None}
    return Reply(200, item)


def delete_item(project: Project, call: Call) -> Reply:
    """Take an item out."""
    del project.queues.items[_item(project, call)["id"]]
    return Reply(200, {"success": True, "message": "Annotation queue item deleted successfully"})


def _queue(project: Project, call: Call) -> dict[str, Any]:
    queue = project.queues.queues.get(call.args[0])
    if queue is None:
        raise issues.not_found("Annotation queue not found")
    return queue


def _item(project: Project, call: Call) -> dict[str, Any]:
    item = project.queues.items.get(call.args[1])
    if item is None or item["queueId"] != call.args[0]:
        raise issues.not_found("Annotation queue item not found")
    return item


def _config_issues(configs: Any) -> list[Issue]:
    if not isinstance(configs, list):
        return [issues.wrong_type("array", configs, ["scoreConfigIds"])]
    return [] if configs else [issues.too_small("array", 1, ["scoreConfigIds"])]


def _times(project: Project) -> dict[str, str]:
    now = clock.iso(clock.millis(project.clock.now()))
    return {"createdAt": now, "updatedAt": now}
