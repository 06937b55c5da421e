"""A value of a claim beside a value of a cell: cells often leave out the unit that their column has."""

from __future__ import annotations

import re

from assay.judges.rubric import ValueKind
from assay.judges.values import Value
from assay.judges.values.units import dimension_of


def _amount(value: Value) -> str:
    return value.normal.partition(" ")[0].strip("-")


_CURRENCY = re.compile(r"usd|eur|gbp|chf|jpy|[$€£¥]", re.IGNORECASE)
"""What tells a column's currency: `usd` in `price_usd`."""


def carries(value: Value, cell: Value, column: str) -> bool:
    """Whether a cell has a claim's value, its unit included where either the cell or the column tells it."""
    if not same(value, cell) or not comparable(value, cell) or value.normal[0] == "-" != cell.normal[0]:
        return False
    if value.kind is ValueKind.MONEY and cell.kind is not ValueKind.MONEY:
        told = _CURRENCY.search(column)
        return told is None or told.group().upper() in (value.normal.partition(" ")[2], value.text[0])
    return value.kind is not ValueKind.PERCENT or cell.kind is ValueKind.PERCENT


def dated(value: Value) -> bool:
    """Whether a value is a date or a time. Four digits alone may be any number."""
    return value.kind is ValueKind.DATE and not value.text.isdigit()


def same(value: Value, other: Value) -> bool:
    """Whether a claim's value is a cell's; a cell need not repeat the unit its column has."""
    if dated(value) or dated(other):
        return value.kind is other.kind and _same_time(value.normal, other.normal)
    return _amount(value) == _amount(other)


def _same_time(first: str, second: str) -> bool:
    """Whether two dates are the same, or two times where one does not say which half of the day it means."""
    if first.rstrip("~") == second.rstrip("~"):
        return True
    if first[0] != "T" or second[0] != "T" or not (first.endswith("~") or second.endswith("~")):
        return False
    hours = [int(time[1:3]) % 12 for time in (first, second)]
    return hours[0] == hours[1] and first[3:6] == second[3:6]


def comparable(value: Value, other: Value) -> bool:
    """Whether a claim's value and a cell's may be of the same attribute."""
    if dated(value) or dated(other):
        return value.kind is other.kind and (value.normal[0] == "T") == (other.normal[0] == "T")
    if value.kind is other.kind or ValueKind.DATE in (value.kind, other.kind):
        return (
            value.kind is not ValueKind.NUMBER
            or not value.unit
            or not other.unit
            or (dimension_of(value.unit) == dimension_of(other.unit))
        )
    return other.kind is ValueKind.NUMBER and not other.unit


def rounds(value: Value, other: Value) -> bool:
    """Whether the claim's number is near enough to a cell's to be a rounding of it."""
    if dated(value) or dated(other):
        return False
    try:
        claimed, given = float(_amount(value)), float(_amount(other))
    except ValueError:
        return False
    return round(given) == claimed or (abs(claimed - given) < 0.01 * abs(given))
