"""The record as CSV. A spreadsheet takes no name from a trace for a formula."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TextIO

from assay.worker.ports.history import Block
from assay.worker.records.history_columns import COLUMN_KINDS, ColumnKind
from assay.worker.reporting.export.row_files import block_text
from assay.worker.reporting.flagged.csv_file import harmless

_HARMLESS = re.compile(r"[A-Za-z0-9{\[][!-:<-~]*(?: [!-:<-~]+)*")
"""Printable ASCII without a semicolon or two spaces, and no formula at its start, e.g. `session-12`."""

_SHORT = 1_000
"""Characters. A longer text may have to be cut."""

_LEADS = {name: "," if at else "" for at, name in enumerate(COLUMN_KINDS)}


class CsvRows:
    """A header, then a line for each row. An unknown value is an empty cell."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        stream.write(",".join(COLUMN_KINDS) + "\n")

    def add(self, block: Block) -> None:
        """A line for each row."""
        self._stream.write(block_text(block, _LEADS, _CELLS, "\n"))

    def close(self) -> None:
        """There is no end to write."""


def _quoted(text: str | None) -> str:
    # An empty text is quoted, and so told from what is unknown.
    if text is None:
        return ""
    # Most ids, names and JSON are harmless as they are, and looking closer takes ten times as long.
    kept = text if len(text) <= _SHORT and _HARMLESS.fullmatch(text) else harmless(text)
    return '"' + kept.replace('"', '""') + '"'


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
    "texts": _quoted,
    "json": _quoted,
}
