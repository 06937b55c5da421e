"""Reads the CSV files that a rubric's tables name into the rubric itself.

A rubric travels by its content: a worker with an older disk must judge by the table the message's version had.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from assay.judges.errors import RubricError
from assay.judges.rubric.rules import Attribute, Rules, Table, TableRow

MAX_BYTES = 1_000_000
MAX_ROWS = 5_000
MAX_CELL = 300
"""Bounds of one table: it lies in Redis, in every worker's memory and in every version of the rubric."""

ATTRIBUTE, VALUE = "attribute", "value"
"""Columns of a table that has a row for each attribute."""


class _Row(NamedTuple):
    line: int
    cells: Mapping[str, str]


def with_rows(rules: Rules, directory: Path | None, source: str) -> Rules:
    """The rules with the rows of every table.

    Args:
        rules: as parsed.
        directory: where the rubric's file lies. None where it came without one, and its tables must have rows already.
        source: the rubric's file, for errors.

    Raises:
        RubricError: a file is missing, too large, no CSV, lacks a column or contradicts itself.
    """
    if not rules.tables:
        return rules
    tables = tuple(_with_rows(table, directory, source) for table in rules.tables)
    return rules.model_copy(update={"tables": tables})


def _with_rows(table: Table, directory: Path | None, source: str) -> Table:
    key = f"rules.tables.{table.id}"
    if directory is None or not table.file:
        if not table.rows:
            raise RubricError(source, f"{key}.file", "names no CSV and there are no rows; give one of them")
        names = dict.fromkeys(name for row in table.rows for name in row.values)
        attributes = {**{name: Attribute() for name in names}, **table.attributes}
        return table.model_copy(update={"attributes": attributes}) if names.keys() - table.attributes.keys() else table
    if table.rows:
        raise RubricError(source, f"{key}.rows", "stands beside file; give one of them")
    if Path(table.file).is_absolute():
        raise RubricError(
            source, f"{key}.file", "is absolute; name it relative to the rubric, so that it can move along"
        )
    path = directory / table.file
    header, lines = _read(path, source, key)
    return _Filler(table, path, header).filled(lines)


def _read(path: Path, source: str, key: str) -> tuple[list[str], list[_Row]]:
    """Header and rows of a CSV, its separator told by the header."""
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as exc:
        raise RubricError(source, f"{key}.file", f"{path} cannot be read ({exc.strerror}); mend the path") from exc
    except UnicodeDecodeError as exc:
        raise RubricError(str(path), "file", "is no UTF-8; save it as CSV UTF-8") from exc
    if len(raw) > MAX_BYTES:
        raise RubricError(str(path), "file", f"is larger than {MAX_BYTES:,} bytes; keep what the rule needs")
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        rows = [_Row(reader.line_num, _cells(header, cells, path, reader.line_num)) for cells in reader if any(cells)]
    except csv.Error as exc:
        raise RubricError(str(path), f"row {reader.line_num}", f"is no CSV ({exc}); mend its quotes") from exc
    if len(rows) > MAX_ROWS:
        raise RubricError(
            str(path), "file", f"has {len(rows):,} rows, more than {MAX_ROWS:,}; keep what the rule needs"
        )
    return header, rows


def _cells(header: Sequence[str], cells: Sequence[str], path: Path, line: int) -> dict[str, str]:
    if len(cells) != len(header):
        remedy = f"has {len(cells)} cells where the header has {len(header)}; quote a cell that holds the separator"
        raise RubricError(str(path), f"row {line}", remedy)
    for name, cell in zip(header, cells, strict=True):
        if len(cell) > MAX_CELL:
            raise RubricError(str(path), f"row {line}, column {name}", f"is longer than {MAX_CELL} characters; cut it")
    return {name: " ".join(cell.split()) for name, cell in zip(header, cells, strict=True)}


class _Filler:
    """Gathers the rows of one table, key by key."""

    def __init__(self, table: Table, path: Path, header: Sequence[str]) -> None:
        self._table = table
        self._path = str(path)
        self._is_long = {ATTRIBUTE, VALUE} <= set(header) and not {ATTRIBUTE, VALUE} & set(table.attributes)
        self._attributes = dict(table.attributes)
        self._keys: dict[str, str] = {}
        self._values: dict[str, dict[str, str]] = {}
        self._aliases: dict[str, list[str]] = {}
        self._lines: dict[tuple[str, str], int] = {}
        self._check_header(header)

    def filled(self, rows: Sequence[_Row]) -> Table:
        """The table with its rows."""
        for row in rows:
            self._take(row)
        if not self._values:
            raise RubricError(self._path, "file", "has no rows; add one or remove the table")
        self._check_aliases()
        table_rows = tuple(
            TableRow(key=self._keys[key], aliases=tuple(self._aliases[key]), values=values)
            for key, values in self._values.items()
        )
        return self._table.model_copy(update={"rows": table_rows, "attributes": self._attributes})

    def _check_header(self, header: Sequence[str]) -> None:
        twice = next((name for name in header if header.count(name) > 1), None)
        if twice is not None:
            raise RubricError(self._path, f"column {twice}", "stands twice; rename one")
        wanted = [self._table.key, *([self._table.aliases] if self._table.aliases else [])]
        wanted += [ATTRIBUTE, VALUE] if self._is_long else list(self._table.attributes)
        if len(wanted) == 1 or (not self._is_long and not self._table.attributes):
            remedy = f"missing; add it and column {VALUE}, or list the columns to use in `attributes`"
            raise RubricError(self._path, f"column {ATTRIBUTE}", remedy)
        for name in wanted:
            if name not in header:
                remedy = f"missing; the columns are {', '.join(header) or 'none'}"
                raise RubricError(self._path, f"column {name}", remedy)

    def _take(self, row: _Row) -> None:
        written = row.cells[self._table.key]
        if not written:
            raise RubricError(
                self._path, f"row {row.line}, column {self._table.key}", "is empty; name what the row is of"
            )
        key = written.casefold()
        self._keys.setdefault(key, written)
        self._values.setdefault(key, {})
        known = self._aliases.setdefault(key, [])
        for alias in (row.cells[self._table.aliases] if self._table.aliases else "").split("|"):
            if alias.strip() and alias.strip() not in known:
                known.append(alias.strip())
        if self._is_long:
            self._take_value(row, key, row.cells[ATTRIBUTE], row.cells[VALUE])
            return
        for name in self._table.attributes:
            self._take_value(row, key, name, row.cells[name])

    def _take_value(self, row: _Row, key: str, attribute: str, value: str) -> None:
        if not value:
            return
        if not attribute:
            raise RubricError(self._path, f"row {row.line}, column {ATTRIBUTE}", "is empty; name the attribute")
        self._attributes.setdefault(attribute, Attribute())
        before = self._values[key].setdefault(attribute, value)
        first = self._lines.setdefault((key, attribute), row.line)
        if before != value:
            where = f"row {row.line}, column {VALUE if self._is_long else attribute}"
            remedy = f"says {value!r} of {self._keys[key]!r} where row {first} says {before!r}; keep one"
            raise RubricError(self._path, where, remedy)

    def _check_aliases(self) -> None:
        owners = {key: key for key in self._values}
        for key, aliases in self._aliases.items():
            for alias in aliases:
                owner = owners.setdefault(alias.casefold(), key)
                if owner != key:
                    remedy = f"alias {alias!r} names both {self._keys[owner]!r} and {self._keys[key]!r}; keep one"
                    raise RubricError(self._path, f"column {self._table.aliases}", remedy)
