"""One suite for every implementation of the account of spending without scores."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from assay.worker.ports.state import FleetState
from assay.worker.records.ledger import UnscoredSpend
from tests.contract.state.making import DAY, Run


def test_spending_without_scores_is_summed_over_days_and_workers(run: Run) -> None:
    async def check(state: FleetState) -> None:
        assert await state.spend.total(DAY, DAY) == UnscoredSpend()
        spend = UnscoredSpend(calls=2, cost_usd=0.125)
        await asyncio.gather(*(state.spend.add(DAY, spend) for _ in range(8)))
        await state.spend.add(DAY - timedelta(days=1), UnscoredSpend(calls=1, unpriced_calls=1))
        assert await state.spend.total(DAY, DAY) == UnscoredSpend(calls=16, cost_usd=1.0)
        both = await state.spend.total(DAY - timedelta(days=1), DAY)
        assert both == UnscoredSpend(calls=17, cost_usd=1.0, unpriced_calls=1)
        assert await state.spend.total(DAY + timedelta(days=1), DAY + timedelta(days=2)) == UnscoredSpend()

    run(check)
