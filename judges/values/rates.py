"""Amounts per span of time: `60 bottles a minute` are 3,600 an hour."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from assay.judges.values.fractions import decimal
from assay.judges.values.measures import measure_of, number_of
from assay.judges.values.units import in_unit
from assay.judges.values.value import AMOUNTS, Value

_PER = re.compile(
    r"(?:[\s-]{0,2}[^\W\d_]{1,20}){0,3}?\s?(?:\bper\s|\ban?\s|\beach\s|\bevery\s|/\s?)"
    r"(second|minute|hour|day|week|month|quarter|year)\b",
    re.IGNORECASE,
)
"""What follows an amount that is told per span of time, e.g. ` bottles a minute`."""

_ADVERB = re.compile(
    r"(?:[\s-]{0,2}[^\W\d_]{1,20}){0,2}?\s(hourly|daily|weekly|monthly|quarterly|yearly|annually)\b", re.I
)
"""The same in one word, e.g. ` euros yearly`."""

_OF_ADVERB = {"daily": "day", "annual": "year", "annually": "year"}

_REACH = 60
"""Characters behind an amount among which its span of time is named."""

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_CALENDAR = {("week", "year"): 52, ("day", "year"): 365}


_PERIOD = re.compile(
    r"\b(?:(?:per|an?|each|every|one)\s|/\s?)(second|minute|hour|day|week|month|quarter|year)\b"
    r"|\b(hourly|daily|weekly|monthly|quarterly|yearly|annual(?:ly)?)\b",
    re.IGNORECASE,
)
"""A span of time something is told per, e.g. `a year`, `monthly`."""


def periods_in(sentence: str) -> set[str]:
    """The spans of time that something in the sentence may be told per."""
    return {(named or _named(adverb)).lower() for named, adverb in _PERIOD.findall(sentence)}


def _period_after(text: str, end: int) -> str:
    """The span of time an amount that ends there is told per: `hour`. Empty for most."""
    match = _PER.match(text, end, end + _REACH)
    if match:
        return match.group(1).lower()
    match = _ADVERB.match(text, end, end + _REACH)
    return _named(match.group(1)) if match else ""


def _named(adverb: str) -> str:
    """`monthly` → `month`."""
    low = adverb.lower()
    return _OF_ADVERB.get(low) or low.removesuffix("ly")


def rates(located: Iterable[tuple[Value, str]]) -> Iterator[tuple[Decimal, str, str]]:
    """The amounts that are stated per span of time, with what they are of and the span."""
    for value, text in located:
        if value.kind in AMOUNTS and (period := _period_after(text, value.end)):
            amount = decimal(number_of(value))
            if amount is not None:
                yield amount, measure_of(value), period


def is_rate(amount: Decimal, measure: str, period: str, stated: Iterable[tuple[Decimal, str, str]]) -> bool:
    """Whether the same is stated per another span of time, up to a rounding of half a per cent."""
    return any(
        per != period and (told := in_unit(other * factor, of, measure)) is not None and _is_near(told, amount)
        for other, of, per in stated
        for factor in _factors(per, period)
    )


def _is_near(told: Decimal, amount: Decimal) -> bool:
    return abs(told - amount) * 200 <= abs(amount)


def _factors(per: str, wanted: str) -> Iterator[Decimal]:
    """By what an amount per one span is multiplied to be one per another."""
    for sizes in (_SECONDS, _MONTHS):
        if per in sizes and wanted in sizes:
            yield Decimal(sizes[wanted]) / sizes[per]
    if (per, wanted) in _CALENDAR:
        yield Decimal(_CALENDAR[per, wanted])
    if (wanted, per) in _CALENDAR:
        yield 1 / Decimal(_CALENDAR[wanted, per])
