"""What a program gives to be judged: rows, a frame, or the path of a file. As lines, and how many there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sized
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from assay.judges.schema import Sample
from assay.worker.batch.reading import RawLine, open_samples
from assay.worker.batch.row_lines import line_of_row
from assay.worker.python_api.frames import Frame, library_of, rows_of
from assay.worker.records.jsonl import BadLine

Row = Mapping[str, Any] | Sample
Samples = Iterable[Row] | Row | Frame | str | Path
"""What can be judged: rows as mappings, samples, one of these, a frame, or the path of a JSONL, CSV or Parquet file."""


@contextmanager
def lines_of(samples: Samples) -> Iterator[Iterator[RawLine | BadLine]]:
    """The lines of samples. Those of a file are read while it is open.

    Raises:
        TypeError: there are no rows in it.
        ConfigurationError: the file cannot be read, or a column stands twice.
    """
    if isinstance(samples, str | Path):
        with open_samples(Path(samples)) as source:
            yield iter(source)
        return
    if library_of(samples):
        rows: Iterable[Any] = rows_of(samples)
    else:
        rows = [samples] if isinstance(samples, Mapping | Sample) else samples
        if not isinstance(rows, Iterable):
            raise TypeError(f"samples: is of type {type(samples).__name__}; give rows, a frame, or the path of a file")
    yield (_line(number, row) for number, row in enumerate(rows, 1))


def count_of(samples: Samples) -> int | None:
    """How many rows there are. None where only reading tells."""
    if isinstance(samples, Mapping | Sample):
        return 1
    return len(samples) if isinstance(samples, Sized) and not isinstance(samples, str) else None


def _line(number: int, row: Any) -> RawLine | BadLine:
    if isinstance(row, Sample):
        row = row.model_dump(mode="json", exclude={"metadata"})
    if not isinstance(row, Mapping):
        remedy = f"is of type {type(row).__name__}; give mappings with question, contexts and response"
        return BadLine(number=number, key="line", remedy=remedy)
    return line_of_row(number, row)
