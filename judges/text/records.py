"""Rows of tables in a text, whatever form they have: delimited lines, HTML, JSON objects, lists of `Label: values`.

Only what is sure to be rows is read: two or more with the same columns. The time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

MOST_ROWS = 500
"""Rows of a table that are read. Of a longer one the rest is left out."""

MOST_CELL = 60
"""Characters of a cell of comma-separated lines. A longer one is prose."""


class Row(NamedTuple):
    """One row: where it stands, and its cells by column. A cell may be empty."""

    start: int
    end: int
    cells: dict[str, str]


Table = list[Row]


def tables_of(text: str) -> Iterator[Table]:
    """The tables of a text, each with two rows or more."""
    for read in (_delimited, _html, _json, _labelled, _blocks):
        for table in read(text):
            if len(table) >= 2:
                yield table[:MOST_ROWS]


_LINE = re.compile(r"[^\n]+")
"""A line without its end: `Monday: 9-17`."""

_RULE = re.compile(r"[\s|:+=-]+")
"""A line between header and rows: `|---|---|`."""


def _delimited(text: str) -> Iterator[Table]:
    lines = [match for match in _LINE.finditer(text) if not _RULE.fullmatch(match.group())]
    for (delimiter, count), group in groupby(lines, key=lambda match: _shape(match.group())):
        run = list(group)
        if count and len(run) >= 3:
            split = [_cells(match.group(), delimiter) for match in run]
            yield _with_header(split, [match.span() for match in run])


def _shape(line: str) -> tuple[str, int]:
    """The delimiter of a line and how many cells it cuts; no cells where the line is prose."""
    for delimiter in "|\t;":
        if delimiter in line:
            return delimiter, len(_cells(line, delimiter))
    if "," not in line or line.rstrip().endswith((".", ":", "{", "}", "]", ",")):
        return ",", 0
    cells = line.split(",")
    return ",", 0 if any(len(cell) > MOST_CELL for cell in cells) else len(cells)


def _cells(line: str, delimiter: str) -> list[str]:
    return [cell.strip(' \t"*`') for cell in line.strip().strip("|").split(delimiter)]


def _with_header(rows: Sequence[Sequence[str]], places: Sequence[tuple[int, int]]) -> Table:
    """Rows under the names of the first; where that holds a number it is a row, and columns are numbered."""
    first = rows[0]
    has_header = all(cell and not any(map(str.isdigit, cell)) for cell in first) and len(set(first)) == len(first)
    names = list(first) if has_header else [str(number) for number in range(len(first))]
    return [
        Row(start, end, dict(zip(names, cells, strict=False)))
        for cells, (start, end) in list(zip(rows, places, strict=True))[has_header:]
    ]


_TABLE_ROW = re.compile(r"<tr\b", re.IGNORECASE)
"""Where a row of an HTML table begins: `<tr>`."""

_TABLE_CELL = re.compile(r"<t[dh]\b[^<>]{0,200}>([^<]{0,200})", re.IGNORECASE)
"""A cell of an HTML table: `<td>Basic`."""


def _html(text: str) -> Iterator[Table]:
    starts = [match.start() for match in _TABLE_ROW.finditer(text)] if "<" in text else []
    places = list(zip(starts, [*starts[1:], len(text)], strict=False))
    split = [[cell.strip() for cell in _TABLE_CELL.findall(text[start:end])] for start, end in places]
    for _, group in groupby(range(len(split)), key=lambda number: len(split[number])):
        run = list(group)
        if len(run) >= 3 and split[run[0]]:
            yield _with_header([split[number] for number in run], [places[number] for number in run])


_OBJECT = re.compile(r"\{[^{}]{1,4000}\}")
"""An object without objects in it: `{"plan": "pro", "price": 29}`."""

_PAIR = re.compile(
    r"""["']([^"'{}:\n]{1,60})["']\s?:\s?(?:"((?:[^"\\]|\\.){0,2000})"|'([^'\\]{0,300})'|(-?\d[\d.]{0,20}|true|false|null))"""
)
"""A key with a value that is no list and no object: `"price": 29`."""

_KEY_BEFORE = re.compile(r"""["']([^"'{}:\n]{1,60})["']\s?:\s?$""")
"""The key of an object, before it: `"pro": ` of `"pro": {"price": 29}`."""

_LOOKBACK = 70


