"""Many rows as blocks of columns. Only one block is in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select

from assay.worker.history.connection import Connection
from assay.worker.history.opinions import OPINION, opinion_column
from assay.worker.history.packed import CLUSTER, FLOATS, INTEGERS, NAMES, PACKED
from assay.worker.history.places import Rows
from assay.worker.history.rows import decoded
from assay.worker.history.schema import is_readable
from assay.worker.history.shared_names import SharedNames
from assay.worker.history.table import HISTORY
from assay.worker.ports.history import Block
from assay.worker.records.columns import Column, JsonColumn, NumberColumn, PlainColumn
from assay.worker.records.history_columns import COLUMN_KINDS

BLOCK_ROWS = 10_000
"""Rows in a block: enough for numpy, and some forty megabytes with every column."""

PACKED_COLUMN = "packed"

_NUMBERS = frozenset({*FLOATS, *INTEGERS, CLUSTER})


class BlockStream:
    """One selection that is being read. Its methods wait for the database, each call in any thread.

    Numbers come from what is packed, names that many rows share from one of those rows, and the rest as it is.

    Args:
        connection: the database.
        selection: which rows, in which order.
        names: the columns that are asked for.

    Raises:
        KeyError: a name is no column.
    """

    def __init__(self, connection: Connection, selection: Select[Any], names: Sequence[str]) -> None:
        self._connection = connection
        self._names = tuple(names)
        self._plain = tuple(name for name in names if name not in _NUMBERS and name not in NAMES)
        self._selection = selection.with_only_columns(*map(_read, (PACKED_COLUMN, *self._plain)))
        self._shared: SharedNames | None = None
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
            columns: list[list[Any]] = [[] for _ in (PACKED_COLUMN, *self._plain)]
            for chunk in self._rows:
                for column, values in zip(columns, zip(*chunk, strict=True), strict=True):
                    column.extend(values)
                if len(columns[0]) >= BLOCK_ROWS:
                    break
            return self._block(*columns) if columns[0] else None

    def close(self) -> None:
        """Let go of the connection, after a call of `next` that still runs."""
        with self._turn:
            self._is_closed = True
            self._open.close()

    def _block(self, packed: list[bytes], *plain: list[Any]) -> Block:
        numbers = np.frombuffer(b"".join(packed), dtype=PACKED)
        shared = self._shared.columns(numbers) if self._shared else {}
        others = dict(zip(self._plain, plain, strict=True))
        return {name: shared.get(name) or _column(name, numbers, others) for name in self._names}

    def _begin(self) -> Rows:
        place = self._connection.place
        if not place.is_there():
            return _no_rows()
        connection = self._open.enter_context(self._connection.begun(writing=False))
        if not is_readable(connection, place):
            return _no_rows()
        self._shared = SharedNames(connection, [name for name in self._names if name in NAMES])
        rows = place.rows(connection, self._selection)
        self._open.callback(rows.close)
        return rows


def _read(name: str) -> ColumnElement[Any]:
    """What is selected for a name.

    Raises:
        KeyError: it is no column.
    """
    return opinion_column() if name == OPINION else HISTORY.c[name]


def _column(name: str, numbers: NDArray[Any], others: Mapping[str, list[Any]]) -> Column:
    if name in _NUMBERS:
        return NumberColumn(np.ascontiguousarray(numbers[name]))  # a copy: the others need not stay in memory
    if name == OPINION:
        return NumberColumn(np.array(others[name], dtype=np.float64))
    if COLUMN_KINDS[name] in {"texts", "json"}:
        return JsonColumn(others[name])
    return PlainColumn(decoded(name, others[name]))


def _no_rows() -> Rows:
    yield from ()
