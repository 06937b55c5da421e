"""Alerts of what the application's answers cost."""

from __future__ import annotations

from collections.abc import Iterator

from assay.worker.alerts.rule import AlertRule, Condition
from assay.worker.alerts.rules.parts import ALL_USE_CASES, DAY_S, HOUR_S, by_threshold, percent, rounded
from assay.worker.config.deployment import Deployment
from assay.worker.config.objectives import application_budget
from assay.worker.records.metrics import quality

_DAYS_A_MONTH = 30.4
"""A month's budget over it is a day's."""

_RUNAWAY = 2.0
"""Times a day's part of a month's budget. Whoever keeps to a month's budget spends four fifths of a day's part on every
working day: only the month as a whole, or a day like two, tells of trouble."""


def rules(deployment: Deployment) -> Iterator[AlertRule]:
    """Alerts of money and tokens."""
    yield _month(deployment)
    yield from _days(deployment)
    yield _token_jump(deployment)


def _month(deployment: Deployment) -> AlertRule:
    over = deployment.alerts.thresholds.month_over_budget
    return AlertRule(
        name="AssayMonthOverBudget",
        severity="ticket",
        all_of=(
            Condition(
                metric=quality.COST_MONTH.name, comparator=">", threshold=1 + over, than=quality.COST_BUDGET.name
            ),
            Condition(metric=quality.COST_MONTH.lower, comparator=">", threshold=1.0, than=quality.COST_BUDGET.name),
        ),
        by=("use_case",),
        for_s=HOUR_S,
        keep_firing_s=DAY_S / 4,
        summary="{use_case}: this month is on its way to {value}",
        description=f"That is over {percent(over)} above the budget, and the projection's lower bound is above it too.",
        runbook="month-over-budget",
        dashboard="assay-cost-drift",
        inhibited_by=("AssaySignalsStale",),
    )


def _days(deployment: Deployment) -> Iterator[AlertRule]:
    """A day's budget where one is set; elsewhere a day's part of the month's."""
    part = deployment.alerts.thresholds.day_of_budget
    with_own = {
        case.name: own
        for case in deployment.use_cases
        if (own := application_budget(deployment, case.name).budget_usd_per_day) is not None
    }
    for group in by_threshold(deployment, with_own.get):
        yield _day(
            Condition(
                metric=quality.COST_TODAY.name,
                comparator=">",
                threshold=rounded(part * group.threshold),
                where=group.where,
            ),
            f"That is over {percent(part)} of the day's budget of {group.threshold:,.10g} USD.",
        )
    for group in by_threshold(deployment, lambda name: None if name in with_own else _RUNAWAY, also=ALL_USE_CASES):
        yield _day(
            Condition(
                metric=quality.COST_TODAY.name,
                comparator=">",
                threshold=rounded(_RUNAWAY / _DAYS_A_MONTH),
                than=quality.COST_BUDGET.name,
                where=group.where,
            ),
            f"That is over {_RUNAWAY:g} times a day's part of the month's budget.",
        )


def _day(condition: Condition, description: str) -> AlertRule:
    return AlertRule(
        name="AssayDayNearBudget",
        severity="ticket",
        all_of=(condition,),
        by=("use_case",),
        for_s=300,
        summary="{use_case}: answers of today cost {value} so far",
        description=description,
        runbook="day-near-budget",
        dashboard="assay-cost-drift",
        inhibited_by=("AssaySignalsStale", "AssayMonthOverBudget"),
    )


def _token_jump(deployment: Deployment) -> AlertRule:
    jump = deployment.alerts.thresholds.token_jump
    return AlertRule(
        name="AssayPromptTokenJump",
        severity="ticket",
        all_of=(Condition(metric=quality.TOKEN_JUMP.lower, comparator=">=", threshold=jump),),
        by=("use_case", "prompt_name", "prompt_version"),
        keep_firing_s=HOUR_S,
        summary="{use_case}: prompt {prompt_name} version {prompt_version} takes at least {value} times the tokens",
        description=f"The lower bound of its mean tokens over those of the version before has reached {jump:g}.",
        runbook="prompt-token-jump",
        dashboard="assay-cost-drift",
        inhibited_by=("AssaySignalsStale",),
    )
