"""What the answers of a period cost: what `assay cost` prints, and what the page of the fleet shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.worker.wiring.runtime import Runtime

if TYPE_CHECKING:
    from assay.worker.records.history import HistoryQuery
    from assay.worker.reporting.cost.records import CostFact, CostReport


async def read_cost_report(
    runtime: Runtime, query: HistoryQuery, by: CostFact | None = None, *, has_redis: bool
) -> CostReport:
    """What the application's answers cost.

    Args:
        runtime: of the deployment.
        query: which traces.
        by: the fact that cost is split by.
        has_redis: whether the fleet's state answers. Without it the sample alone tells how many requests there were.

    Raises:
        HistoryUnavailable, StateUnavailable, ConfigurationError
    """
    from assay.worker.reporting.cost.reading import CostReader
    from assay.worker.signals.cost.ticking import CostScope

    known = await runtime.history.reader.use_cases(query.model_copy(update={"use_cases": ()}))
    scope = CostScope.of(runtime.deployment)
    others = sorted(set(known) - set(scope.budgets))
    reader = CostReader(runtime.history.reader, runtime.state.windows if has_redis else None, scope)
    return await reader.read(query, runtime.clock.now(), by=by, others=others)
