"""Rows of a batch of Arrow, with what stands in for a cell that Python cannot hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Batch = Any
"""A `pyarrow.RecordBatch`."""


class UnreadableCell:
    """A cell whose value Python cannot hold, e.g. a moment in the year 148108. Its text says what Arrow makes of it."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        """What Arrow makes of it."""
        return self._text


def arrow_rows(batch: Batch) -> Iterable[Mapping[str, Any]]:
    """Its rows. A cell that Python cannot hold costs neither its row nor the file."""
    try:
        rows: list[Mapping[str, Any]] = batch.to_pylist()
    except Exception:  # noqa: BLE001  # OverflowError, ArrowException, of a time zone KeyError, by the column's type
        columns = [_cells(column) for column in batch.columns]
        return [dict(zip(batch.schema.names, cells, strict=True)) for cells in zip(*columns, strict=True)]
    return rows


def _cells(column: Any) -> Sequence[Any]:
    try:
        cells: list[Any] = column.to_pylist()
    except Exception:  # noqa: BLE001  # as above
        return [_cell(cell) for cell in column]
    return cells


def _cell(cell: Any) -> Any:
    try:
        return cell.as_py()
    except Exception as unreadable:  # noqa: BLE001  # as above
        try:
            return UnreadableCell(str(cell.cast("string").as_py()))
        except Exception:  # noqa: BLE001  # a list or the like has no text
            return UnreadableCell(str(unreadable))
