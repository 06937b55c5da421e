"""The names of rows, looked up once for all rows that share them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy
from numpy.typing import NDArray
from sqlalchemy import select

from assay.worker.history.packed import KEY, NAMES_HASH
from assay.worker.history.rows import decoded
from assay.worker.history.table import HISTORY
from assay.worker.records.columns import CodedColumn, by_first

MOST_KNOWN = 20_000
"""Combinations that are remembered. Names that differ in every row, as an id for a release, fill no memory."""

_AT_ONCE = 500
"""Rows that one statement looks up."""


class SharedNames:
    """Reads columns of names from one row of each combination, in the transaction that reads the rows.

    Args:
        connection: where the rows are read.
        names: the columns that are asked for.
    """

    def __init__(self, connection: sqlalchemy.Connection, names: Sequence[str]) -> None:
        self._connection = connection
        self._names = tuple(names)
        self._known: dict[int, tuple[Any, ...]] = {}

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
        return {
            name: CodedColumn(codes, decoded(name, list(column)))
            for name, column in zip(self._names, values, strict=True)
        }

    def _look_up(self, key_of: dict[int, bytes]) -> None:
        """Read the names of combinations that are not known yet, each from the row of its key."""
        number_of = {key: number for number, key in key_of.items() if number not in self._known}
        unknown = list(number_of)
        for keys in (unknown[at : at + _AT_ONCE] for at in range(0, len(unknown), _AT_ONCE)):
            selection = select(HISTORY.c.row_key, *(HISTORY.c[name] for name in self._names))
            for key, *names in self._connection.execute(selection.where(HISTORY.c.row_key.in_(keys))):
                self._known[number_of[bytes(key)]] = tuple(names)
