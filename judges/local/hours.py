"""Opening hours: the times a record gives for each weekday, and whether a sentence tells them so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBER = {name[:3]: number for number, name in enumerate(_NAMES)}
_DAY = r"(mon|tue|wed|thu|fri|sat|sun)(?:day|s|sday|nesday|rsday|urday|r|rs)?s?\b\.?"
_RANGE = re.compile(rf"\b{_DAY}(?:\s?(?:-|–|—|to|through|thru|until|till)\s?{_DAY})?", re.IGNORECASE)
"""A weekday or a range of them: `Mon-Fri`, `Saturday`."""

_EVERY_DAY = re.compile(
    r"\b(?:every\s?day|daily|seven days|7 days|all week|each day|weekdays?|weekends?)\b", re.IGNORECASE
)
"""Words for several days: `daily`, `weekends`."""

_TIME = re.compile(
    r"(?<![\d:.$])(\d{1,2})(?::(\d{1,2}))?\s?([ap])\.?m\b|(?<![\d:])(\d{1,2}):(\d{1,2})(?![\d:])|\b(noon|midnight)\b",
    re.IGNORECASE,
)
"""A time of day: `9:30 am`, `17:00`, `noon`."""

_MAY_TELL_TIME = re.compile(r"\d|noon|midnight", re.IGNORECASE)
"""What every time has, as `noon` or a digit. Most sentences tell none."""

_OPEN = re.compile(r"\d{1,2}:\d{1,2}\s?[-–]\s?\d{1,2}:\d{1,2}")
"""Opening hours in a record: `9:0-17:30`."""

_MAY_OPEN = re.compile(r":(?<=\d:)\d{1,2}\s?[-–]\s?\d{1,2}:\d")
"""The same from its first colon on, as in `9:0-17:30`.

The colon comes first, so that the engine can skip to the next of them at once: most texts give no hours.
"""

_DAY_BEFORE = re.compile(rf"\b{_DAY}[\"']?\s?:\s?[\"']?$", re.IGNORECASE)
"""The weekday just before opening hours: `'Monday': '`."""

_LOOKBACK = 20

HALF_DAY = 720
"""Minutes. A time without am or pm may mean either half."""


class OpeningHours:
    """The times, in minutes, that the evidence gives for each weekday. 0 is Monday."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._days: dict[int, set[int]] = {}
        for text in filter(_MAY_OPEN.search, texts):
            for match in _OPEN.finditer(text):
                day = _DAY_BEFORE.search(text[max(0, match.start() - _LOOKBACK) : match.start()])
                if day:
                    times = self._days.setdefault(_NUMBER[day.group(1)[:3].lower()], set())
                    times.update(minutes for minutes, _ in _times(match.group()))

    def __bool__(self) -> bool:
        return bool(self._days)

    def conflicts(self, sentence: str) -> int:
        """How many days the sentence tells other hours for, and how many times it tells that no day it names has."""
        told = list(_times(sentence)) if _MAY_TELL_TIME.search(sentence) else []
        days = [day for day in sorted(_days(sentence)) if day in self._days] if told else []
        if not days:
            return 0
        known = {minutes for minutes, _ in told} | {minutes + HALF_DAY for minutes, sure in told if not sure}
        wrong = sum(not {minutes % (2 * HALF_DAY) for minutes in known} >= self._days[day] for day in days)
        given = set[int]().union(*(self._days[day] for day in days))
        stray = sum(minutes not in given and (sure or minutes + HALF_DAY not in given) for minutes, sure in set(told))
        return wrong + stray


def _days(text: str) -> set[int]:
    """The weekdays a text names, ranges written out."""
    named: set[int] = set()
    for match in _RANGE.finditer(text):
        first, last = (_NUMBER[part[:3].lower()] if part else None for part in match.groups())
        if first is not None:
            named.update((first + n) % 7 for n in range(1 if last is None else (last - first) % 7 + 1))
    for match in _EVERY_DAY.finditer(text):
        word = match.group().lower()
        named.update(range(5) if word.startswith("weekd") else range(5, 7) if word.startswith("weeke") else range(7))
    return named


def _times(text: str) -> Iterator[tuple[int, bool]]:
    """Times of day in minutes, and whether the half of the day is sure."""
    for hour, minute, half, hour24, minute24, word in _TIME.findall(text):
        if word:
            yield (HALF_DAY if word.lower() == "noon" else 0), True
        elif half:
            yield int(hour) % 12 * 60 + int(minute or 0) + (HALF_DAY if half in "pP" else 0), True
        else:
            hours = int(hour24) % 24
            yield hours * 60 + int(minute24), hours > 12 or hours == 0
