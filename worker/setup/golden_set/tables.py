"""A table of questions from a file: CSV in its common dialects, JSON lines, or a JSON list."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from assay.judges.errors import ConfigurationError
from assay.worker.extraction.dataset_columns import field_of

MAX_BYTES = 64 * 1024 * 1024
MAX_ROWS = 20_000
_MAX_CELL = 1_000_000
"""Characters of one cell."""

_LOOKED_AT = 1000
"""First bytes that tell UTF-16: every other one of plain text is zero there."""

_MOST_ABOVE = 20
"""Lines above a header that are looked through for it."""

_SEPARATOR = re.compile(r"sep=(?P<sign>[,;\t|])\s*")
"""The first line by which Excel is told what separates cells: `sep=;`."""

_DELIMITERS = (",", ";", "\t", "|")
_SPREADSHEETS = {".xlsx", ".xls", ".ods", ".numbers"}
_BINARY = {".parquet", ".arrow", ".feather", ".gz", ".zip"}


@dataclass(frozen=True)
class Row:
    """One row: the line it begins at, and its values by column."""

    number: int
    values: dict[str, Any]


@dataclass(frozen=True)
class Table:
    """The columns in their order, and the rows; `delimiter` is what separates the cells of a CSV file."""

    source: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    delimiter: str | None = None


def read_table(path: Path) -> Table:
    """The table in a file, by its ending: .jsonl and .ndjson, .json, or anything else as CSV.

    Raises:
        ConfigurationError: it cannot be read as one; names the line and the remedy.
    """
    suffix = path.suffix.lower()
    if suffix in _SPREADSHEETS:
        raise _problem(path, "file", "is a spreadsheet; save the sheet as CSV UTF-8")
    if suffix in _BINARY:
        raise _problem(path, "file", f"is {suffix.removeprefix('.')}; write it as CSV or JSON lines")
    text = _text(path)
    if suffix in {".jsonl", ".ndjson"}:
        return _of_objects(path, _json_lines(path, text))
    if suffix == ".json":
        return _of_objects(path, _json_list(path, text))
    return _csv(path, text)


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise _problem(path, "file", f"is larger than {MAX_BYTES // 1024**2} MiB; a golden set has 50 to 200 items")
        raw = path.read_bytes()
    except OSError as exc:
        raise _problem(path, "file", f"cannot be read ({exc.strerror or exc})") from exc
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _problem(path, "file", "is UTF-16; save it as UTF-8 (in a spreadsheet: CSV UTF-8)")
    if raw[:_LOOKED_AT].count(0) > len(raw[:_LOOKED_AT]) // 4:
        raise _problem(path, "file", "is UTF-16 without a mark of it; save it as UTF-8 (in a spreadsheet: CSV UTF-8)")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        line = raw[: exc.start].count(b"\n") + 1
        byte = f"byte 0x{raw[exc.start]:02x}"
        raise _problem(path, f"line {line}", f"is not UTF-8 ({byte}); save it as CSV UTF-8") from exc


def _csv(path: Path, text: str) -> Table:
    """Cells in quotes may hold line ends, separators and doubled quotes (RFC 4180)."""
    csv.field_size_limit(_MAX_CELL)
    told = _SEPARATOR.fullmatch(text.partition("\n")[0])
    if told is not None:
        # An empty line in its place, so that the others keep their numbers.
        text = text[told.end() :] if text[told.end() :].startswith("\n") else "\n" + text[told.end() :]
    delimiter = _delimiter(text) if told is None else told["sign"]
    _refuse_lines_above(path, text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    header: list[str] = []
    begins = 1
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                pass
            elif not header:
                header = _header(path, begins, cells)
            elif len(cells) > len(header):
                what = f"has {len(cells)} cells, the header {len(header)}"
                raise _problem(path, f"line {begins}", f"{what}; put cells that hold {_named(delimiter)} in quotes")
            else:
                rows.append(Row(begins, dict(zip(header, cells, strict=False))))
            _check_rows(path, rows)
            begins = reader.line_num + 1
    except csv.Error as exc:
        if "field limit" in str(exc):
            why = f"a cell has more than {_MAX_CELL:,} characters; shorten it, or close the quote that it begins with"
        else:
            why = f"no CSV: {exc}; a cell begins and ends with a quote, or has none"
        raise _problem(path, f"line {begins}", why) from exc
    if not rows:
        raise _problem(path, "file", "has no rows below its header" if header else "is empty")
    return Table(str(path), tuple(header), tuple(rows), delimiter)


def _header(path: Path, line: int, cells: Sequence[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    double = next((name for name in header if name and header.count(name) > 1), None)
    if double is not None:
        raise _problem(path, f"line {line}", f"column {double!r} stands twice; rename one")
    # A column without a name holds nothing that anybody could ask for, e.g. the index that pandas writes.
    return [name or f"column {number}" for number, name in enumerate(header, start=1)]


def _delimiter(text: str) -> str:
    """The separator whose header has most columns that somebody knows, of these the one with most columns."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=lambda delimiter: _known_columns(first, delimiter))


