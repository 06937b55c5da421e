"""The recorded traces as the server in dual mode had them: other ids and times, and each by the way it came.

Most of these traces were recorded only in part; what was not is taken from the same trace of the other server.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from tests.servers.langfuse import clock
from tests.servers.langfuse.older_rows import NESTED
from tests.servers.langfuse.project import Project
from tests.servers.langfuse.recordings import raw_metadata, recorded, recorded_traces
from tests.servers.langfuse.rows import DEFAULTS, as_text, make_row
from tests.servers.langfuse.synthetic import Template, templates

Values = dict[str, Any]
# Who sends the header that brings a span straight to v2/observations.
DIRECT = ("Langfuse Python SDK 4", "Langfuse Python SDK 5")
TRACE_FIELDS = ("createdAt", "updatedAt")


def seed_dual(project: Project) -> None:
    """Put the recorded traces of the dual server into a project, and the two thumbs that were seen."""
    seen = _Seen()
    by_key = {one.key: one for one in templates()}
    for known in recorded_traces("dual"):
        older = not known["sent_by"].startswith(DIRECT)
        for columns in _columns(known, by_key[known["key"]], seen):
            now = clock.parse(columns["createdAt"])
            project.store(make_row(columns, project_id=project.settings.project_id, now=now), older=older)
        trace = seen.traces.get(known["trace_id"], {})
        project.older.said[known["trace_id"]] = {name: trace[name] for name in TRACE_FIELDS if name in trace}
    for score in seen.scores.values():
        if score["name"] == "user-feedback":
            body = {name: score[name] for name in ("id", "traceId", "name", "value", "dataType", "environment")}
            stamp, due = clock.parse(score["timestamp"]), clock.parse(score["updatedAt"])
            project.scores.post(f"seed-{score['id']}", body, timestamp=stamp, now=stamp, due=due)


class _Seen:
    """Everything the dual recordings show of a trace, an observation or a score, the fullest of each."""

    def __init__(self) -> None:
        self.traces: dict[str, Values] = {}
        self.observations: dict[str, Values] = {}
        self.newer: dict[str, Values] = {}
        self.scores: dict[str, Values] = {}
        for exchange in recorded("dual"):
            if exchange["request"]["method"] == "GET" and exchange["response"]["status"] == 200:
                self._take(exchange["response"]["body"])

    def _take(self, found: Any) -> None:
        if isinstance(found, list):
            for one in found:
                self._take(one)
        elif isinstance(found, dict):
            for table, mark in (
                (self.traces, "externalId"),
                (self.observations, "promptTokens"),
                (self.newer, "isRootObservation"),
                (self.scores, "executionTraceId"),
            ):
                if mark in found:
                    known = table.setdefault(found["id"], {})
                    known |= {key: value for key, value in found.items() if value not in (None, [], {}, -1)}
            for name in ("data", "observations", "scores", "traces"):
                self._take(found.get(name))


def _columns(known: Values, template: Template, seen: _Seen) -> Iterator[Values]:
    trace_id = known["trace_id"]
    trace = seen.traces.get(trace_id, {})
    whole = [one for one in seen.observations.values() if one["traceId"] == trace_id]
    if trace.get("observations") and isinstance(trace["observations"][0], dict):
        for one in whole:
            yield _from_older(one, trace, seen)
        return
    ids = _ids(known, template, trace, seen)
    for offset, row in template.rows:
        yield _from_template(row.fields, row.metadata, offset, ids, trace, seen)


def _ids(known: Values, template: Template, trace: Values, seen: _Seen) -> dict[str, str]:
    """The dual server's id for each of the other's: known for roots, for children where they were seen or listed."""
    found = dict(zip(template.known["root_ids"], known["root_ids"], strict=True))
    seen_rows = [one for one in (*seen.newer.values(), *seen.observations.values()) if one["traceId"] == trace["id"]]
    listed = [one for one in trace.get("observations", []) if one not in found.values()]
    for _, row in template.rows:
        own = row.fields
        if own["id"] in found:
            continue
        same = next((one["id"] for one in seen_rows if (one["name"], one["type"]) == (own["name"], own["type"])), None)
        found[own["id"]] = same or (listed.pop(0) if listed else _made_id(trace["id"], own["id"]))
        listed = [one for one in listed if one != same]
    return found


def _made_id(trace_id: str, observation_id: str) -> str:
    return hashlib.sha256(f"{trace_id}:{observation_id}".encode()).hexdigest()[:16]


def _from_template(
    fields: Values, metadata: dict[str, str], offset: int, ids: dict[str, str], trace: Values, seen: _Seen
) -> Values:
    observation_id = ids[fields["id"]]
    newer = {key: value for key, value in seen.newer.get(observation_id, {}).items() if key in DEFAULTS}
    start = clock.parse(trace["timestamp"]) + offset
    span = clock.parse(fields["endTime"]) - clock.parse(fields["startTime"])
    columns = {name: value for name, value in fields.items() if name in DEFAULTS}
    parent = fields["parentObservationId"]
    columns |= {"parentObservationId": parent and ids.get(parent, parent), "id": observation_id}
    columns |= {"traceId": trace["id"], "startTime": clock.iso(start), "endTime": clock.iso(start + span)}
    if trace.get("latency"):
        last = clock.parse(trace["timestamp"]) + round(trace["latency"] * 1000)
        columns["endTime"] = clock.iso(last if fields["isRootObservation"] else min(last, start + span))
    columns |= {
        "createdAt": trace["createdAt"],
        "updatedAt": trace["createdAt"],
        "isRootObservation": fields["isRootObservation"],
    }
    if observation_id in trace.get("observations", []):
        # Listed with the last change first.
        late = trace["observations"].index(observation_id)
        columns["updatedAt"] = clock.iso(clock.parse(trace["createdAt"]) - late)
    own = {**seen.newer.get(observation_id, {}), **seen.observations.get(observation_id, {})}
    columns |= {name: own[name] for name in ("startTime", "endTime", "createdAt", "updatedAt") if own.get(name)}
    columns |= {name: value for name, value in newer.items() if name != "parentObservationId"}
    columns["metadata"] = _trace_metadata(metadata, trace, root=fields["isRootObservation"])
    columns["traceKeys"] = ("tenant",)
    if fields["latency"] == 0 and fields["type"] != "EVALUATOR":
        del columns["endTime"]
    return columns


def _trace_metadata(metadata: dict[str, str], trace: Values, *, root: bool) -> Values:
    seen = flat(trace["metadata"]) if trace.get("metadata") else {}
    public = {"scope.attributes.public_key": "pk-lf-fixture-dual"} if "scope.attributes.public_key" in metadata else {}
    if not seen:
        return {**metadata, **public}
    return seen if root else {**metadata, **{key: seen[key] for key in seen if key.startswith(NESTED)}}


def _from_older(one: Values, trace: Values, seen: _Seen) -> Values:
    """An observation whose every field was seen."""
    columns = {name: value for name, value in one.items() if name in DEFAULTS and name not in {"input", "output"}}
    columns |= {name: one[name] for name in ("id", "traceId", "startTime", "createdAt", "updatedAt")}
    columns |= {name: one[name] for name in ("endTime",) if name in one}
    columns |= {name: as_text(one[name]) for name in ("input", "output") if name in one}
    newer = seen.newer.get(one["id"], {})
    columns["isRootObservation"] = not one.get("parentObservationId") or newer.get("isRootObservation", False)
    columns |= {name: one.get(name) or None for name in ("inputPrice", "outputPrice", "totalPrice")}
    columns["traceName"] = trace["name"]
    columns |= {name: trace[name] for name in ("userId", "sessionId", "release") if name in trace}
    # On one row only: the newer generation shows them in the order in which they were given.
    columns["tags"] = newer.get("tags", trace.get("tags", []))
    usage, cost = one.get("usageDetails", {}), one.get("costDetails", {})
    columns |= {f"{name}Usage": usage.get(name, 0) for name in ("input", "output", "total")}
    columns |= {f"{name}Cost": cost.get(name) for name in ("input", "output")} | {"totalCost": cost.get("total", 0)}
    own = flat(one.get("metadata", {}))
    extra = {key: raw for key, raw in flat(trace.get("metadata", {})).items() if not key.startswith(NESTED)}
    columns |= {"metadata": {**extra, **own}, "traceKeys": extra.keys() - own.keys()}
    if newer.get("environment"):
        columns["environment"] = newer["environment"]
    return columns


def flat(metadata: Values) -> dict[str, str]:
    """Nested metadata of the older generation as the stored texts by flat names."""
    found: Values = {}
    for key, value in metadata.items():
        if key not in NESTED:
            found[key] = value
            continue
        for name, inner in value.items():
            if key == "scope" and name == "attributes":
                found |= {f"scope.attributes.{last}": deepest for last, deepest in inner.items()}
            else:
                found[f"{key}.{name}"] = inner
    return raw_metadata(found)
