"""The last row of the dashboard of quality: the other dashboards, a figure each."""

from __future__ import annotations

from assay.worker.alerts.dashboards.common import more
from assay.worker.alerts.dashboards.panel import Panel, Query, Row, Step
from assay.worker.alerts.dashboards.queries import CASE, age, latest
from assay.worker.records.metrics import drift, fleet, quality

_DAY_S = 86_400


def glance_row() -> Row:
    """Cost, fleet, golden sets and drift."""
    drifted = latest(drift.DRIFTED, ("side", "feature"), CASE)
    return Row(
        "Cost, fleet, golden sets and drift at a glance",
        (
            _figure(
                "This month's cost, projected",
                Query(latest(quality.COST_MONTH, (), CASE), "month"),
                "currencyUSD",
                "The application's traffic; see the dashboard of cost and drift." + more("cost --use-case $use_case"),
                "month-over-budget",
            ),
            _figure(
                "Processes",
                Query(latest(fleet.PROCESSES, ("role",)), "{{role}}"),
                "short",
                "Processes of the fleet that are alive; see the dashboard of the fleet." + more("status"),
                "no-assess-workers",
                (Step(None, "red"), Step(1, "green")),
            ),
            _figure(
                "Last score",
                Query(age(quality.LAST_SCORED, (), CASE), "ago"),
                "s",
                "How long ago a trace of this use case was last scored." + more("status"),
                "no-scores",
            ),
            _figure(
                "Golden sets",
                Query(latest(fleet.GOLDEN_PASS, ("golden_set",)), "{{golden_set}}"),
                "percentunit",
                "Pass rate of the last scheduled run; see the dashboard of golden sets." + more("golden ls"),
                "golden-regressed",
            ),
            _figure(
                "Drifted features",
                Query(f"sum ({drifted})", "drifted"),
                "short",
                "Of the last daily check." + more("drift show"),
                "traffic-drift",
                (Step(None, "green"), Step(1, "orange")),
            ),
            _figure(
                "Last drift check",
                Query(age(drift.CHECKED, (), CASE), "ago"),
                "s",
                "It is due every day." + more("drift check"),
                "drift-stale",
                (Step(None, "green"), Step(2 * _DAY_S, "orange")),
            ),
        ),
    )


def _figure(title: str, query: Query, unit: str, description: str, runbook: str, steps: tuple[Step, ...] = ()) -> Panel:
    return Panel(title, (query,), unit, description, "stat", steps, 4, 4, runbook=runbook)
