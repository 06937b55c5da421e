"""The dashboard of quality: objectives, rates with their intervals, coverage, and the rest at a glance."""

from __future__ import annotations

from datetime import timedelta

from assay.worker.alerts.dashboards.aims import Aims
from assay.worker.alerts.dashboards.answers import answer_row, coverage_row
from assay.worker.alerts.dashboards.common import (
    FLAGGED,
    Given,
    addresses,
    below,
    firing_panel,
    line,
    marks,
    more,
    use_case_variables,
    window_variable,
)
from assay.worker.alerts.dashboards.glance import glance_row
from assay.worker.alerts.dashboards.panel import Column, Dashboard, Lookup, Panel, Query, Row, Step
from assay.worker.alerts.dashboards.queries import CASE, RATED, banded, label_values, latest
from assay.worker.records.metrics import quality, slo
from assay.worker.signals.slos.reporting import period_name

UID = "assay-quality"

_NOW = {**RATED, "window": "15m"}
_JUDGED = {**CASE, "rubric": "$rubric"}
_BUDGET_STEPS = (Step(None, "red"), Step(0, "orange"), Step(0.25, "green"))


def quality_dashboard(given: Given) -> Dashboard:
    """How good answers are, and whether that is good enough."""
    return Dashboard(
        uid=UID,
        title="Assay: quality",
        description="Whether answers are right: weighted rates with 95 % intervals, held to the objectives of slos:.",
        variables=(
            *use_case_variables(given, quality.JUDGED),
            Lookup("rubric", "Rubric", label_values(quality.JUDGED, "rubric", CASE)),
            window_variable(),
            *addresses(given),
        ),
        rows=(
            Row("All use cases", (_all_use_cases(), firing_panel(width=10, height=8))),
            _objectives(given),
            _rates(given),
            _changes(given),
            coverage_row(given),
            answer_row(given),
            glance_row(),
        ),
        marks=marks(of_use_case=True),
    )


def _all_use_cases() -> Panel:
    rate = ("use_case", "rubric")
    day = {"window": "24h"}
    may_page = latest(quality.ALARM_ARMED, rate, {"window": "15m"})
    return Panel(
        title="Use cases, last 24 hours",
        queries=(
            Query(latest(quality.JUDGED, rate, day), "judged"),
            Query(latest(quality.FLAGGED, rate, day), "flagged"),
            Query(latest(quality.FLAGGED, rate, day, name=quality.FLAGGED.lower), "from"),
            Query(latest(quality.FLAGGED, rate, day, name=quality.FLAGGED.upper), "to"),
            Query(may_page, "may page"),
        ),
        unit="percentunit",
        description="Flagged answers with their 95 % interval. A click on a use case shows it below. Flags may page "
        "where they are calibrated and not of the local screen alone." + more("report --since 24h"),
        kind="table",
        width=14,
        columns=(
            Column("judged", unit="short"),
            Column("may page", unit="bool_yes_no", steps=(Step(None, "orange"), Step(1, "green"))),
            Column("use_case", url=f"/d/{UID}?var-use_case=${{__value.raw}}&${{__url_time_range}}"),
        ),
    )


def _objectives(given: Given) -> Row:
    period = period_name(timedelta(days=given.deployment.slos.period_days))
    by, told = ("objective",), {**CASE, "window": period}
    asked = given.thresholds
    table = Panel(
        title=f"Objectives of $use_case, {period}",
        queries=(
            Query(latest(slo.TARGET, by, CASE), "target"),
            Query(latest(slo.GOOD, by, told), "good"),
            Query(latest(slo.GOOD, by, told, name=slo.GOOD.lower), "from"),
            Query(latest(slo.GOOD, by, told, name=slo.GOOD.upper), "to"),
            Query(latest(slo.TRACES, by, told), "n"),
            Query(latest(slo.BUDGET_LEFT, by, CASE), "budget left"),
        ),
        unit="percentunit",
        description="The share of good traces with its 95 % interval, and what is left of the error budget."
        + more("slo --use-case $use_case"),
        kind="table",
        width=14,
        runbook="budget-burn",
        columns=(Column("n", unit="short"), Column("budget left", steps=_BUDGET_STEPS)),
    )
    goodput = Panel(
        title="Goodput, 24 hours",
        queries=banded(slo.GOODPUT, "goodput", {**CASE, "window": "24h"}),
        unit="percentunit",
        description="Share of traces that meet all objectives of the use case at once, with its 95 % interval."
        + more("slo --use-case $use_case"),
        width=10,
        most=1,
        links_traces=True,
        runbook="budget-burn",
    )
    burn = tuple(
        Panel(
            title=f"Burn rate, {window}: lower bound",
            queries=(Query(latest(slo.BURN, by, {**CASE, "window": window}, name=slo.BURN.lower), "{{objective}}"),),
            unit="short",
            description=f"How many times too fast an error budget is spent, at least: the exact lower bound over "
            f"{window}. From {limit:g} on there is a ticket.",
            width=12,
            height=7,
            least=0,
            steps=line(limit),
            runbook="budget-burn",
        )
        for window, limit in (("24h", asked.burn_day), ("3d", asked.burn_three_days))
    )
    return Row("Objectives", (table, goodput, *burn))


