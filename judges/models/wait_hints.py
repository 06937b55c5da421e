"""How long an error asks to wait, in all the places where providers say it: headers, details, and the message.

A hint is a wish. It is bounded, and one that stands in a text we sent is not heard.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TypeGuard

LONGEST_RETRY_AFTER_S = 600.0
"""The most that an endpoint's own wish is worth, in seconds. One header of one proxy, a day or a date in the year 9999,
would else put work off long after the endpoint is well. Whoever is still refused then is told so again."""

_NUMBER = r"[0-9]{1,10}(?:\.[0-9]{1,9})?"
_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(rf"(?:{_NUMBER}(?:ms|[smhd]))+")
"""A duration as Go and OpenAI write it, e.g. `6m0s`, `1.2s` or `120ms`."""

_SPOKEN = re.compile(
    rf"(?:(?:try again|retry|wait)[a-z ]{{0,20}}?(?:in|after|for)|wait|请在) "
    rf"(?:about |at least )?(?P<number>{_NUMBER}) ?"
    r"(?P<unit>(?:ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|秒|分钟|)(?![a-z]))(?P<rest>[0-9][0-9.]{0,9}s)?"
)
"""A wait in words, e.g. `Please try again in 1.2s` or `retry after 7 seconds`."""

_EPOCH_S = 1_000_000_000.0
_EPOCH_MS = 1_000_000_000_000.0


def retry_after_s(
    headers: Mapping[str, str], now: datetime, *, longest_s: float = LONGEST_RETRY_AFTER_S
) -> float | None:
    """Seconds that headers ask to wait. None where none does.

    `retry-after-ms` comes first, then Retry-After in seconds or as a date (RFC 9110, 10.2.3), then when a used-up limit
    is refilled (`x-ratelimit-reset-*`). A date is measured against the endpoint's own Date header where there is one,
    so that clock skew does not count. At most `longest_s`.
    """
    milliseconds = headers.get("retry-after-ms", "").strip()
    if re.fullmatch(_NUMBER, milliseconds):
        return min(float(milliseconds) / 1000, longest_s)
    value = headers.get("retry-after", "").strip()
    asked_s = _seconds(value, _answered(headers, now)) if value else _reset_s(headers, now)
    return None if asked_s is None else min(max(0.0, asked_s), longest_s)


def spoken_wait(complaint: str) -> tuple[float, str] | None:
    """Seconds that a message asks to wait, and the words it asks in, e.g. of `please try again in 1.2s`."""
    match = _SPOKEN.search(complaint)
    if match is None:
        return None
    unit = {"秒": "s", "分钟": "m"}.get(match["unit"], match["unit"])
    size = "ms" if unit.startswith(("ms", "milli")) else unit[:1] or "s"
    rest_s = float(match["rest"][:-1]) if match["rest"] and match["rest"][:-1].count(".") <= 1 else 0.0
    return min(float(match["number"]) * _UNITS_S[size] + rest_s, LONGEST_RETRY_AFTER_S), match.group()


def detailed_wait_s(body: object) -> float | None:
    """Seconds that a detail of the error asks to wait.

    Google's `{"@type": "….RetryInfo", "retryDelay": "34s"}`, Replicate's `retry_after`, Hugging Face's
    `estimated_time`.
    """
    fields = [(re.sub(r"[^a-z]", "", name.lower()), value) for name, value in _fields(body, 0)]
    waits = [_duration_s(str(value)) for name, value in fields if name == "retrydelay"]
    waits += [float(value) for name, value in fields if name in _WAIT_FIELDS and _is_seconds(value)]
    stated = [wait_s for wait_s in waits if wait_s is not None]
    return min(max(stated), LONGEST_RETRY_AFTER_S) if stated else None


_WAIT_FIELDS = frozenset({"retryafter", "retryafterseconds", "estimatedtime"})


def _is_seconds(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9


def _fields(value: object, depth: int) -> Iterator[tuple[str, object]]:
    if depth > 6:
        return
    if isinstance(value, list):
        for item in value[:20]:
            yield from _fields(item, depth + 1)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield str(name), item
            yield from _fields(item, depth + 1)


def _seconds(value: str, now: datetime | None) -> float | None:
    """A number of seconds, a duration, or a date."""
    if re.fullmatch(_NUMBER, value):
        return float(value)
    duration_s = _duration_s(value)
    if duration_s is not None:
        return duration_s
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            return None if now is None else (read(value) - now).total_seconds()
        except (ValueError, TypeError, OverflowError):
            continue
    return None


def _duration_s(value: str) -> float | None:
    if not _DURATION.fullmatch(value):
        return None
    return sum(float(n) * _UNITS_S[unit] for n, unit in re.findall(rf"({_NUMBER})(ms|[smhd])", value))


def _answered(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When the endpoint answered, by its own clock. None where its Date cannot be read."""
    try:
        return parsedate_to_datetime(headers["date"]) if "date" in headers else now
    except (ValueError, TypeError):
        return None


def _reset_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """When what is used up comes back: of the limits with nothing left the last, else the first of all."""
    resets = {name: text.strip() for name, text in headers.items() if "ratelimit" in name and "reset" in name}
    waits = {name: _until_reset_s(text, _answered(headers, now)) for name, text in resets.items()}
    known = {name: wait_s for name, wait_s in waits.items() if wait_s is not None}
    used_up = [wait_s for name, wait_s in known.items() if headers.get(name.replace("reset", "remaining")) == "0"]
    return max(used_up) if used_up else min(known.values(), default=None)


def _until_reset_s(value: str, now: datetime | None) -> float | None:
    """A wait, or a moment: some servers write Unix seconds or milliseconds."""
    seconds = _seconds(value, now) if not re.fullmatch(r"[0-9]{10,16}", value) else float(value)
    if seconds is None or seconds < _EPOCH_S:
        return seconds
    return None if now is None else (seconds / 1000 if seconds >= _EPOCH_MS else seconds) - now.timestamp()
