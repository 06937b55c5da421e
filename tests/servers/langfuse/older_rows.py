"""Traces as the older generation keeps them: a record of their own, apart from their observations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from tests.servers.langfuse import clock
from tests.servers.langfuse.rows import Key, Row, make_row, parsed
from tests.servers.langfuse.tables import Bounds, StoredRows

Values = dict[str, Any]
NESTED = ("resourceAttributes", "scope", "attributes")


@dataclass
class OlderRows:
    """Observations by trace and id, and what trace events said about the trace itself."""

    rows: dict[str, dict[str, Row]] = field(default_factory=dict)
    said: dict[str, Values] = field(default_factory=dict)
    made: dict[str, tuple[int, int]] = field(default_factory=dict)
    """When a trace became known by its own event, and from when on it can be read."""
    late: set[str] = field(default_factory=set)
    """Traces that came by an older way."""
    changes: int = 0

    def put(self, row: Row, *, late: bool = False) -> None:
        """Store an observation; the same id again replaces it."""
        trace_id = row.fields["traceId"]
        self.changes += 1
        self.rows.setdefault(trace_id, {})[row.fields["id"]] = row
        if late:
            self.late.add(trace_id)

    def tell(self, trace_id: str, said: Values, *, now: int, visible: int) -> None:
        """Take a trace event: later values win."""
        self.changes += 1
        self.late.add(trace_id)
        self.said.setdefault(trace_id, {}).update({key: value for key, value in said.items() if value is not None})
        self.made.setdefault(trace_id, (now, visible))

    def drop(self, trace_id: str) -> None:
        """Forget a trace."""
        self.changes += 1
        self.rows.pop(trace_id, None)
        self.said.pop(trace_id, None)
        self.made.pop(trace_id, None)
        self.late.discard(trace_id)

    def of_trace(self, trace_id: str, now: int) -> list[Row]:
        """The observations of a trace that can be read, latest change first."""
        found = [row for row in self.rows.get(trace_id, {}).values() if row.visible <= now]
        return sorted(found, key=lambda row: (row.fields["updatedAt"], row.fields["id"]), reverse=True)

    def trace_ids(self, now: int) -> Iterator[str]:
        """Every trace of which something can be read."""
        return (trace_id for trace_id in dict.fromkeys((*self.rows, *self.made)) if self.knows(trace_id, now))

    def knows(self, trace_id: str, now: int) -> bool:
        """Whether something of a trace can be read."""
        told = trace_id in self.made and self.made[trace_id][1] <= now
        return told or any(row.visible <= now for row in self.rows.get(trace_id, {}).values())

    def seen_by_v2(self, trace_id: str, *, lag: int) -> Iterator[Row]:
        """The trace as v2/observations shows it late: under a made-up root that never ends, and everything twice."""
        rows = list(self.rows.get(trace_id, {}).values())
        root_id = f"t-{trace_id}"
        for row in rows:
            fields = {**row.fields, "isRootObservation": False}
            fields["parentObservationId"] = row.fields["parentObservationId"] or root_id
            fields["modelParameters"] = row.fields["modelParameters"] or {}
            yield replace(row, fields=fields, visible=row.visible + lag, doubled=True)
        trace = trace_of(self, trace_id, rows)
        texts = {name: self._raw(trace_id, rows, name) for name in ("input", "output")}
        same = {name: trace[name] for name in ("environment", "tags")}
        empty = {name: trace[name] or "" for name in ("userId", "sessionId", "release", "version", "name")}
        columns = {"id": root_id, "traceId": trace_id, "startTime": trace["timestamp"], "traceName": trace["name"]}
        project_id = rows[0].fields["projectId"] if rows else ""
        now = clock.parse(trace["createdAt"])
        made = make_row({**columns, **texts, **same, **empty}, project_id=project_id, now=now, visible=now + lag)
        made.fields |= {"endTime": None, "latency": None}
        made.doubled = True
        yield made

    def _raw(self, trace_id: str, rows: list[Row], name: str) -> str | None:
        said = self.said.get(trace_id, {}).get(name)
        if said is not None:
            return str(said)
        root = last_root(rows)
        return root.fields[name] if root else None


class LateRows:
    """What came by an older way, as a source of v2/observations."""

    def __init__(self, older: OlderRows, lag_ms: int) -> None:
        self._older = older
        self._lag = lag_ms
        self._stored = StoredRows()
        self._changes = 0

    def _rows(self) -> StoredRows:
        if self._changes != self._older.changes:
            self._stored = StoredRows()
            for trace_id in self._older.late:
                for row in self._older.seen_by_v2(trace_id, lag=self._lag):
                    self._stored.put(row)
            self._changes = self._older.changes
        return self._stored

    def descending(self, bounds: Bounds, before: Key | None, *, roots_only: bool = False) -> Iterator[Row]:
        return self._rows().descending(bounds, before, roots_only=roots_only)

    def of_traces(self, trace_ids: Iterable[str]) -> Iterator[Row]:
        return self._rows().of_traces(trace_ids)

    def count_rows(self, bounds: Bounds) -> int:
        return self._rows().count_rows(bounds)


def last_root(rows: list[Row]) -> Row | None:
    """The root that says what the trace is about: of several the last."""
    return max((row for row in rows if row.fields["isRootObservation"]), key=lambda row: row.start, default=None)


def trace_of(older: OlderRows, trace_id: str, rows: list[Row]) -> Values:
    """The trace's own record, out of its observations and what was said of it."""
    root = last_root(rows)
    about = [root] if root else []
    about += rows
    said = older.said.get(trace_id, {})
    made = older.made.get(trace_id, (0, 0))[0]
    created = clock.parse(min((row.fields["createdAt"] for row in rows), default=clock.iso(made)))
    start = min((row.start for row in rows), default=made)
    found: Values = {
        "id": trace_id,
        "name": _first(about, "traceName"),
        "timestamp": clock.iso(start),
        "environment": _first(about, "environment") or "default",
        "tags": sorted(_first(about, "tags") or []),
        "bookmarked": False,
        **{name: _first(about, name) for name in ("release", "userId", "sessionId")},
        # A root may have a version of its own; what the trace was given is on its children.
        "version": _first((rows and [row for row in rows if row is not root]) or about, "version"),
        "public": False,
        "input": parsed(root.fields["input"]) if root and root.fields["input"] is not None else None,
        "output": parsed(root.fields["output"]) if root and root.fields["output"] is not None else None,
        "metadata": trace_metadata(root, rows),
        "createdAt": clock.iso(created // 1000 * 1000),
        "updatedAt": max((row.fields["updatedAt"] for row in rows), default=clock.iso(made)),
        "externalId": None,
    }
    given = {name: parsed(value) if isinstance(value, str) and name in {"input", "output"} else value
             for name, value in said.items()}  # fmt: skip
    return {**found, **given}


def _first(rows: list[Row], name: str) -> Any:
    return next((row.fields[name] for row in rows if row.fields[name]), None)


def trace_metadata(root: Row | None, rows: list[Row]) -> Values:
    """The root's and what the trace propagated; without a root only where it came from."""
    if root is not None:
        return nested(root.metadata)
    found = nested(rows[0].metadata) if rows else {}
    return {name: found[name] for name in ("resourceAttributes", "scope") if name in found}


def nested(metadata: dict[str, str], without: frozenset[str] = frozenset()) -> Values:
    """Flat names as the nested objects they came from."""
    found: Values = {}
    for key, raw in metadata.items():
        head, _, rest = key.partition(".")
        if key in without:
            continue
        if head not in NESTED or not rest:
            found[key] = parsed(raw)
            continue
        inner = found.setdefault(head, {})
        if head == "scope":
            inner.setdefault("attributes", {})
        if rest.startswith("attributes.") and head == "scope":
            inner["attributes"][rest.removeprefix("attributes.")] = raw
        else:
            inner[rest] = raw
    return found
