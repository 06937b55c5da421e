"""Columns of many rows, as numpy takes them: numbers as arrays, and few texts as a code of each row and the texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, overload

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.int64]
Floats = NDArray[np.float64]

UNKNOWN_INTEGER = -(2**63)
"""What stands in an array of whole numbers for an unknown one. The record's own go down to -(2**63 - 1)."""


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


class PlainColumn(list[Any]):
    """Any values, as a list."""

    def floats(self) -> Floats:
        """The values as numbers, NaN for unknown."""
        return np.array(self, dtype=np.float64)

    def integers(self) -> Codes:
        """The values as whole numbers."""
        return np.array([UNKNOWN_INTEGER if value is None else value for value in self], dtype=np.int64)

    def coded(self) -> tuple[Codes, Sequence[Any]]:
        """Equal values have one code. They must be hashable."""
        numbers: dict[Any, int] = {}
        codes = np.fromiter((numbers.setdefault(value, len(numbers)) for value in self), np.int64, len(self))
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
            return [self.values[code] for code in self.codes[at].tolist()]
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
        return [cells[code] for code in self.codes.tolist()]


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
        tuples = [tuple(values[codes[row]] for codes, values in coded) for row in first.tolist()]
    numbers: dict[tuple[Any, ...], int] = {}
    renumbered = np.array([numbers.setdefault(known, len(numbers)) for known in tuples], dtype=np.int64)
    return renumbered[joint], list(numbers)


def by_first(numbers: Codes) -> tuple[Codes, Codes]:
    """The first row of each number, in the order of the rows, and a code of each row into these."""
    _, first, codes = np.unique(numbers, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    return first[order], rank[codes]


def rows_by_code(codes: Codes, count: int) -> list[NDArray[np.intp]]:
    """The rows of each code from 0 on, in their order."""
    order = np.argsort(codes, kind="stable")
    return np.split(order, np.searchsorted(codes[order], np.arange(1, count)))
