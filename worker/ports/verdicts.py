"""The cache of verdicts, between judging and writing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class VerdictCache(Protocol):
    """Packed verdicts by content key (`assay.worker.flow.verdicts`). A verdict is paid for once and kept
    for a day.

    Raises (all methods):
        StateUnavailable
    """

    async def keep(self, key: str, value: bytes, *, ttl_s: int, replace: bool = False) -> bytes:
        """Keep a packed verdict under its content key. Returns the one that lies there now.

        Args:
            key: what was judged, by which evaluator revision and for what.
            value: the packed verdict.
            ttl_s: how long it lives, in seconds.
            replace: whether it takes the place of a verdict that is there. Without it the first one stays.
        """
        ...

    async def kept(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Packed verdicts by key. Expired ones are absent."""
        ...
