"""What the small Phoenix keeps: projects, spans in the order of arrival, annotations by what they hang on."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from opentelemetry.proto.trace.v1 import trace_pb2

from tests.servers.phoenix.attributes import row_of

Row = dict[str, Any]
KINDS = {"trace_annotations": "trace_id", "span_annotations": "span_id", "session_annotations": "session_id"}


class Contents:
    """Everything the server holds. Every method may be called from any thread."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.projects: list[str] = ["default"]
        self.spans: dict[str, Row] = {}
        self.project_of: dict[str, str] = {}
        self.annotations: dict[str, dict[tuple[str, str, str], Row]] = {kind: {} for kind in KINDS}
        self._written = 0

    def add_spans(self, spans: Iterable[trace_pb2.Span], project: str) -> None:
        """Take spans; of one that came before, the first stays."""
        with self.lock:
            self.add_project(project)
            for span in spans:
                if span.span_id.hex() not in self.spans:
                    # A trace stays in the project that its first span named.
                    home = self.project_of.setdefault(span.trace_id.hex(), project)
                    self.spans[span.span_id.hex()] = row_of(span, len(self.spans) + 1, home)

    def add_project(self, name: str) -> bool:
        """Whether it is new."""
        with self.lock:
            is_new = name not in self.projects
            if is_new:
                self.projects.append(name)
            return is_new

    def project_id(self, name: str) -> str:
        """What the server calls a project."""
        return f"Project:{self.projects.index(name) + 1}"

    def spans_of(self, project: str) -> list[Row]:
        """A project's spans, latest arrival first."""
        with self.lock:
            rows = [row for row in self.spans.values() if row["project"] == project]
        return rows[::-1]

    def missing(self, kind: str, data: Sequence[Row]) -> list[str]:
        """Targets of annotations that are not there."""
        with self.lock:
            known = self._targets(kind)
        return sorted({row[KINDS[kind]] for row in data} - known)

    def _targets(self, kind: str) -> set[str]:
        if kind == "trace_annotations":
            return set(self.project_of)
        if kind == "span_annotations":
            return set(self.spans)
        return {str(row["attributes"].get("session.id")) for row in self.spans.values()} - {"None"}

    def annotate(self, kind: str, data: Sequence[Row]) -> list[str]:
        """Upsert annotations; their ids."""
        now = datetime.now(UTC).isoformat()
        ids = []
        with self.lock:
            for given in data:
                key = (given[KINDS[kind]], given["name"], given.get("identifier") or "")
                known = self.annotations[kind].get(key)
                if known is None:
                    self._written += 1
                row = {
                    **given,
                    "identifier": key[2],
                    "metadata": given.get("metadata") or {},
                    "result": {"label": None, "score": None, "explanation": None, **(given.get("result") or {})},
                    "id": known["id"] if known else f"Annotation:{self._written}",
                    "number": known["number"] if known else self._written,
                    "created_at": known["created_at"] if known else now,
                    "updated_at": now,
                    "source": "API",
                    "user_id": None,
                }
                self.annotations[kind][key] = row
                ids.append(row["id"])
        return ids

    def annotations_of(self, kind: str, project: str) -> list[Row]:
        """A project's annotations, latest first."""
        with self.lock:
            rows = [row for row in self.annotations[kind].values() if self._home(kind, row) == project]
        return sorted(rows, key=lambda row: -row["number"])

    def _home(self, kind: str, row: Row) -> str | None:
        if kind == "span_annotations":
            return str(self.spans[row["span_id"]]["project"])
        return self.project_of.get(row.get("trace_id", ""))

    def forget_annotations(self, kind: str, rows: Iterable[Row]) -> None:
        """Delete annotations."""
        with self.lock:
            for row in rows:
                self.annotations[kind].pop((row[KINDS[kind]], row["name"], row["identifier"]), None)
