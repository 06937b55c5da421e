"""A file of rows that is written block by block."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.columns import UNKNOWN_INTEGER, Column
from assay.worker.records.history import HistoryQuery
from assay.worker.records.history_columns import COLUMN_KINDS, ColumnKind


class RowFile(Protocol):
    """Takes blocks with every column of the record, in its order."""

    def add(self, block: Block) -> None:
        """Write the rows of a block."""
        ...

    def close(self) -> None:
        """Write what ends the file. It is whole only then."""
        ...


async def write_rows(reader: HistoryReader, query: HistoryQuery, file: RowFile) -> int:
    """Write all rows of a query, one block in memory at a time. Returns how many there are."""
    count = 0
    async for block in reader.blocks(query, tuple(COLUMN_KINDS)):
        file.add(block)
        count += len(block["trace_id"])
    file.close()
    return count


def cells_of(column: Column, kind: ColumnKind, cell: Callable[[Any], str]) -> list[str]:
    """A column as cells of text.

    Args:
        column: values of a block.
        kind: what they are. Moments become text, e.g. `2026-11-20T09:30:00.000000Z`, and JSON its text.
        cell: the cell of a value.
    """
    return list(map(cell, iso_moments(column))) if kind == "moment" else column.mapped(cell)


def iso_moments(column: Column) -> list[str | None]:
    """Moments as text."""
    moments = column.integers()
    unknown = moments == UNKNOWN_INTEGER
    known = np.where(unknown, 0, moments).astype("datetime64[us]")
    texts: list[str | None] = np.datetime_as_string(known, unit="us", timezone="UTC").tolist()
    for row in np.flatnonzero(unknown).tolist():
        texts[row] = None
    return texts


def json_cell(value: Any) -> str:
    """A value as JSON. It is plain ASCII, so that no text in it drives a terminal."""
    return json.dumps(value)
