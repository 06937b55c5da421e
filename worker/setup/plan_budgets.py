"""What a plan costs beside what may be spent: a use case whose budget is short waits for days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assay.judges.prices import total_cost
from assay.judges.schema import Record
from assay.worker.config.deployment import Deployment
from assay.worker.flow.backfill.range_plan import RangePlan
from assay.worker.flow.rates import DAY
from assay.worker.setup.plan_costs import JudgeCost

DAYS_OF_A_MONTH = 30.0


class PlannedBudget(Record):
    """One budget beside what the plan takes of it.

    Attributes:
        use_case: whose it is. None: that of all use cases together.
        usd_per_day: what may be spent in a day, the month's budget spread over its days.
        cost_usd: what the planned judgements cost, not in a provider's batch. None where that is not known.
        days: for how many days they are.
    """

    use_case: str | None
    usd_per_day: float
    cost_usd: float | None
    days: float

    @property
    def is_short(self) -> bool:
        """Whether the planned work costs more a day than may be spent."""
        return self.cost_usd is not None and self.cost_usd > self.usd_per_day * self.days


def planned_budgets(plan: RangePlan, costs: Sequence[JudgeCost], deployment: Deployment) -> list[PlannedBudget]:
    """Every budget of the deployment, each beside its part of the costs: by judgements, which cost alike."""
    days = max(1.0, (plan.end - plan.start) / DAY)
    by_rubric = {cost.rubric: cost for cost in costs}
    budgets = []
    for case in deployment.use_cases:
        most = _a_day(case.budget_usd_per_day, case.budget_usd_per_month)
        work = {row.rubric: row.work for row in plan.rubrics if row.use_case == case.name}
        if most is not None and work:
            cost = _cost_of(work, by_rubric)
            budgets.append(PlannedBudget(use_case=case.name, usd_per_day=most, cost_usd=cost, days=days))
    most = _a_day(deployment.limits.usd_per_day, deployment.limits.usd_per_month)
    if most is not None:
        cost = total_cost(cost.cost_usd for cost in costs)
        budgets.append(PlannedBudget(use_case=None, usd_per_day=most, cost_usd=cost, days=days))
    return budgets


def _a_day(day: float | None, month: float | None) -> float | None:
    """The tighter of the two, in a day."""
    amounts = [amount for amount in (day, None if month is None else month / DAYS_OF_A_MONTH) if amount is not None]
    return min(amounts, default=None)


def _cost_of(work: Mapping[str, int], by_rubric: Mapping[str, JudgeCost]) -> float | None:
    return total_cost(_share(by_rubric[rubric], count) for rubric, count in work.items() if rubric in by_rubric)


def _share(cost: JudgeCost, count: int) -> float | None:
    """What so many of the judgements by a rubric cost."""
    if cost.cost_usd is None or not cost.judgements:
        return cost.cost_usd
    return cost.cost_usd * count / cost.judgements
