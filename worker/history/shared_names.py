"""The names of rows, looked up once for all rows that share them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Text, cast, func, select

from assay.worker.history.packed import KEY, NAMES_HASH
from assay.worker.history.rows import decoded
from assay.worker.history.table import HISTORY
from assay.worker.records.columns import CodedColumn, PlainColumn, by_first

MOST_KNOWN = 20_000
"""Combinations that are remembered. Names that differ in every row, as an id for a release, fill no memory."""

FEW = 2_000
"""Combinations of a block, up to which its columns share their codes. Of more each column has codes of its own, so that
a use case, say, is not told apart as often as a release that differs in every row."""

_FEW_VALUES = 0.05
"""Values of a name in a block, as a share of its rows, up to which it is read together with other such names."""

_AT_ONCE = 500
"""Rows that one statement looks up."""


class SharedNames:
    """Reads columns of names from one row of each combination, in the transaction that reads the rows.

    Args:
        connection: where the rows are read.
        names: the columns that are asked for.

    Attributes:
        looked_up: how many rows were read for their names.
        dialect: of the database.
    """

    def __init__(self, connection: sqlalchemy.Connection, names: Sequence[str]) -> None:
        self._connection = connection
        self._names = tuple(names)
        self._known: dict[int, tuple[Any, ...]] = {}
        self.looked_up = 0
        self.dialect = connection.dialect.name

    def columns(self, packed: NDArray[Any]) -> dict[str, CodedColumn]:
        """The columns of some rows. All share their codes."""
        if not self._names:
            return {}
        first, codes = by_first(packed[NAMES_HASH])
        combinations = packed[NAMES_HASH][first].tolist()
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        self._look_up({number: packed[KEY][row].tobytes() for number, row in zip(combinations, first, strict=True)})
        values = zip(*(self._known[number] for number in combinations), strict=True)
        columns = {
            name: CodedColumn(codes, decoded(name, list(column)))
            for name, column in zip(self._names, values, strict=True)
        }
        return columns if first.size <= FEW else {name: _coded_anew(column) for name, column in columns.items()}

    def _look_up(self, key_of: dict[int, bytes]) -> None:
        """Read the names of combinations that are not known yet, each from the row of its key."""
        number_of = {key: number for number, key in key_of.items() if number not in self._known}
        unknown = list(number_of)
        self.looked_up += len(unknown)
        for keys in (unknown[at : at + _AT_ONCE] for at in range(0, len(unknown), _AT_ONCE)):
            selection = select(HISTORY.c.row_key, *(HISTORY.c[name] for name in self._names))
            for key, *names in self._connection.execute(selection.where(HISTORY.c.row_key.in_(keys))):
                self._known[number_of[bytes(key)]] = tuple(names)


class NamesBeside:
    """Reads names with their rows: what differs in many rows as it is, and all that few differ in as one text of JSON.

    Args:
        columns: the names of a block of rows as they are, which tell in what rows differ.
        dialect: of the database.
    """

    def __init__(self, columns: Mapping[str, CodedColumn], dialect: str) -> None:
        few = {name for name, column in columns.items() if len(column.values) <= _FEW_VALUES * len(column)}
        self._together = tuple(name for name in columns if name in few)
        self._alone = tuple(name for name in columns if name not in few)
        self._dialect = dialect

    def selected(self) -> list[ColumnElement[Any]]:
        """What is selected of each row."""
        alone: list[ColumnElement[Any]] = [HISTORY.c[name] for name in self._alone]
        if not self._together:
            return alone
        names = [HISTORY.c[name] for name in self._together]
        is_postgres = self._dialect == "postgresql"
        together = cast(func.json_build_array(*names), Text) if is_postgres else func.json_array(*names)
        return [together.label("names"), *alone]

    def columns(self, selected: Sequence[list[Any]]) -> dict[str, CodedColumn]:
        """The columns of some rows, from what was selected of them."""
        if not self._together:
            return self._of_alone(selected)
        codes, texts = PlainColumn(selected[0]).coded()
        values = zip(*map(json.loads, texts), strict=True)
        together = {
            name: CodedColumn(codes, decoded(name, list(column)))
            for name, column in zip(self._together, values, strict=True)
        }
        return {**together, **self._of_alone(selected[1:])}

    def _of_alone(self, selected: Sequence[list[Any]]) -> dict[str, CodedColumn]:
        return {
            name: CodedColumn(*PlainColumn(decoded(name, column)).coded())
            for name, column in zip(self._alone, selected, strict=True)
        }


def _coded_anew(column: CodedColumn) -> CodedColumn:
    """The same with one code for each value."""
    again, values = PlainColumn(column.values).coded()
    return CodedColumn(again[column.codes], values)
