"""Many rows as blocks of columns. Only one block is in memory."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from threading import Lock
from typing import Any

from sqlalchemy import Select

from assay.worker.history.connection import Connection
from assay.worker.history.places import Rows
from assay.worker.history.rows import decoded
from assay.worker.history.schema import is_readable
from assay.worker.ports.history import Block

BLOCK_ROWS = 10_000
"""Rows in a block: enough for numpy, and some forty megabytes with every column."""


class BlockStream:
    """One selection that is being read. Its methods wait for the database, each call in any thread."""

    def __init__(self, connection: Connection, selection: Select[Any], names: Sequence[str]) -> None:
        self._connection = connection
        self._selection = selection
        self._names = tuple(names)
        self._turn = Lock()
        self._open = ExitStack()
        self._rows: Rows | None = None
        self._is_closed = False

    def next(self) -> Block | None:
        """The next block. None at the end."""
        with self._turn:
            if self._is_closed:
                return None
            if self._rows is None:
                self._rows = self._begin()
            columns: list[list[Any]] = [[] for _ in self._names]
            for chunk in self._rows:
                for column, values in zip(columns, zip(*chunk, strict=True), strict=True):
                    column.extend(values)
                if len(columns[0]) >= BLOCK_ROWS:
                    break
            if not columns[0]:
                return None
            return {name: decoded(name, column) for name, column in zip(self._names, columns, strict=True)}

    def close(self) -> None:
        """Let go of the connection, after a call of `next` that still runs."""
        with self._turn:
            self._is_closed = True
            self._open.close()

    def _begin(self) -> Rows:
        place = self._connection.place
        if not place.is_there():
            return _no_rows()
        connection = self._open.enter_context(self._connection.engine(writing=False).begin())
        if not is_readable(connection, place):
            return _no_rows()
        rows = place.rows(connection, self._selection)
        self._open.callback(rows.close)
        return rows


def _no_rows() -> Rows:
    yield from ()
