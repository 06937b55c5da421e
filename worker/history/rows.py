"""A row as the table holds it, and back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from assay.worker.history.packed import packed_of
from assay.worker.records.history import HistoryRow, RowKey, microseconds, moment_of
from assay.worker.records.history_columns import COLUMN_KINDS, ColumnKind
from assay.worker.records.storable import storable_json, storable_number, storable_text

_NAMES = tuple(COLUMN_KINDS)


def key_of(key: RowKey) -> bytes:
    """The primary key: half a sha256 over what makes two rows the same promise."""
    content = json.dumps(key).encode("ascii")  # with escapes, so that half of a surrogate pair is no error
    return hashlib.sha256(content).digest()[:16]


def parameters(row: HistoryRow) -> dict[str, Any]:
    """A row as parameters of a statement, cut and cleaned."""
    values = {
        name: _ENCODERS[COLUMN_KINDS[name]](value) for name in _NAMES if (value := getattr(row, name)) is not None
    }
    whole = {**dict.fromkeys(_NAMES), **values, "row_key": key_of(row.key)}
    return {**whole, "packed": packed_of(whole)}


def latest_by_key(rows: Iterable[HistoryRow]) -> list[dict[str, Any]]:
    """Parameters of the latest row of each key, in the order of the keys.

    One statement may touch a row only once, and writers that lock rows in one order never wait for each other in a
    circle.
    """
    latest: dict[RowKey, HistoryRow] = {}
    for row in rows:
        other = latest.get(row.key)
        if other is None or row.replaces(other):
            latest[row.key] = row
    return sorted(map(parameters, latest.values()), key=lambda values: values["row_key"])


def row_of(values: Mapping[str, Any]) -> HistoryRow:
    """The row that columns of the table come to."""
    fields = {name: None if values[name] is None else _DECODERS[COLUMN_KINDS[name]](values[name]) for name in _NAMES}
    return HistoryRow.model_validate(fields)


def decoded(name: str, column: list[Any]) -> list[Any]:
    """A column of a block that is no JSON: truth values read, moments as they are."""
    if COLUMN_KINDS[name] == "truth":
        return [None if value is None else bool(value) for value in column]
    return column


def _same(value: Any) -> Any:
    return value


_ENCODERS: dict[ColumnKind, Callable[[Any], Any]] = {
    "text": storable_text,
    "integer": storable_number,
    "number": storable_number,
    "truth": bool,
    "moment": microseconds,
    "texts": storable_json,
    "json": storable_json,
}
_DECODERS: dict[ColumnKind, Callable[[Any], Any]] = {
    "text": _same,
    "integer": _same,
    "number": _same,
    "truth": bool,
    "moment": moment_of,
    "texts": json.loads,
    "json": json.loads,
}
