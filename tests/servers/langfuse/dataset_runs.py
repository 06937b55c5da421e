"""Dataset runs of the older generation: a trace linked to an item, by a call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.servers.langfuse import clock, issues
from tests.servers.langfuse.calls import Call, Page, given
from tests.servers.langfuse.datasets import known_dataset, known_item
from tests.servers.langfuse.issues import Reply

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project

Values = dict[str, Any]


@dataclass
class DatasetRuns:
    """Runs by dataset id and name, and their items."""

    runs: dict[tuple[str, str], Values] = field(default_factory=dict)
    items: list[Values] = field(default_factory=list)


def link(project: Project, call: Call) -> Reply:
    """Link a trace to an item within a run, which is made when there is none of the name."""
    body = call.fields()
    issues.check(
        issues.string(given(body, "runName"), ["runName"]),
        issues.string(given(body, "datasetItemId"), ["datasetItemId"]),
    )
    item = known_item(project, body["datasetItemId"])
    now = clock.iso(clock.millis(project.clock.now()))
    times = {"createdAt": now, "updatedAt": now}
    link_id = project.ids.new()
    run = project.runs.runs.get((item["datasetId"], body["runName"]))
    if run is None:
        run = {
            "id": project.ids.new(),
            "name": body["runName"],
            "description": body.get("runDescription"),
            "metadata": body.get("metadata"),
            "datasetId": item["datasetId"],
            **times,
            "datasetName": item["datasetName"],
        }
        project.runs.runs[item["datasetId"], body["runName"]] = run
    linked = {
        "datasetRunName": run["name"],
        "id": link_id,
        "datasetRunId": run["id"],
        "datasetItemId": item["id"],
        "traceId": body.get("traceId"),
        "observationId": body.get("observationId"),
        **times,
    }
    project.runs.items.append(linked)
    return Reply(200, linked)


def list_runs(project: Project, call: Call) -> Reply:
    """The runs of a dataset, the last first."""
    dataset = known_dataset(project, call.args[0])
    runs = [run for run in project.runs.runs.values() if run["datasetId"] == dataset["id"]]
    return Page.of(call).reply(list(reversed(runs)))


def get_run(project: Project, call: Call) -> Reply:
    """One run with its items."""
    dataset = known_dataset(project, call.args[0])
    run = project.runs.runs.get((dataset["id"], call.args[1]))
    if run is None:
        raise issues.not_found("Dataset run not found")
    return Reply(200, {**run, "datasetRunItems": _items(project, run["id"])})


def list_items(project: Project, call: Call) -> Reply:
    """The items of a run."""
    run = project.runs.runs.get((call.first("datasetId") or "", call.first("runName") or ""))
    if run is None:
        raise issues.not_found("Dataset run not found for the given project and dataset id")
    return Page.of(call).reply(_items(project, run["id"]))


def _items(project: Project, run_id: str) -> list[Values]:
    return [item for item in project.runs.items if item["datasetRunId"] == run_id]
