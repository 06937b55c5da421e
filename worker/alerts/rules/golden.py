"""Alerts of golden sets that run on a schedule."""

from __future__ import annotations

from collections.abc import Iterator

from assay.worker.alerts.rule import AlertRule, Condition
from assay.worker.alerts.rules.parts import HOUR_S
from assay.worker.config.deployment import Deployment
from assay.worker.records.metrics import fleet

_BY = ("golden_set",)
_FLEET_DOWN = ("AssayBeatDead", "AssayStateUnreadable")

JUDGE_BAR = 0.2
"""Of sensitivity + specificity - 1, its lower bound: below it the gate takes no word of the judge."""


def rules(_deployment: Deployment) -> Iterator[AlertRule]:
    """Alerts of scheduled runs."""
    yield _rule(
        "AssayGoldenRegressed",
        Condition(metric=fleet.GOLDEN_VERDICT.name, comparator=">=", threshold=1, where={"verdict": "regressed"}),
        "{golden_set}: the last scheduled run regressed against its baseline",
        "The gate's test says so; the report names the items.",
        runbook="golden-regressed",
    )
    yield _rule(
        "AssayGoldenOverdue",
        Condition(metric=fleet.GOLDEN_OVERDUE.name, comparator=">", threshold=HOUR_S),
        "{golden_set}: its scheduled run is overdue by {value}",
        "A slot passed, and no worker has its run in hand.",
        runbook="golden-overdue",
        inhibited_by=_FLEET_DOWN,
    )
    yield _rule(
        "AssayGoldenScheduleProblem",
        Condition(metric=fleet.GOLDEN_PROBLEM.name, comparator=">=", threshold=1),
        "{golden_set}: its schedule cannot be kept",
        "The manifest cannot be read, or no beat has looked at it.",
        runbook="golden-schedule-problem",
        for_s=900,
        inhibited_by=_FLEET_DOWN,
    )
    yield _rule(
        "AssayGoldenInconclusive",
        Condition(metric=fleet.GOLDEN_VERDICT.name, comparator=">=", threshold=1, where={"verdict": "inconclusive"}),
        "{golden_set}: the last scheduled run could not decide",
        "Too much was missing, or the judge failed on the anchors. Until this is mended no regression would show.",
        runbook="golden-inconclusive",
    )
    yield _rule(
        "AssayJudgeBelowBar",
        Condition(metric=fleet.GOLDEN_JUDGE.upper, comparator="<", threshold=JUDGE_BAR),
        "{golden_set}: the judge is no better than a coin on the anchors",
        f"The upper bound of its sensitivity + specificity - 1 is {{value}}, below {JUDGE_BAR}.",
        runbook="judge-below-bar",
    )


def _rule(  # what rules of golden sets differ in
    name: str,
    condition: Condition,
    summary: str,
    description: str,
    *,
    runbook: str,
    for_s: float = 0.0,
    inhibited_by: tuple[str, ...] = (),
) -> AlertRule:
    return AlertRule(
        name=name,
        severity="ticket",
        all_of=(condition,),
        by=_BY,
        for_s=for_s,
        summary=summary,
        description=description,
        runbook=runbook,
        dashboard="assay-golden",
        inhibited_by=inhibited_by,
    )
