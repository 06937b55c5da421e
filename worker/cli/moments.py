"""Moments as people give them to a command: a day, a time with its zone, or how long ago."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from assay.judges.errors import ConfigurationError

_AGO = re.compile(r"(\d{1,6})\s*([mhdw])", re.IGNORECASE)
"""How long ago, as `7d`, `36h` or `90m`."""

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

_LAST_DAY = datetime.max.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=UTC)
"""9999-12-31, after which there is no day."""

_FORMS = "write 2026-11-20, 2026-11-20T09:30Z or 7d (7 days ago; also m, h, w)"


def parse_moment(text: str, option: str, now: datetime, *, is_end: bool = False) -> datetime:
    """The moment that a text means.

    Args:
        text: what was given.
        option: the option that it was given to, for the error.
        now: the current moment.
        is_end: whether a range ends there. A day is then meant as a whole.

    Raises:
        ConfigurationError: it is no moment, or a time without a zone.
    """
    given = text.strip()
    if given.lower() == "now":
        return now
    ago = _AGO.fullmatch(given)
    try:
        if ago is not None:
            return now - int(ago[1]) * _UNITS[ago[2].lower()]
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", given):  # such as 2026-11-20
            day = datetime.combine(date.fromisoformat(given), time(), UTC)
            return day + timedelta(days=1) if is_end and day < _LAST_DAY else day
        moment = datetime.fromisoformat(given)
        if moment.tzinfo is None:
            datetime.fromisoformat(f"{given}Z")  # a day written otherwise, e.g. 2026-W48, takes no zone
            raise ConfigurationError(f"{option}: {text!a} has no time zone; write {given}Z for UTC")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise ConfigurationError(f"{option}: {text!a} is no moment; {_FORMS}") from exc


def parse_range(start: str, end: str, now: datetime) -> tuple[datetime, datetime]:
    """The range of `--from` and `--to`. It ends no later than now.

    Raises:
        ConfigurationError: one is no moment, or the range is empty.
    """
    first, last = parse_moment(start, "--from", now), parse_moment(end, "--to", now, is_end=True)
    if first >= now:
        raise ConfigurationError(f"--from: {start!a} is not in the past; nothing is there to judge yet")
    if first >= last:
        raise ConfigurationError(f"--from, --to: {start!a} is not before {end!a}; exchange them")
    return first, min(last, now)
