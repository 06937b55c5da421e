"""Cost as the tick of signals computes it: one use case after the other, so that little is in memory at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from assay.judges.cpu_executor import in_thread
from assay.worker.config.deployment import Deployment
from assay.worker.config.objectives import application_budget
from assay.worker.config.slos import ApplicationBudget
from assay.worker.ports.history import HistoryReader
from assay.worker.ports.windows import Windows
from assay.worker.records.history import HistoryQuery, microseconds
from assay.worker.records.metrics.metric import Sample
from assay.worker.signals.cost.projecting import first_day_needed, midnight, month_cost, month_of
from assay.worker.signals.cost.rows import CostRows, read_costs
from assay.worker.signals.cost.samples import (
    EVERYTHING,
    cost_samples,
    joined,
    month_budget,
    month_samples,
)
from assay.worker.signals.gathering import DAY_US
from assay.worker.signals.windows import AHEAD, DAY, MONTH, SPANS

COUNTED_DAYS = 2
"""Days, today among them, that are weighted by what sweeps counted: there many traces have not ended yet. Of earlier
days 1/π tells as much, and a month of windows takes longer to read than its rows."""


class CostScope(NamedTuple):
    """What is told of.

    Attributes:
        budgets: of each use case.
        whole: of the whole deployment.
    """

    budgets: Mapping[str, ApplicationBudget]
    whole: ApplicationBudget

    @classmethod
    def of(cls, deployment: Deployment) -> CostScope:
        """That of a deployment."""
        names = [case.name for case in deployment.use_cases]
        return cls({name: application_budget(deployment, name) for name in names}, application_budget(deployment))


async def compute_cost(
    reader: HistoryReader, windows: Windows, scope: CostScope, now: datetime
) -> dict[str, list[Sample]]:
    """Samples of cost by window. Those that have none lie under `24h`.

    Raises:
        HistoryUnavailable, ConfigurationError, StateUnavailable
    """
    since = min(first_day_needed(now), now - SPANS[MONTH])
    seen = await seen_by_day(windows, midnight(now) - timedelta(days=COUNTED_DAYS - 1), now)
    days = (month_of(now)[1] - month_of(now)[0]).days
    has_whole = budget_of(scope.whole, days) is not None
    kept: list[CostRows] = []
    parts = []
    for use_case, budget in scope.budgets.items():
        query = HistoryQuery(since=since, until=now + AHEAD, use_cases=(use_case,))
        columns = await read_costs(reader, query)
        rows = await in_thread(columns.rows, seen.get(use_case, {}))
        parts.append(await in_thread(cost_samples, rows, use_case, now, budget_of(budget, days)))
        if has_whole:
            kept.append(rows)
    samples = joined(parts)
    if has_whole:
        month = await in_thread(month_cost, kept, now)
        samples[DAY] += month_samples(month, EVERYTHING, budget_of(scope.whole, days))
    return samples


async def seen_by_day(windows: Windows, since: datetime, until: datetime) -> dict[str, dict[int, int]]:
    """Traces that sweeps counted, by use case and UTC day since 1970.

    Raises:
        StateUnavailable
    """
    seen: dict[str, Counter[int]] = {}
    for window in await windows.between(since, until):
        day = microseconds(window.start) // DAY_US
        for use_case, count in window.seen.items():
            seen.setdefault(use_case, Counter())[day] += count
    return {use_case: dict(counts) for use_case, counts in seen.items()}


def budget_of(budget: ApplicationBudget, days: int) -> float | None:
    """What a month of so many days may cost."""
    return month_budget(budget.budget_usd_per_month, budget.budget_usd_per_day, days)
