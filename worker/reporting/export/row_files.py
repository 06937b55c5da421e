"""A file of rows that is written block by block."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.history import HistoryQuery
from assay.worker.records.history_columns import COLUMN_KINDS, ColumnKind

_NOT_HASHABLE: frozenset[ColumnKind] = frozenset({"texts", "json"})


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


def cells_of(column: Sequence[Any], kind: ColumnKind, cell: Callable[[Any], str]) -> list[str]:
    """A column as cells of text. Most values are one of few, so each is turned into its text once.

    Args:
        column: values of a block.
        kind: what they are. Moments become text, e.g. `2026-11-20T09:30:00.000000Z`, and JSON its text.
        cell: the cell of a value.
    """
    if kind == "moment":
        return list(map(cell, iso_moments(column)))
    if kind in _NOT_HASHABLE:
        cells = {id(value): cell(value) for value in {id(value): value for value in column}.values()}
        return [cells[id(value)] for value in column]
    known = {value: cell(value) for value in set(column)}
    return [known[value] for value in column]


def iso_moments(column: Sequence[int | None]) -> list[str | None]:
    """Moments as text."""
    known = np.array([0 if moment is None else moment for moment in column], dtype="datetime64[us]")
    texts = np.datetime_as_string(known, unit="us").tolist()
    return [None if moment is None else f"{text}Z" for moment, text in zip(column, texts, strict=True)]


def json_cell(value: Any) -> str:
    """A value as JSON. It is plain ASCII, so that no text in it drives a terminal."""
    return json.dumps(value)