def _pairs_of(written: str) -> list[tuple[str, str]]:
    return [(key, double or single or bare) for key, double, single, bare in _PAIR.findall(written)]


def _json(text: str) -> Iterator[Table]:
    """Rows in JSON: objects that follow each other, and the pairs of one object."""
    objects = [(match, _pairs_of(match.group())) for match in _OBJECT.finditer(text)] if "{" in text else []
    yield from _objects(text, objects)
    yield from _pairs(objects)


_Object = tuple[re.Match[str], list[tuple[str, str]]]
"""Where an object stands, with its pairs of key and value."""


def _objects(text: str, objects: Sequence[_Object]) -> Iterator[Table]:
    """Objects with the same keys, one after the other."""
    rows: list[Row] = []
    for match, pairs in objects:
        before = _KEY_BEFORE.search(text[max(0, match.start() - _LOOKBACK) : match.start()])
        named = {"": before.group(1)} if before else {}
        rows.append(Row(match.start(), match.end(), named | dict(pairs)))
    for names, group in groupby(rows, key=lambda row: tuple(row.cells)):
        if len(names) >= 2:
            yield list(group)


_TELLS_A_NUMBER = re.compile(r"\s?[$€£]?\d")
"""A number after a label: ` $9`."""


def _pairs(objects: Sequence[_Object]) -> Iterator[Table]:
    """Objects whose values all are numbers or times: each pair is a row, as in `{"Monday": "9:00-17:00"}`."""
    for match, pairs in objects:
        if all(_TELLS_A_NUMBER.match(value) for _, value in pairs):
            yield [Row(*match.span(), {"key": key, "value": value}) for key, value in pairs]


_LABELLED = re.compile(
    r"(?:^|\n|(?<=[.;|] )|(?<=, ))[ \t*•-]{0,4}([^\W\d_][\w '&-]{0,40}):\*{0,2}[ \t]"
    r"([^\n:;]{0,100}(?::\d[^\n:;.]{0,60}){0,4})"
)
"""A label with what it says, at the start of a line or a sentence: `Pro: $29/month, 50 users.`"""

_LONGEST_LABEL = 47
"""Characters of a label with what stands before it and its colon, e.g. `\\n- Price:`."""

_NEXT_SENTENCE = re.compile(r"(?<=[^\d\s])\.\s|\.\s(?=[A-Z])")
"""Where what a label says ends in the same line, as in `daily. The`."""


def _labelled(text: str) -> Iterator[Table]:
    rows: list[Row] = []
    position = 0
    for start in _label_starts(text):
        may_be = start >= position and ":" in text[start : start + _LONGEST_LABEL]
        match = _LABELLED.match(text, start) if may_be else None
        if match is None:
            continue
        stop = _NEXT_SENTENCE.search(text, match.start(2), match.end())
        end = stop.end() if stop else match.end()
        position = max(end, match.start() + 1)
        if any(map(str.isdigit, text[match.start(2) : end])):
            rows.append(Row(match.start(1), end, {"key": match.group(1), "value": text[match.start(2) : end]}))
    if len({row.cells["key"] for row in rows}) == len(rows):
        yield rows


_BEFORE_LABEL = re.compile(r"\n|[.;|,] ")
"""What stands before a label: the end of a line or of what was said before, e.g. `; `."""


def _label_starts(text: str) -> Iterator[int]:
    """Where `_LABELLED` may match: its first character is the end of a line, or stands after a mark and a space."""
    if ":" in text:
        yield 0
        for before in _BEFORE_LABEL.finditer(text):
            yield before.start() if before.group() == "\n" else before.end()


_KEY_LINE = re.compile(r"[ \t*-]{0,4}([^\W\d_][\w ]{0,30}):[ \t]+([^\n]{1,200})")
"""A line of a record: `Price: $9`."""


def _blocks(text: str) -> Iterator[Table]:
    """Rows written as lines of `key: value`, of which the first key starts each."""
    rows: list[Row] = []
    for line in _LINE.finditer(text) if ":" in text else ():
        match = _KEY_LINE.fullmatch(line.group())
        if match is None:
            continue
        key, value = match.groups()
        if not rows or key == next(iter(rows[-1].cells)):
            rows.append(Row(line.start(), line.end(), {}))
        rows[-1].cells.setdefault(key, value)
        rows[-1] = rows[-1]._replace(end=line.end())
    yield [row for row in rows if len(row.cells) >= 2]
