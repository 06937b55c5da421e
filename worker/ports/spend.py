"""What judging took that led to no score."""

from __future__ import annotations

from datetime import date
from typing import Protocol

from assay.worker.records.ledger import UnscoredSpend


class UnscoredSpending(Protocol):
    """The account of model calls that led to no score, by UTC day. What scores have cost stands in the
    ledger.

    Raises (all methods):
        StateUnavailable
    """

    async def add(self, day: date, spend: UnscoredSpend) -> None:
        """Count what was paid on a UTC day for no score. A repetition counts again."""
        ...

    async def total(self, first: date, last: date) -> UnscoredSpend:
        """What was paid for no score on these UTC days together."""
        ...
