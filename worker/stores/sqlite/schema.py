"""What the file looks like, and how it is created and brought up to date.

Moments are ISO 8601 text in UTC (`assay.worker.records.traces.utc_iso`): they sort in the order of time and can
be read by anybody who opens the file with the `sqlite3` shell. Payloads are JSON text.
"""

from __future__ import annotations

import sqlite3
import time
import uuid
from contextlib import closing
from pathlib import Path

from assay.judges.errors import ConfigurationError
from assay.worker.records.private_files import private_directory, private_file

APPLICATION_ID = 0x41535359
"""Written into the file's header ("ASSY"), so that another program's database is never mistaken for ours."""

_V1 = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    """CREATE TABLE traces (
        id TEXT PRIMARY KEY, observation_id TEXT NOT NULL, name TEXT NOT NULL, environment TEXT NOT NULL,
        start TEXT NOT NULL, "end" TEXT, level TEXT NOT NULL, "release" TEXT, version TEXT, user_id TEXT,
        session_id TEXT, tags TEXT NOT NULL, metadata TEXT NOT NULL, input TEXT NOT NULL, output TEXT NOT NULL)""",
    "CREATE INDEX traces_by_start ON traces (start, id)",
    """CREATE TABLE observations (
        trace_id TEXT NOT NULL REFERENCES traces (id) ON DELETE CASCADE, position INTEGER NOT NULL, id TEXT NOT NULL,
        type TEXT NOT NULL, name TEXT NOT NULL, parent_id TEXT, start TEXT NOT NULL, "end" TEXT, level TEXT NOT NULL,
        model TEXT, metadata TEXT NOT NULL, input TEXT NOT NULL, output TEXT NOT NULL,
        PRIMARY KEY (trace_id, position))""",
    # The last line of defence of "a failure is never a score": SQLite turns NaN into NULL, which the check refuses.
    """CREATE TABLE scores (
        id TEXT PRIMARY KEY, trace_id TEXT NOT NULL REFERENCES traces (id), observation_id TEXT, name TEXT NOT NULL,
        data_type TEXT NOT NULL, value REAL, string_value TEXT, comment TEXT NOT NULL, environment TEXT NOT NULL,
        metadata TEXT NOT NULL, timestamp TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
        CHECK ((data_type = 'NUMERIC' AND value IS NOT NULL AND string_value IS NULL)
            OR (data_type = 'CATEGORICAL' AND value IS NULL AND string_value IS NOT NULL)))""",
    "CREATE INDEX scores_by_trace ON scores (trace_id)",
)

_V2 = (
    "ALTER TABLE observations ADD COLUMN usage TEXT",
    "ALTER TABLE observations ADD COLUMN cost_usd REAL",
    "ALTER TABLE observations ADD COLUMN first_token TEXT",
)

_V3 = (
    # 0: it was imported whole. Else the row was made of a root span, and what lies under it is in `spans`: 1 of a root
    # with question or answer, 2 of one without, which gives way to one with.
    "ALTER TABLE traces ADD COLUMN collected INTEGER NOT NULL DEFAULT 0",
    # A collected root's metadata lacks what its resource says, which its span refers to. Here are the names, as a list
    # in JSON, that its columns took from the resource, and which its metadata therefore does not repeat.
    "ALTER TABLE traces ADD COLUMN around TEXT",
    # What a process says of itself is the same for all of its spans. With each of them it would be most of the file.
    """CREATE TABLE span_resources (
        id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, bytes INTEGER NOT NULL, resource TEXT NOT NULL)""",
    """CREATE TABLE spans (
        trace_id TEXT NOT NULL, span_id TEXT NOT NULL, "end" TEXT NOT NULL, bytes INTEGER NOT NULL,
        resource INTEGER REFERENCES span_resources (id), span TEXT NOT NULL, PRIMARY KEY (trace_id, span_id))""",
    "CREATE INDEX spans_by_resource ON spans (resource)",
    # What was logged while a span was open. It may come before its span, so it does not refer to it.
    """CREATE TABLE span_events (
        trace_id TEXT NOT NULL, span_id TEXT NOT NULL, digest TEXT NOT NULL, event TEXT NOT NULL,
        PRIMARY KEY (trace_id, span_id, digest))""",
    # One row a trace that anything came for: its first step, when the first of it came, and how much there is.
    """CREATE TABLE span_traces (
        trace_id TEXT PRIMARY KEY, start TEXT NOT NULL, received_at TEXT NOT NULL, spans INTEGER NOT NULL,
        events INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX span_traces_by_start ON span_traces (start)",
    "CREATE INDEX span_traces_by_receipt ON span_traces (received_at)",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_V1, _V2, _V3)
"""Statements that lead from version n to n + 1; the file's `user_version` counts how many have run."""


def prepare(path: Path, *, busy_timeout_s: float) -> None:
    """Create the file if it is missing and bring it up to date; safe when several processes do it at once.

    Raises:
        sqlite3.Error, OSError: as they come; the caller names file and remedy.
        ConfigurationError: the file belongs to another program or to a newer version.
    """
    private_directory(path.parent)
    private_file(path)  # SQLite gives its -wal and -shm the rights of this one
    with closing(sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)) as connection:
        _check_owner(connection, path)
        _switch_to_wal(connection, busy_timeout_s)
        if _number(connection, "user_version") < len(MIGRATIONS):
            _migrate(connection)


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _check_owner(connection: sqlite3.Connection, path: Path) -> None:
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if tables and _number(connection, "application_id") != APPLICATION_ID:
        raise ConfigurationError(
            f"{path}: is another program's SQLite database; set store.path in assay.yaml to a file of its own"
        )
    version = _number(connection, "user_version")
    if tables and version > len(MIGRATIONS):
        raise ConfigurationError(
            f"{path}: was written by a newer Assay (format {version}, this one knows {len(MIGRATIONS)}); "
            "upgrade assay-fleet or set store.path in assay.yaml to another file"
        )


def _switch_to_wal(connection: sqlite3.Connection, busy_timeout_s: float) -> None:
    # SQLite does not call its busy handler while the journal mode changes, so two processes that create the
    # file together would fail at once; hence a loop of our own.
    deadline = time.monotonic() + busy_timeout_s
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            if mode != "wal":
                raise sqlite3.OperationalError(f"journal mode stays {mode}: the file system has no shared memory")
            return


def _migrate(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Read again under the lock: another process may have done it while this one waited.
        for step in range(_number(connection, "user_version"), len(MIGRATIONS)):
            for statement in MIGRATIONS[step]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {step + 1}")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("INSERT OR IGNORE INTO meta VALUES ('project_id', ?)", (str(uuid.uuid4()),))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
