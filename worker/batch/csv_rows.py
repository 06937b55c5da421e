"""Rows of a CSV file: cells in quotes may hold line ends, delimiters and doubled quotes (RFC 4180).

Python's own reader has one limit on cells for the whole process, so two threads that read would set it for each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

QUOTE = '"'
LINE_ENDS = "\r\n"


class NoCsv(ValueError):
    """The text is no CSV from here on, and where its next row begins cannot be told."""


class _Row:
    """The cells of one row, from the lines that it stands on."""

    def __init__(self, delimiter: str) -> None:
        self.cells: list[str] = []
        self._delimiter = delimiter
        self._open: list[str] | None = None

    def take(self, line: str) -> bool:
        """Take the row's next line.

        Returns:
            Whether the row ends with it. If not, a quote is open.

        Raises:
            NoCsv: text stands behind a closing quote.
        """
        place: int | None = 0
        while place is not None:
            is_quoted = self._open is not None or line.startswith(QUOTE, place)
            place = self._quoted(line, place) if is_quoted else self._plain(line, place)
        return self._open is None

    def _plain(self, line: str, place: int) -> int | None:
        """Take a cell without quotes. The place of the next cell; None: the line ends."""
        end = line.find(self._delimiter, place)
        self.cells.append(line[place:].rstrip(LINE_ENDS) if end < 0 else line[place:end])
        return None if end < 0 else end + 1

    def _quoted(self, line: str, place: int) -> int | None:
        """Take a cell in quotes, or as much of it as stands on this line."""
        if self._open is None:
            self._open, place = [], place + 1
        while (quote := line.find(QUOTE, place)) >= 0:
            if not line.startswith(QUOTE, quote + 1):
                self.cells.append("".join([*self._open, line[place:quote]]))
                self._open = None
                return self._behind(line, quote + 1)
            self._open.append(line[place : quote + 1])
            place = quote + 2
        self._open.append(line[place:])
        return None

    def _behind(self, line: str, place: int) -> int | None:
        """The place of the cell behind a closing quote."""
        if line.startswith(self._delimiter, place):
            return place + 1
        if line[place : place + 2].strip(LINE_ENDS):
            raise NoCsv("text stands behind a closing quote; write a quote inside a cell twice")
        return None


def csv_rows(lines: Iterable[str], delimiter: str, limit: int) -> Iterator[Sequence[str]]:
    """The rows of a CSV file. Empty lines between them are passed over.

    Args:
        lines: its lines with their ends.
        delimiter: what separates cells, e.g. `;`.
        limit: the most characters that a row may have.

    Raises:
        NoCsv: names the line where the row begins.
    """
    row, begins, size = _Row(delimiter), 1, 0
    for number, line in enumerate(lines, 1):
        if not size:
            begins = number
            if not line.strip(LINE_ENDS):
                continue
        size += len(line)
        if size > limit:
            raise NoCsv(f"the row from line {begins} of the file on is longer than {limit} characters; {_REMEDY}")
        try:
            is_complete = row.take(line)
        except NoCsv as exc:
            raise NoCsv(f"in the row from line {begins} of the file on {exc}") from None
        if is_complete:
            yield row.cells
            row, size = _Row(delimiter), 0
    if size:
        raise NoCsv(f"a quote in the row from line {begins} of the file on is not closed; {_REMEDY}")


_REMEDY = "close the quote that a cell begins with"
