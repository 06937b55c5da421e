"""The record as CSV. A spreadsheet takes no name from a trace for a formula."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TextIO

from assay.worker.ports.history import Block
from assay.worker.records.history_columns import COLUMN_KINDS, ColumnKind
from assay.worker.reporting.export.row_files import cells_of, json_cell
from assay.worker.reporting.flagged.csv_file import harmless


class CsvRows:
    """A header, then a line for each row. An unknown value is an empty cell."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        stream.write(",".join(COLUMN_KINDS) + "\n")

    def add(self, block: Block) -> None:
        """A line for each row."""
        columns = [cells_of(block[name], kind, _CELLS[kind]) for name, kind in COLUMN_KINDS.items()]
        lines = [",".join(row) for row in zip(*columns, strict=True)]
        self._stream.write("\n".join([*lines, ""]))

    def close(self) -> None:
        """There is no end to write."""


def _quoted(text: str | None) -> str:
    # An empty text is quoted, and so told from what is unknown.
    if text is None:
        return ""
    # Letters and digits, as of most ids, are harmless, and looking closer takes ten times as long.
    return f'"{text}"' if text.isalnum() else '"' + harmless(text).replace('"', '""') + '"'


def _json(value: Any) -> str:
    return _quoted(None if value is None else json_cell(value))


def _plain(value: float | str | None) -> str:
    return "" if value is None else str(value)


def _truth(value: Any) -> str:
    return "" if value is None else str(value).lower()


_CELLS: dict[ColumnKind, Callable[[Any], str]] = {
    "text": _quoted,
    "integer": _plain,
    "number": _plain,
    "truth": _truth,
    "moment": _plain,
    "texts": _json,
    "json": _json,
}
