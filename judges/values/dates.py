"""Dates as they are written, brought to `YYYY-MM-DD` with `-` for the parts that are not stated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import product

from assay.judges.values.months import DAY_AND_MONTH, MONTH_AND_YEAR, MONTHS

_MONTHS = "january february march april may june july august september october november december".split()  # noqa: SIM905 - readable
_MONTH_NUMBER = {name[:3]: number for number, name in enumerate(_MONTHS, start=1)}
FIRST_MONTH_WORDS = frozenset(_MONTHS) | frozenset(_MONTH_NUMBER) | {"sept"} | frozenset(MONTHS)
"""Lower-case words a date may begin with."""

_MONTH = (
    r"(?=[jfmasond])(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|(?:(?-i:May|MAY)|may(?=,?\s\d{4}))|June?|July?|Aug(?:ust)?|Sept?(?:ember)?"
    r"|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\b\.?"
)
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_YEAR = r"(?:1[5-9]|20)\d\d"

DATE = (
    r"(?:(?=\d)(?:(?P<iso>\d{4}-\d{2}-\d{2})(?:[T ](?P<iso_time>[0-2]\d:[0-5]\d)(?!\s?[ap]\.?m\b)"
    r"(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|\s?[+-]\d{2}:?\d{2})?)?(?!\d)"
    rf"|(?P<d2>{_DAY})\s{{1,3}}(?:of\s)?(?P<m2>{_MONTH})(?:\s?,?\s{{1,3}}(?P<y2>{_YEAR})\b(?!\s?%))?"
    rf"|{DAY_AND_MONTH}"
    r"|(?P<slash>\d{1,2}[/.]\d{1,2}[/.](?:\d{4}|\d{2}))(?![\d/])"
    r"|(?P<century>\d{1,2}(?:st|nd|rd|th)[\s-]century\b)"
    r"|(?P<decade>(?:1[5-9]|20)\d0)['’]?s\b"
    rf"|(?P<year>{_YEAR})\b(?![,.]\d|\s?(?:%|percent|(?:m|b|tr)illion\b)))"
    rf"|(?P<m1>{_MONTH})\s{{1,3}}(?P<d1>{_DAY})\b(?!\s?%)(?:\s?,?\s{{1,3}}(?P<y1>{_YEAR})\b(?!\s?%))?"
    rf"|(?P<m3>{_MONTH})(?:\s{{1,3}}of)?\s?,?\s{{1,3}}(?P<y3>{_YEAR})\b(?!\s?%)"
    rf"|{MONTH_AND_YEAR})"
)
"""A date: ISO, day and month and year in either order, month and year, with slashes or points, or a year alone.

