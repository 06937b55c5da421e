"""Waking work that waits for leave, once what it waits for has come."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol


class Waking(Protocol):
    """Part of the ledger.

    Raises (all methods):
        StateUnavailable
    """

    async def wake(self, rubric: str, trace_ids: Sequence[str], *, now: datetime) -> Sequence[str]:
        """Entries that wait for leave may be taken from now on, and are due. What they waited for is still no age.

        Returns the trace ids of those that waited and are not in hand.
        """
        ...

    async def tell(self, rubric: str, trace_ids: Sequence[str], *, reason: str, detail: str) -> Sequence[str]:
        """Entries that wait for this reason say from now on what keeps them waiting. Nothing else changes.

        Returns the trace ids of those that waited and are not in hand.
        """
        ...
