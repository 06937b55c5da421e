"""Times of a zone that come again every day or week, each of them once, also where clocks change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from assay.judges.schema import Record

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_EVERY_DAY = frozenset(range(7))
_WEEKLY = re.compile(r"(?P<first>[A-Z][a-z]{2})(?:-(?P<last>[A-Z][a-z]{2}))? (?P<time>\d{1,2}:\d{2})")


class Slot(NamedTuple):
    """A time of day on some days of the week (Monday is 0)."""

    days: frozenset[int]
    at: time


class LocalTimes(Record):
    """`weekly: "Mon 06:00"` or `"Mon-Fri 06:00"`, or `daily: "06:00"`, or lists of these; in the zone `timezone`.

    In spring the skipped hour comes one hour later. In autumn the repeated hour comes once, the first time.
    """

    weekly: str | tuple[str, ...] = Field(default=())
    daily: str | tuple[str, ...] = Field(default=())
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as exc:
            raise ValueError(f"{name!r} is no time zone; write one as Europe/Berlin or UTC") from exc
        return name

    @model_validator(mode="after")
    def _one_kind_of_slot(self) -> LocalTimes:
        if bool(self.weekly) == bool(self.daily):
            raise ValueError("give either `weekly` or `daily`")
        for text in (*_listed(self.weekly), *_listed(self.daily)):
            _slot(text, weekly=bool(self.weekly))
        return self

    def latest(self, now: datetime) -> datetime:
        """The last slot that has come by `now`, in UTC."""
        return max(moment for moment in self._around(now) if moment <= now)

    def following(self, now: datetime) -> datetime:
        """The first slot after `now`, in UTC."""
        return min(moment for moment in self._around(now) if moment > now)

    def between(self, start: datetime, end: datetime) -> list[datetime]:
        """Every slot in `start <= moment < end`, in order of time; two that fall together are one."""
        zone = ZoneInfo(self.timezone)
        first, last = start.astimezone(zone).date(), end.astimezone(zone).date()
        days = (last - first).days + 2
        moments = {moment for n in range(-1, days) for moment in self._on(first + timedelta(days=n), zone)}
        return sorted(moment for moment in moments if start <= moment < end)

    def _around(self, now: datetime) -> list[datetime]:
        # Nine days each way: every weekday once, and a day more for zones that are a day ahead or leave one out.
        return self.between(now - timedelta(days=9), now + timedelta(days=9))

    def _on(self, day: date, zone: ZoneInfo) -> Iterator[datetime]:
        weekly = bool(self.weekly)
        for text in _listed(self.weekly or self.daily):
            slot = _slot(text, weekly=weekly)
            if day.weekday() in slot.days:
                # fold=0 is the first of two equal local times, and the offset before a gap for one that does not exist.
                yield datetime.combine(day, slot.at, zone).replace(fold=0).astimezone(UTC)


def _listed(texts: str | tuple[str, ...]) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else texts


def _slot(text: str, *, weekly: bool) -> Slot:
    """One slot of a schedule.

    Raises:
        ValueError: it cannot be read; says how it is written.
    """
    if not weekly:
        return Slot(_EVERY_DAY, _time(text, text))
    match = _WEEKLY.fullmatch(text)
    first, last = (match["first"], match["last"] or match["first"]) if match else ("", "")
    if match is None or first not in _DAYS or last not in _DAYS:
        raise ValueError(f'{text!r} is no slot; write "Mon 06:00" or "Mon-Fri 06:00"')
    start, length = _DAYS.index(first), (_DAYS.index(last) - _DAYS.index(first)) % 7 + 1
    return Slot(frozenset((start + n) % 7 for n in range(length)), _time(match["time"], text))


def _time(text: str, whole: str) -> time:
    try:
        hour, minute = text.split(":")
        return time(int(hour), int(minute))
    except ValueError as exc:
        raise ValueError(f'{whole!r} holds no time of day; write "06:00", in quotes') from exc
