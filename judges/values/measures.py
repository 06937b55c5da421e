"""The number of an amount, what it is of, and how else it may be read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from assay.judges.rubric import ValueKind
from assay.judges.values.fractions import decimal
from assay.judges.values.numbers import plain
from assay.judges.values.units import akin
from assay.judges.values.value import Value

_EITHER = re.compile(r"\D{0,4}\d{1,3}\.\d{3}(?![\d.,])")
"""A number that is a thousand to some and one to others: `1.000`."""

_LONE_COMMA = re.compile(r"\D{0,4}\d{1,3},\d{3}(?![\d.,])")
"""The same the other way round: `7,845`."""


def number_of(value: Value) -> str:
    """The number of an amount, with its sign."""
    return value.normal.partition(" ")[0]


def measure_of(value: Value) -> str:
    """What an amount is of. Empty for a bare number."""
    return value.normal.partition(" ")[2] or value.unit


def is_share(value: Value) -> bool:
    """Whether the value is a share told in words: `two thirds of`."""
    return value.kind is ValueKind.PERCENT and value.text[:1].isalpha() and value.text[-2:].lower() == "of"


def other_readings(value: Value) -> tuple[str, ...]:
    """`1.000` is a thousand to half of the world, and the 5 of `5-10 million` is five million to most."""
    number = by_points(value)
    thousands = (plain_amount(number),) if number is not None else ()
    return (*thousands, value.shared.partition(" ")[0]) if value.shared else thousands


def by_points(value: Value) -> Decimal | None:
    """The amount where a lone point parts thousands: `7.845` → 7845. None where it has no such point."""
    number = decimal(number_of(value)) if "." in value.text and _EITHER.match(value.text) else None
    return number and number * 1000


def by_comma(value: Value) -> Decimal | None:
    """The amount where a lone comma begins the fraction: `7,845` → 7.845. None where it has no such comma."""
    number = decimal(number_of(value)) if "," in value.text and _LONE_COMMA.match(value.text) else None
    return number and number / 1000


def is_compatible(measure: str, stated: Iterable[str]) -> bool:
    """Whether what is stated may be of `measure`: a bare number may be of anything but per cent."""
    known = set(stated)
    if not known or not measure:
        return bool(known)
    return not known.isdisjoint({measure, *akin(measure), "" if measure != "%" else measure})


def plain_amount(amount: Decimal) -> str:
    """The plain form of an amount to calculate with."""
    return ("-" if amount < 0 else "") + plain(f"{abs(amount):f}")


def significant(amount: Decimal) -> str:
    """The digits of an amount without the zeros at its ends."""
    return f"{abs(amount):f}".replace(".", "").strip("0")
