"""What the fake Opik keeps: traces, spans and scores by author, each visible only some time after it was written."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Row = dict[str, Any]

TRACE_FIELDS = {
    *("name", "start_time", "end_time", "input", "output", "metadata", "tags", "error_info", "usage", "created_at"),
    *("created_by", "last_updated_by", "feedback_scores", "span_feedback_scores", "comments", "guardrails_validations"),
    *("total_estimated_cost", "span_count", "llm_span_count", "has_tool_spans", "duration", "ttft", "thread_id"),
    *("visibility_mode", "providers", "experiment", "annotation_queues", "source", "environment"),
}
SPAN_FIELDS = {
    *("name", "type", "start_time", "end_time", "input", "output", "metadata", "model", "provider", "tags", "usage"),
    *("error_info", "created_at", "created_by", "last_updated_by", "feedback_scores", "comments", "duration", "ttft"),
    *("total_estimated_cost", "total_estimated_cost_version", "source", "environment"),
}
"""What `exclude` may name."""
_SCALE = Decimal("0.000000001")


class Refused(Exception):
    """A 400, in the server's words."""


class Tables:
    """Rows by id, and scores by what they hang on, by name and by author."""

    def __init__(self, lag_s: float) -> None:
        self.lag_s = lag_s
        self.lock = threading.Lock()
        self.traces: dict[str, Row] = {}
        self.spans: dict[str, Row] = {}
        self.scores: dict[str, dict[str, dict[str, Row]]] = {}
        self._counted: dict[str, set[str]] = {}
        self._pending: list[tuple[float, Callable[[], None]]] = []

    def later(self, write: Callable[[], None]) -> None:
        """Do something as soon as readers may see it."""
        self._pending.append((time.monotonic() + self.lag_s, write))

    def settle(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        due = [write for at, write in self._pending if at <= now]
        self._pending = [(at, write) for at, write in self._pending if at > now]
        for write in due:
            write()

    def add_rows(self, kind: str, rows: Iterable[Row]) -> None:
        """Add traces or spans; one id again takes the place of the former."""
        given = list(rows)
        for row in given:
            check_version(row["id"], kind)
        self.later(lambda: self._take(kind, given))

    def _take(self, kind: str, rows: Iterable[Row]) -> None:
        for row in rows:
            (self.traces if kind == "Trace" else self.spans)[row["id"]] = row
            if kind == "Span":
                self._counted.setdefault(row["trace_id"], set()).add(row["id"])

    def update_row(self, kind: str, row_id: str, fields: Row) -> None:
        """Change what a row has, as the SDK does at the end of a span."""
        table = self.traces if kind == "Trace" else self.spans
        given = {key: value for key, value in fields.items() if value is not None}
        self.later(lambda: table.update({row_id: {**table.get(row_id, {"id": row_id}), **given}}))

    def add_scores(self, items: Iterable[Row], author: str) -> None:
        """Write scores; whether what they hang on is there is asked by nobody."""
        given = list(items)
        for item in given:
            check_version(item["id"], "Trace")
            if not str(item.get("name") or "").strip() or not abs(Decimal(str(item["value"]))) < 1_000_000_000:
                raise Refused("scores[0].value must be a number within bounds, and scores[0].name not blank")
        self.later(lambda: self._take_scores(given, author))

    def _take_scores(self, items: Iterable[Row], author: str) -> None:
        for item in items:
            self._score(item, author)

    def _score(self, item: Row, author: str) -> None:
        value = float(Decimal(str(item["value"])).quantize(_SCALE, ROUND_HALF_UP))
        kept = {
            "value": value,
            "reason": item.get("reason") or "",
            "category_name": item.get("category_name") or "",
            "source": item["source"],
        }
        self.scores.setdefault(item["id"], {}).setdefault(item["name"], {})[author] = kept

    def delete_score(self, target: str, name: str) -> None:
        """Delete every author's score of a name."""
        self.scores.get(target, {}).pop(name, None)

    def search(self, kind: str, body: Mapping[str, Any]) -> list[Row]:
        """Rows that match, the greatest id first."""
        fields = TRACE_FIELDS if kind == "Trace" else SPAN_FIELDS
        unknown = set(body.get("exclude") or ()) - fields
        limit = body.get("limit") or 500
        if unknown or not 1 <= limit <= 2000:
            raise Refused("Unable to process JSON" if unknown else "limit must be less than or equal to 2000")
        rows = self._candidates(kind, body)
        kept = [row for row in rows if _is_asked(row, body) and all(_passes(row, f) for f in body.get("filters") or ())]
        kept.sort(key=lambda row: str(row["id"]), reverse=True)
        last = body.get("last_retrieved_id")
        rest = (row for row in kept if last is None or row["id"] < last)
        page = [self.shown(row, kind) for row, _ in zip(rest, range(limit), strict=False)]
        return [{key: value for key, value in row.items() if key not in (body.get("exclude") or ())} for row in page]

    def _candidates(self, kind: str, body: Mapping[str, Any]) -> list[Row]:
        """The rows that a search must look at: of a trace, or of an id, where it names one."""
        table = self.traces if kind == "Trace" else self.spans
        named = [f["value"] for f in body.get("filters") or () if (f["field"], f["operator"]) == ("id", "=")]
        if kind == "Span" and not named and body.get("trace_id"):
            named = list(self._counted.get(body["trace_id"], ()))
            return [table[span_id] for span_id in named]
        return [table[named[0]]] if named and named[0] in table else [] if named else list(table.values())

    def shown(self, row: Row, kind: str) -> Row:
        """A row as answers have it: with scores, and a trace with what is counted of its spans."""
        scores = [_aggregated(name, by) for name, by in self.scores.get(row["id"], {}).items()]
        shown = {**row, "feedback_scores": scores or None, "created_by": "admin"}
        if kind == "Trace":
            shown["span_count"] = len(self._counted.get(row["id"], ()))
        return {key: value for key, value in shown.items() if value is not None and key != "project_name"}


def check_version(value: str, kind: str) -> None:
    """Only UUIDs of version 7 are ids.

    Raises:
        Refused
    """
    try:
        version = uuid.UUID(value).version
    except ValueError as exc:
        raise Refused("Unable to process JSON") from exc
    if version != 7:
        raise Refused(f"{kind} id must be a version 7 UUID")


def _aggregated(name: str, by_author: Mapping[str, Row]) -> Row:
    """Several authors' values as one: their mean, and their reasons in a row."""
    values = list(by_author.values())
    return {
        "name": name,
        "value": sum(value["value"] for value in values) / len(values),
        "reason": ", ".join(value["reason"] for value in values),
        "category_name": ", ".join(value["category_name"] for value in values if value["category_name"]) or None,
        "source": values[-1]["source"],
        "created_by": ", ".join(by_author),
        "value_by_author": dict(by_author),
    }


def _is_asked(row: Row, body: Mapping[str, Any]) -> bool:
    wanted = body.get("trace_id")
    return row.get("project_name") == body.get("project_name") and (wanted is None or row.get("trace_id") == wanted)


def _passes(row: Row, condition: Mapping[str, str]) -> bool:
    field, operator, value = condition["field"], condition["operator"], condition["value"]
    if field == "start_time":
        moment, bound = _moment(row["start_time"]), _moment(value)
        return {">=": moment >= bound, "<": moment < bound, ">": moment > bound, "<=": moment <= bound}[operator]
    if field in {"id", "trace_id", "name", "thread_id"} and operator == "=":
        return bool(row.get(field) == value)
    raise Refused(f"Invalid filters query parameter: {field} {operator}")


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value)
