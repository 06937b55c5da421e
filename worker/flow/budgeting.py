"""What a sweep knows of money: what is spent, what is under way, and what one more trace costs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from assay.worker.config.deployment import Deployment
from assay.worker.config.use_cases import UseCase
from assay.worker.flow.pacing import Course, Pacer, Purse, allowance_usd
from assay.worker.ports.call_limits import ALL, CallAccountReader, Spent
from assay.worker.ports.key_values import KeyValues
from assay.worker.ports.ledger import LedgerReader
from assay.worker.records.ledger import LedgerState

PRIOR_JUDGEMENTS = 20
"""What was known of a judgement's cost before today counts as much as so many judgements of today."""

_KEY = "pacing:cost"
_TTL_S = 90 * 24 * 3600

_UNPAID = frozenset({LedgerState.OPEN})


@dataclass(frozen=True)
class Budgeting:
    """Makes a pacer for each sweep.

    Attributes:
        account: what calls have cost.
        ledger: how many judgements ended, and how many are under way.
        key_values: where the cost of a judgement is remembered from day to day.
        deployment: the budgets.
        first_cost_usd: what a judgement by a rubric of this name may cost, by the price table: for use cases that
            nothing is known of yet.
    """

    account: CallAccountReader
    ledger: LedgerReader
    key_values: KeyValues
    deployment: Deployment
    first_cost_usd: Callable[[str], float]

    async def pacer(self, now: datetime) -> Pacer | None:
        """A pacer that knows how the budgets stand. None where there is no budget.

        Raises:
            StateUnavailable
        """
        cases = self._paced_cases()
        if not cases:
            return None
        names = [case.name for case in cases]
        spent = await self.account.spent([*names, ALL])
        open_, ended = await self._judgements(now)
        before = await self._remembered()
        costs = {case.name: self._cost(case, spent[case.name], ended[case.name], before) for case in cases}
        await self._remember({**before, **{n: usd for n, usd in costs.items() if ended[n] >= PRIOR_JUDGEMENTS}}, before)
        under_way = {name: open_[name] * costs[name] for name in names}
        courses = {
            case.name: Course(
                cost_usd=costs[case.name] * len(self.deployment.rubrics_of(case)),
                purse=_purse(
                    case.budget_usd_per_day, case.budget_usd_per_month, spent[case.name], under_way[case.name], now
                ),
            )
            for case in cases
        }
        limits = self.deployment.limits
        purse = _purse(limits.usd_per_day, limits.usd_per_month, spent[ALL], sum(under_way.values()), now)
        return Pacer(now=now, deployment=self.deployment, courses=courses, purse=purse)

    def _paced_cases(self) -> list[UseCase]:
        limits = self.deployment.limits
        if limits.usd_per_day or limits.usd_per_month:
            return list(self.deployment.use_cases)
        return [c for c in self.deployment.use_cases if c.budget_usd_per_day or c.budget_usd_per_month]

    async def _judgements(self, now: datetime) -> tuple[Counter[str], Counter[str]]:
        """Judgements by use case: those under way, and those of today's traces that were paid."""
        today = now.date()
        open_, ended = Counter[str](), Counter[str]()
        for day in (today - timedelta(days=1), today):
            for (use_case, _, state, _), n in (await self.ledger.counts(day, day)).items():
                if state in _UNPAID:
                    open_[use_case] += n
                elif day == today:
                    ended[use_case] += n
        return open_, ended

    def _cost(self, case: UseCase, spent: Spent, ended: int, before: Mapping[str, float]) -> float:
        """What one judgement costs: today's, and what was known before."""
        rubrics = self.deployment.rubrics_of(case)
        prior = before.get(case.name)
        if prior is None:
            prior = sum(map(self.first_cost_usd, rubrics)) / len(rubrics)
        settled = max(0.0, spent.day_usd - spent.day_reserved_usd)
        return (settled + PRIOR_JUDGEMENTS * prior) / (ended + PRIOR_JUDGEMENTS)

    async def _remembered(self) -> dict[str, float]:
        raw = (await self.key_values.kept([_KEY])).get(_KEY)
        return dict(json.loads(raw)) if raw else {}

    async def _remember(self, costs: Mapping[str, float], before: Mapping[str, float]) -> None:
        if costs != before:
            await self.key_values.keep(_KEY, json.dumps(dict(costs)).encode(), ttl_s=_TTL_S, replace=True)


def _purse(
    per_day: float | None, per_month: float | None, spent: Spent, under_way: float, now: datetime
) -> Purse | None:
    """A budget as it stands. None where there is none."""
    allowance = allowance_usd(per_day, per_month, spent_today=spent.day_usd, spent_month=spent.month_usd, now=now)
    if allowance is None:
        return None
    # What is reserved is both spent and under way. It counts once, at its bound.
    waiting = max(0.0, under_way - spent.day_reserved_usd)
    return Purse(allowance_usd=allowance, committed_usd=spent.day_usd + waiting)
