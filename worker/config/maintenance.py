"""`alerts.maintenance` in assay.yaml: when nobody is told of anything, once or every week."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, field_validator, model_validator

from assay.worker.config.section import FilledSection

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_WEEKLY = re.compile(
    r"(?P<first>[A-Z][a-z]{2})(?:-(?P<last>[A-Z][a-z]{2}))? (?P<start>\d{1,2}:\d{2})-(?P<end>\d{1,2}:\d{2})"
)
"""A window of every week: `Sun 02:00-04:00`, `Mon-Fri 22:00-06:00` (into the next morning)."""

_FORM = 'write "Sun 02:00-04:00" or "Mon-Fri 22:00-06:00"'

Name = Annotated[str, Field(min_length=1, max_length=200)]


class _Weekly(NamedTuple):
    """The days of a window (Monday is 0), and its first and last time of day."""

    days: frozenset[int]
    start: time
    end: time


class Maintenance(FilledSection):
    """A window in which nobody is told: `from` and `until`, or `weekly`, with the zone of its times.

    In spring a time that the clock skips is an hour later. In autumn a window that begins or ends in the repeated hour
    holds both of them.
    """

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    start: datetime | None = Field(default=None, alias="from", description="First moment, e.g. 2026-12-24T18:00.")
    until: datetime | None = Field(default=None, description="The moment after the last.")
    weekly: str | None = Field(default=None, description='Instead: "Sun 02:00-04:00" or "Mon-Fri 22:00-06:00".')
    timezone: str = Field(default="UTC", description="Of times that name no zone, e.g. Europe/Berlin.")
    use_cases: tuple[Name, ...] = Field(default=(), description="Only these; globs are allowed. Empty: everything.")
    rules: tuple[Name, ...] = Field(default=(), description="Only these alerts; globs are allowed. Empty: all.")
    reason: str = Field(min_length=1, max_length=300, description="Why; it is shown beside what is muted.")

    @field_validator("timezone")
    @classmethod
    def _zone_exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as exc:
            raise ValueError(f"{name!r} is no time zone; write one as Europe/Berlin or UTC") from exc
        return name

    @model_validator(mode="after")
    def _is_one_window(self) -> Maintenance:
        if self.weekly is not None:
            if self.start is not None or self.until is not None:
                raise ValueError("give either `weekly` or `from` and `until`")
            _weekly(self.weekly)
        elif self.start is None or self.until is None:
            raise ValueError("give both `from` and `until`, or `weekly`")
        elif self._moment(self.start) >= self._moment(self.until):
            raise ValueError("`from` is not before `until`; exchange them")
        return self

    def holds(self, now: datetime) -> datetime | None:
        """Until when the window that `now` lies in goes on. None: it lies in none."""
        ends = [end for start, end in self._around(now) if start <= now < end]
        return max(ends, default=None)

    def _around(self, now: datetime) -> Iterator[tuple[datetime, datetime]]:
        if self.weekly is None:
            if self.start is not None and self.until is not None:
                yield self._moment(self.start), self._moment(self.until)
            return
        window, zone = _weekly(self.weekly), ZoneInfo(self.timezone)
        today = now.astimezone(zone).date()
        for day in (today - timedelta(days=n) for n in range(-1, 3)):
            if day.weekday() in window.days:
                last = day if window.start < window.end else day + timedelta(days=1)
                yield _first(day, window.start, zone), _last(last, window.end, zone)

    def _moment(self, when: datetime) -> datetime:
        return when if when.tzinfo is not None else when.replace(tzinfo=ZoneInfo(self.timezone)).astimezone(UTC)


def _first(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The moment of a local time; the first of two, and an hour later where there is none."""
    return datetime.combine(day, at, zone).replace(fold=0).astimezone(UTC)


def _last(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The moment of a local time; the last of two, and an hour later where there is none."""
    local = datetime.combine(day, at, zone)
    return max(local.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def _weekly(text: str) -> _Weekly:
    """A window as it is written.

    Raises:
        ValueError: it cannot be read; says how it is written.
    """
    match = _WEEKLY.fullmatch(text)
    first, last = (match["first"], match["last"] or match["first"]) if match else ("", "")
    if match is None or first not in _DAYS or last not in _DAYS:
        raise ValueError(f"{text!r} is no window; {_FORM}")
    begin, length = _DAYS.index(first), (_DAYS.index(last) - _DAYS.index(first)) % 7 + 1
    start, end = (_time(match[name], text) for name in ("start", "end"))
    if start == end and match["end"] != "24:00":
        raise ValueError(f"{text!r} begins when it ends; {_FORM}")
    return _Weekly(frozenset((begin + n) % 7 for n in range(length)), start, end)


def _time(text: str, whole: str) -> time:
    hour, minute = map(int, text.split(":"))
    if (hour, minute) == (24, 0):
        return time(0)  # the end of the day, which is the beginning of the next
    try:
        return time(hour, minute)
    except ValueError as exc:
        raise ValueError(f"{whole!r} holds no time of day; {_FORM}") from exc
