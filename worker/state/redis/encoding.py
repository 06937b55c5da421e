"""How days, moments and ledger members are written in Redis, and how long what is counted by day lives."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

SEPARATOR = "\x1f"
"""Between the parts of a member or a count: `grounding\x1ftrace-1`."""

COUNTS_TTL_S = 400 * 24 * 3600
"""How long counts, windows and spending live, by day: longer than a year, so that years can be compared."""

CHUNK = 500
"""Ledger entries in one script or pipeline."""

T = TypeVar("T")


def moment(raw: Any) -> datetime:
    """A moment from its seconds since 1970."""
    return datetime.fromtimestamp(float(raw), UTC)


def day_of(instant: datetime) -> str:
    """The UTC day of a moment: `2026-11-21`."""
    return instant.astimezone(UTC).date().isoformat()


def days_between(first: date, last: date) -> list[str]:
    """Days from the first to the last, both included."""
    return [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]


def chunks(items: Sequence[T]) -> list[Sequence[T]]:
    """Consecutive pieces of at most `CHUNK`."""
    return [items[at : at + CHUNK] for at in range(0, len(items), CHUNK)]
