"""What a plan costs beside what may be spent. Where a budget is short, sweeps lower the rates of the whole day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assay.judges.prices import total_cost
from assay.judges.schema import Record
from assay.worker.config.deployment import Deployment
from assay.worker.flow.backfill.range_plan import RangePlan
from assay.worker.flow.pacing import Purse
from assay.worker.flow.rates import DAY
from assay.worker.setup.judge_cost import JudgeCost

DAYS_OF_A_MONTH = 30.0

PARTS = 96
"""A day is paced in so many equal parts of its traffic."""


class PlannedBudget(Record):
    """One budget beside what the plan takes of it.

    Attributes:
        use_case: whose it is. None: that of all use cases together.
        usd_per_day: what may be spent in a day, the month's budget spread over its days.
        cost_usd: what the judgements would cost at the policy's own rates, not in a provider's batch. None where that
            is not known.
        days: for how many days they are.
        pays: the share of them that is selected. Sweeps lower the rates so that the day's money lasts the day.
    """

    use_case: str | None
    usd_per_day: float
    cost_usd: float | None
    days: float
    pays: float = 1.0

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
        most = a_day(case.budget_usd_per_day, case.budget_usd_per_month)
        work = _work_of(plan, case.name)
        if most is not None and work:
            cost = _cost_of(work, by_rubric)
            budgets.append(PlannedBudget(use_case=case.name, usd_per_day=most, cost_usd=cost, days=days))
    most = a_day(deployment.limits.usd_per_day, deployment.limits.usd_per_month)
    if most is not None:
        cost = total_cost(cost.cost_usd for cost in costs)
        budgets.append(PlannedBudget(use_case=None, usd_per_day=most, cost_usd=cost, days=days))
    return budgets


def a_day(day: float | None, month: float | None) -> float | None:
    """The tighter of a day's budget and a month's, in a day."""
    amounts = [amount for amount in (day, None if month is None else month / DAYS_OF_A_MONTH) if amount is not None]
    return min(amounts, default=None)


@dataclass(frozen=True)
class Paced:
    """A day as sweeps pace it.

    Attributes:
        plan: with the rates that the budgets leave.
        costs: of what is then judged.
        budgets: each with the share that it pays.
    """

    plan: RangePlan
    costs: list[JudgeCost]
    budgets: list[PlannedBudget]


def paced(plan: RangePlan, costs: Sequence[JudgeCost], deployment: Deployment) -> Paced:
    """The plan of an ordinary day, lowered as sweeps lower it."""
    budgets = planned_budgets(plan, costs, deployment)
    by_rubric = {cost.rubric: cost for cost in costs}
    works = {case.use_case: _work_of(plan, case.use_case) for case in plan.use_cases}
    asked = {name: usd for name, work in works.items() if (usd := _cost_of(work, by_rubric))}
    held = {budget.use_case: budget.usd_per_day for budget in budgets if budget.cost_usd is not None}
    shares = day_shares(asked, held)
    lowered = _lowered(plan, shares)
    left = sum(usd * shares[name] for name, usd in asked.items())
    of_all = left / sum(asked.values()) if asked else 1.0
    told = [
        budget.model_copy(update={"pays": of_all if budget.use_case is None else shares.get(budget.use_case, 1.0)})
        for budget in budgets
    ]
    return Paced(plan=lowered, costs=scaled_costs(costs, lowered), budgets=told)


def day_shares(asked: Mapping[str, float], held: Mapping[str | None, float]) -> dict[str, float]:
    """Which share of each use case's work a day's money pays, by the arithmetic of sweeps over a day without hours.

    A use case that its own budget lowers, and that of all lowers again, has spent less of its own by noon. So its own
    lowers it less in the afternoon, which no product of two shares tells.

    Args:
        asked: what each use case's judgements cost at the policy's own rates, in USD.
        held: the day's budgets, in USD, by use case; None: that of all together.
    """
    spent = dict.fromkeys(asked, 0.0)
    for part in range(PARTS):
        left = (PARTS - part) / PARTS
        own = {name: _share_of(held.get(name), spent[name], usd * left) for name, usd in asked.items()}
        needs = {name: usd * left * own[name] for name, usd in asked.items()}
        of_all = _share_of(held.get(None), sum(spent.values()), sum(needs.values()))
        for name, need in needs.items():
            spent[name] += need * of_all / (PARTS - part)
    return {name: spent[name] / usd for name, usd in asked.items()}


def _share_of(allowance: float | None, spent: float, need: float) -> float:
    if allowance is None:
        return 1.0
    return Purse(allowance_usd=allowance, committed_usd=spent).share_of(need, chosen_usd=0.0, cost_usd=0.0)


def _work_of(plan: RangePlan, use_case: str) -> dict[str, int]:
    return {row.rubric: row.work for row in plan.rubrics if row.use_case == use_case}


def _lowered(plan: RangePlan, shares: Mapping[str, float]) -> RangePlan:
    """The plan with the rates of these use cases lowered, by those shares."""
    cases = [
        case.model_copy(update={"lowest_rate": case.lowest_rate * share, "highest_rate": case.highest_rate * share})
        for case in plan.use_cases
        for share in [shares.get(case.use_case, 1.0)]
    ]
    rows = []
    for row in plan.rubrics:
        selected = round(row.selected * shares.get(row.use_case, 1.0))
        passed_over = row.passed_over + row.selected - selected
        rows.append(row.model_copy(update={"selected": selected, "passed_over": passed_over}))
    return plan.model_copy(update={"use_cases": tuple(cases), "rubrics": tuple(rows)})


def scaled_costs(costs: Sequence[JudgeCost], plan: RangePlan) -> list[JudgeCost]:
    """The costs of as many judgements as the plan has by each rubric."""
    work: Counter[str] = Counter()
    for row in plan.rubrics:
        work[row.rubric] += row.work
    return [cost.scaled(work[cost.rubric]) for cost in costs]


def _cost_of(work: Mapping[str, int], by_rubric: Mapping[str, JudgeCost]) -> float | None:
    return total_cost(_share(by_rubric[rubric], count) for rubric, count in work.items() if rubric in by_rubric)


def _share(cost: JudgeCost, count: int) -> float | None:
    """What so many of the judgements by a rubric cost."""
    if cost.cost_usd is None or not cost.judgements:
        return cost.cost_usd
    return cost.cost_usd * count / cost.judgements
