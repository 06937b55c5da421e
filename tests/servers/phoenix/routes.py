"""The routes of the small Phoenix, each from a request's parts to a status and an answer."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.servers.phoenix.project import KINDS, Contents

Query = Mapping[str, Sequence[str]]
Answer = tuple[int, Any]
"""A status, and JSON or a plain text."""
ROOTLESS = "not any(s.parent_id is None for s in spans)"


def answer(contents: Contents, method: str, path: str, query: Query, headers: Mapping[str, str], body: bytes) -> Answer:
    """What the server says."""
    steps = [unquote(step) for step in path.strip("/").split("/")]
    match (method, *steps):
        case ("POST", "v1", "traces"):
            return _take_spans(contents, headers, body)
        case ("POST", "v1", "projects"):
            name = json.loads(body)["name"]
            is_new = contents.add_project(name)
            return (200, _project(contents, name)) if is_new else (500, "Internal Server Error")
        case ("POST", "v1", kind) if kind in KINDS:
            return _annotate(contents, kind, query, body)
        case (_, "v1", "projects", project, *rest):
            name = next((n for n in contents.projects if project in {n, contents.project_id(n)}), None)
            if name is None:
                return 404, f"Project with name {project} not found"
            return _of_project(contents, method, name, rest, query)
    return 404, {"detail": "Not Found"}


def _of_project(contents: Contents, method: str, name: str, rest: Sequence[str], query: Query) -> Answer:
    match (method, *rest):
        case ("GET",):
            return 200, _project(contents, name)
        case ("GET", "spans"):
            return _spans(contents, name, query)
        case ("GET", "traces"):
            return _traces(contents, name, query)
        case ("GET", kind) if kind in KINDS:
            return _annotations(contents, name, kind, query)
        case ("DELETE", kind) if kind in KINDS:
            return _delete(contents, name, kind, query)
    return 404, {"detail": "Not Found"}


def _project(contents: Contents, name: str) -> Any:
    return {"data": {"name": name, "description": None, "id": contents.project_id(name)}}


def _take_spans(contents: Contents, headers: Mapping[str, str], body: bytes) -> Answer:
    if headers.get("content-type") != "application/x-protobuf":
        return 415, f"Unsupported content type: {headers.get('content-type')}"
    request = ExportTraceServiceRequest()
    request.ParseFromString(gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body)
    for group in request.resource_spans:
        named = {pair.key: pair.value.string_value for pair in group.resource.attributes}
        project = headers.get("x-project-name") or named.get("openinference.project.name") or "default"
        for scoped in group.scope_spans:
            contents.add_spans(scoped.spans, project)
    return 200, b""


def _spans(contents: Contents, project: str, query: Query) -> Answer:
    rows = [row for row in contents.spans_of(project) if _is_asked(row, query)]
    shown, cursor = _paged(rows, query, 100)
    hidden = {"number", "project"}
    return 200, {
        "data": [{key: value for key, value in row.items() if key not in hidden} for row in shown],
        "next_cursor": cursor and f"Span:{cursor}",
    }


def _is_asked(row: Mapping[str, Any], query: Query) -> bool:
    start = datetime.fromisoformat(row["start_time"])
    parent = query.get("parent_id", [None])[0]
    return (
        ("trace_id" not in query or row["context"]["trace_id"] in query["trace_id"])
        and ("span_id" not in query or row["context"]["span_id"] in query["span_id"])
        and ("start_time" not in query or start >= _moment(query["start_time"][0]))
        and ("end_time" not in query or start < _moment(query["end_time"][0]))
        and (parent is None or row["parent_id"] == (None if parent == "null" else parent))
    )


def _traces(contents: Contents, project: str, query: Query) -> Answer:
    by_trace: dict[str, list[Any]] = {}
    for row in contents.spans_of(project):
        by_trace.setdefault(row["context"]["trace_id"], []).append(row)
    data = []
    for trace_id, spans in by_trace.items():
        start = min(datetime.fromisoformat(span["start_time"]) for span in spans)
        in_range = _moment(query["start_time"][0]) <= start < _moment(query["end_time"][0])
        has_root = any(span["parent_id"] is None for span in spans)
        if in_range and not (query.get("filter") == [ROOTLESS] and has_root):
            data.append({"trace_id": trace_id, "spans": [{"parent_id": span["parent_id"]} for span in spans]})
    return 200, {"data": data, "next_cursor": None}


def _annotate(contents: Contents, kind: str, query: Query, body: bytes) -> Answer:
    data = json.loads(body)["data"]
    if any(row["name"] == "note" for row in data):
        return 400, "The name 'note' is reserved for trace and span notes. Use POST /v1/trace_notes instead."
    if query.get("sync") != ["true"]:
        return 200, {"data": []}
    missing = contents.missing(kind, data)
    if missing:
        what = kind.partition("_")[0].title()
        return 404, f"{what}s with IDs {', '.join(missing)} do not exist."
    return 200, {"data": [{"id": row_id} for row_id in contents.annotate(kind, data)]}


def _annotations(contents: Contents, project: str, kind: str, query: Query) -> Answer:
    named = f"{KINDS[kind]}s"
    if named not in query and "identifier" not in query:
        return 422, f"At least one of {named} or identifier must be supplied"
    rows = [row for row in contents.annotations_of(kind, project) if _is_wanted(row, KINDS[kind], query)]
    if not rows and "identifier" not in query:
        held = {row["context"].get(KINDS[kind]) for row in contents.spans_of(project)}
        if not held & set(query[named]):
            return 404, f"None of the supplied {named} exist in this project"
    shown, cursor = _paged(rows, query, 10)
    return 200, {
        "data": [{key: value for key, value in row.items() if key != "number"} for row in shown],
        "next_cursor": cursor and f"Annotation:{cursor}",
    }


def _is_wanted(row: Mapping[str, Any], target: str, query: Query) -> bool:
    return (
        (f"{target}s" not in query or row[target] in query[f"{target}s"])
        and ("identifier" not in query or row["identifier"] in query["identifier"])
        and ("include_annotation_names" not in query or row["name"] in query["include_annotation_names"])
    )


def _delete(contents: Contents, project: str, kind: str, query: Query) -> Answer:
    if query.get("delete_all") != ["true"] and not {"start_time", "end_time"} <= set(query):
        return 422, "Delete is unbounded. Set delete_all=true to acknowledge, or supply both start_time and end_time"
    rows = [
        row
        for row in contents.annotations_of(kind, project)
        if ("name" not in query or row["name"] in query["name"])
        and ("identifier" not in query or row["identifier"] in query["identifier"])
        and ("start_time" not in query or _moment(row["created_at"]) >= _moment(query["start_time"][0]))
        and ("end_time" not in query or _moment(row["created_at"]) < _moment(query["end_time"][0]))
    ]
    contents.forget_annotations(kind, rows)
    return 204, b""


def _paged(rows: Iterable[Any], query: Query, default: int) -> tuple[list[Any], int | None]:
    """A page, and the number that the next one begins with: numbers fall, and a cursor's row is on its page."""
    size = int(query.get("limit", [str(default)])[0])
    cursor = query.get("cursor", [""])[0]
    left = [row for row in rows if not cursor or row["number"] <= int(cursor.rpartition(":")[2])]
    return left[:size], left[size]["number"] if len(left) > size else None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
