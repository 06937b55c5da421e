"""A project seeded to the state the recordings were made in.

`seed_recorded` fills any server with the 32 recorded traces (every shape there is) and the users' thumbs on them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.servers.langfuse import clock, datasets
from tests.servers.langfuse.calls import Call
from tests.servers.langfuse.project import Project
from tests.servers.langfuse.recordings import answered, raw_metadata
from tests.servers.langfuse.rows import DEFAULTS, make_row, parsed

Values = dict[str, Any]
TIMES = ("startTime", "endTime", "createdAt", "updatedAt", "completionStartTime")


def seed_recorded(project: Project, *, moved_ms: int = 0) -> int:
    """Put the recorded traces and feedback into a project; says how many traces.

    Args:
        project: Where to.
        moved_ms: Move every time by so much, so that old recordings fall into a window of today.
    """
    rows: list[Values] = answered("observations-corpus.all")
    for columns in rows:
        put_row(project, columns, moved_ms=moved_ms)
    for score in answered("scores-read.user-feedback"):
        put_score(project, score, moved_ms=moved_ms)
    return len({columns["traceId"] for columns in rows})


def put_row(project: Project, columns: Values, *, moved_ms: int = 0, experiment: Values | None = None) -> None:
    """Store an observation as v2/observations showed it."""
    moved = {name: clock.iso(clock.parse(columns[name]) + moved_ms) for name in TIMES if columns.get(name)}
    given = {name: value for name, value in columns.items() if name in DEFAULTS or name in {"id", "traceId"}}
    given |= {"isRootObservation": columns["isRootObservation"], **moved}
    given |= {"metadata": raw_metadata(columns.get("metadata", {})), "experiment": experiment or {}}
    now = clock.parse(moved["createdAt"]) if "createdAt" in moved else clock.parse(moved["endTime"])
    project.store(make_row(given, project_id=project.settings.project_id, now=now))


def put_score(project: Project, shown: Values, *, moved_ms: int = 0) -> None:
    """Store a score as v3/scores showed it with all its fields."""
    subject = shown["subject"]
    names = {"trace": "traceId", "observation": "observationId", "session": "sessionId", "experiment": "datasetRunId"}
    body = {
        names[subject["kind"]]: subject["id"],
        **({"traceId": subject["traceId"]} if "traceId" in subject else {}),
        **{name: shown[name] for name in ("id", "name", "environment", "source", "dataType")},
        **{name: shown.get(name) for name in ("comment", "configId", "metadata")},
        "value": float(shown["value"]) if isinstance(shown["value"], bool) else shown["value"],
    }
    stamp, due = clock.parse(shown["timestamp"]) + moved_ms, clock.parse(shown["updatedAt"]) + moved_ms
    project.scores.post(f"seed-{shown['id']}", body, timestamp=stamp, now=stamp, due=due)


def seed_experiments(project: Project) -> None:
    """The two recorded runs of `run_experiment` over one dataset, with the scores that SDK 4's got."""
    _seed_dataset(project)
    runs = {one["id"]: one for one in answered("experiments.list.fields")}
    for sdk in ("v5", "v4"):
        whole = answered(f"experiments.item-trace.{sdk}")
        items = answered(f"experiments.items.{sdk}")
        for item in items:
            said = _experiment(item)
            own = [row for row in whole if row["traceId"] == item["traceId"]]
            last = item is items[0]
            for row in own or _made_up(item, runs[item["experimentId"]]["endTime"] if last else item["endTime"]):
                put_row(project, row, experiment=_of_row(row, item, said))
        for score in (*answered(f"experiments.scores.{sdk}"), *answered(f"experiments.item-scores.{sdk}")):
            put_score(project, score)


def _seed_dataset(project: Project) -> None:
    items = answered("experiments.items.v5")
    name = items[0]["experimentItemId"].rpartition("-")[0]
    project.ids.script(items[0]["experimentDatasetId"])
    datasets.create(project, Call("POST", "", raw=json.dumps({"name": name}).encode()))
    for item in items:
        body = {"datasetName": name, "id": item["experimentItemId"], "input": parsed(item["input"])}
        datasets.put_item(project, Call("POST", "", raw=json.dumps(body).encode()))


def _experiment(item: Values) -> Values:
    return {
        "id": item["experimentId"],
        "name": item["experimentName"],
        "description": item["experimentDescription"],
        "metadata": json.dumps(item["experimentMetadata"]),
        "dataset.id": item["experimentDatasetId"],
        "item.id": item["experimentItemId"],
        "item.metadata": json.dumps(item["experimentItemMetadata"]),
        "item.expected_output": item["expectedOutput"],
        "item.root_observation_id": item["id"],
    }


def _of_row(row: Values, item: Values, said: Values) -> Values:
    """SDK 5 gives the run's description to the root and the task only."""
    sdk5 = item["metadata"]["scope.version"].startswith("5.")
    told = row["name"] in {"experiment-item-run", "experiment-item-task"}
    return {**said, "description": ""} if sdk5 and not told else said


def _made_up(item: Values, root_end: str) -> Iterator[Values]:
    """The rows of an item whose trace was not recorded: its task, as listed, a root around it, an evaluation after."""
    task = {name: item[name] for name in ("id", "traceId", "startTime", "endTime", "level", "environment", "input",
                                          "output")}  # fmt: skip
    root_id = item["traceId"][:16]
    yield {**task, "name": "experiment-item-task", "isRootObservation": False, "parentObservationId": root_id,
           "metadata": {key: parsed(raw) for key, raw in item["metadata"].items()}}  # fmt: skip
    yield {**task, "id": root_id, "name": "experiment-item-run", "isRootObservation": True, "endTime": root_end,
           "traceName": "experiment-item-run"}  # fmt: skip
    yield {**task, "id": f"f{root_id[1:]}", "name": "experiment-item-evaluation", "isRootObservation": False,
           "parentObservationId": root_id, "startTime": item["endTime"], "endTime": root_end}  # fmt: skip


def seed_prompts(project: Project) -> None:
    """The one recorded prompt."""
    project.prompts.append(answered("prompts.get"))
