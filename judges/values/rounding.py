"""Amounts a response does not repeat to the last digit: rounded ones, and bounds of another amount."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property

from assay.judges.values.bounds import exactness
from assay.judges.values.fractions import decimal
from assay.judges.values.measures import is_compatible, measure_of, significant
from assay.judges.values.numbers import plain
from assay.judges.values.units import Quantities, akin, dimension_of
from assay.judges.values.value import Value

_ROUNDING = Decimal("0.05")
"""Relative difference up to which a rounded amount may lie from the one that is stated."""

_FARTHEST = {"more": Decimal("1.5"), "less": Decimal("1.5"), "least": Decimal("1.1"), "most": Decimal("1.1")}
"""How much larger the one of an amount and its bound may be: nobody says of 900 `more than 100`. What is at least or
at most an amount is often not that amount but a limit, so that another one is wrong."""

_LOWER = ("more", "least")
"""Words by which the amount is larger than what stands in its place."""

_FEW_DIGITS = 2
"""Significant digits a number must show to be taken for the rounded form of a longer one."""

_WRITTEN = re.compile(r"\D{0,4}(\d[\d.,]{0,20})\D")
"""The digits of an amount that is written with a scale: `1.23 million`."""

_MOST_NEAR = 50
"""Amounts near a rounded one that are looked at."""


class RoundedAmounts:
    """Stated amounts, to ask for one that is told less exactly.

    Args:
        measures: what each stated number is of.
        quantities: the stated amounts with a unit.
    """

    def __init__(self, measures: Mapping[str, set[str]], quantities: Quantities) -> None:
        self._measures = measures
        self._quantities = quantities
        self._in_order: dict[tuple[str, bool], list[Decimal]] = {}

    def carries(self, value: Value, numbers: list[str], before: str) -> bool:
        """Whether a stated amount may be told as `value` after these words.

        Args:
            value: from the response.
            numbers: the readings of its number.
            before: the response's text just before it.
        """
        measure = measure_of(value)
        if not self._measures:
            return False
        if self._rounds(numbers[0], measure):
            return True
        meant = exactness(before)
        if meant == "exact":
            return False
        if meant in _FARTHEST:
            farthest = _FARTHEST[meant]
            return any(self._bounds(number, measure, farthest, is_lower=meant in _LOWER) for number in numbers)
        if self._rounds_to_scale(value, numbers[0], measure):
            return True
        return meant != "" and any(self._near(number, measure, only_below=meant == "nearly") for number in numbers)

    def _rounds(self, number: str, measure: str) -> bool:
        """Whether a longer amount is stated that rounds to this one, as 3.14159 to 3.14."""
        whole, _, fraction = number.partition(".")
        if not fraction or len((whole + fraction).lstrip("-0")) < _FEW_DIGITS:
            return False
        return is_compatible(measure, self._roundings.get(len(fraction), {}).get(number, ()))

    @cached_property
    def _roundings(self) -> dict[int, dict[str, set[str]]]:
        """The stated decimal fractions, rounded to one, two and three places, with what they are of."""
        roundings: dict[int, dict[str, set[str]]] = {places: defaultdict(set) for places in (1, 2, 3)}
        for number, measures in self._measures.items():
            if "." in number and (fraction := decimal(number)) is not None:
                for places, rounded in roundings.items():
                    rounded[f"{fraction:.{places}f}"].update(measures)
        return roundings

    def _rounds_to_scale(self, value: Value, number: str, measure: str) -> bool:
        """Whether a longer amount is stated that rounds to one written with a scale, as 1,234,567 to 1.2 million."""
        written = _WRITTEN.match(value.text)
        wanted = decimal(number)
        shows = sum(map(str.isdigit, value.text))
        if written is None or not wanted or shows >= len(number.partition(".")[0].lstrip("-")):
            return False
        shown = plain(written.group(1).rstrip(".,"))
        digits = decimal(shown)
        if not digits or (len(significant(digits)) < _FEW_DIGITS and "." not in shown):
            return False
        half_step = abs(wanted / digits).scaleb(-len(shown.partition(".")[2])) / 2
        amounts = self._sorted(measure, only_same=False)
        first, last = bisect_left(amounts, wanted - half_step), bisect_right(amounts, wanted + half_step)
        return any(_is_longer(wanted, amount) for amount in amounts[first : min(last, first + _MOST_NEAR)])

    def _bounds(self, number: str, measure: str, farthest: Decimal, *, is_lower: bool) -> bool:
        """Whether an amount of the same is stated beyond a lower or below an upper bound, and not far from it."""
        bound = decimal(number)
        if bound is None or bound <= 0:
            return False
        least, most = (bound, bound * farthest) if is_lower else (bound / farthest, bound)
        if dimension_of(measure):
            return self._quantities.span(least, most, measure)
        amounts = self._sorted(measure, only_same=True)
        first = bisect_right(amounts, least)
        return first < len(amounts) and amounts[first] < most

    def has_within(self, number: str, measure: str, leeway: Decimal) -> bool:
        """Whether an amount of the same is stated that lies so near."""
        amounts, wanted = self._sorted(measure, only_same=True), Decimal(number)
        first = bisect_left(amounts, wanted - leeway)
        return first < len(amounts) and amounts[first] <= wanted + leeway

    def _near(self, number: str, measure: str, *, only_below: bool) -> bool:
        """Whether an amount of the same within 5 % is stated that has more digits, as 48,217 for 48,000."""
        wanted = decimal(number)
        if wanted is None:
            return False
        leeway = _ROUNDING * abs(wanted)
        amounts = self._sorted(measure, only_same=False)
        first = bisect_left(amounts, wanted - leeway)
        last = bisect_right(amounts, wanted if only_below else wanted + leeway)
        return any(_is_longer(wanted, amount) for amount in amounts[first : min(last, first + _MOST_NEAR)])

    def _sorted(self, measure: str, *, only_same: bool) -> list[Decimal]:
        """The stated amounts that are of a measure, or else may be, in order."""
        key = measure, only_same
        if key not in self._in_order:
            same = {measure, *akin(measure)}
            self._in_order[key] = sorted(
                amount
                for number, stated in self._measures.items()
                if (not same.isdisjoint(stated) if only_same else is_compatible(measure, stated))
                and (amount := decimal(number)) is not None
            )
        return self._in_order[key]


def _is_longer(wanted: Decimal, amount: Decimal) -> bool:
    """Whether a rounded amount shows fewer digits than the one it stands for, or ends in 5 as roundings do."""
    digits, more = significant(wanted), significant(amount)
    return len(digits) < len(more) or wanted == amount or (len(digits) == len(more) and digits[-1:] == "5")
