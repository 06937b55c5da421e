"""The server's time and its ids, both of which a test may script."""

from __future__ import annotations

import functools
import math
import uuid
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Where the server takes the time from."""

    def now(self) -> datetime:
        """The moment, aware, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class ManualClock:
    """A clock that a test moves."""

    def __init__(self, start: datetime) -> None:
        self._now = start

    def now(self) -> datetime:
        return self._now

    def set(self, moment: datetime) -> None:
        """Go to this moment, forwards or back."""
        self._now = moment


class Ids:
    """Makes the ids the server gives out; a replay queues the ones of its recording first."""

    def __init__(self) -> None:
        self._scripted: deque[str] = deque()

    def script(self, *ids: str) -> None:
        """Give these out next, in order, and forget those scripted before."""
        self._scripted = deque(ids)

    def new(self) -> str:
        """A UUID, as scores, configs and comments have."""
        return self._scripted.popleft() if self._scripted else str(uuid.uuid4())

    def cuid(self) -> str:
        """An id of 25 characters, as datasets and queues have."""
        return self._scripted.popleft() if self._scripted else "c" + uuid.uuid4().hex[:24]


def millis(moment: datetime) -> int:
    """Whole milliseconds since the epoch; ClickHouse keeps no more."""
    return math.floor((moment - EPOCH).total_seconds() * 1000 + 1e-6)


def iso(milliseconds: int) -> str:
    """`2026-11-21T18:10:55.080Z`."""
    seconds, rest = divmod(milliseconds, 1000)
    return f"{_to_the_second(seconds)}.{rest:03d}Z"


@functools.lru_cache(maxsize=1024)
def _to_the_second(seconds: int) -> str:
    return (EPOCH + timedelta(seconds=seconds)).isoformat()[:19]


def parse(text: str) -> int:
    """Milliseconds of an ISO text; a naive one is UTC.

    Raises:
        ValueError: It is none.
    """
    moment = datetime.fromisoformat(text)
    return millis(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
