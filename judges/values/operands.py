"""The amounts, dates and times of a text, ready to be calculated with."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cached_property
from itertools import chain, combinations, islice, pairwise

from assay.judges.rubric import ValueKind
from assay.judges.values.measures import is_share
from assay.judges.values.portions import changes, portions
from assay.judges.values.rates import rates
from assay.judges.values.units import in_unit
from assay.judges.values.value import Value

LONGEST = 15
"""Digits of a number that takes part. Longer ones are identifiers."""

_NEXT_IN_LIST = 8
"""Characters between two amounts of one list: `, ` or ` and `."""

_FAR_IN_LIST = 30
"""The same where each amount says what it counts: `120 bikes in April, 150 in May`."""

_FAR_IN_STEP = 40
"""Characters between two amounts of which one follows the other: `from 8.2% last year to 6.9%`."""

_LONGEST_ROW = 8
"""Amounts of a row of which parts are looked at."""

_MOST_ROWS = 100
"""Such rows."""

_MOST_RATES = 500
"""Amounts per span of time that are looked at."""


class Operands:
    """The amounts a text states, by what can be calculated with each other. Each kind and unit is looked up once."""

    def __init__(self, stated: Iterable[Value], located: Sequence[tuple[Value, str]] = ()) -> None:
        listed = [value for value in stated if not is_share(value)]
        self._stated = {(value.kind, value.normal, value.unit): value for value in listed}.values()
        self._located = located
        self._listed = listed
        self._known: dict[tuple[ValueKind, str], list[Decimal]] = {}
        self._totals: dict[tuple[ValueKind, str, bool], set[tuple[Decimal, int]]] = {}
        self._steps: dict[tuple[ValueKind, str], set[Decimal]] = {}

    def like(self, value: Value) -> list[Decimal]:
        """Amounts that may be added to, subtracted from or divided by each other to give the value, in order."""
        key = value.kind, amount_of(value)[1]
        if key not in self._known:
            self._known[key] = sorted({amount for other in self._stated for amount in _operand(*key, other)})
        return self._known[key]

    def totals_like(self, value: Value, *, in_parts: bool = False) -> set[tuple[Decimal, int]]:
        """Sums of amounts listed in a row, or in a part of one, that may give the value, and how many were added."""
        unit = amount_of(value)[1]
        key = value.kind, unit, in_parts
        if key not in self._totals:
            rows = self._parts if in_parts else self._rows
            self._totals[key] = set(_totals((row for row in rows if row[0].kind is value.kind), unit))
        return self._totals[key]

    def steps_like(self, value: Value) -> set[Decimal]:
        """The differences of two amounts that follow each other, of what the value is of."""
        key = value.kind, amount_of(value)[1]
        if key not in self._steps:
            pairs = [(first, second) for first, second in self._pairs if second.kind is value.kind]
            self._steps[key] = set(_differences(pairs, key[1]))
        return self._steps[key]

    @cached_property
    def _rows(self) -> list[list[Value]]:
        rows = chain(_lists(self._listed, _NEXT_IN_LIST), _lists(self._listed, _FAR_IN_LIST))
        return list(islice(rows, _MOST_ROWS))

    @cached_property
    def _parts(self) -> list[list[Value]]:
        """What follows each other in rows that may go on with what is no part of the list."""
        rows = [row for row in _lists(self._listed, _FAR_IN_LIST) if 2 < len(row) <= _LONGEST_ROW][:_MOST_ROWS]
        return [row[i:j] for row in rows for i, j in combinations(range(len(row) + 1), 2) if j - i > 1]

    @cached_property
    def _pairs(self) -> list[tuple[Value, Value]]:
        return [pair for row in _lists(self._listed, _FAR_IN_STEP) for pair in pairwise(row)]

    @cached_property
    def portions(self) -> frozenset[Decimal]:
        """The amounts the texts state as a share of a number."""
        return frozenset(portions(self._texts))

    @cached_property
    def changes(self) -> frozenset[Decimal]:
        """What the changes in per cent that the texts state multiply by."""
        return frozenset(changes(self._texts))

    @cached_property
    def rates(self) -> list[tuple[Decimal, str, str]]:
        """The amounts the texts state per span of time."""
        return list(islice(rates(self._located), _MOST_RATES))

    @cached_property
    def _texts(self) -> list[str]:
        return list(dict.fromkeys(text for _, text in self._located))

    @cached_property
    def days(self) -> list[date]:
        """The full dates the text states, in order."""
        normals = {value.normal for value in self._stated if value.kind is ValueKind.DATE}
        return sorted(day for normal in normals if (day := _day(normal)) is not None)

    @cached_property
    def years(self) -> list[int]:
        """The years of all dates the text states, in order."""
        normals = (value.normal for value in self._stated if value.kind is ValueKind.DATE)
        return sorted({int(normal[:4]) for normal in normals if normal[:4].isdecimal()})

    @cached_property
    def clocks(self) -> list[int]:
        """The times of day the text states, in minutes, in order."""
        times = {value.normal for value in self._stated if value.kind is ValueKind.DATE and value.normal[0] == "T"}
        return sorted({60 * int(time[1:3]) + int(time[4:6]) for time in times})


def _operand(kind: ValueKind, unit: str, other: Value) -> Iterator[Decimal]:
    """The amount of a stated value, where a value of that kind and unit may come from it."""
    if other.kind is ValueKind.DATE and unit == "year" and re.fullmatch(r"\d{4}-{6}", other.normal):
        yield Decimal(other.normal[:4])
        return
    amount, other_unit = amount_of(other)
    comparable = other.kind is kind or (kind is ValueKind.PERCENT and other.kind in (ValueKind.NUMBER, ValueKind.MONEY))
    if amount is None or not comparable:
        return
    if kind is ValueKind.PERCENT or other_unit == unit:
        yield amount
    elif unit and (converted := in_unit(amount, other_unit, unit)) is not None:
        yield converted


def _totals(rows: Iterable[Sequence[Value]], unit: str) -> Iterator[tuple[Decimal, int]]:
    """The sums of the rows whose amounts are of the unit, or whose last one is."""
    for row in rows:
        told = [amount_of(other) for other in row]
        if not unit or all(other in ("", unit) for _, other in told) or told[-1][1] == unit:
            amounts = [amount for amount, _ in told if amount is not None]
            yield sum(amounts, Decimal(0)), len(amounts)


def _differences(pairs: Iterable[tuple[Value, Value]], unit: str) -> Iterator[Decimal]:
    for first, second in pairs:
        (before, unit_before), (after, unit_after) = amount_of(first), amount_of(second)
        if before is not None and after is not None and unit == unit_after and unit_before in ("", unit):
            yield abs(after - before)


def amount_of(value: Value) -> tuple[Decimal | None, str]:
    """The amount and its unit, currency or sign. None where there is none to calculate with."""
    if value.kind not in (ValueKind.NUMBER, ValueKind.MONEY, ValueKind.PERCENT):
        return None, ""
    written, _, sign = value.normal.partition(" ")
    if len(written) > LONGEST:
        return None, ""
    try:
        return Decimal(written), sign or value.unit
    except InvalidOperation:
        return None, ""


def _lists(stated: Iterable[Value], gap: int) -> Iterator[list[Value]]:
    """Amounts of one kind in a row, with so many characters between them: a comma or a word in `4, 5 and 9`.

    Where there is room for more than that, dates may stand between: `120 in 2020, 150 in 2021`.
    """
    row: list[Value] = []
    for value in stated:
        if value.kind is ValueKind.DATE and gap > _NEXT_IN_LIST:
            continue
        follows = bool(row) and row[-1].kind is value.kind and 0 < value.start - row[-1].end <= gap
        if not follows:
            if len(row) > 1:
                yield row
            row = []
        if amount_of(value)[0] is not None:
            row.append(value)
    if len(row) > 1:
        yield row


def _day(normal: str) -> date | None:
    try:
        return date.fromisoformat(normal)
    except ValueError:
        return None
