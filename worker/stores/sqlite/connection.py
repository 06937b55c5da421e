"""Connections to the file: one that writes, one that reads, and what SQLite's errors mean for a worker.

Two connections, because a read must not wait behind another process's write lock; in WAL mode it sees the last
commit. Every statement runs in aiosqlite's threads, so the event loop only waits.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import aiosqlite

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.ports.store_errors import StoreRejected, StoreUnavailable
from assay.worker.stores.sqlite.schema import prepare

_ANOTHER_PATH = "set store.path in assay.yaml or ASSAY_DATA_DIR to a place that can be written"
_PERSON_MUST_ACT = {
    sqlite3.SQLITE_CANTOPEN: f"cannot be opened; {_ANOTHER_PATH}",
    sqlite3.SQLITE_PERM: f"may not be opened; {_ANOTHER_PATH}",
    sqlite3.SQLITE_READONLY: f"cannot be written; {_ANOTHER_PATH}",
    sqlite3.SQLITE_NOTADB: "is not a SQLite database; move it away or set store.path in assay.yaml to another file",
    sqlite3.SQLITE_CORRUPT: "is damaged; restore it from a backup, or move it away and import the traces again",
}
_MAY_PASS = {
    sqlite3.SQLITE_BUSY: "is locked by another process; find it with `fuser` if this goes on",
    sqlite3.SQLITE_LOCKED: "is locked by another connection",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full; free some space",
}
_REFUSED = {sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE}


def store_error(exc: sqlite3.Error | OSError, path: Path) -> EvaluationError:
    """What an error of SQLite or the file system means: one line with the file and the remedy.

    What only a person can mend is a ConfigurationError, what may pass is StoreUnavailable, and what SQLite
    refused to store is StoreRejected.
    """
    if isinstance(exc, OSError):
        return ConfigurationError(f"{path}: {exc.strerror or exc}; {_ANOTHER_PATH}")
    code = getattr(exc, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in _PERSON_MUST_ACT:
        return ConfigurationError(f"{path}: {_PERSON_MUST_ACT[code]}")
    if code in _REFUSED or isinstance(exc, sqlite3.DataError | sqlite3.IntegrityError | sqlite3.ProgrammingError):
        return StoreRejected(f"{path}: {exc}")
    return StoreUnavailable(f"{path}: {_MAY_PASS.get(code, str(exc))}")


def _file_at(path: Path) -> tuple[int, int] | None:
    """Which file lies at a path; None where there is none."""
    try:
        at = path.stat()
    except OSError:
        return None
    return (at.st_dev, at.st_ino)


class Database:
    """One SQLite file, opened at first use; `close` must be called, or the process waits for its threads."""

    def __init__(self, path: Path, *, busy_timeout_s: float) -> None:
        self.path = path
        self._busy_timeout_s = busy_timeout_s
        self._opening: asyncio.Task[tuple[aiosqlite.Connection, aiosqlite.Connection]] | None = None
        self._file: tuple[int, int] | None = None
        self._writing = asyncio.Lock()

    async def fetch(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """All rows of one SELECT as of one moment, by column name.

        Raises:
            StoreUnavailable, StoreRejected, ConfigurationError
        """
        _, reader = await self._connections()
        self._check_place()
        with self._mapped():
            return [dict(row) for row in await reader.execute_fetchall(sql, parameters)]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[aiosqlite.Connection]:
        """A write transaction: commits at the end, rolls back on any error and on cancellation.

        The lock is taken at BEGIN, not at the first write: a transaction that turns from reading to writing
        would fail at once when another process wrote meanwhile, however long the busy timeout.

        Raises:
            StoreUnavailable, StoreRejected, ConfigurationError
        """
        writer, _ = await self._connections()
        async with self._turn():
            with self._mapped():
                try:
                    await writer.execute_fetchall("BEGIN IMMEDIATE")
                    yield writer
                    self._check_place()
                    await writer.commit()
                except BaseException:
                    await writer.rollback()
                    raise

    async def close(self) -> None:
        """Close both connections; the next call would open them again."""
        opening, self._opening = self._opening, None
        if opening is None:
            return
        with suppress(EvaluationError):
            for connection in await opening:
                await connection.close()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._busy_timeout_s):
                await self._writing.acquire()
        except TimeoutError as exc:
            raise StoreUnavailable(f"{self.path}: other writes took over {self._busy_timeout_s:g} s") from exc
        try:
            yield
        finally:
            self._writing.release()

    async def _connections(self) -> tuple[aiosqlite.Connection, aiosqlite.Connection]:
        # A task of its own, shielded: a caller that is cancelled while the file opens leaks no connection.
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
        try:
            return await asyncio.shield(self._opening)
        except EvaluationError:
            self._opening = None
            raise

    async def _open(self) -> tuple[aiosqlite.Connection, aiosqlite.Connection]:
        with self._mapped():
            await asyncio.to_thread(prepare, self.path, busy_timeout_s=self._busy_timeout_s)
            # FULL, not WAL's usual NORMAL: NORMAL may lose the last commits when the machine loses power, while a
            # score that was read back is ticked off in the ledger for good. It costs one fsync a commit, and a
            # commit carries a batch.
            writer = await self._connect("foreign_keys = ON", "synchronous = FULL")
            self._file = _file_at(self.path)
            try:
                return writer, await self._connect("query_only = ON")
            except BaseException:
                await writer.close()
                raise

    async def _connect(self, *pragmas: str) -> aiosqlite.Connection:
        # isolation_level None: Python opens no transaction behind our back.
        connection = await aiosqlite.connect(self.path, timeout=self._busy_timeout_s, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            for pragma in pragmas:
                await connection.execute_fetchall(f"PRAGMA {pragma}")
        except BaseException:
            await connection.close()
            raise
        return connection

    def _check_place(self) -> None:
        """Refuse to go on in a file that nobody can open any more: what is written there is lost at the end.

        Raises:
            StoreUnavailable
        """
        if self._file != _file_at(self.path):
            raise StoreUnavailable(
                f"{self.path}: was removed or replaced while it was open; restart what uses it, with the file in place"
            )

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as exc:
            raise store_error(exc, self.path) from exc
