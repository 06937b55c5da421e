"""Columns of many rows, as numpy takes them: numbers as arrays, and few texts as a code of each row and the texts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, overload

import numpy as np
from numpy.typing import NDArray
from pydantic_core import from_json

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

UNKNOWN_INTEGER = -(2**63)
"""What stands in an array of whole numbers for an unknown one. The record's own go down to -(2**63 - 1)."""

_DENSE = 4
"""Codes below so many times the number of rows are looked up in a table, e.g. below 40,000 in a block of 10,000."""


class Column(Protocol):
    """The values of one column in the order of the rows. As a sequence it has plain values, and None for unknown."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Any]: ...

    @overload
    def __getitem__(self, at: int) -> Any: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Any]: ...

    def floats(self) -> Floats:
        """The values as numbers, NaN for unknown."""
        ...

    def integers(self) -> Codes:
        """The values as whole numbers, `UNKNOWN_INTEGER` for unknown."""
        ...

    def coded(self) -> tuple[Codes, Sequence[Any]]:
        """A code of each row, and the value of each code. Two codes may have one value."""
        ...

    def mapped(self, cell: Callable[[Any], Any]) -> list[Any]:
        """What a function makes of each value. It is called once for each value where few are told apart."""
        ...


class _Numbered(dict[Any, int]):
    """Gives each new value the next number, from 0 on. Known ones are looked up without a line of Python."""

    def __missing__(self, value: Any) -> int:
        self[value] = number = len(self)
        return number


class PlainColumn(list[Any]):
    """Any values, as a list."""

    def floats(self) -> Floats:
        """The values as numbers, NaN for unknown."""
        return np.array(self, dtype=np.float64)

    def integers(self) -> Codes:
        """The values as whole numbers."""
        return np.array([UNKNOWN_INTEGER if value is None else value for value in self], dtype=np.int64)

    def coded(self) -> tuple[Codes, Sequence[Any]]:
        """Equal values have one code, and so has one list or mapping."""
        numbers = _Numbered()
        try:
            codes = np.fromiter(map(numbers.__getitem__, self), np.int64, len(self))
        except TypeError:  # lists and mappings have no hash
            first, codes = by_first(np.fromiter(map(id, self), np.int64, len(self)))
            return codes, [self[row] for row in first.tolist()]
        return codes, list(numbers)

    def mapped(self, cell: Callable[[Any], Any]) -> list[Any]:
        """What a function makes of each value. It is called once for equal ones, and for one list or mapping."""
        try:
            cells = {value: cell(value) for value in set(self)}
        except TypeError:  # lists and mappings have no hash
            by_identity = {id(value): cell(value) for value in {id(value): value for value in self}.values()}
            return [by_identity[id(value)] for value in self]
        return [cells[value] for value in self]


@dataclass(frozen=True, eq=False)
class JsonColumn:
    """JSON texts, None for unknown.

    Who maps them has the values one at a time: ten thousand mappings that lie in memory at once take three times as
    long to make and to look at.
    """

    texts: Sequence[str | None]

    def __len__(self) -> int:
        return len(self.texts)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __getitem__(self, at: int | slice) -> Any:
        return self._values[at]

    def floats(self) -> Floats:
        """The values as numbers, NaN for unknown."""
        return PlainColumn(self).floats()

    def integers(self) -> Codes:
        """The values as whole numbers."""
        return PlainColumn(self).integers()

    def coded(self) -> tuple[Codes, Sequence[Any]]:
        """Equal texts have one code."""
        codes, texts = PlainColumn(self.texts).coded()
        return codes, JsonColumn(texts)[:]

    def mapped(self, cell: Callable[[Any], Any]) -> list[Any]:
        """What a function makes of each value. It is called once for equal texts."""
        distinct = set(self.texts)
        if len(distinct) == len(self) and None not in distinct:
            return [cell(value) for value in _read_all(self.texts)]
        known = [text for text in distinct if text is not None]
        cells: dict[str | None, Any] = dict(zip(known, map(cell, _read_all(known)), strict=True))
        if len(known) < len(distinct):
            cells[None] = cell(None)
        return list(map(cells.__getitem__, self.texts))

    @cached_property
    def _values(self) -> list[Any]:
        return self.mapped(lambda value: value)


def _read_all(texts: Iterable[Any]) -> Iterator[Any]:
    """What each text says, one after the other."""
    for text in texts:
        try:
            yield from_json(text, cache_strings="keys")
        except ValueError:  # half of a surrogate pair, which Python's own reader takes
            yield json.loads(text)


@dataclass(frozen=True, eq=False)
class NumberColumn:
    """Numbers: floats with NaN for unknown, or whole ones with `UNKNOWN_INTEGER`."""

    values: NDArray[Any]

    def __len__(self) -> int:
        return int(self.values.size)

    def __iter__(self) -> Iterator[Any]:
        return iter(self[:])

    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            plain = self.values[at].astype(object)
            plain[self.unknown()[at]] = None
            return plain.tolist()
        return None if self.unknown()[at] else self.values[at].item()

    def unknown(self) -> NDArray[np.bool_]:
        """Which rows have none."""
        is_float = self.values.dtype.kind == "f"
        rows: NDArray[np.bool_] = np.isnan(self.values) if is_float else self.values == UNKNOWN_INTEGER
        return rows

    def floats(self) -> Floats:
        """The values as floats, NaN for unknown."""
        if self.values.dtype.kind == "f":
            return self.values
        return np.where(self.unknown(), np.nan, self.values)

    def integers(self) -> Codes:
        """The values as they are."""
        return self.values.astype(np.int64)

    def coded(self) -> tuple[Codes, Sequence[Any]]:
        """Equal values have one code."""
        return PlainColumn(self).coded()

    def mapped(self, cell: Callable[[Any], Any]) -> list[Any]:
        """What a function makes of each value. Where most repeat, it is called once for equal ones."""
        # By their bits: a 0 is not -0, and an unknown float is like another.
        first, codes = by_first(self.values.view(np.int64))
        if 2 * first.size > len(self):
            return [cell(value) for value in self]
        return CodedColumn(codes, NumberColumn(self.values[first])[:]).mapped(cell)


@dataclass(frozen=True, eq=False)
class CodedColumn:
    """Values of which few are told apart: a code of each row, and the value of each code."""

    codes: Codes
    values: Sequence[Any]

    def __len__(self) -> int:
        return int(self.codes.size)

    def __iter__(self) -> Iterator[Any]:
        return iter(self[:])

    def __getitem__(self, at: int | slice) -> Any:
        if isinstance(at, slice):
            return list(map(self.values.__getitem__, self.codes[at].tolist()))
        return self.values[self.codes[at]]

    def floats(self) -> Floats:
        """The values as numbers, NaN for unknown."""
        return np.array(self.values, dtype=np.float64)[self.codes]

    def integers(self) -> Codes:
        """The values as whole numbers, `UNKNOWN_INTEGER` for unknown."""
        return PlainColumn(self.values).integers()[self.codes]

    def coded(self) -> tuple[Codes, Sequence[Any]]:
        """As they are."""
        return self.codes, self.values

    def mapped(self, cell: Callable[[Any], Any]) -> list[Any]:
        """What a function makes of each value. It is called once for each code."""
        cells = [cell(value) for value in self.values]
        return list(map(cells.__getitem__, self.codes.tolist()))


def rows_alike(columns: Sequence[Column]) -> tuple[Codes, list[tuple[Any, ...]]]:
    """A code of each row by its values in several columns, and the values of each code, each once.

    The codes follow the order in which the values come. Columns that share theirs, as the record's own do, cost next to
    nothing.
    """
    coded = [column.coded() for column in columns]
    arrays = list({id(codes): codes for codes, _ in coded}.values())
    joint, tuples = arrays[0], list(zip(*(values for _, values in coded), strict=len(arrays) == 1))
    if len(arrays) > 1 and joint.size:
        for further in arrays[1:]:
            first, joint = by_first(joint * (int(further.max()) + 1) + further)
        parts = [map(values.__getitem__, codes[first].tolist()) for codes, values in coded]
        tuples = list(zip(*parts, strict=True))
    numbers = _Numbered()
    renumbered = np.fromiter(map(numbers.__getitem__, tuples), np.int64, len(tuples))
    return renumbered[joint], list(numbers)


def by_first(numbers: NDArray[np.integer[Any]]) -> tuple[Codes, Codes]:
    """The first row of each number, in the order of the rows, and a code of each row into these.

    Numbers that rise from row to row need no sorting, nor do those that are codes already, from 0 on and not much more
    than there are rows. So whoever asks several times passes the codes of the first time.
    """
    rows = np.arange(numbers.size)
    if (numbers[1:] > numbers[:-1]).all():
        return rows, rows
    if int(numbers.min()) >= 0 and (most := int(numbers.max())) < _DENSE * numbers.size:
        first_of = np.empty(most + 1, dtype=np.int64)
        first_of[numbers[::-1]] = rows[::-1]  # of equal numbers the last assignment stays
        firsts = first_of[numbers]
    else:
        _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
        firsts = first[inverse]
    is_first = firsts == rows
    return np.flatnonzero(is_first), (np.cumsum(is_first) - 1)[firsts]


def taken(columns: Mapping[str, Column], rows: NDArray[np.intp]) -> dict[str, Column]:
    """Some rows of columns of one length. Of coded ones the values that occur there, in the order of the rows."""
    shared: dict[int, tuple[Codes, Codes]] = {}

    def of(column: Column) -> Column:
        if isinstance(column, NumberColumn):
            return NumberColumn(column.values[rows])
        if isinstance(column, JsonColumn):
            return JsonColumn([column.texts[row] for row in rows.tolist()])
        if not isinstance(column, CodedColumn):
            return PlainColumn([column[row] for row in rows.tolist()])
        if id(column.codes) not in shared:  # columns that share their codes still do
            some = column.codes[rows]
            first, codes = by_first(some)
            shared[id(column.codes)] = some[first], codes
        known, codes = shared[id(column.codes)]
        return CodedColumn(codes, [column.values[code] for code in known.tolist()])

    return {name: of(column) for name, column in columns.items()}


def rows_by_code(codes: Codes, count: int) -> list[NDArray[np.intp]]:
    """The rows of each code from 0 on, in their order."""
    order = stable_order(codes, count)
    return np.split(order, np.searchsorted(codes[order], np.arange(1, count)))


def stable_order(codes: NDArray[np.integer[Any]], count: int) -> NDArray[np.intp]:
    """Rows by their code, those of one code in their order. Codes are not negative and below `count`.

    Short numbers are sorted by their digits, which takes a tenth of the time.
    """
    is_short = count <= np.iinfo(np.int16).max
    return np.argsort(codes.astype(np.int16) if is_short else codes, kind="stable")
