"""A consistent copy of a SQLite database that others write to meanwhile.

A copy of the file alone would lack what is in the WAL, or mix pages of two moments. SQLite's online backup reads within
one transaction, so it is the database as of one moment, and writers go on.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.backup.manifest import DatabaseFacts
from assay.worker.records.private_files import private_file

HEADER = b"SQLite format 3\0"
"""What every SQLite database with content begins with."""

SIDECARS = ("-wal", "-shm", "-journal")
"""What SQLite lays beside a database, e.g. `history.db-wal`."""

PAGES = 1024
"""Copied in one step, after which a Ctrl-C is heard: 4 MB of usual pages."""

BUSY_TIMEOUT_S = 30.0
"""How long a copy waits for a lock. In WAL mode readers wait for nobody but for a process that takes the WAL away."""

_REVISIONS = "history_migrations"
"""The table in which a record keeps its format."""


def is_database(path: Path) -> bool:
    """Whether a file is a SQLite database with content.

    Raises:
        OSError
    """
    with path.open("rb") as file:
        return file.read(len(HEADER)) == HEADER


def copy_database(source: Path, copy: Path, progress: Callable[[int], None] = lambda _: None) -> DatabaseFacts:
    """Copy a database as of one moment, check the copy, and say what it holds.

    Args:
        source: the database.
        copy: the new file. It is private.
        progress: told how many bytes each step has copied.

    Raises:
        OSError: the disk of the copy is full or cannot be written.
        ConfigurationError: the database is damaged, or may not be read.
        EvaluationError: it is locked.
    """
    private_file(copy)
    with _told(source, copy), closing(_opened(source)) as reading, closing(_opened(copy)) as writing:
        reading.execute("PRAGMA query_only = ON")
        # Without a transaction of its own the copy would begin anew whenever somebody writes between two steps.
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
        page = int(reading.execute("PRAGMA page_size").fetchone()[0])
        reading.backup(writing, pages=PAGES, progress=_stepping(progress, page), sleep=0)
        # One file without a WAL beside it, which can also be read from a place that nobody may write.
        writing.execute("PRAGMA journal_mode = DELETE").fetchone()
        _check(writing, source)
        facts = _facts(writing)
    _sync(copy)
    return facts


def facts_of(path: Path) -> DatabaseFacts:
    """What a database holds.

    Raises:
        ConfigurationError, EvaluationError, OSError
    """
    with _told(path, path), closing(_opened(path)) as reading:
        return _facts(reading)


def is_in_use(path: Path) -> bool:
    """Whether another process has a database open, also one that does nothing right now.

    A connection to a database in WAL mode holds a shared lock as long as it is open.

    Raises:
        ConfigurationError, OSError
    """
    try:
        with closing(_opened(path, timeout=0.2)) as asking:
            asking.execute("PRAGMA locking_mode = EXCLUSIVE")
            asking.execute("BEGIN EXCLUSIVE")
            asking.execute("ROLLBACK")
    except sqlite3.Error as exc:
        if _name(exc) in ("SQLITE_BUSY", "SQLITE_LOCKED"):
            return True
        if _name(exc) in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):  # it is to be replaced
            return False
        raise _problem(exc, path, path) from exc
    return False


def _opened(path: Path, timeout: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode=rw"  # never makes a file
    return sqlite3.connect(address, uri=True, timeout=timeout, isolation_level=None)


def _stepping(progress: Callable[[int], None], page: int) -> Callable[[int, int, int], None]:
    done = 0

    def step(_: int, remaining: int, total: int) -> None:
        nonlocal done
        copied = (total - remaining) * page
        progress(copied - done)
        done = copied

    return step


def _check(copy: sqlite3.Connection, source: Path) -> None:
    told = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
    if told != "ok":
        raise ConfigurationError(f"{source}: is damaged ({told}); restore it from an earlier backup")


def _facts(connection: sqlite3.Connection) -> DatabaseFacts:
    names = [
        row[0]
        for row in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
        )
    ]
    return DatabaseFacts(
        application_id=_number(connection, "PRAGMA application_id"),
        user_version=_number(connection, "PRAGMA user_version"),
        revision=_revision(connection) if _REVISIONS in names else None,
        rows={name: _rows(connection, name) for name in names},
    )


def _rows(connection: sqlite3.Connection, table: str) -> int:
    quoted = table.replace('"', '""')
    return _number(connection, f'SELECT count(*) FROM "{quoted}"')  # noqa: S608  # quoted


def _revision(connection: sqlite3.Connection) -> str | None:
    row = connection.execute(f"SELECT version_num FROM {_REVISIONS}").fetchone()  # noqa: S608  # a constant
    return None if row is None else str(row[0])


def _number(connection: sqlite3.Connection, statement: str) -> int:
    return int(connection.execute(statement).fetchone()[0])


@contextmanager
def _told(source: Path, copy: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as exc:
        raise _problem(exc, source, copy) from exc


def _problem(exc: sqlite3.Error, source: Path, copy: Path) -> EvaluationError | OSError:
    """What an error of SQLite means."""
    name = _name(exc)
    if name == "SQLITE_FULL":
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(copy))
    if name in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
        return ConfigurationError(f"{source}: is damaged; restore it from an earlier backup, or move it away")
    if name in ("SQLITE_BUSY", "SQLITE_LOCKED"):
        return EvaluationError(f"{source}: is locked by another process; try again")
    if name in ("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH", "SQLITE_READONLY"):
        return ConfigurationError(
            f"{source}: cannot be opened ({exc}); run this as the user of the fleet, who may also write beside the file"
        )
    if name == "SQLITE_IOERR":
        return EvaluationError(f"{source}: cannot be read, or {copy} not written ({exc}); look at both disks")
    return EvaluationError(f"{source}: cannot be copied ({exc})")


def _name(exc: sqlite3.Error) -> str:
    """SQLite's name of an error without what refines it: `SQLITE_BUSY` of `SQLITE_BUSY_SNAPSHOT`."""
    return "_".join(str(getattr(exc, "sqlite_errorname", "")).split("_")[:2])


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
