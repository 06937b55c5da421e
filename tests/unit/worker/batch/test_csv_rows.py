"""Rows of CSV files, held against the reader of Python."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assay.worker.batch.csv_rows import NoCsv, csv_rows


def rows_of(text: str, *, limit: int = 1000) -> list[list[str]]:
    return [list(row) for row in csv_rows(io.StringIO(text, newline=""), ",", limit)]


def rows_of_python(text: str) -> list[list[str]] | None:
    """What the strict reader of Python reads. None: it is no CSV."""
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error:
        return None


@example('a,say "so" twice\r\n"b""c","d\ne,"\r\n')
@given(st.text('ab,"\n\r', max_size=30))
def test_any_text_is_read_as_by_the_strict_reader_of_python(text: str) -> None:
    expected = rows_of_python(text)
    if expected is None:
        with pytest.raises(NoCsv, match=r"row from line \d+ of the file"):
            rows_of(text)
    else:
        assert rows_of(text) == expected


def test_row_without_an_end_does_not_fill_the_memory() -> None:
    with pytest.raises(NoCsv, match="row from line 2 of the file on is longer than 50 characters"):
        rows_of('a,b\n"' + "text\n" * 100, limit=50)
