"""What the server keeps: experiments, traces with their spans, assessments. It behaves as MLflow 3.17.2 was seen to."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2

from tests.servers.mlflow.answers import Refused, already_there, not_there, wrong
from tests.servers.mlflow.values import attribute_of, plain_attributes, span_row

SESSION = ("session.id", "gen_ai.conversation.id")
Row = dict[str, Any]


class Tables:
    """One server's data. Every method is one request, under one lock."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.experiments: dict[str, str] = {"0": "Default"}
        self.infos: dict[str, Row] = {}
        self.spans: dict[str, dict[str, Row]] = {}
        self.files: dict[str, Row] = {}
        """Spans of traces that lie in files, as older clients left them."""
        self.assessments: dict[str, Row] = {}
        self.gives_own_ids = False
        """A server that does not heed the ids it is given: it appends."""

    def take(self, experiment: str, request: ExportTraceServiceRequest) -> None:
        """Spans sent by OTLP. The attributes of the process become tags, those of the root metadata."""
        for group in request.resource_spans:
            tags = {key: str(value) for key, value in plain_attributes(group.resource.attributes).items()}
            for scoped in group.scope_spans:
                for span in scoped.spans:
                    self._take(experiment, span, tags)

    def _take(self, experiment: str, span: trace_pb2.Span, tags: dict[str, str]) -> None:
        trace_id = f"tr-{span.trace_id.hex()}"
        info = self.infos.setdefault(trace_id, _new_info(trace_id, experiment))
        self.spans.setdefault(trace_id, {})[span.span_id.hex()] = span_row(span, trace_id)
        info["tags"] |= tags
        attributes = plain_attributes(span.attributes)
        for key, column in (*((key, "mlflow.trace.session") for key in SESSION), ("user.id", "mlflow.trace.user")):
            if key in attributes:
                info["trace_metadata"].setdefault(column, str(attributes[key]))
        self._times(trace_id)
        if not span.parent_span_id:
            info["state"] = "ERROR" if span.status.code == trace_pb2.Status.STATUS_CODE_ERROR else "OK"
            for key, value in attributes.items():
                if key.startswith("mlflow.traceTag."):
                    info["tags"][key.removeprefix("mlflow.traceTag.")] = str(value)

    def _times(self, trace_id: str) -> None:
        rows = self.spans[trace_id].values()
        start = min(int(row["start_time_unix_nano"]) for row in rows) // 1_000_000
        end = max(int(row["end_time_unix_nano"]) for row in rows) // 1_000_000
        self.infos[trace_id] |= {"request_time": iso(start), "execution_duration": f"{(end - start) / 1000:g}s"}

    def put_in_file(self, trace_id: str, content: Row) -> None:
        """Keep the spans of a trace in a file, as older clients did."""
        self.files[trace_id] = content
        self.infos[trace_id]["tags"].pop("mlflow.trace.spansLocation", None)

    def whole_info(self, trace_id: str) -> Row:
        """What is told of a trace, with its assessments."""
        held = [row for row in self.assessments.values() if row["trace_id"] == trace_id]
        return {**self.infos[trace_id], **({"assessments": held} if held else {})}

    def create(self, trace_id: str, given: Row) -> Row:
        """A new assessment, under the id that was given or one of the server's."""
        if trace_id not in self.infos:
            raise not_there(f"Trace with ID '{trace_id}' not found.")
        if not {"feedback", "expectation", "issue"} & set(given):
            raise wrong("Unknown assessment type: None")
        wanted = None if self.gives_own_ids else given.get("assessment_id")
        key = wanted or f"a-{len(self.assessments):032x}"
        if key in self.assessments:
            raise already_there(trace_id)
        row = {**given, "assessment_id": key, "trace_id": trace_id, "valid": given.get("valid", False)}
        if not row.get("rationale"):
            row.pop("rationale", None)
        self.assessments[key] = row
        return row

    def change(self, trace_id: str, key: str, given: Row, fields: list[str]) -> Row:
        """Change fields of an assessment. Metadata are merged. With `_` in a field's name MLflow changes none."""
        row = self.assessments.get(key)
        if row is None or row["trace_id"] != trace_id:
            raise not_there(f"Assessment with ID '{key}' not found for trace '{trace_id}'")
        for field in [] if any("_" in field for field in fields) else fields:
            if field == "metadata":
                row["metadata"] = {**row.get("metadata", {}), **given.get("metadata", {})}
            elif field in {"feedback", "rationale"}:
                row[field] = given.get(field, "")
        row["last_update_time"] = iso(int(datetime.now(UTC).timestamp() * 1000))
        return row

    def delete(self, trace_id: str, key: str) -> None:
        """Delete an assessment. One that is not there is deleted already."""
        if trace_id not in self.infos:
            raise not_there(f"Trace with ID '{trace_id}' not found.")
        self.assessments.pop(key, None)

    def experiment(self, *, name: str | None = None, key: str | None = None) -> Row:
        """An experiment by name or id."""
        for known, title in self.experiments.items():
            if key == known or (name is not None and name == title):
                return {"experiment": {"experiment_id": known, "name": title, "lifecycle_stage": "active"}}
        if name is not None:
            raise not_there(f"Could not find experiment with name '{name}'")
        raise not_there(f"No Experiment with id={key} exists")


def _new_info(trace_id: str, experiment: str) -> Row:
    return {
        "trace_id": trace_id,
        "trace_location": {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": experiment}},
        "state": "IN_PROGRESS",
        "trace_metadata": {},
        "tags": {
            "mlflow.artifactLocation": f"mlflow-artifacts:/{experiment}/traces/{trace_id}/artifacts",
            "mlflow.trace.spansLocation": "TRACKING_STORE",
        },
    }


def iso(millis: int) -> str:
    """A moment as MLflow writes it: `2026-11-30T09:04:03.733Z`, without milliseconds where there are none."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=millis)
    return moment.isoformat(timespec="milliseconds" if millis % 1000 else "seconds").replace("+00:00", "Z")


def start_millis(info: Row) -> int:
    """When a trace began."""
    return round(datetime.fromisoformat(info["request_time"]).timestamp() * 1000)


__all__ = ["Refused", "Tables", "attribute_of", "iso", "start_millis"]
