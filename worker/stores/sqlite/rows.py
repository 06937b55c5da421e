"""Records to rows and back. A row is a mapping of column to value; payloads and tags are JSON text in it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from assay.worker.ports.store_errors import StoreRejected
from assay.worker.records.scores import Score
from assay.worker.records.traces import Observation, Trace, TraceRoot, utc_iso

Row = Mapping[str, Any]

_OTHER_COLUMNS = {"id", "tags", "metadata", "input", "output", "collected", "around", "resource"}
"""Columns of a row that are no columns of a root, or go by another form there."""


def trace_row(trace: Trace) -> Row:
    """The row of a trace's root and content.

    Raises:
        StoreRejected: a field holds what SQLite cannot; the message names the trace.
    """
    root = trace.root
    with _refusing(f"trace {trace.id!a}"):
        return {
            **_texts(
                id=root.trace_id, observation_id=root.observation_id, name=root.name, environment=root.environment
            ),
            "start": utc_iso(root.start),
            "end": utc_iso(root.end) if root.end else None,
            **_texts(level=root.level, release=root.release, version=root.version),
            **_texts(user_id=root.user_id, session_id=root.session_id),
            **_json(tags=root.tags, metadata=root.metadata, input=trace.input, output=trace.output),
            "collected": 0,
            "around": None,
        }


def observation_rows(trace: Trace) -> list[Row]:
    """The rows of what lies under a trace, in its order.

    Raises:
        StoreRejected: a field holds what SQLite cannot; the message names trace and observation.
    """
    return [_observation_row(trace.id, position, step) for position, step in enumerate(trace.observations)]


def _observation_row(trace_id: str, position: int, step: Observation) -> Row:
    with _refusing(f"trace {trace_id!a}, observation {step.id!a}"):
        return {
            "trace_id": trace_id,
            "position": position,
            **_texts(
                id=step.id, type=step.type, name=step.name, parent_id=step.parent_id, level=step.level, model=step.model
            ),
            "start": utc_iso(step.start),
            "end": utc_iso(step.end) if step.end else None,
            "usage": step.usage.model_dump_json(exclude_none=True) if step.usage else None,
            "cost_usd": step.cost_usd,
            "first_token": utc_iso(step.first_token) if step.first_token else None,
            **_json(metadata=step.metadata, input=step.input, output=step.output),
        }


def score_row(score: Score, *, now: str) -> Row:
    """The row of a score written at `now` (ISO 8601, UTC).

    Raises:
        StoreRejected: the value is no finite number, or a field holds what SQLite cannot.
    """
    with _refusing(f"score {score.name!a} of trace {score.trace_id!a}"):
        value, label = (None, score.value) if isinstance(score.value, str) else (score.value, None)
        if value is not None and not math.isfinite(value):
            raise ValueError(f"{value} is no finite number")
        return {
            **_texts(id=score.id, trace_id=score.trace_id, observation_id=score.observation_id, name=score.name),
            "data_type": score.data_type,
            "value": value,
            **_texts(string_value=label, comment=score.comment, environment=score.environment),
            **_json(metadata=score.metadata),
            "timestamp": utc_iso(score.timestamp),
            "created_at": now,
            "updated_at": now,
        }


def root_of(row: Row) -> TraceRoot:
    """The root from a row of `LIST_ROOTS`, or of a whole trace."""
    columns = {k: row[k] for k in row if k not in _OTHER_COLUMNS}
    return TraceRoot(trace_id=row["id"], tags=json.loads(row["tags"]), metadata=json.loads(row["metadata"]), **columns)


def traces_of(traces: Iterable[Row], observations: Iterable[Row]) -> dict[str, Trace]:
    """Whole traces by id; `observations` come in the order they have under their trace."""
    below: dict[str, list[Observation]] = {}
    for row in observations:
        below.setdefault(row["trace_id"], []).append(_observation_of(row))
    return {
        row["id"]: Trace(
            root=root_of(row),
            input=json.loads(row["input"]),
            output=json.loads(row["output"]),
            observations=tuple(below.get(row["id"], ())),
        )
        for row in traces
    }


def _observation_of(row: Row) -> Observation:
    payloads = {k: json.loads(row[k]) for k in ("metadata", "input", "output")}
    payloads["usage"] = json.loads(row["usage"]) if row["usage"] else None
    return Observation(**{k: row[k] for k in row if k not in {"trace_id", "position"}} | payloads)


def score_of(row: Row) -> Score:
    """The score from a row."""
    columns = {k: row[k] for k in row if k not in {"data_type", "value", "string_value", "metadata"}}
    value = row["string_value"] if row["data_type"] == "CATEGORICAL" else row["value"]
    return Score(value=value, metadata=json.loads(row["metadata"]), **columns)


@contextmanager
def _refusing(what: str) -> Iterator[None]:
    """Values SQLite cannot hold: lone surrogates in plain text, moments outside the years 1–9999, endless nesting."""
    try:
        yield
    except (ValueError, OverflowError, RecursionError) as exc:
        raise StoreRejected(f"{what}: {exc}") from exc


def _texts(**columns: str | None) -> dict[str, str | None]:
    """The columns as they are; a lone surrogate is refused here, where its row is known."""
    for value in columns.values():
        if value is not None:
            value.encode()
    return columns


def _json(**columns: object) -> dict[str, str]:
    """Each column as compact JSON that a person can read; lone surrogates, which SQLite cannot hold, as escapes."""
    return {column: _json_text(value) for column, value in columns.items()}


def _json_text(value: object) -> str:
    text = _READABLE.encode(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        return _ESCAPED.encode(value)
    return text


# `json.dumps` would make an encoder for each value.
_READABLE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
_ESCAPED = json.JSONEncoder(separators=(",", ":"))
