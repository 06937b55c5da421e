"""The ledger as a report reads it: what became of all traces of some days, one after another."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from typing import Protocol

from assay.worker.records.outcomes import Outcome


class OutcomeReader(Protocol):
    """How traces ended. It reads no more of each entry than a report needs, and holds few of them at once.

    Raises (all methods):
        StateUnavailable
    """

    def outcomes(self, first: date, last: date) -> AsyncIterator[Outcome]:
        """Scored, skipped and dead traces that started on one of these UTC days: day by day, by name within one."""
        ...
