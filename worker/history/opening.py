"""The record as a process opens it: a server where one is named, else a file in the data directory."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from assay.worker.history.connection import Connection
from assay.worker.history.documents import SqlRecordDocuments
from assay.worker.history.places import Place
from assay.worker.history.reader import SqlHistoryReader
from assay.worker.history.reviews import SqlReviewRecord
from assay.worker.history.writer import SqlHistoryWriter
from assay.worker.ports.history import History

FILE = "history.db"
"""In the data directory, where no server is named."""

BUSY_TIMEOUT_S = 5.0
"""How long a call waits for another process that writes, or for a server to take its connection."""


def open_history(url: SecretStr | None, path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> History:
    """The record over its database. Nothing is opened or made before the first call.

    Args:
        url: `postgresql://user:password@host/database`. None: the file.
        path: the SQLite file.
        busy_timeout_s: seconds until a lock or a server that does not answer is an error.

    Raises:
        ConfigurationError: the address is none of a PostgreSQL server, or its driver is not installed.
    """
    connection = Connection(_place(url, path, busy_timeout_s))
    return History(
        SqlHistoryWriter(connection),
        SqlHistoryReader(connection),
        connection,
        SqlRecordDocuments(connection),
        SqlReviewRecord(connection),
    )


def _place(url: SecretStr | None, path: Path, busy_timeout_s: float) -> Place:
    if url is None:
        from assay.worker.history.sqlite_file import SqliteFile

        return SqliteFile(path, busy_timeout_s=busy_timeout_s)
    from assay.worker.history.postgres_server import PostgresServer

    return PostgresServer(url, connect_timeout_s=busy_timeout_s)
