"""Ages and spans of time that lie between two dates or times a text states."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import combinations
from typing import Protocol

from assay.judges.rubric import ValueKind
from assay.judges.values.operation_words import AGE, DURATION
from assay.judges.values.value import Value

_DAYS = {"day": 1, "week": 7}
_MONTHS = {"month": 1, "year": 12}
_MINUTES = {"hour": 60, "minute": 1}

_MOST_MOMENTS = 8
"""With more dates about, some two of them give nearly any span by chance."""


class Moments(Protocol):
    """The dates and times a text states, each in order."""

    @property
    def days(self) -> list[date]:
        """Full dates."""

    @property
    def years(self) -> list[int]:
        """Years of all dates."""

    @property
    def clocks(self) -> list[int]:
        """Times of day in minutes."""


def is_between(value: Value, amount: Decimal, sentence: str, moments: Moments) -> bool:
    """Whether the value is an age or a time between two of the dates or times that are stated."""
    if value.kind is not ValueKind.NUMBER:
        return False
    if value.unit in ("", "year") and AGE.search(sentence):
        gaps = _gaps(moments.years)
        return amount in gaps or (bool(moments.days) and amount + 1 in gaps)
    return DURATION.search(sentence) is not None and _is_time_between(value.unit, amount, moments)


def _is_time_between(unit: str, amount: Decimal, moments: Moments) -> bool:
    """Whether so many of the unit lie between two of the dates or times. Days may be counted with the first one."""
    if unit in _MINUTES:
        return amount * _MINUTES[unit] in _gaps(moments.clocks)
    days = [day.toordinal() for day in moments.days]
    if unit in _DAYS:
        gaps = _gaps(days)
        return amount * _DAYS[unit] in gaps or (unit == "day" and amount - 1 in gaps)
    if unit not in _MONTHS:
        return False
    wanted = amount * _MONTHS[unit]
    if wanted in _gaps([12 * day.year + day.month for day in moments.days]):
        return True
    # From 1 July to the 30 June three years later: the last day counts.
    following = [date.fromordinal(day + 1) for day in days if day < date.max.toordinal()]
    starts = [(12 * day.year + day.month, day.day) for day in moments.days]
    ends = [(12 * day.year + day.month, day.day) for day in following]
    few = len(days) <= _MOST_MOMENTS
    return few and any(end[0] - start[0] == wanted and end[1] == start[1] for start in starts for end in ends)


def _gaps(moments: Sequence[int]) -> set[int]:
    """What lies between any two of few moments. Nothing where there are many."""
    return {abs(a - b) for a, b in combinations(moments, 2)} if len(moments) <= _MOST_MOMENTS else set()
