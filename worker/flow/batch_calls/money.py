"""What batches cost, as the budgets see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from assay.judges.models.batches.deferral import DeferredCall
from assay.worker.records.batch_jobs import BatchJob


class BatchMoney(Protocol):
    """Reserves the most a call can cost before it is sent, and settles what it did cost. Repeating changes nothing."""

    async def reserve(self, call: DeferredCall, use_case: str) -> None:
        """Reserve half the list price of the most a call may use, out of the budgets of its use case.

        Raises:
            CallHeld: a budget is spent.
            ConfigurationError: a budget is to pay for a model without a price.
            StateUnavailable
        """
        ...

    async def answered(self, job: BatchJob, bodies: Mapping[str, bytes]) -> None:
        """Calls of a batch were answered: what they used is charged, the rest of what was reserved is free."""
        ...

    async def released(self, endpoint: str, keys: Sequence[str]) -> None:
        """Calls were not answered, and cost nothing."""
        ...
