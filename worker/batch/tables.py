"""Samples from tables: CSV and Parquet, each row as the line of JSON that it would be in a JSONL file."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from assay.judges.errors import ConfigurationError
from assay.worker.batch.arrow_rows import arrow_rows
from assay.worker.batch.csv_rows import NoCsv, csv_rows
from assay.worker.batch.read_columns import holds_lists, read_twice
from assay.worker.batch.reading import RawLine, SampleSource
from assay.worker.batch.row_lines import line_of_row
from assay.worker.extraction.dataset_columns import field_of
from assay.worker.extras import needs_extra
from assay.worker.records.jsonl import DAMAGED, MAX_LINE_BYTES, WHOLE_LINE, BadLine, damaged, unzipped

CSV_ENDINGS = (".csv", ".tsv")
PARQUET_ENDINGS = (".parquet", ".pq")
ROWS_AT_ONCE = 256
"""Rows of a Parquet file in memory."""

DELIMITERS = ",;\t|"

_SEPARATOR = re.compile(r"sep=(?P<sign>[,;\t|])\s*")
"""The first line by which Excel is told what separates cells: `sep=;`."""


class CsvSource(SampleSource):
    """The rows of a CSV file with a header, gzip or not."""

    def __iter__(self) -> Iterator[RawLine | BadLine]:
        """Rows, numbered from 1 without the header. What follows text that is no CSV is not read.

        Raises:
            ConfigurationError: there is no header that can be read, or reading failed.
        """
        number = 0
        # Bytes that are no UTF-8 are carried through, so that they cost their own rows and no other.
        text = io.TextIOWrapper(
            cast("BinaryIO", unzipped(self._raw)), encoding="utf-8-sig", errors="surrogateescape", newline=""
        )
        try:
            names, rows = self._header_and_rows(text)
            for number, cells in enumerate(rows, 1):
                yield _line_of_cells(number, names, cells)
        except DAMAGED as exc:
            yield damaged(number, exc)
        except NoCsv as exc:
            yield BadLine(
                number=number + 1, key=WHOLE_LINE, remedy=f"no row of a CSV file ({exc}); the rest is not read"
            )
        except OSError as exc:
            raise ConfigurationError(f"{self.name}: {exc.strerror or exc}; name a readable file") from exc
        finally:
            text.detach()  # the file is closed by who opened it

    def _header_and_rows(self, text: TextIO) -> tuple[Sequence[str], Iterator[Sequence[str]]]:
        # A spreadsheet may write empty lines above the header, and what separates its cells.
        header = next((line for line in _lines(text) if line.strip()), "")
        told = _SEPARATOR.fullmatch(header)
        header = text.readline(MAX_LINE_BYTES) if told else header
        if not header.strip():
            raise ConfigurationError(f"{self.name}: has no header; write the names of its columns into the first line")
        rows = csv_rows(chain([header], _lines(text)), told["sign"] if told else _delimiter(header), MAX_LINE_BYTES)
        names = [name.strip() for name in next(rows)]
        byte = _no_utf8(names)
        if byte:
            raise ConfigurationError(f"{self.name}: header: no UTF-8 ({byte}); save the file as UTF-8")
        _refuse_columns_twice(self.name, names)
        return names, rows


class ParquetSource(SampleSource):
    """The rows of a Parquet file."""

    def __iter__(self) -> Iterator[RawLine | BadLine]:
        """Rows, numbered from 1.

        Raises:
            ConfigurationError: pyarrow is not installed, the file is no Parquet file, or has a column twice.
        """
        needs_extra("parquet", what=self.name, otherwise="or write it as JSONL")
        import pyarrow
        from pyarrow import parquet

        number = 0
        try:
            with parquet.ParquetFile(self._raw) as file:
                _refuse_columns_twice(self.name, file.schema_arrow.names)
                for batch in file.iter_batches(batch_size=ROWS_AT_ONCE):
                    for row in arrow_rows(batch):
                        number += 1
                        yield line_of_row(number, row)
        except (pyarrow.ArrowException, OSError) as exc:
            problem = str(exc).splitlines()[0][:200]
            raise ConfigurationError(f"{self.name}: {problem}; name a readable Parquet file") from exc


def source_of(raw: io.BufferedReader, path: Path, size: int | None) -> SampleSource:
    """The source that a file's name asks for: `answers.csv`, `answers.csv.gz`, `answers.parquet`, else JSONL."""
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(CSV_ENDINGS):
        return CsvSource(raw, str(path), size)
    if name.endswith(PARQUET_ENDINGS):
        return ParquetSource(raw, str(path), size)
    return SampleSource(raw, str(path), size)


def _lines(text: TextIO) -> Iterator[str]:
    """Lines with their ends. A longer one than a row may be comes in pieces, so that it cannot fill the memory."""
    return iter(lambda: text.readline(MAX_LINE_BYTES + 1), "")


def _refuse_columns_twice(file: str, names: Iterable[str]) -> None:
    twice = read_twice(names)
    if twice is not None:
        raise ConfigurationError(f"{file}: column {twice!r} stands twice; rename or remove one of them")


def _delimiter(header: str) -> str:
    """The delimiter that gives a header the most columns that somebody knows, of these the one with most columns."""
    return max(DELIMITERS, key=lambda delimiter: _columns(header, delimiter))


def _columns(header: str, delimiter: str) -> tuple[int, int]:
    try:
        names = next(csv_rows([header], delimiter, MAX_LINE_BYTES))
    except NoCsv:  # so, too, where a name in quotes holds a line end
        return 0, header.count(delimiter)
    return sum(field_of(name) is not None for name in names), len(names)


def _line_of_cells(number: int, names: Sequence[str], cells: Sequence[str]) -> RawLine | BadLine:
    """The line of a row. Empty cells say nothing, so a row may be short, or end with more delimiters than the header.

    A cell too many means that a text holds the delimiter and no quotes. Then every cell may hold a piece of another.
    """
    if any(cell.strip() for cell in cells[len(names) :]):
        remedy = f"has {len(cells)} cells, the header {len(names)}; put cells that hold the delimiter in quotes"
        return BadLine(number=number, key=WHOLE_LINE, remedy=remedy)
    byte = _no_utf8(cells)
    if byte:
        return BadLine(number=number, key=WHOLE_LINE, remedy=f"no UTF-8 ({byte}); save the file as UTF-8")
    return line_of_row(number, {name: _cell(name, text) for name, text in zip(names, cells, strict=False) if text})


def _no_utf8(cells: Sequence[str]) -> str:
    """The first byte that is no UTF-8, e.g. `byte 0xe4`. Empty where there is none."""
    try:
        "".join(cells).encode()
    except UnicodeEncodeError as exc:
        return f"byte 0x{ord(exc.object[exc.start]) - 0xDC00:02x}"
    return ""


def _cell(name: str, text: str) -> Any:
    """A cell: of passages or turns the list that it is in JSON, e.g. `["a", "b"]`. Else its text."""
    if text.startswith("[") and holds_lists(name):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return text
        return value
    return text
