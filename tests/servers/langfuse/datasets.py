"""Datasets and their items; an item keeps its history, so that a dataset can be read as it stood."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.servers.langfuse import clock, issues
from tests.servers.langfuse.calls import Call, Page, given
from tests.servers.langfuse.issues import Reply

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
ITEM_FIELDS = ("status", "sourceTraceId", "sourceObservationId", "input", "expectedOutput", "metadata")


@dataclass
class Datasets:
    """Datasets by name, oldest first; of each item every version with the moment from which it holds."""

    by_name: dict[str, dict[str, Any]] = field(default_factory=dict)
    versions: dict[str, list[tuple[int, dict[str, Any] | None]]] = field(default_factory=dict)

    def item(self, item_id: str, at: int | None = None) -> dict[str, Any] | None:
        """An item now, or as it stood at a moment."""
        held = [one for since, one in self.versions.get(item_id, []) if at is None or since <= at]
        return held[-1] if held else None

    def items(self, at: int | None = None) -> list[dict[str, Any]]:
        """All items that are neither deleted nor archived, newest first."""
        found = [item for item_id in self.versions if (item := self.item(item_id, at)) is not None]
        active = [item for item in found if item["status"] == "ACTIVE"]
        return sorted(active, key=lambda item: (item["createdAt"], item["id"]), reverse=True)


def create(project: Project, call: Call) -> Reply:
    """A dataset; of a known name what is given is changed."""
    body = call.fields()
    issues.check(issues.string(given(body, "name"), ["name"], shortest=1))
    now = clock.iso(clock.millis(project.clock.now()))
    known = project.datasets.by_name.get(body["name"])
    if known is None:
        known = {
            "id": project.ids.cuid(),
            "projectId": project.settings.project_id,
            "name": body["name"],
            "description": None,
            "metadata": None,
            "inputSchema": None,
            "expectedOutputSchema": None,
            "createdAt": now,
            "updatedAt": now,
        }
        project.datasets.by_name[body["name"]] = known
    names = ("description", "metadata", "inputSchema", "expectedOutputSchema")
    known |= {name: body[name] for name in names if name in body} | {"updatedAt": now}
    return Reply(200, known)


def listing(project: Project, call: Call) -> Reply:
    """All datasets, newest first."""
    return Page.of(call).reply(list(reversed(project.datasets.by_name.values())))


def older_listing(project: Project, call: Call) -> Reply:
    """The same by the older route, with the ids of items and the names of runs."""
    rows = [_older(project, one) for one in reversed(project.datasets.by_name.values())]
    return Page.of(call).reply(rows)


def get(project: Project, call: Call) -> Reply:
    """One dataset by name."""
    return Reply(200, known_dataset(project, call.args[0]))


def older_get(project: Project, call: Call) -> Reply:
    """One dataset by the older route, with its items."""
    dataset = known_dataset(project, call.args[0])
    return Reply(200, {**_older(project, dataset), "items": _items_of(project, dataset)})


def known_dataset(project: Project, name: str) -> dict[str, Any]:
    """The dataset of that name.

    Raises:
        Refused: 404.
    """
    found = project.datasets.by_name.get(name)
    if found is None:
        raise issues.not_found("Dataset not found")
    return found


def put_item(project: Project, call: Call) -> Reply:
    """An item; of a known id what is given is changed, as a new version."""
    body = call.fields()
    issues.check(issues.string(given(body, "datasetName"), ["datasetName"]))
    dataset = project.datasets.by_name.get(body["datasetName"])
    if dataset is None:
        project_id = project.settings.project_id
        raise issues.not_found(f"Dataset {body['datasetName']} not found for project {project_id}")
    now = clock.millis(project.clock.now())
    item_id = body.get("id") or project.ids.new()
    known = project.datasets.item(item_id) or {**dict.fromkeys(ITEM_FIELDS), "status": "ACTIVE"}
    times = {"createdAt": clock.iso(now), "updatedAt": clock.iso(now)}
    changed = {name: cleaned(body[name]) for name in ITEM_FIELDS if body.get(name) is not None}
    item = {
        **{name: known[name] for name in ITEM_FIELDS},
        **changed,
        **times,
        "id": item_id,
        "datasetId": dataset["id"],
        "datasetName": dataset["name"],
        "mediaReferences": [],
    }
    project.datasets.versions.setdefault(item_id, []).append((now, item))
    return Reply(200, item)


def cleaned(value: Any) -> Any:
    """Without C0 and C1 control characters, as the server's own validator leaves every text of an item."""
    if isinstance(value, str):
        return CONTROL.sub("", value)
    if isinstance(value, dict):
        return {CONTROL.sub("", key): cleaned(inner) for key, inner in value.items()}
    return [cleaned(inner) for inner in value] if isinstance(value, list) else value


def get_item(project: Project, call: Call) -> Reply:
    """One item."""
    return Reply(200, known_item(project, call.args[0]))


def known_item(project: Project, item_id: str) -> dict[str, Any]:
    """The item of that id.

    Raises:
        Refused: 404.
    """
    item = project.datasets.item(item_id)
    if item is None:
        raise issues.not_found("Dataset item not found")
    return item


def delete_item(project: Project, call: Call) -> Reply:
    """Gone from now on; earlier versions of the dataset keep it."""
    known_item(project, call.args[0])
    project.datasets.versions[call.args[0]].append((clock.millis(project.clock.now()), None))
    return Reply(200, {"message": "Dataset item successfully deleted"})


def list_items(project: Project, call: Call) -> Reply:
    """Items, newest first, of one dataset or all, now or at a `version`."""
    page, name, version = Page.of(call), call.first("datasetName"), call.first("version")
    if version is not None:
        issues.check(issues.datetime_text(version, ["version"]))
    rows = project.datasets.items(clock.parse(version) if version else None)
    if name is not None:
        wanted = known_dataset(project, name)["id"]
        rows = [item for item in rows if item["datasetId"] == wanted]
    for key in ("sourceTraceId", "sourceObservationId"):
        value = call.first(key)
        rows = [item for item in rows if value is None or item[key] == value]
    return page.reply(rows)


def link_run(project: Project, call: Call) -> Reply:
    """POST /dataset-run-items where there are only events: a good answer, and nothing is stored."""
    body = call.fields()
    issues.check(
        issues.string(given(body, "runName"), ["runName"]),
        issues.string(given(body, "datasetItemId"), ["datasetItemId"]),
    )
    item = known_item(project, body["datasetItemId"])
    now = clock.iso(clock.millis(project.clock.now()))
    return Reply(
        200,
        {
            "id": project.ids.new(),
            "datasetRunId": experiment_id(project.settings.project_id, item["datasetId"], body["runName"]),
            "datasetRunName": body["runName"],
            "datasetItemId": item["id"],
            "traceId": body.get("traceId"),
            "observationId": body.get("observationId"),
            "createdAt": now,
            "updatedAt": now,
        },
    )


def experiment_id(project_id: str, dataset_id: str, run_name: str) -> str:
    """The id of a named run over a dataset, the same every time."""
    parts = json.dumps(["langfuse-experiment-v1", project_id, dataset_id, run_name], separators=(",", ":"))
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def _items_of(project: Project, dataset: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for item in project.datasets.items() if item["datasetId"] == dataset["id"]]


def _older(project: Project, dataset: dict[str, Any]) -> dict[str, Any]:
    runs = [name for dataset_id, name in project.runs.runs if dataset_id == dataset["id"]]
    return {**dataset, "items": [item["id"] for item in _items_of(project, dataset)], "runs": runs}
