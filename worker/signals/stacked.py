"""Columns that grow block by block, each in one array."""

from __future__ import annotations

import mmap
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Columns = dict[str, NDArray[Any]]

_ROOM = 2
"""How much longer arrays become than they must. What nothing was written to takes no memory."""


class Stacked:
    """Rows that come in blocks, one array for each column.

    Blocks that are kept apart and joined at the end take their memory twice: what is let go of many arrays that lie
    between others is not given back to the system. So each column has pages of its own, which are.

    Args:
        types: the columns, and what kind of number each is.

    Attributes:
        size: how many rows there are.
    """

    def __init__(self, types: Mapping[str, DTypeLike]) -> None:
        self._columns: Columns = {name: np.empty(0, dtype=kind) for name, kind in types.items()}
        self._room = self.size = 0

    def add(self, block: Mapping[str, NDArray[Any]]) -> None:
        """Put rows behind the others. Columns of other names are left out."""
        size = self.size + len(block[next(iter(self._columns))])
        if size > self._room:
            self._room = _ROOM * size
            for name, column in self._columns.items():
                self._columns[name] = _on_own_pages(column, self.size, self._room)
        for name, column in self._columns.items():
            column[self.size : size] = block[name]
        self.size = size

    def taken(self) -> Columns:
        """All rows. It may be done once: they are used up."""
        columns, self._columns = self._columns, {}
        return {name: column[: self.size] for name, column in columns.items()}


def _on_own_pages(column: NDArray[Any], size: int, room: int) -> NDArray[Any]:
    """A longer array with the first rows of a column. Its pages are given back with the last array that shows them."""
    pages = mmap.mmap(-1, room * column.itemsize, access=mmap.ACCESS_COPY)
    longer: NDArray[Any] = np.frombuffer(pages, dtype=column.dtype)
    longer[:size] = column[:size]
    return longer
