"""What was read of the texts in work, kept for the next who asks.

A response and its evidence are read before the model is asked and again when it has answered, a second and hundreds of
other samples later. Retrieval finds the same passages again and again, too.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, TypeVar
from weakref import WeakSet

T = TypeVar("T")

MOST_BYTES = 3_000_000
"""About so much memory one table takes. A process has up to 256 samples in work, each with some 5 kB of evidence and
its sentences."""

LONGEST = 200_000
"""Characters of a text whose reading is kept. Of longer ones a few would push out all others."""


_TABLES: WeakSet[KeptReadings[Any]] = WeakSet()


def forget_readings() -> None:
    """Forget what all tables keep, so that a measurement reads each text anew."""
    for table in _TABLES:
        table.forget()


class KeptReadings(Generic[T]):
    """A function of a text whose last results are kept, the oldest of them dropped first. Threads may share it."""

    def __init__(self, read: Callable[[str], T], weigh: Callable[[T], int]) -> None:
        """Keep nothing yet.

        Args:
            read: the function. What it gives must never be changed by anyone.
            weigh: bytes of a result, about.
        """
        self._read = read
        self._weigh = weigh
        self._readings: dict[str, T] = {}
        self._bytes = 0
        self._lock = Lock()
        _TABLES.add(self)

    def __call__(self, text: str) -> T:
        """What the function gives for the text."""
        reading = self._readings.get(text)
        if reading is None:
            reading = self._read(text)
            if len(text) <= LONGEST:
                self._keep(text, reading)
        return reading

    def forget(self) -> None:
        """Keep nothing any more."""
        with self._lock:
            self._readings.clear()
            self._bytes = 0

    def _keep(self, text: str, reading: T) -> None:
        with self._lock:
            if text in self._readings:
                return
            self._readings[text] = reading
            self._bytes += self._weight(text, reading)
            while self._bytes > MOST_BYTES:
                oldest = next(iter(self._readings))
                self._bytes -= self._weight(oldest, self._readings.pop(oldest))

    def _weight(self, text: str, reading: T) -> int:
        return 100 + len(text) + self._weigh(reading)
