"""Samples from tables: CSV and Parquet, each row as the line of JSON that it would be in a JSONL file.

So a row is read, refused, continued and judged exactly as a line is.
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from assay.judges.errors import ConfigurationError
from assay.worker.batch.reading import RawLine, SampleSource
from assay.worker.records.jsonl import DAMAGED, MAX_LINE_BYTES, WHOLE_LINE, BadLine, damaged, unzipped

CSV_ENDINGS = (".csv", ".tsv")
PARQUET_ENDINGS = (".parquet", ".pq")
ROWS_AT_ONCE = 256
"""Rows of a Parquet file in memory."""

DELIMITERS = ",;\t|"


class CsvSource(SampleSource):
    """The rows of a CSV file with a header, gzip or not."""

    def __iter__(self) -> Iterator[RawLine | BadLine]:
        """Rows, numbered from 1 without the header.

        Raises:
            ConfigurationError: there is no header, or reading failed.
        """
        number = 0
        before = csv.field_size_limit(MAX_LINE_BYTES)
        text = io.TextIOWrapper(cast("BinaryIO", unzipped(self._raw)), encoding="utf-8-sig", newline="")
        try:
            for number, row in enumerate(self._rows(text), 1):
                yield line_of_row(number, {key: _cell(value) for key, value in row.items() if value != ""})
        except DAMAGED as exc:
            yield damaged(number, exc)
        except UnicodeDecodeError as exc:
            yield BadLine(number=number + 1, key=WHOLE_LINE, remedy=f"no UTF-8 ({exc.reason}); save the file as UTF-8")
        except csv.Error as exc:
            yield BadLine(
                number=number + 1, key=WHOLE_LINE, remedy=f"no row of a CSV file ({exc}); the rest is not read"
            )
        except OSError as exc:
            raise ConfigurationError(f"{self.name}: {exc.strerror or exc}; name a readable file") from exc
        finally:
            csv.field_size_limit(before)
            text.detach()  # the file is closed by who opened it

    def _rows(self, text: TextIO) -> Iterator[dict[str, str]]:
        header = text.readline()
        if not header.strip():
            raise ConfigurationError(f"{self.name}: has no header; write the names of its columns into the first line")
        delimiter = max(DELIMITERS, key=header.count)
        names = next(csv.reader([header], delimiter=delimiter))
        for cells in csv.reader(text, delimiter=delimiter):
            if cells:
                yield dict(zip(names, cells, strict=False))


class ParquetSource(SampleSource):
    """The rows of a Parquet file."""

    def __iter__(self) -> Iterator[RawLine | BadLine]:
        """Rows, numbered from 1.

        Raises:
            ConfigurationError: pyarrow is not installed, or the file is no Parquet file.
        """
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as exc:
            raise ConfigurationError(
                f"{self.name}: needs pyarrow ({exc}); pip install 'assay-fleet[parquet]', or write it as JSONL"
            ) from None
        number = 0
        try:
            with parquet.ParquetFile(self._raw) as file:
                for batch in file.iter_batches(batch_size=ROWS_AT_ONCE):
                    for row in batch.to_pylist():
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


def line_of_row(number: int, row: Mapping[str, Any]) -> RawLine | BadLine:
    """A row as a line. One without an id is called by its number; what is missing is left out."""
    known = {str(key): value for key, value in row.items() if key is not None and not _is_missing(value)}
    try:
        content = json.dumps({"id": number, **known}, ensure_ascii=False, default=_plain, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as exc:
        return BadLine(number=number, key=WHOLE_LINE, remedy=f"{exc}; give text, numbers, lists and mappings")
    return RawLine(number, content.encode("utf-8", "surrogatepass"))


def _cell(text: str) -> Any:
    """A cell: JSON where it is a list or an object, as lists of passages are written, e.g. `["a", "b"]`. Else text."""
    if text[:1] in {"[", "{"}:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _is_missing(value: Any) -> bool:
    """Whether a cell says nothing: None, or the `nan` that frames put there."""
    return (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or type(value).__name__ in {"NAType", "NaTType"}
    )


def _plain(value: Any) -> Any:
    """What frames hold, as JSON can hold it: arrays as lists, moments as ISO 8601."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    for way in ("tolist", "to_list", "model_dump", "item"):
        if hasattr(value, way):
            return getattr(value, way)()
    if isinstance(value, Iterable):
        return list(value)
    raise TypeError(f"a value of type {type(value).__name__} is none of JSON's")
