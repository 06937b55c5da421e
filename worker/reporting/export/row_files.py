"""A file of rows that is written block by block."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, Protocol

import numpy as np

from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.columns import UNKNOWN_INTEGER, CodedColumn, Codes, Column, JsonColumn, NumberColumn
from assay.worker.records.history import HistoryQuery
from assay.worker.records.history_columns import COLUMN_KINDS, ColumnKind

_MINUTE_US = 60_000_000

_JSON = frozenset[ColumnKind]({"texts", "json"})


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


def block_text(
    block: Block, leads: Mapping[str, str], cells: Mapping[ColumnKind, Callable[[Any], str]], end: str
) -> str:
    """The rows of a block as text.

    What is alike in all rows, or shared by many, is put together once: a row has seventy columns, of which a dozen are
    its own.

    Args:
        block: every column of the record.
        leads: what comes before each column's cell.
        cells: the cell of a value, by its kind. Moments come as text, e.g. `2026-11-20T09:30:00.000000Z`, and so does
            JSON. None: unknown.
        end: what comes after a row.
    """
    size = len(block["trace_id"])
    parts: list[_Part] = []
    for name, kind in COLUMN_KINDS.items():
        codes, texts = _coded_cells(block[name], kind, cells[kind])
        before = _Part(None, [leads[name]])
        for part in (before, _Part(codes, texts)):
            if not parts or not parts[-1].took(part):
                parts.append(part)
    if not parts[-1].took(_Part(None, [end])):
        parts.append(_Part(None, [end]))
    return "".join(chain.from_iterable(zip(*(part.of_rows(size) for part in parts), strict=True)))


class _Part:
    """Neighbouring columns. `codes` tell which text each row has; None: all rows share one, or each has its own."""

    def __init__(self, codes: Codes | None, texts: list[str]) -> None:
        self._codes = codes
        self._texts = texts

    def took(self, other: _Part) -> bool:
        """Put the next part behind this one where that is done once for many rows."""
        if other._is_constant and (self._codes is not None or self._is_constant):
            self._texts = [text + other._texts[0] for text in self._texts]
        elif self._is_constant and other._codes is not None:
            self._codes, self._texts = other._codes, [self._texts[0] + text for text in other._texts]
        elif self._codes is not None and self._codes is other._codes:
            self._texts = list(map(str.__add__, self._texts, other._texts))
        else:
            return False
        return True

    def of_rows(self, size: int) -> Iterable[str]:
        """The text of each row."""
        if self._codes is not None:
            return map(self._texts.__getitem__, self._codes.tolist())
        return repeat(self._texts[0], size) if self._is_constant else self._texts

    @property
    def _is_constant(self) -> bool:
        return self._codes is None and len(self._texts) == 1


def _coded_cells(column: Column, kind: ColumnKind, cell: Callable[[Any], str]) -> tuple[Codes | None, list[str]]:
    """The cells of a column: by a code of each row, or without codes one of each row, or one where all are alike."""
    if kind == "moment":
        return None, list(map(cell, iso_moments(column)))
    if isinstance(column, CodedColumn):
        return column.codes, list(map(cell, _json_texts(column.values) if kind in _JSON else column.values))
    if isinstance(column, NumberColumn):
        return None, _number_cells(column, cell)
    texts = list(column.texts if isinstance(column, JsonColumn) else column)
    if kind in _JSON:
        texts = _ascii_json(texts) if isinstance(column, JsonColumn) else _json_texts(texts)
    return None, _text_cells(texts, cell)


def _number_cells(column: NumberColumn, cell: Callable[[Any], str]) -> list[str]:
    bits = column.values.view(np.int64)
    if bits.size and (bits == bits[0]).all():
        return [cell(column[0])]
    cells = list(map(repr, column.values.tolist()))
    unknown, of_unknown = np.flatnonzero(column.unknown()).tolist(), cell(None)
    for row in unknown:
        cells[row] = of_unknown
    return cells


def _text_cells(texts: Sequence[Any], cell: Callable[[Any], str]) -> list[str]:
    """Cells of texts, of equal ones once where many are."""
    distinct = set(texts)
    if len(distinct) == 1:
        return [cell(texts[0])]
    if 2 * len(distinct) > len(texts):
        return list(map(cell, texts))
    cells = {text: cell(text) for text in distinct}
    return list(map(cells.__getitem__, texts))


def _ascii_json(texts: Sequence[str | None]) -> list[str | None]:
    """JSON of the record as `json_cell` writes it, which differs only where a text is not ASCII."""
    return [text if text is None or text.isascii() else json_cell(json.loads(text)) for text in texts]


def _json_texts(values: Iterable[Any]) -> list[str | None]:
    return [None if value is None else json_cell(value) for value in values]


def iso_moments(column: Column) -> list[str | None]:
    """Moments as text."""
    moments = column.integers()
    unknown = moments == UNKNOWN_INTEGER
    minutes, in_minute = np.divmod(np.where(unknown, 0, moments), _MINUTE_US)
    distinct, codes = np.unique(minutes, return_inverse=True)
    # numpy writes a moment in two microseconds, and few differ in their minute.
    begins = np.datetime_as_string(distinct.astype("datetime64[m]"), unit="m").tolist()
    seconds, micros = (part.tolist() for part in np.divmod(in_minute, 1_000_000))
    of_rows = zip(map(begins.__getitem__, codes.tolist()), seconds, micros, strict=True)
    texts: list[str | None] = ["%s:%02d.%06dZ" % parts for parts in of_rows]  # noqa: UP031  # a third faster
    for row in np.flatnonzero(unknown).tolist():
        texts[row] = None
    return texts


def json_cell(value: Any) -> str:
    """A value as JSON. It is plain ASCII, so that no text in it drives a terminal."""
    return json.dumps(value)
