"""The dashboard of golden sets: whether the application and the judge still pass, and whether that was looked at."""

from __future__ import annotations

from assay.worker.alerts.dashboards.common import Given, addresses, firing_panel, line, marks, more
from assay.worker.alerts.dashboards.panel import Column, Dashboard, Lookup, Panel, Query, Row, Step
from assay.worker.alerts.dashboards.queries import age, banded, label_values, latest
from assay.worker.records.metrics import fleet
from assay.worker.records.metrics.metric import Metric

_SET = {"golden_set": "$golden_set"}
_DAY_S = 86_400
_RUNS = more("golden ls")
_LATE = (Step(None, "green"), Step(8 * _DAY_S, "red"))


def golden_dashboard(given: Given) -> Dashboard:
    """Whether a frozen set of questions is still answered as it was."""
    return Dashboard(
        uid="assay-golden",
        title="Assay: golden sets",
        description="Scheduled runs of the frozen sets: pass rate, the judge's own exam, and whether they ran.",
        variables=(
            Lookup("golden_set", "Golden set", label_values(fleet.GOLDEN_PROBLEM, "golden_set")),
            *addresses(given),
        ),
        rows=(
            Row("Alerts and all sets", (_all_sets(), firing_panel(width=10, height=8))),
            Row("$golden_set", (_pass_rate(), _judge(), _verdicts())),
            Row("Whether it ran", _schedule()),
        ),
        marks=marks(of_use_case=False),
        since="now-90d",
    )


def _all_sets() -> Panel:
    by = ("golden_set",)
    return Panel(
        title="Last scheduled runs",
        queries=(
            Query(latest(fleet.GOLDEN_PASS, by), "pass rate"),
            Query(latest(fleet.GOLDEN_PASS, by, name=fleet.GOLDEN_PASS.lower), "from"),
            Query(latest(fleet.GOLDEN_PASS, by, name=fleet.GOLDEN_PASS.upper), "to"),
            Query(latest(fleet.GOLDEN_ITEMS, by), "items"),
            Query(age(fleet.GOLDEN_LAST_RUN, by), "ago"),
        ),
        unit="percentunit",
        description="Pass rates with 95 % intervals. A click on a set shows it below." + _RUNS,
        kind="table",
        width=14,
        columns=(
            Column("items", unit="short"),
            Column("ago", unit="s", steps=_LATE),
            Column("golden_set", url="/d/assay-golden?var-golden_set=${__value.raw}&${__url_time_range}"),
        ),
    )


def _pass_rate() -> Panel:
    return Panel(
        title="Pass rate",
        queries=banded(fleet.GOLDEN_PASS, "pass rate", _SET),
        unit="percentunit",
        description="Of the last scheduled run, with its 95 % interval. Whether it fell, the gate's own test says."
        + _RUNS,
        most=1,
        links_traces=True,
        runbook="golden-regressed",
    )


def _judge() -> Panel:
    return Panel(
        title="The judge's own exam (Youden's J)",
        queries=banded(fleet.GOLDEN_JUDGE, "sensitivity + specificity - 1", _SET),
        unit="short",
        description="On answers that people labelled. The judge is below its bar where the lower bound is below the "
        "set's `judge` setting." + _RUNS,
        most=1,
        runbook="judge-below-bar",
    )


def _verdicts() -> Panel:
    return Panel(
        title="How the last run ended",
        queries=(Query(latest(fleet.GOLDEN_VERDICT, ("verdict",), _SET), "{{verdict}}"),),
        unit="short",
        description="1 for the verdict: pass, regressed, inconclusive." + _RUNS,
        least=0,
        most=1,
        stacked=True,
        runbook="golden-inconclusive",
    )


def _schedule() -> tuple[Panel, ...]:
    readable = Panel(
        title="Schedules",
        queries=(Query(latest(fleet.GOLDEN_READABLE), "schedules"),),
        unit="short",
        description="Whether the fleet could read the schedules of all sets." + _RUNS,
        kind="stat",
        width=6,
        height=4,
        runbook="golden-schedule-problem",
        words=((0, "cannot be read", "red"), (1, "are read", "green")),
    )
    return (
        _stat("Last run", age(fleet.GOLDEN_LAST_RUN, (), _SET), "s", "golden-overdue", _LATE),
        _stat_of("Overdue for", fleet.GOLDEN_OVERDUE, "s", "golden-overdue", line(3600)),
        _stat_of("Items", fleet.GOLDEN_ITEMS, "short", "golden-regressed", (Step(None, "orange"), Step(50, "green"))),
        Panel(
            title="Its schedule",
            queries=(Query(latest(fleet.GOLDEN_PROBLEM, (), _SET), "problem"),),
            unit="short",
            description="Whether the manifest can be read and a beat has looked at it." + _RUNS,
            kind="stat",
            width=6,
            height=4,
            runbook="golden-schedule-problem",
            words=((0, "is looked at", "green"), (1, "has a problem", "red")),
        ),
        readable,
    )


def _stat_of(title: str, metric: Metric, unit: str, runbook: str, steps: tuple[Step, ...]) -> Panel:
    return _stat(title, latest(metric, (), _SET), unit, runbook, steps)


def _stat(title: str, expression: str, unit: str, runbook: str, steps: tuple[Step, ...]) -> Panel:
    query = Query(expression, title.lower())
    return Panel(title, (query,), unit, "Of the scheduled runs." + _RUNS, "stat", steps, 4, 4, runbook=runbook)
