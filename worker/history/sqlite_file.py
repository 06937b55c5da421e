"""The record in a SQLite file: the embedded default, for one machine."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, Select, create_engine, event
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.history.places import Rows
from assay.worker.ports.history import HistoryUnavailable
from assay.worker.records.private_files import private_directory, private_file

_ANOTHER_PLACE = "set ASSAY_DATA_DIR to a place that can be written, or ASSAY_DATABASE_URL to a PostgreSQL server"
_PERSON_MUST_ACT = {
    "SQLITE_CANTOPEN": f"cannot be opened; {_ANOTHER_PLACE}",
    "SQLITE_PERM": f"may not be opened; {_ANOTHER_PLACE}",
    "SQLITE_AUTH": f"may not be opened; {_ANOTHER_PLACE}",
    "SQLITE_READONLY": f"cannot be written; make it writable, or {_ANOTHER_PLACE}",
    "SQLITE_NOTADB": "is not a SQLite database; move it away",
    "SQLITE_CORRUPT": "is damaged; restore it from a backup, or move it away",
}
_MAY_PASS = {
    "SQLITE_BUSY": "is locked by another process; find it with `fuser` if this goes on",
    "SQLITE_LOCKED": "is locked by another connection",
    "SQLITE_FULL": "cannot grow: the disk is full; free some space",
    "SQLITE_IOERR": "cannot be read or written: the disk is full or fails; free some space",
    "SQLITE_NOMEM": "found no memory; give the process more",
}
"""By the name of SQLite's error without what refines it: `SQLITE_BUSY` of `SQLITE_BUSY_SNAPSHOT`."""

_CHUNK = 400
"""Rows fetched in one call: so few tuples die young, and the garbage collector never walks over them."""


class SqliteFile:
    """One file in the data directory, with the WAL beside it. Only its owner may read it."""

    reads_ahead = False
    """SQLite works in this process. Each of its rows would wait for the interpreter."""

    def __init__(self, path: Path, *, busy_timeout_s: float) -> None:
        self.path = path
        self._busy_timeout_s = busy_timeout_s

    @property
    def shown(self) -> str:
        """Its path."""
        return str(self.path)

    def engine(self, *, writing: bool) -> Engine:
        """Connections that begin with the write lock, or that can only read."""
        engine = create_engine(
            URL.create("sqlite", database=str(self.path)),
            # isolation_level None: Python opens no transaction behind our back.
            connect_args={"timeout": self._busy_timeout_s, "isolation_level": None, "check_same_thread": False},
            pool_size=1 if writing else 2,
            max_overflow=0 if writing else 4,
            pool_timeout=2 * self._busy_timeout_s,
            hide_parameters=True,
        )
        event.listen(engine, "do_connect", self._before_connect if writing else _nothing)
        event.listen(engine, "connect", self._connected(writing=writing))
        event.listen(engine, "checkout", self._checked_out)
        # The lock is taken at BEGIN: a transaction that turns from reading to writing would fail at once when another
        # process wrote meanwhile, however long the busy timeout.
        begin = "BEGIN IMMEDIATE" if writing else "BEGIN"
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
        return engine

    def is_there(self) -> bool:
        """Whether the file is there and not empty.

        Raises:
            ConfigurationError: nobody may look.
        """
        try:
            return self.path.stat().st_size > 0
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as exc:
            raise self.problem(exc) from None

    def lock_schema(self, connection: Connection) -> None:
        """BEGIN IMMEDIATE has locked the file already."""

    def rows(self, connection: Connection, selection: Select[Any], at_once: int) -> Rows:
        """By the driver's own cursor. A row object of SQLAlchemy would double the time, and decodes nothing here."""
        compiled = selection.compile(connection, compile_kwargs={"render_postcompile": True})
        cursor: Any = connection.connection.cursor()
        try:
            cursor.execute(str(compiled), [compiled.params[name] for name in compiled.positiontup or ()])
            while chunk := cursor.fetchmany(min(_CHUNK, at_once)):
                yield list(zip(*chunk, strict=True))
        finally:
            cursor.close()

    def check_writable(self, connection: Connection) -> None:
        """Refuse a file that this process may only read.

        Raises:
            ConfigurationError
        """
        if not os.access(self.path, os.W_OK):
            raise ConfigurationError(f"{self.path}: {_PERSON_MUST_ACT['SQLITE_READONLY']}")

    def check_can_be_made(self, connection: Connection | None) -> None:
        """Refuse a folder that this process cannot make or write, and a file that it may only read.

        Raises:
            ConfigurationError
        """
        if connection is not None:
            self.check_writable(connection)
            return
        there = next(parent for parent in self.path.absolute().parents if parent.exists())
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            raise ConfigurationError(f"{self.path}: {_PERSON_MUST_ACT['SQLITE_CANTOPEN']}")

    def problem(self, exc: BaseException) -> EvaluationError:
        """One line with the file and the remedy."""
        if isinstance(exc, EvaluationError):
            return exc
        if isinstance(exc, PoolTimeout):
            return HistoryUnavailable(f"{self.path}: other writes take over {2 * self._busy_timeout_s:g} s")
        if isinstance(exc, OSError):
            return ConfigurationError(f"{self.path}: {exc.strerror or exc}; {_ANOTHER_PLACE}")
        cause = exc.orig if isinstance(exc, SQLAlchemyError) and hasattr(exc, "orig") else exc
        name = "_".join(str(getattr(cause, "sqlite_errorname", "")).split("_")[:2])
        if name in _PERSON_MUST_ACT:
            return ConfigurationError(f"{self.path}: {_PERSON_MUST_ACT[name]}")
        return HistoryUnavailable(f"{self.path}: {_MAY_PASS.get(name) or f'failed ({cause})'}")

    def _before_connect(self, *_: Any) -> None:
        private_directory(self.path.parent)
        private_file(self.path)  # SQLite gives its -wal and -shm the rights of this one

    def _connected(self, *, writing: bool) -> Any:
        def connected(connection: Any, record: Any) -> None:
            record.info["file"] = self._file_id()
            if not writing:
                connection.execute("PRAGMA query_only = ON")
                return
            self._switch_to_wal(connection)
            # FULL, not WAL's usual NORMAL: NORMAL may lose the last commits when the machine loses power, while a row
            # that was written has left the queue for good. It costs one fsync a commit, and a commit carries a batch.
            connection.execute("PRAGMA synchronous = FULL")

        return connected

    def _checked_out(self, _: Any, record: Any, __: Any) -> None:
        # A file that was moved away or restored is open under its old content: what is written there is lost.
        if record.info.get("file") != self._file_id():
            raise DisconnectionError(f"{self.path} is another file now")

    def _file_id(self) -> Sequence[int]:
        try:
            status = self.path.stat()
        except OSError:
            return ()
        return status.st_dev, status.st_ino

    def _switch_to_wal(self, connection: Any) -> None:
        # SQLite does not call its busy handler while the journal mode changes, so two processes that make the file
        # together would fail at once.
        deadline = time.monotonic() + self._busy_timeout_s
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL").fetchall()
            except Exception as exc:
                if not str(getattr(exc, "sqlite_errorname", "")).startswith("SQLITE_BUSY"):
                    raise
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return


def _nothing(*_: Any) -> None:
    """Making a connection to read makes no file."""
