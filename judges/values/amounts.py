"""The amounts texts state, each with what it is of: a currency, per cent, a unit of measurement, or nothing."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cached_property

from assay.judges.rubric import ValueKind
from assay.judges.values.extract import AMOUNTS, Value
from assay.judges.values.fractions import decimal
from assay.judges.values.numbers import plain
from assay.judges.values.signs import falls
from assay.judges.values.units import Quantities, akin, unit_name
from assay.judges.values.vague import few_of, spans_one_of, vague_size
from assay.judges.values.value_pattern import currency_code

_APPROXIMATE = re.compile(
    r"(?:about|around|approximately|approx\.?|roughly|nearly|almost|over|more than|less than|under|some|circa|close to"
    r"|~|≈)\s*$",
    re.IGNORECASE,
)
"""What stands before a value that is rounded: `about `."""

_ROUNDING = Decimal("0.05")
"""Relative difference up to which a rounded amount may lie from the one that is stated."""

_FEW_DIGITS = 2
"""Significant digits a number must show to be taken for the rounded form of a longer one."""

_SHARE_WORD = re.compile(
    r"(?:\b|_)(?:shares?|rates?|ratios?|percent\w{0,5}|per\scent|pct|proportions?|fractions?|probabilit\w{1,3}|growth"
    r"|yield|discount|margin|accuracy|prozent|quote|anteil)(?:\b|_)|(?<!\d)(?<!\d\s)[%٪]",
    re.IGNORECASE,
)
"""A word that lets a bare number be a percentage: `success rate: 12`. The sign of another number is none."""

_SHARE_COLUMN = re.compile(
    r"[(\[|,_]\s?(?:in\s)?(?:%|pct|percent\w{0,5})\s?[)\]|,\n\"]|\bin\s(?:%|percent)", re.IGNORECASE
)
"""A header that says so of a whole column: `Growth (%)`."""

_KEY = re.compile(r"[_ (]([a-zµ°/]{1,12})\)?[\"']?\s{0,2}[:=]\s{0,2}[\"']?$", re.IGNORECASE)
"""A key that ends in the unit of its number: `"total_cents": `."""

_CELL = re.compile(r"(?:[|,;\t:=]|\")\s{0,3}$")
"""What stands before the cell of a table or the value of a field: `| `."""

_BESIDE = 60
"""Characters beside a bare number among which a word may say that it is a share."""

_EITHER = re.compile(r"-?\d{1,3}\.\d{3}")
"""A number that is a thousand to some and one to others: `1.000`."""

_MOST_PLACES = 200
"""Places of one number that are looked at."""

YEAR = "year of a date"
"""What a number is of that is the year of a date: it is no quantity, but may be a count."""


class AmountIndex:
    """Amounts by what they are of. What is costly is made when first asked for."""

    def __init__(self, located: Iterable[tuple[Value, str]]) -> None:
        self._measures: dict[str, set[str]] = defaultdict(set)
        self._located: list[tuple[Value, str]] = []
        self._bare: dict[str, list[tuple[Value, str]]] = defaultdict(list)
        for value, text in located:
            if value.kind in AMOUNTS:
                self._add(value, text)
                self._located.append((value, text))
            elif value.kind is ValueKind.DATE and value.normal[4:] == "------" and value.normal[:4].isdecimal():
                before = text[max(0, value.start - 4) : value.start]
                self._measures[value.normal[:4]].update({YEAR, ""} if _CELL.search(before) else {YEAR})
                self._bare[value.normal[:4]].append((value, text))

    def _add(self, value: Value, text: str) -> None:
        """One stated amount, by both readings of what has two."""
        measures = set(_told_beside(value, text))
        for number in (number_of(value), *other_readings(value)):
            self._measures[number].update(measures)
            if "" in measures:
                self._bare[number].append((value, text))

    def has(self, number: str) -> bool:
        """Whether the number is stated, of whatever."""
        return number in self._measures

    def states(self, value: Value) -> bool:
        """Whether exactly this amount of the same is stated."""
        return measure_of(value) in self._measures.get(number_of(value), ())

    def carries(self, value: Value, before: str) -> bool:
        """Whether the amount is stated, is the same in another spelling, or nearly so where `before` allows it."""
        measure = measure_of(value)
        size = vague_size(value.normal) or few_of(value.text, before)
        if size is not None:
            return value.normal in self._measures or spans_one_of(size, self._counts(measure))
        numbers = [number_of(value), *other_readings(value)]
        if value.falls and numbers[0][0] not in "-0":
            numbers += [f"-{number}" for number in numbers]
        if any(self._compatible(measure, self._stated(number)) for number in numbers):
            return True
        if measure == "%" and any(self._is_share(number.lstrip("-")) for number in numbers):
            return True
        return any(self._converted(number, measure) for number in numbers) or self._nearly(numbers[0], measure, before)

    def _stated(self, number: str) -> set[str]:
        """What the number is stated of. A negative one may be a fall that words tell of."""
        known = self._measures.get(number, set())
        return known | self._fallen.get(number, set()) if number[0] == "-" else known

    @cached_property
    def _fallen(self) -> dict[str, set[str]]:
        """The amounts beside which words tell of a fall, with a minus. Few responses ask for a negative number."""
        fallen: dict[str, set[str]] = defaultdict(set)
        for value, text in self._located:
            if value.normal[0] not in "-0~" and falls(text, value.start, value.end):
                fallen[f"-{number_of(value)}"].update(_told_beside(value, text))
        return fallen

    def _compatible(self, measure: str, stated: Iterable[str]) -> bool:
        """Whether what is stated may be of `measure`: a bare number may be of anything but per cent."""
        known = set(stated)
        if not known or not measure:
            return bool(known)
        return not known.isdisjoint({measure, *akin(measure), "" if measure != "%" else measure})

    def _is_share(self, number: str) -> bool:
        """Whether the number stands bare where the text beside it, or the header of its column, says a share."""
        return any(
            _SHARE_WORD.search(text, max(0, value.start - _BESIDE), value.end + _BESIDE // 2)
            or self._has_share_column(text)
            for value, text in self._bare.get(number, ())[:_MOST_PLACES]
        )

    def _has_share_column(self, text: str) -> bool:
        if text not in self._share_columns:
            self._share_columns[text] = _SHARE_COLUMN.search(text) is not None
        return self._share_columns[text]

    @cached_property
    def _share_columns(self) -> dict[str, bool]:
        return {}

    def _converted(self, number: str, measure: str) -> bool:
        """Whether the same is stated in another unit."""
        amount = decimal(number)
        if amount is None:
            return False
        if any(
            not set(others).isdisjoint(self._measures.get(_plain(amount * factor), ()))
            for factor, others in _EQUALS.get(measure, ())
        ):
            return True
        return bool(measure) and self._quantities.hold(amount, measure)

    def _nearly(self, number: str, measure: str, before: str) -> bool:
        """Whether a longer amount is stated that rounds to this one, as 3.14159 to 3.14."""
        whole, _, fraction = number.partition(".")
        if fraction and len((whole + fraction).lstrip("-0")) >= _FEW_DIGITS:
            rounded = self._roundings.get(len(fraction), {}).get(number, ())
            if self._compatible(measure, rounded):
                return True
        return _APPROXIMATE.search(before[-20:]) is not None and self._near(number, measure)

    @cached_property
    def _quantities(self) -> Quantities:
        """Amounts with a unit."""
        return Quantities(
            (amount, measure)
            for number, measures in self._measures.items()
            if (amount := decimal(number)) is not None
            for measure in measures
        )

    @cached_property
    def _roundings(self) -> dict[int, dict[str, set[str]]]:
        """The stated decimal fractions, rounded to one, two and three places, with what they are of."""
        roundings: dict[int, dict[str, set[str]]] = {places: defaultdict(set) for places in (1, 2, 3)}
        for number, measures in self._measures.items():
            if "." in number and (fraction := decimal(number)) is not None:
                for places, rounded in roundings.items():
                    rounded[f"{fraction:.{places}f}"].update(measures)
        return roundings

    def _near(self, number: str, measure: str) -> bool:
        """Whether an amount of the same within 5 % is stated that has more digits, as 48,217 for 48,000."""
        wanted = decimal(number)
        if wanted is None:
            return False
        leeway = _ROUNDING * abs(wanted)
        amounts = self._sorted(measure)
        first, last = bisect_left(amounts, wanted - leeway), bisect_left(amounts, wanted + leeway)
        return any(
            _rounder(wanted, amount)
            for amount in amounts[first : min(last + 1, first + _MOST_NEAR)]
            if abs(amount - wanted) <= leeway
        )

    def _sorted(self, measure: str) -> list[Decimal]:
        """The stated amounts that may be of a measure, in order."""
        if measure not in self._in_order:
            self._in_order[measure] = sorted(
                amount
                for number, stated in self._measures.items()
                if self._compatible(measure, stated) and (amount := decimal(number)) is not None
            )
        return self._in_order[measure]

    def _counts(self, unit: str) -> list[Decimal]:
        """The amounts stated in this unit, in order. Without a unit, those that may count something."""
        amounts = ((number, stated) for number, stated in self._measures.items() if unit in stated)
        return sorted(amount for number, _ in amounts if (amount := decimal(number)) is not None)

    @cached_property
    def _in_order(self) -> dict[str, list[Decimal]]:
        return {}


_MOST_NEAR = 50
"""Amounts near a rounded one that are looked at."""

_CURRENCIES = ("USD", "EUR", "GBP", "INR", "CAD", "AUD")
_EQUALS: dict[str, tuple[tuple[Decimal, tuple[str, ...]], ...]] = {
    "": ((Decimal(100), ("%",)),),
    "%": ((Decimal("0.01"), ("",)), (Decimal(100), ("basis point",))),
    "basis point": ((Decimal("0.01"), ("%",)),),
    "cent": ((Decimal("0.01"), _CURRENCIES),),
    **{currency: ((Decimal(100), ("cent",)),) for currency in _CURRENCIES},
}
"""What else the same amount may be of, and by what factor: 12.5 % is a share of 0.125, $0.99 are 99 cents."""


def number_of(value: Value) -> str:
    """The number of an amount, with its sign."""
    return value.normal.partition(" ")[0]


def measure_of(value: Value) -> str:
    """What an amount is of. Empty for a bare number."""
    return value.normal.partition(" ")[2] or value.unit


def other_readings(value: Value) -> tuple[str, ...]:
    """`1.000` is a thousand to half of the world, and the 5 of `5-10 million` is five million to most."""
    written = value.text.split()[0] if value.text else ""
    thousands = (plain(written.replace(".", "")),) if _EITHER.fullmatch(written) else ()
    return (*thousands, value.shared.partition(" ")[0]) if value.shared else thousands


def _told_beside(value: Value, text: str) -> Iterator[str]:
    """What an amount is of, and what the key before a bare number says: `"total_cents": 4599`."""
    measure = measure_of(value)
    yield measure
    if not measure:
        key = _KEY.search(text, max(0, value.start - 24), value.start)
        told = (currency_code(key.group(1)) or unit_name(key.group(1))) if key else ""
        if told:
            yield told


def _rounder(wanted: Decimal, amount: Decimal) -> bool:
    """Whether a rounded amount shows fewer digits than the one it stands for, or ends in 5 as roundings do."""
    digits, more = _significant(wanted), _significant(amount)
    return len(digits) < len(more) or wanted == amount or (len(digits) == len(more) and digits[-1:] == "5")


def _significant(amount: Decimal) -> str:
    return f"{abs(amount):f}".replace(".", "").strip("0")


def _plain(amount: Decimal) -> str:
    negative = amount < 0
    return ("-" if negative else "") + plain(f"{abs(amount):f}")
