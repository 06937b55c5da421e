"""Dates stated relative to the day of the trace: an answer may write the date where the evidence has `yesterday`."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache

from pydantic import JsonValue

from assay.judges.rubric import ValueKind
from assay.judges.values.dates import same_date
from assay.judges.values.extract import measured_values
from assay.judges.values.numbers import NUMBER_WORD, from_words
from assay.judges.values.value import Value

_KEYS = ("date", "timestamp", "time", "start_time", "trace_date", "created_at")
_SAID = re.compile(
    r"\b(?:(today|tonight|now|currently)|(yesterday)|(tomorrow)|(this|last|next|previous|past|coming)\s(year|month))\b",
    re.IGNORECASE,
)
"""A day, month or year relative to today: `yesterday`, `last year`."""


_STEP = re.compile(
    r"\b(?:(the\s(?:next|following)\sday|the\sday\safter|am\snächsten\stag|le\slendemain)|(the\s(?:previous\sday|day\sbefore))"
    rf"|(\d{{1,3}}|{NUMBER_WORD})\s(days?|weeks?)\s(?:(later|after(?:wards)?)|(earlier|before)))\b",
    re.IGNORECASE,
)
"""A day counted from another one: `the next day`, `two weeks later`, `3 days before`."""

_REACH = 200
"""Characters between a date and the words that count from it."""

_JUST_BEHIND = 12
"""The same where the date follows: `two weeks after 3 March`."""

_MOST_DAYS = 3660
_SOME_YEAR = "2001"


def trace_date(metadata: Mapping[str, JsonValue]) -> date | None:
    """The day the trace was recorded, from the sample's metadata. None where it says none."""
    for key in _KEYS:
        written = metadata.get(key)
        if isinstance(written, str):
            try:
                return datetime.fromisoformat(written).date()
            except ValueError:
                continue
    return None


def meant_by(value: Value, texts: Iterable[str], today: date | None) -> bool:
    """Whether the value is the day of the trace, or a date the texts name relative to it."""
    if value.kind is not ValueKind.DATE:
        return False
    listed = tuple(texts)
    meant = {day for text in listed for day in _counted(text)}
    if today is not None:
        meant |= {today.isoformat(), *(day for text in listed for day in _meant(text, today))}
    return any(same_date(value.normal, day) for day in meant)


# Kept, as each date of a response is asked about in the same texts.
@lru_cache(maxsize=64)
def _counted(text: str) -> tuple[str, ...]:
    """Normal forms of the dates a text counts from another date it states: `3 March`, `the next day` → 4 March."""
    steps = list(_STEP.finditer(text))
    if not steps:
        return ()
    dates = [value for value in measured_values(text) if _starting_day(value) is not None]
    starts = [value.start for value in dates]
    days: list[str] = []
    for step in steps:
        after = bisect_left(starts, step.start())
        before, behind = dates[max(0, after - 1) : after], dates[after : after + 1]
        near = [value for value in before if step.start() - value.end <= _REACH]
        near += [value for value in behind if value.start - step.end() <= _JUST_BEHIND]
        days += [moved for value in near if (moved := _moved(value, step))]
    return tuple(days)


def _starting_day(value: Value) -> date | None:
    """The day of a date that has one. Where no year is said, that of a year that is no leap year."""
    normal = value.normal
    if value.kind is not ValueKind.DATE or normal[0] == "T" or not normal[8:10].isdecimal():
        return None
    try:
        return date.fromisoformat(f"{_SOME_YEAR if normal[:4] == '----' else normal[:4]}{normal[4:]}")
    except ValueError:
        return None


def _moved(value: Value, step: re.Match[str]) -> str:
    """The date so many days after another one, or before. Without a year where that has none. Empty if out of range."""
    start = _starting_day(value)
    next_day, day_before, amount, unit, later, earlier = step.groups()
    number = int(from_words(amount) if amount and not amount.isdecimal() else amount or 1)
    days = number * (7 if (unit or "").lower().startswith("week") else 1)
    back = bool(day_before or earlier)
    if start is None or days > _MOST_DAYS or not (next_day or later or back):
        return ""
    moved = start + timedelta(days=-days if back else days)
    return f"{value.normal[:4]}-{moved:%m-%d}" if value.normal[:4] == "----" else moved.isoformat()


def _meant(text: str, today: date) -> Iterable[str]:
    """Normal forms of the dates a text names relative to `today`."""
    for match in _SAID.finditer(text):
        now, before, after, which, unit = match.groups()
        if now:
            continue
        step = -1 if before or (which or "").lower() in ("last", "previous", "past") else 0
        step = 1 if after or (which or "").lower() in ("next", "coming") else step
        if unit is None:
            yield (today + timedelta(days=step)).isoformat()
        elif unit.lower() == "year":
            yield f"{today.year + step:04d}------"
        else:
            months = today.year * 12 + today.month - 1 + step
            yield f"{months // 12:04d}-{months % 12 + 1:02d}---"
