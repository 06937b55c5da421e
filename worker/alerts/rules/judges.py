"""Alerts of judge endpoints and of what judging may cost."""

from __future__ import annotations

from collections.abc import Iterator

from assay.worker.alerts.rule import AlertRule, Condition
from assay.worker.alerts.rules.parts import MINUTE_S, percent
from assay.worker.config.deployment import Deployment
from assay.worker.records.metrics import fleet

_STATE_GONE = ("AssayStateUnreadable",)

WORKED_OFF_S = 2700.0
"""So long after an endpoint works again its alert still explains others."""


def rules(deployment: Deployment) -> Iterator[AlertRule]:
    """Alerts of endpoints and budgets."""
    asked = deployment.alerts.thresholds
    yield AlertRule(
        name="AssayJudgeFailing",
        severity="page",
        # Not closed: while it is tried again it is half open for a moment.
        all_of=(Condition(metric=fleet.BREAKER.name, comparator=">=", threshold=1),),
        by=("endpoint",),
        for_s=asked.breaker_seconds,
        # What has waited is late, and worked off meanwhile: no further alert is to tell of it.
        keep_firing_s=WORKED_OFF_S,
        summary="The judge endpoint {endpoint} fails, its breaker is open",
        description=f"No call has worked for {asked.breaker_seconds / MINUTE_S:.0f} minutes. Work waits; none is lost.",
        runbook="judge-failing",
        inhibited_by=_STATE_GONE,
    )
    yield AlertRule(
        name="AssayJudgeDenied",
        severity="page",
        all_of=(Condition(metric=fleet.ENDPOINT_DENIED.name, comparator=">=", threshold=1),),
        by=("endpoint",),
        for_s=asked.breaker_seconds,
        summary="The judge endpoint {endpoint} refuses our key, account or model",
        description="This does not pass by itself: a person must mend the key, the account or the model's name.",
        runbook="judge-denied",
        inhibited_by=_STATE_GONE,
    )
    yield _budget(
        "AssayJudgeBudgetGone",
        1.0,
        "{use_case}: the {period}'s budget of judging is spent ({value})",
        "Nothing more is selected until the next one begins.",
    )
    yield _budget(
        "AssayJudgeBudgetNearlyGone",
        asked.day_of_budget,
        "{use_case}: {value} of the {period}'s budget of judging are spent",
        f"That is over {percent(asked.day_of_budget)} of it.",
        hidden_by=("AssayJudgeBudgetGone",),
    )


def _budget(name: str, part: float, summary: str, description: str, *, hidden_by: tuple[str, ...] = ()) -> AlertRule:
    return AlertRule(
        name=name,
        severity="ticket",
        all_of=(
            Condition(metric=fleet.BUDGET_SPENT.name, comparator=">=", threshold=part, than=fleet.BUDGET_LIMIT.name),
        ),
        by=("use_case", "period"),
        for_s=300,
        summary=summary,
        description=description,
        runbook="judge-budget",
        dashboard="assay-cost-drift",
        inhibited_by=(*_STATE_GONE, *hidden_by),
    )
