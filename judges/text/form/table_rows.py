"""The column of a table that numbers its rows, and cells that tell about the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.judges.text.form.line_starts import at_line_starts

_ROW = re.compile(r"(?:^|(?<=\n))[ \t]{0,8}\|(?P<first>[^\n|]{0,200})\|(?=[^\n|]{0,2000}[^\W\d_]{2})[^\n]*")
"""A row of a table with words in its second cell, e.g. `| 2 | Basic | $9 |`."""

_NUMBER = re.compile(r"[ \t*_]{0,6}(?P<number>\#?\d{1,3}[.)]?)[ \t*_]{0,6}")
"""A number alone in a cell, e.g. ` 2. `."""

_NUMBERS_ROWS = re.compile(
    r"[\s*_]*(?:\#|n[or]?s?\b\.?|n[°º]|№|s[./]?\s?no\.?|number|nummer|num\.?|index|idx|step|steps|item|row|序号"
    r"|番号)?[\s*_]*",
    re.IGNORECASE,
)
"""The header of a column that numbers rows, e.g. `No.`, `#`; or none at all."""

_RULE_CELL = re.compile(r"[\s:]*-{2,}[\s:]*")
"""A cell of the rule under a header, e.g. `:---:`."""


def row_numbers(text: str) -> Iterator[tuple[int, int]]:
    """Numbers in first cells that run 1, 2, … under a header that numbers rows, or under none."""
    header = ""
    run: list[re.Match[str]] = []
    previous = -1
    for match in at_line_starts(_ROW, text) if "|" in text else ():
        if match.start() > previous + 1:  # another table begins
            yield from _counted(run)
            header, run = _header(text, match), []
        number = _NUMBER.fullmatch(text, *match.span("first"))
        if number and _NUMBERS_ROWS.fullmatch(header):
            run.append(number)
        previous = match.end()
    yield from _counted(run)


def _counted(run: list[re.Match[str]]) -> Iterator[tuple[int, int]]:
    """The numbers where they count the rows in order."""
    numbers = [int(match.group("number").strip("#.)")) for match in run]
    if numbers and numbers[0] <= 1 and numbers == list(range(numbers[0], numbers[0] + len(numbers))):
        for match in run:
            yield match.span("number")


def _header(text: str, row: re.Match[str]) -> str:
    """The first cell of the header; empty where the table has none."""
    below = text[row.end() + 1 : row.end() + 200].lstrip(" \t|")
    if _RULE_CELL.match(below):
        return row.group("first")
    lines = text[max(0, row.start() - 600) : row.start()].splitlines()
    if len(lines) >= 2 and _RULE_CELL.match(lines[-1].lstrip(" \t|")):
        return lines[-2].lstrip(" \t").lstrip("|").partition("|")[0]
    return ""


_ABOUT_COLUMN = re.compile(
    r"[\s*_]*(?:confidence|certainty|relevance|similarity)(?:\s(?:score|level))?[\s*_]*", re.IGNORECASE
)
"""The header of a column that tells how sure a row is, e.g. ` Confidence `."""

_LEVEL = re.compile(r"[\s*_]*(?:\d{1,3}(?:\.\d{1,6})?\s?%?|(?:very\s)?(?:high|medium|low))[\s*_]*", re.IGNORECASE)
"""How sure a row is, e.g. ` 0.93 `."""

_HEADER_LINE = re.compile(r"(?:^|(?<=\n))[ \t]{0,8}\|[^\n]{3,400}(?=\n[ \t]{0,8}\|[ \t:]{0,4}--)")
"""The header of a table, with the rule below it, e.g. `| Fact | Confidence |\n|---|---|`."""

_MOST_ROWS = 200


def about_cells(text: str) -> Iterator[tuple[int, int]]:
    """Cells of a column that tells how sure each row is."""
    read = 0
    for header in at_line_starts(_HEADER_LINE, text) if "|" in text else ():
        if header.start() < read:
            continue
        names = header.group().split("|")
        columns = [place for place, name in enumerate(names) if _ABOUT_COLUMN.fullmatch(name)]
        position = read = header.end() + 1
        for _ in range(_MOST_ROWS if columns else 0):
            end = text.find("\n", position)
            end = len(text) if end < 0 else end
            if "|" not in text[position:end]:
                break
            yield from _cells(text, position, end, columns)
            position = read = end + 1


def _cells(text: str, start: int, end: int, columns: list[int]) -> Iterator[tuple[int, int]]:
    """The cells of a row in some columns that hold a level."""
    for column, cell in enumerate(text[start:end].split("|")):
        if column in columns and _LEVEL.fullmatch(cell):
            yield start, start + len(cell)
        start += len(cell) + 1
