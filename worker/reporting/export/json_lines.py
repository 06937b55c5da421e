"""The record as JSON, a row a line."""

from __future__ import annotations

import json
from collections.abc import Callable
from json.encoder import encode_basestring_ascii
from typing import Any, TextIO

from assay.worker.ports.history import Block
from assay.worker.records.history_columns import COLUMN_KINDS, ColumnKind
from assay.worker.reporting.export.row_files import block_text, json_cell

_LEADS = {name: f"{', ' if at else '{'}{json.dumps(name)}: " for at, name in enumerate(COLUMN_KINDS)}
"""E.g. `, "project": `."""


class JsonLines:
    """An object for each row, with every column. An unknown value is null."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def add(self, block: Block) -> None:
        """A line for each row."""
        self._stream.write(block_text(block, _LEADS, _CELLS, "}\n"))

    def close(self) -> None:
        """There is no end to write."""


def _text(text: str | None) -> str:
    return "null" if text is None else encode_basestring_ascii(text)


def _moment(text: str | None) -> str:
    return "null" if text is None else f'"{text}"'


def _json(text: str | None) -> str:
    return "null" if text is None else text


def _number(number: float | None) -> str:
    return "null" if number is None else repr(number)


_CELLS: dict[ColumnKind, Callable[[Any], str]] = {
    "text": _text,
    "integer": _number,
    "number": _number,
    "truth": json_cell,
    "moment": _moment,
    "texts": _json,
    "json": _json,
}
"""`json.dumps` takes any value, and five times as long."""
