"""The time, as something that can be replaced."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """The time. Production uses `SystemClock`, tests set their own."""

    def now(self) -> datetime:
        """The current moment, aware, UTC."""
        ...


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """The current moment."""
        return datetime.now(UTC)


class SharedClock(Clock, Protocol):
    """The time of the shared state: the same in all processes, however far their machines' clocks are off."""

    @property
    def offset_s(self) -> float | None:
        """How far this machine's clock is ahead of it, in seconds. None until it was read."""
        ...

    async def synchronise(self) -> None:
        """Read it anew.

        Raises:
            StateUnavailable: until it was read for the first time, `now` is the machine's clock.
        """
        ...


class OwnClock(SystemClock):
    """The machine's clock as the shared one, for a state that no other process has."""

    @property
    def offset_s(self) -> float | None:
        """It is never off."""
        return 0.0

    async def synchronise(self) -> None:
        """Nothing is to be read."""


class FixedClock:
    """A clock that stands still until it is set, for tests and replays."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        """The moment it was set to."""
        return self.moment
