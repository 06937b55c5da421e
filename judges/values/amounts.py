"""The amounts texts state, each with what it is of: a currency, per cent, a unit of measurement, or nothing."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal
from functools import cached_property

from assay.judges.rubric import ValueKind
from assay.judges.values.currencies import CODE, SIGN, currency, currency_code
from assay.judges.values.fractions import decimal
from assay.judges.values.measures import (
    by_comma,
    by_points,
    is_compatible,
    is_share,
    measure_of,
    number_of,
    other_readings,
    plain_amount,
)
from assay.judges.values.rounding import RoundedAmounts
from assay.judges.values.scales import factor_of
from assay.judges.values.signs import falls
from assay.judges.values.units import Quantities, unit_name
from assay.judges.values.vague import few_of, spans_one_of, vague_size
from assay.judges.values.value import AMOUNTS, Value

__all__ = ["YEAR", "AmountIndex", "measure_of", "number_of"]

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

_MONEY_COLUMN = re.compile(
    rf"[(\[](?:in\s)?(?P<sign>{SIGN}|{CODE})[\s-]?(?P<scale>[a-z]{{1,12}}\.?)[)\]]", re.IGNORECASE
)
"""A header that says so of the amounts of a column: `Revenue (€m)`, `Sales (USD million)`."""

_KEY = re.compile(r"[_ (]([a-zµ°/]{1,12})\)?[\"']?\s{0,2}[:=]\s{0,2}[\"']?$", re.IGNORECASE)
"""A key that ends in the unit of its number: `"total_cents": `."""

_CELL = re.compile(r"(?:[|,;\t:=]|\")\s{0,3}$")
"""What stands before the cell of a table or the value of a field: `| `."""

_BESIDE = 60
"""Characters beside a bare number among which a word may say that it is a share."""

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
            if is_share(value):
                continue
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
        if any(is_compatible(measure, self._stated(number)) for number in numbers):
            return True
        if measure == "%" and any(self._is_share(number.lstrip("-")) for number in numbers):
            return True
        if any(self._converted(number, measure) for number in numbers) or self._read_otherwise(value, measure):
            return True
        return self._rounded.carries(value, numbers, before)

    def nears_share(self, percent: str) -> bool:
        """Whether a percentage is stated that words as `a third` may stand for."""
        return self._rounded.has_within(percent, "%", Decimal(1))

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
            not set(others).isdisjoint(self._measures.get(plain_amount(amount * factor), ()))
            for factor, others in _EQUALS.get(measure, ())
        ):
            return True
        return bool(measure) and (self._quantities.hold(amount, measure) or self._in_column(amount, measure))

    def _in_column(self, amount: Decimal, measure: str) -> bool:
        """Whether the number stands bare in a table whose header says currency and magnitude: `Revenue (€m)`."""
        return any(
            plain_amount(amount / factor) in self._bare for told, factor in self._money_columns if told == measure
        )

    @cached_property
    def _money_columns(self) -> set[tuple[str, int]]:
        texts = dict.fromkeys(text for _, text in self._located)
        headers = (match for text in texts for match in _MONEY_COLUMN.finditer(text))
        told = {(currency(match.group("sign").strip()), factor_of(match.group("scale"))) for match in headers}
        return {(code, factor) for code, factor in told if factor}

    @cached_property
    def _quantities(self) -> Quantities:
        """Amounts with a unit."""
        return Quantities(
            (amount, measure)
            for number, measures in self._measures.items()
            if (amount := decimal(number)) is not None
            for measure in measures
        )

    def _read_otherwise(self, value: Value, measure: str) -> bool:
        """Whether the value is stated in another unit by who writes a comma for a point: 7.845 meter, 7,845 km."""
        amount = by_comma(value)
        if amount is not None:
            return self._by_points.hold(amount, measure)
        amount = by_points(value)
        return amount is not None and self._by_comma.hold(amount, measure)

    @cached_property
    def _by_points(self) -> Quantities:
        stated = ((by_points(value), measure_of(value)) for value, _ in self._located)
        return Quantities((amount, measure) for amount, measure in stated if amount is not None)

    @cached_property
    def _by_comma(self) -> Quantities:
        stated = ((by_comma(value), measure_of(value)) for value, _ in self._located)
        return Quantities((amount, measure) for amount, measure in stated if amount is not None)

    @cached_property
    def _rounded(self) -> RoundedAmounts:
        return RoundedAmounts(self._measures, self._quantities)

    def _counts(self, unit: str) -> list[Decimal]:
        """The amounts stated in this unit, in order. Without a unit, those that may count something."""
        amounts = ((number, stated) for number, stated in self._measures.items() if unit in stated)
        return sorted(amount for number, _ in amounts if (amount := decimal(number)) is not None)


_CURRENCIES = ("USD", "EUR", "GBP", "INR", "CAD", "AUD")
_EQUALS: dict[str, tuple[tuple[Decimal, tuple[str, ...]], ...]] = {
    "": ((Decimal(100), ("%",)),),
    "%": ((Decimal("0.01"), ("",)), (Decimal(100), ("basis point",))),
    "basis point": ((Decimal("0.01"), ("%",)),),
    "cent": ((Decimal("0.01"), _CURRENCIES),),
    **{currency: ((Decimal(100), ("cent",)),) for currency in _CURRENCIES},
}
"""What else the same amount may be of, and by what factor: 12.5 % is a share of 0.125, $0.99 are 99 cents."""


def _told_beside(value: Value, text: str) -> Iterator[str]:
    """What an amount is of, and what the key before a bare number says: `"total_cents": 4599`."""
    measure = measure_of(value)
    yield measure
    if not measure:
        key = _KEY.search(text, max(0, value.start - 24), value.start)
        told = (currency_code(key.group(1)) or unit_name(key.group(1))) if key else ""
        if told:
            yield told