A decade (`1980s`) and a century (`20th century`) are dates of which no year is said.
"""

_PARTS = (("m1", "y1", "d1"), ("m2", "y2", "d2"), ("m3", "y3"), ("m4", "y4", "d4"), ("m5", "y5"))
"""The groups of `DATE` for month, year and maybe day, by the order in which these are written."""


_DECEMBER, _LAST_DAY = 12, 31


def normal_date(match: re.Match[str]) -> str:
    """The normal form of a match of `DATE`. A date with slashes keeps both readings apart by `?`."""
    iso, alone, slash = match.group("iso", "year", "slash")
    if iso:
        return str(iso)
    if alone:
        return f"{alone}------"
    if match.group("decade"):
        return f"{match.group('decade')[:3]}-------"
    if match.group("century"):
        century = int(re.sub(r"\D", "", match.group("century")))
        return f"{max(century - 1, 0):02d}--------"
    if slash:
        return _slashed(slash)
    for names in _PARTS:
        month, year, *days = match.group(*names)
        if month:
            day = days[0] if days else ""
            number = int(re.sub(r"\D", "", day)) if day else 0
            return f"{year or '----'}-{_month_number(month):02d}-{f'{number:02d}' if number else '--'}"
    raise ValueError(f"not a date: {match.group()!r}")


def _month_number(written: str) -> int:
    low = written.lower().rstrip(".")
    return MONTHS.get(low) or _MONTH_NUMBER[low[:3]]


def _slashed(written: str) -> str:
    """`03/04/2021` may be April or March: only the year and the sorted pair are compared.

    Before a point stands the day: `03.04.2021` is of April.
    """
    first, second, year = re.split(r"[/.]", written)
    low, high = sorted((int(first), int(second)))
    full = year if len(year) == 4 else f"20{year}" if int(year) < 50 else f"19{year}"
    if "/" not in written and 1 <= int(second) <= _DECEMBER and 1 <= int(first) <= _LAST_DAY:
        return f"{full}-{int(second):02d}-{int(first):02d}"
    return f"{full}?{low:02d}?{high:02d}"


def same_date(date: str, other: str) -> bool:
    """Whether `other` states every part that `date` states, and states it the same."""
    if date[0] == "T" or other[0] == "T":
        return date[0] == other[0] and same_time(date, other)
    if "?" in date or "?" in other:
        return _pair(date) == _pair(other)
    return all(a in ("-", b) for a, b in zip(date, other, strict=True))


def _pair(date: str) -> tuple[str, ...]:
    """The year and the unordered day and month."""
    return date[:4], *sorted((date[5:7], date[8:10]))


TIME = (
    r"(?:(?:[01]?\d|2[0-4]):[0-5]?\d(?::[0-5]\d)?(?![\d:])(?:\s?[ap]\.?m\b|\sUhr\b)?"
    r"|(?:1[0-2]|0?[1-9])(?:\.[0-5]\d)?\s?[ap]\.?m\b"
    r"|(?:[01]?\d|2[0-4])(?:\s?h\s?[0-5]\d(?!\d|\.\d|\s?m(?:in)?s?\b)|(?:\.[0-5]\d)?\sUhr\b)"
    r"|(?:noon|midday|midnight)\b)"
)
"""A time of day with a colon, with `h` or `Uhr`, or with am or pm; with these the minutes may follow a point: `5:30`,
`5.30 pm`, `15 h 30`."""

CLOCK_WORDS = {"noon": "T12:00", "midday": "T12:00", "midnight": "T00:00"}
"""Times of day that have a word."""

_TIME = re.compile(r"(\d{1,2})(?:\s?[:.h]\s?(\d{1,2}))?(?::\d\d)?\s?([ap](?=\.?m)|Uhr)?", re.IGNORECASE)
"""A time of day by its parts: `5:30 pm`."""


def normal_time(written: str, *, exact: bool = False) -> str:
    """The normal form of a time of day: `5:30 pm` → `T17:30`. `5:30` may mean either half and becomes `T05:30~`.

    With `exact` it is known to be told in 24 hours, as in `2025-03-04T05:30`.
    """
    if written.lower() in CLOCK_WORDS:
        return CLOCK_WORDS[written.lower()]
    match = _TIME.match(written)
    if match is None:
        raise ValueError(f"not a time: {written!r}")
    hour, minute, half = int(match.group(1)), int(match.group(2) or 0), (match.group(3) or "")[:1].lower()
    if half in ("a", "p") and hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    unsure = not exact and not half and 0 < hour <= 12
    return f"T{hour % 24:02d}:{minute:02d}{'~' if unsure else ''}"


def same_time(time: str, other: str) -> bool:
    """Whether two normal forms may mean the same time of day."""
    if time[3:6] != other[3:6]:
        return False
    hours = int(time[1:3]), int(other[1:3])
    unsure = time.endswith("~") or other.endswith("~")
    return hours[0] == hours[1] or (unsure and hours[0] % 12 == hours[1] % 12)


def epoch_date(number: str) -> str:
    """The day of a time stamp in seconds or milliseconds since 1970: `1740787200` → `2025-03-01`. Else empty."""
    if not number.isdecimal() or len(number) not in (10, 13):
        return ""
    return datetime.fromtimestamp(int(number[:10]), tz=UTC).date().isoformat()


class DateSet:
    """Dates and times a text states. To ask for one of them takes no longer where there are many."""

    def __init__(self, stated: Iterable[str]) -> None:
        times, dates = set[str](), set[str]()
        for moment in stated:
            (times if moment[0] == "T" else dates).add(moment)
        self._told = {less for date in dates if "?" not in date for less in _less_precise(date)}
        self._pairs = {_pair(date) for date in dates}
        self._slashed = {_pair(date) for date in dates if "?" in date}
        self._times = {_clock(time) for time in times}
        self._halves = {_half_clock(time) for time in times}
        self._unsure = {_half_clock(time) for time in times if time.endswith("~")}

    def holds(self, date: str) -> bool:
        """Whether one of the dates states every part that `date` states, and states it the same."""
        if date[0] == "T":
            half = _half_clock(date)
            return _clock(date) in self._times or half in self._unsure or (date.endswith("~") and half in self._halves)
        if "?" in date:
            return _pair(date) in self._pairs
        return date in self._told or (bool(self._slashed) and _pair(date) in self._slashed)


def _less_precise(date: str) -> Iterator[str]:
    """The date, and what is left of it where year, month or day are not said."""
    years = (date[:4], f"{date[:3]}-", f"{date[:2]}--", "----")
    for year, month, day in product(years, (date[5:7], "--"), (date[8:], "--")):
        yield f"{year}-{month}-{day}"


def _clock(time: str) -> tuple[int, str]:
    return int(time[1:3]), time[3:6]


def _half_clock(time: str) -> tuple[int, str]:
    """What a clock with hands shows."""
    return int(time[1:3]) % 12, time[3:6]
