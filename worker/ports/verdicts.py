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

    async def keep_all(self, values: Mapping[str, bytes], *, ttl_s: int, replace: bool = False) -> Mapping[str, bytes]:
        """Keep packed verdicts under their content keys, in one request. Returns what lies there now.

        Args:
            values: packed verdicts, each by what was judged, by which evaluator revision and for what.
            ttl_s: how long they live, in seconds.
            replace: whether they take the place of verdicts that are there. Without it the first ones stay.
        """
        ...

    async def kept(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """Packed verdicts by key. Expired ones are absent."""
        ...
