"""The record as Parquet, with proper types, so that no reader has to guess."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from assay.worker.extras import needs_extra
from assay.worker.ports.history import Block
from assay.worker.records.columns import CodedColumn, Column, NumberColumn
from assay.worker.records.history_columns import COLUMN_KINDS, ColumnKind
from assay.worker.reporting.export.row_files import json_cell

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_OF_A_GROUP = 100_000
"""Rows that are compressed together. Readers skip whole groups by the moments in them."""


class ParquetFile:
    """Moments in UTC, lists of texts as lists, other JSON as text. Every column may be unknown.

    Raises:
        ConfigurationError: pyarrow is not installed.
    """

    def __init__(self, stream: BinaryIO) -> None:
        needs_extra("parquet", what="--format parquet", otherwise="or take csv or jsonl")
        import pyarrow as pa
        from pyarrow import parquet

        self._arrow = pa
        self._schema = pa.schema([(name, self._type(kind)) for name, kind in COLUMN_KINDS.items()])
        self._writer = parquet.ParquetWriter(stream, self._schema, compression="zstd")
        self._waiting: list[pa.RecordBatch] = []

    def add(self, block: Block) -> None:
        """Rows of a group, which is written when it is large enough."""
        arrays = [self._array(block[name], kind) for name, kind in COLUMN_KINDS.items()]
        self._waiting.append(self._arrow.record_batch(arrays, schema=self._schema))
        if sum(batch.num_rows for batch in self._waiting) >= ROWS_OF_A_GROUP:
            self._write_group()

    def close(self) -> None:
        """Write the last group and the index at the end."""
        self._write_group()
        self._writer.close()

    def _write_group(self) -> None:
        if self._waiting:
            self._writer.write_table(self._arrow.Table.from_batches(self._waiting))
            self._waiting = []

    def _array(self, column: Column, kind: ColumnKind) -> pa.Array:
        match column:
            case NumberColumn():
                return self._arrow.array(column.values, mask=column.unknown()).cast(self._type(kind))
            case CodedColumn():
                return self._arrow.array(column.values, type=self._type(kind)).take(self._arrow.array(column.codes))
        return self._arrow.array(_json_texts(column) if kind == "json" else list(column), type=self._type(kind))

    def _type(self, kind: ColumnKind) -> Any:
        arrow = self._arrow
        types = {
            "text": arrow.string(),
            "integer": arrow.int64(),
            "number": arrow.float64(),
            "truth": arrow.bool_(),
            "moment": arrow.timestamp("us", tz="UTC"),
            "texts": arrow.list_(arrow.string()),
            "json": arrow.string(),
        }
        return types[kind]


def _json_texts(column: Column) -> list[str | None]:
    return column.mapped(lambda value: None if value is None else json_cell(value))
