"""Small values under a key: slots of golden schedules, samples and outcomes of golden runs on the fleet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class KeyValues(Protocol):
    """A key-value store whose entries expire. Who uses it names its keys with a prefix of its own
    (`golden:slot:…`).

    Raises (all methods):
        StateUnavailable
    """

    async def keep(self, key: str, value: bytes, *, ttl_s: int, replace: bool = False) -> bytes:
        """Set a key. Returns the value that lies there now.

        Args:
            key: its name.
            value: any bytes.
            ttl_s: how long it lives, in seconds.
            replace: whether it takes the place of a value that is there. Without it the first value stays, so
                that exactly one of several workers claims a key.
        """
        ...

    async def kept(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Values by key. Keys that were never set, or have expired, are absent."""
        ...
