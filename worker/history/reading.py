"""Many rows as blocks of columns. Only one block is in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from threading import Lock
from typing import Any

import numpy as np
import sqlalchemy
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select

from assay.worker.history.connection import Connection
from assay.worker.history.opinions import OPINION, opinion_column
from assay.worker.history.packed import CLUSTER, FLOATS, INTEGERS, KEY, NAMES, PACKED
from assay.worker.history.places import Rows
from assay.worker.history.rows import decoded
from assay.worker.history.schema import is_readable
from assay.worker.history.shared_names import NamesBeside, SharedNames
from assay.worker.history.table import HISTORY
from assay.worker.ports.history import Block
from assay.worker.records.columns import CodedColumn, Column, JsonColumn, NumberColumn, PlainColumn
from assay.worker.records.history_columns import COLUMN_KINDS

BLOCK_ROWS = 10_000
"""Rows in a block: enough for numpy, and some forty megabytes with every column."""

PACKED_COLUMN = "packed"

WORTH_LOOKING_UP = 0.2
"""Rows of a block that are looked up for their names, as a share. Of more, all rows are read with their names from then
on: to look one up takes as long as to read five with theirs."""

_BEFORE_ALL = -(2**63)
"""A moment before that of any row."""

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
        self._asked = selection
        self._shared: SharedNames | None = None
        self._beside: NamesBeside | None = None
        self._begun: sqlalchemy.Connection | None = None
        self._last = _BEFORE_ALL
        self._given: set[bytes] = set()
        self._turn = Lock()
        self._open = ExitStack()
        self._rows: Rows | None = None
        self._is_closed = False

    def next(self) -> Block | None:
        """The next block. None at the end."""
        with self._turn:
            if self._is_closed:
                return None
            while True:
                if self._rows is None:
                    self._rows = self._begin()
                columns: list[list[Any]] = [[] for _ in self._selected()]
                size = 0
                for chunk in self._rows:
                    for column, values in zip(columns, chunk, strict=True):
                        column.extend(values)
                    size += sum(map(len, chunk[0])) // PACKED.itemsize
                    if size >= BLOCK_ROWS:
                        break
                if not size:
                    return None
                if block := self._block(*columns):
                    return block

    def close(self) -> None:
        """Let go of the connection, after a call of `next` that still runs."""
        with self._turn:
            self._is_closed = True
            self._open.close()

    def _block(self, packed: list[bytes], *plain: list[Any]) -> Block | None:
        """The block of some rows, without those that were given before. None where none is left."""
        numbers = np.frombuffer(b"".join(packed), dtype=PACKED)
        if self._given and self._shared is None and numbers["started_at"][0] == self._last:
            rows = np.array([key.tobytes() not in self._given for key in numbers[KEY]], dtype=np.bool_).nonzero()[0]
            numbers, plain = numbers[rows], tuple([column[row] for row in rows.tolist()] for column in plain)
            if not rows.size:
                return None
        others = dict(zip(self._plain, plain, strict=False))  # behind them come the names
        shared = self._beside.columns(plain[len(self._plain) :]) if self._beside else self._shared_columns(numbers)
        return {name: shared.get(name) or _column(name, numbers, others) for name in self._names}

    def _shared_columns(self, numbers: NDArray[Any]) -> Mapping[str, Column]:
        """The names of rows that share them. Where too many differ, the following rows are read with their names."""
        shared = self._shared
        if shared is None:
            return {}
        before = shared.looked_up
        columns = shared.columns(numbers)
        self._note_given(numbers)
        if shared.looked_up - before > WORTH_LOOKING_UP * BLOCK_ROWS:
            self._read_on_with_names(NamesBeside(columns, shared.dialect))
        return columns

    def _note_given(self, numbers: NDArray[Any]) -> None:
        """Keep which rows of the last moment were given."""
        started = numbers["started_at"]
        if started[-1] != self._last:
            self._last, self._given = int(started[-1]), set()
        self._given.update(key.tobytes() for key in numbers[KEY][started == self._last])

    def _read_on_with_names(self, beside: NamesBeside) -> None:
        """From the moment of the last row on, of which others may not have been given yet."""
        if self._rows is not None:
            self._rows.close()
        self._rows, self._shared, self._beside = None, None, beside
        self._asked = self._asked.where(HISTORY.c.started_at >= self._last)

    def _begin(self) -> Rows:
        place = self._connection.place
        if self._begun is None:
            if not place.is_there():
                return _no_rows()
            connection = self._open.enter_context(self._connection.begun(writing=False))
            if not is_readable(connection, place):
                return _no_rows()
            self._begun = connection
            names = [name for name in self._names if name in NAMES]
            self._shared = SharedNames(connection, names) if names else None
        rows = place.rows(self._begun, self._asked.with_only_columns(*self._selected()), BLOCK_ROWS)
        self._open.callback(rows.close)
        return rows

    def _selected(self) -> list[ColumnElement[Any]]:
        names = self._beside.selected() if self._beside else []
        return [*map(_read, (PACKED_COLUMN, *self._plain)), *names]


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
    if others[name].count(None) == len(others[name]):  # as in most blocks, and whoever reads it has little to do
        return CodedColumn(np.zeros(len(others[name]), dtype=np.int64), [None])
    if COLUMN_KINDS[name] in {"texts", "json"}:
        return JsonColumn(others[name])
    return PlainColumn(decoded(name, others[name]))


def _no_rows() -> Rows:
    yield from ()