def _rates(given: Given) -> Row:
    aims = given.aims
    asked = given.thresholds
    return Row(
        "Quality, with 95 % intervals",
        (
            Panel(
                title="Flagged answers",
                queries=(*banded(quality.FLAGGED, "flagged", RATED), *aims.bad_share("quality")),
                unit="percentunit",
                description="Share of answers whose hallucination risk is at least the cut, weighted." + FLAGGED,
                least=0,
                links_traces=True,
                runbook="hallucination-spike",
            ),
            Panel(
                title="Latest answers, which page",
                queries=(
                    Query(latest(quality.FLAGGED, (), _NOW), "flagged"),
                    Query(latest(quality.FLAGGED_ALARM, (), _NOW), "exact lower bound (alpha 0.0005)"),
                    *aims.bad_share("quality"),
                ),
                unit="percentunit",
                description="Of the last 15 minutes, or the last 30 answers. A page takes both: flagged above the red "
                "line, and its exact bound above the objective." + FLAGGED,
                least=0,
                steps=line(asked.spike_share),
                links_traces=True,
                runbook="hallucination-spike",
            ),
            Panel(
                title="Expected share of answers with a problem",
                queries=banded(quality.PROBLEM, "expected", RATED),
                unit="percentunit",
                description="The weighted mean of the calibrated risk: the headline of the report. Empty without a "
                "calibration." + FLAGGED,
                least=0,
                links_traces=True,
                runbook="hallucination-spike",
            ),
            *_faithful(aims),
        ),
    )


def _faithful(aims: Aims) -> tuple[Panel, ...]:
    return (
        Panel(
            title="Faithfulness, median",
            queries=(*banded(quality.FAITHFULNESS, "median", RATED), *aims.median()),
            unit="percentunit",
            description="Weighted median of faithfulness." + FLAGGED,
            most=1,
            links_traces=True,
            runbook="faithfulness-decline",
        ),
        Panel(
            title="Faithful answers",
            queries=(*banded(quality.FAITHFUL, "faithful", RATED), *aims.faithful_share()),
            unit="percentunit",
            description="Share of answers with a faithfulness of at least 0.80." + FLAGGED,
            most=1,
            links_traces=True,
            runbook="faithfulness-decline",
        ),
        Panel(
            title="Refusals",
            queries=(*banded(quality.REFUSALS, "refused", RATED), *aims.bad_share("refusals")),
            unit="percentunit",
            description="Share of answers that refused." + FLAGGED,
            least=0,
            links_traces=True,
            runbook="refusal-trend",
        ),
    )


def _changes(given: Given) -> Row:
    asked = given.thresholds
    return Row(
        "What changes slowly",
        (
            Panel(
                title="Faithful answers against the 7 days before",
                width=6,
                queries=banded(quality.DECLINE, "change", _JUDGED),
                unit="percentunit",
                description="Of the last 24 hours. Below the line, and with a small p-value, there is a ticket."
                + FLAGGED,
                steps=below(-asked.decline_share),
                links_traces=True,
                runbook="faithfulness-decline",
            ),
            Panel(
                title="p-value of that decline",
                queries=(Query(latest(quality.DECLINE_P, (), _JUDGED), "one-sided p-value"),),
                unit="short",
                description="That faithfulness is not below the 7 days before. A ticket takes a value below the line."
                + FLAGGED,
                least=0,
                most=1,
                width=6,
                steps=below(asked.decline_pvalue),
                links_traces=True,
                runbook="faithfulness-decline",
            ),
            Panel(
                title="Flags against the objective (CUSUM)",
                width=6,
                queries=(
                    Query(latest(quality.CUSUM, (), _JUDGED), "CUSUM"),
                    Query(latest(quality.CUSUM_LIMIT, (), _JUDGED), "limit", "limit"),
                ),
                unit="short",
                description="Adds up flags beyond the objective: a rise too slow for any window. At its limit there "
                "is a ticket, and it begins anew." + FLAGGED,
                least=0,
                links_traces=True,
                runbook="flagged-creep",
            ),
            Panel(
                title="Refusals against the 7 days before",
                width=6,
                queries=banded(quality.REFUSAL_TREND, "change", _JUDGED),
                unit="percentunit",
                description="Of the last 7 days." + FLAGGED,
                steps=line(asked.refusal_change, "orange"),
                links_traces=True,
                runbook="refusal-trend",
            ),
        ),
    )
