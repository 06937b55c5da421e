"""Every statement the store runs, built from the column names alone; values always travel as parameters."""
# ruff: noqa: S608  # the only things put into these texts are the constants below and counted placeholders

from __future__ import annotations

from collections.abc import Sequence

_ROOT = (
    *("id", "observation_id", "name", "environment", "start", "end", "level", "release", "version"),
    *("user_id", "session_id", "tags", "metadata"),
)
_TRACE = (*_ROOT, "input", "output", "collected", "around")
_OBSERVATION = (
    *("trace_id", "position", "id", "type", "name", "parent_id", "start", "end", "level", "model"),
    *("usage", "cost_usd", "first_token", "metadata", "input", "output"),
)
_SCORE = (
    *("id", "trace_id", "observation_id", "name", "data_type", "value", "string_value", "comment", "environment"),
    *("metadata", "timestamp"),
)


def _quoted(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _insert(table: str, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table} ({_quoted(columns)}) VALUES ({', '.join(f':{column}' for column in columns)})"


def _upsert(table: str, columns: Sequence[str], *, kept: Sequence[str] = ("id",)) -> str:
    changes = ", ".join(f'"{column}" = excluded."{column}"' for column in columns if column not in kept)
    return f"{_insert(table, columns)} ON CONFLICT (id) DO UPDATE SET {changes}"


def _marks(count: int) -> str:
    return ",".join("?" * count)


PROJECT_ID = "SELECT value FROM meta WHERE key = 'project_id'"
USED_BYTES = """
    SELECT (page_count - freelist_count) * page_size AS used
    FROM pragma_page_count, pragma_freelist_count, pragma_page_size
"""
COUNT_TRACES = "SELECT count(*) AS traces FROM traces"
AGES = "SELECT count(*) AS traces, min(start) AS oldest, max(start) AS newest FROM traces"
COUNT_SCORES = "SELECT count(*) AS scores FROM scores"
UPSERT_TRACE = _upsert("traces", _TRACE)
DELETE_OBSERVATIONS = "DELETE FROM observations WHERE trace_id = :id"
ADD_OBSERVATION = _insert("observations", _OBSERVATION)
UPSERT_SCORE = _upsert("scores", (*_SCORE, "created_at", "updated_at"), kept=("id", "created_at"))
SCORES_OF_TRACE = f"SELECT {_quoted(_SCORE)} FROM scores WHERE trace_id = ? ORDER BY name, id"
# Only a collected root has its resource elsewhere: with its span.
LIST_ROOTS = f"""SELECT {_quoted(_ROOT)}, around, CASE WHEN around IS NOT NULL THEN
        (SELECT resource FROM spans WHERE trace_id = traces.id AND span_id = traces.observation_id) END AS resource
    FROM traces WHERE (start, id) > (?, ?) AND start < ? AND environment <> ? ORDER BY start, id LIMIT ?"""
# What the same page holds, in its order, before any of it is read. What was imported is not counted.
SIZES_OF_ROOTS = """SELECT spans.bytes AS bytes, resource,
        (SELECT bytes FROM span_resources WHERE id = spans.resource) AS around
    FROM traces LEFT JOIN spans ON collected > 0 AND trace_id = traces.id AND span_id = observation_id
    WHERE (start, traces.id) > (?, ?) AND start < ? AND environment <> ? ORDER BY start, traces.id LIMIT ?"""

COUNT_ROOTLESS = """SELECT count(*) AS traces FROM span_traces WHERE start >= ? AND start < ? AND spans > 0
    AND NOT EXISTS (SELECT 1 FROM traces WHERE traces.id = span_traces.trace_id)"""
_SPAN = ("trace_id", "span_id", "end", "bytes", "resource", "span")
WRITE_SPAN = f"INSERT OR REPLACE INTO spans ({_quoted(_SPAN)}) VALUES (?, ?, ?, ?, ?, ?)"
WRITE_RESOURCE = "INSERT INTO span_resources (digest, bytes, resource) VALUES (?, ?, ?)"
WRITE_EVENT = "INSERT OR IGNORE INTO span_events (trace_id, span_id, digest, event) VALUES (?, ?, ?, ?)"
ADD_TO_TRACE = """INSERT INTO span_traces (trace_id, start, received_at, spans, events, bytes) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (trace_id) DO UPDATE SET start = min(start, excluded.start), spans = spans + excluded.spans,
    events = events + excluded.events, bytes = bytes + excluded.bytes"""
# Of several roots the least counts, as `root_order` has them. What was imported under this id stays.
WRITE_COLLECTED_ROOT = f"""{_upsert("traces", _TRACE)} WHERE traces.collected > 0
    AND ((excluded.collected, excluded.start, excluded.observation_id)
        <= (traces.collected, traces.start, traces.observation_id)
    OR excluded.observation_id = traces.observation_id)"""
OLDEST_RECEIVED = """SELECT trace_id, spans + events AS parts FROM span_traces WHERE received_at < ?
    ORDER BY received_at LIMIT ?"""


def known_spans(count: int) -> str:
    """Which of `count` spans are there."""
    # Joined in this order: for row values in a list SQLite would go through the whole table.
    return f"""WITH wanted (in_trace, id) AS (VALUES {",".join(["(?,?)"] * count)})
        SELECT trace_id, span_id, "end", bytes, resource
        FROM wanted CROSS JOIN spans ON trace_id = in_trace AND span_id = id"""


def known_events(count: int) -> str:
    """Which of `count` events are there."""
    return f"""WITH wanted (in_trace, id, text) AS (VALUES {",".join(["(?,?,?)"] * count)})
        SELECT trace_id, span_id, digest FROM wanted CROSS JOIN span_events
        ON trace_id = in_trace AND span_id = id AND digest = text"""


def sizes_of(count: int) -> str:
    """How much there is of `count` traces."""
    return f"SELECT trace_id, spans, events, bytes FROM span_traces WHERE trace_id IN ({_marks(count)})"


def known_resources(count: int) -> str:
    """Which of `count` resources are there, by their digests."""
    return f"SELECT id, digest FROM span_resources WHERE digest IN ({_marks(count)})"


def resources_of(count: int) -> str:
    """The resources that the spans of `count` traces have, and how large each is."""
    return f"""SELECT trace_id, id, span_resources.bytes AS bytes FROM
        (SELECT DISTINCT trace_id, resource FROM spans WHERE trace_id IN ({_marks(count)})) AS used
        JOIN span_resources ON id = used.resource"""


def select_resources(count: int) -> str:
    """`count` resources."""
    return f"SELECT id, resource FROM span_resources WHERE id IN ({_marks(count)})"


def forget_resources(count: int) -> str:
    """Delete those of `count` resources that no span has any more."""
    return f"""DELETE FROM span_resources WHERE id IN ({_marks(count)})
        AND NOT EXISTS (SELECT 1 FROM spans WHERE spans.resource = span_resources.id)"""


def select_spans(count: int) -> str:
    """The spans of `count` traces."""
    return f"SELECT trace_id, resource, span FROM spans WHERE trace_id IN ({_marks(count)})"


def select_events(count: int) -> str:
    """The events of `count` traces."""
    return f"SELECT trace_id, span_id, event FROM span_events WHERE trace_id IN ({_marks(count)})"


def forget(count: int) -> tuple[str, ...]:
    """What deletes `count` traces made of spans, in turn. A score goes before the trace that it refers to."""
    ids = f"({_marks(count)})"
    return (
        f"DELETE FROM scores WHERE trace_id IN (SELECT id FROM traces WHERE id IN {ids} AND collected > 0)",
        f"DELETE FROM traces WHERE id IN {ids} AND collected > 0",
        f"DELETE FROM spans WHERE trace_id IN {ids}",
        f"DELETE FROM span_events WHERE trace_id IN {ids}",
        f"DELETE FROM span_traces WHERE trace_id IN {ids}",
    )


def select_traces(count: int) -> str:
    """Traces by `count` ids."""
    return f"SELECT {_quoted(_TRACE)} FROM traces WHERE id IN ({_marks(count)})"


def select_kinds(count: int) -> str:
    """Which of `count` traces are there, and which of them are made of spans."""
    return f"SELECT id, collected FROM traces WHERE id IN ({_marks(count)})"


def select_observations(count: int) -> str:
    """What lies under `count` traces, in the order it was given."""
    return f"""SELECT {_quoted(_OBSERVATION)} FROM observations
        WHERE trace_id IN ({_marks(count)}) ORDER BY trace_id, position"""


def select_scores(count: int) -> str:
    """Scores by `count` ids."""
    return f"SELECT {_quoted(_SCORE)} FROM scores WHERE id IN ({_marks(count)})"


def select_scored(traces: int, names: int | None) -> str:
    """Scores of rubrics, of `names` names or of any name, on `traces` traces."""
    of_names = "" if names is None else f" AND name IN ({_marks(names)})"
    return f"""SELECT {_quoted(_SCORE)} FROM scores WHERE trace_id IN ({_marks(traces)})
        AND json_extract(metadata, '$.rubric_hash') IS NOT NULL
        AND json_extract(metadata, '$.rubric') IS NOT NULL{of_names} ORDER BY id"""


def select_trace_ids(count: int) -> str:
    """Which of `count` trace ids are there."""
    return f"SELECT id FROM traces WHERE id IN ({_marks(count)})"
