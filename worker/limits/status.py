"""Limits, budgets and endpoints as they stand now, for people."""

from __future__ import annotations

from assay.judges.schema import Record
from assay.worker.config.deployment import Deployment
from assay.worker.config.limits import DEFAULT_ENDPOINT, EndpointLimits
from assay.worker.limits.call_rules import CallRules
from assay.worker.ports.call_limits import (
    Budget,
    BudgetUse,
    CallAccountReader,
    EndpointHealth,
    EndpointUse,
    LimitUse,
    Spent,
)


class CallStatus(Record):
    """What holds the calls to judge models now. `endpoints` are those with something in force besides their limits."""

    limits: tuple[LimitUse, ...] = ()
    budgets: tuple[BudgetUse, ...] = ()
    endpoints: tuple[EndpointHealth, ...] = ()


async def call_status(
    reader: CallAccountReader, deployment: Deployment, *, endpoints: tuple[str, ...] = ()
) -> CallStatus:
    """How limits and budgets of a deployment stand.

    Args:
        reader: the account.
        deployment: what is configured.
        endpoints: endpoints to look at besides those with limits, and the usual one.

    Raises:
        StateUnavailable
    """
    limits: list[LimitUse] = []
    health: list[EndpointHealth] = []
    configured = deployment.limits.endpoints
    for name in dict.fromkeys((*configured, DEFAULT_ENDPOINT, *endpoints)):
        held = configured.get(name, EndpointLimits())
        use = await reader.endpoint(name, ["", *held.models])
        limits += _uses(name, held, use)
        if use.health != EndpointHealth(endpoint=name):
            health.append(use.health)
    budgets = CallRules.of(deployment).budgets
    spent = await reader.spent(list(budgets)) if budgets else {}
    uses = [use for budget in budgets.values() for use in _budget_uses(budget, spent[budget.use_case])]
    return CallStatus(limits=tuple(limits), budgets=tuple(uses), endpoints=tuple(health))


def _uses(endpoint: str, held: EndpointLimits, use: EndpointUse) -> list[LimitUse]:
    uses = []
    for model, limits in (("", held), *held.models.items()):
        amounts = {
            "requests": limits.requests_per_minute,
            "tokens": limits.tokens_per_minute,
            "concurrency": limits.concurrency,
        }
        uses += [
            LimitUse.model_validate(
                {"endpoint": endpoint, "model": model, "kind": k, "amount": n, "used": use.used[model, k]}
            )
            for k, n in amounts.items()
            if n is not None
        ]
    return uses


def _budget_uses(budget: Budget, spent: Spent) -> list[BudgetUse]:
    uses = []
    if budget.per_day is not None:
        uses.append(
            BudgetUse(
                use_case=budget.use_case,
                period="day",
                label=spent.day,
                limit_usd=budget.per_day,
                spent_usd=spent.day_usd,
                reserved_usd=spent.day_reserved_usd,
            )
        )
    if budget.per_month is not None:
        uses.append(
            BudgetUse(
                use_case=budget.use_case,
                period="month",
                label=spent.month,
                limit_usd=budget.per_month,
                spent_usd=spent.month_usd,
                reserved_usd=spent.month_reserved_usd,
            )
        )
    return uses