def _known_columns(line: str, delimiter: str) -> tuple[int, int]:
    """How many columns of a header somebody knows, and how many there are."""
    try:
        cells = next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return (0, 0)
    return (sum(field_of(cell) is not None for cell in cells), len(cells))


def _refuse_lines_above(path: Path, text: str) -> None:
    """A title or a date above the header would be taken for it.

    Raises:
        ConfigurationError: names the line of the header.
    """
    lines = [(n, line) for n, line in enumerate(islice(io.StringIO(text), _MOST_ABOVE), start=1) if line.strip()]
    known = [(n, max(_known_columns(line.rstrip("\r\n"), each)[0] for each in _DELIMITERS)) for n, line in lines]
    if known and known[0][1] == 0:
        header = next((number for number, columns in known if columns > 1), None)
        if header is not None:
            raise _problem(
                path, f"line {known[0][0]}", f"no header: that stands on line {header}; remove what is above"
            )


def _named(delimiter: str) -> str:
    return {"\t": "tabs"}.get(delimiter, f"{delimiter!r}")


def _json_lines(path: Path, text: str) -> list[tuple[int, Any]]:
    objects = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                objects.append((number, json.loads(line)))
            except (ValueError, RecursionError) as exc:
                raise _problem(path, f"line {number}", "no JSON; write one JSON object a line") from exc
    return objects


def _json_list(path: Path, text: str) -> list[tuple[int, Any]]:
    """A list of objects, also one level down, as `{"examples": [...]}`; or columns, as data frames write them."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise _problem(path, "file", "no JSON; write a list of objects, or one object a line as .jsonl") from exc
    if isinstance(data, dict) and "answers" in data and "counts" in data:
        raise _problem(path, "file", "is a list of `assay flagged`, which holds no questions; use --from-flagged")
    if isinstance(data, dict):
        lists = [value for value in data.values() if isinstance(value, list)]
        columns = len(lists) == len(data) > 1 and len({len(values) for values in lists}) == 1
        if columns and not isinstance(next(iter(lists[0]), None), dict):
            data = [dict(zip(data, values, strict=True)) for values in zip(*lists, strict=True)]
        else:
            data = next((values for values in lists if values and isinstance(values[0], dict)), data)
    if not isinstance(data, list):
        raise _problem(path, "file", "holds no list of objects; write one object for each question")
    return list(enumerate(data, start=1))


def _of_objects(path: Path, objects: Sequence[tuple[int, Any]]) -> Table:
    rows: list[Row] = []
    columns: dict[str, None] = {}
    for number, value in objects:
        if not isinstance(value, dict):
            raise _problem(path, f"line {number}", 'no object; write {"question": ...}')
        _refuse_half_characters(path, number, value)
        rows.append(Row(number, value))
        columns |= dict.fromkeys(value)
        _check_rows(path, rows)
    if not rows:
        raise _problem(path, "file", "is empty")
    return Table(str(path), tuple(columns), tuple(rows))


def _refuse_half_characters(path: Path, number: int, value: Any) -> None:
    r"""JSON can say half of a character, as `\ud800`, and no file of a golden set can.

    Raises:
        ConfigurationError
    """
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as exc:
        half = f"{exc.object[exc.start]!a}"
        raise _problem(path, f"line {number}", f"holds half a character ({half}, a lone surrogate); remove it") from exc
    except RecursionError as exc:
        raise _problem(path, f"line {number}", 'is nested too deep; write {"question": ...}') from exc


def _check_rows(path: Path, rows: Sequence[Row]) -> None:
    if len(rows) > MAX_ROWS:
        raise _problem(path, "file", f"has more than {MAX_ROWS:,} rows; a golden set has 50 to 200 items")


def _problem(path: Path, key: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(f"{path}: {key}: {remedy}")
