"""What judging took that led to no score, in the memory of one process."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

from assay.worker.records.ledger import UnscoredSpend


class MemoryUnscoredSpending:
    """`assay.worker.ports.spend.UnscoredSpending` without a server."""

    def __init__(self) -> None:
        self._by_day: dict[date, list[UnscoredSpend]] = defaultdict(list)

    async def add(self, day: date, spend: UnscoredSpend) -> None:
        """Count what was paid on a UTC day for no score."""
        self._by_day[day].append(spend)

    async def total(self, first: date, last: date) -> UnscoredSpend:
        """What was paid for no score on these UTC days together."""
        spent = [spend for day, spends in self._by_day.items() if first <= day <= last for spend in spends]
        return UnscoredSpend(
            calls=sum(spend.calls for spend in spent),
            cost_usd=sum(spend.cost_usd for spend in spent),
            unpriced_calls=sum(spend.unpriced_calls for spend in spent),
        )
