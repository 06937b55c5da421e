"""The lower rows of the dashboard of quality: coverage, what answers take and cost, and all else at a glance."""

from __future__ import annotations

from assay.worker.alerts.dashboards.common import FLAGGED, Given, more
from assay.worker.alerts.dashboards.panel import Panel, Query, Row, Step
from assay.worker.alerts.dashboards.queries import CASE, RATED, age, banded, latest
from assay.worker.records.metrics import drift, fleet, quality

_FACT = {**CASE, "window": "$window"}
_COST = more("cost --use-case $use_case")
_DAY_S = 86_400


def coverage_row(given: Given) -> Row:
    """Whether what was selected was judged, and in time."""
    ns = (quality.JUDGED, "judged"), (quality.WITH_RISK, "with a risk"), (quality.EFFECTIVE, "worth so many")
    return Row(
        "Coverage",
        (
            Panel(
                title="Judged within 15 minutes",
                queries=(*banded(quality.IN_TIME, "in time", _FACT), *given.aims.share("coverage")),
                unit="percentunit",
                description="Share of selected traces that came to their end within 15 minutes after their own."
                + more("status"),
                most=1,
                width=6,
                runbook="coverage-burn",
            ),
            Panel(
                title="Selected traces with a verdict",
                queries=(Query(latest(quality.ANSWERED, (), RATED), "answered"),),
                unit="percentunit",
                description="Weighted. The rest was skipped or died, with a reason." + more("report --since 24h"),
                most=1,
                width=6,
                runbook="answers-unjudged",
            ),
            Panel(
                title="How many answers stand behind the rates",
                queries=tuple(Query(latest(metric, (), RATED), words) for metric, words in ns),
                unit="short",
                description="Weights make some answers count more: so many of equal weight they are worth." + FLAGGED,
                least=0,
                width=6,
                links_traces=True,
            ),
            Panel(
                title="Today's traces, by what became of them",
                queries=(
                    Query(latest(fleet.FUNNEL_TRACES, ("state",), {**CASE, "rubric": "$rubric"}), "{{state}}"),
                    Query(latest(fleet.SEEN_TRACES, (), CASE), "seen"),
                ),
                unit="short",
                description="Traces that began on this UTC day." + more("status"),
                least=0,
                width=6,
            ),
        ),
    )


def answer_row(given: Given) -> Row:
    """What the application's answers take and cost, and what users say."""
    aims = given.aims
    return Row(
        "Answers: time, cost, opinions",
        (
            Panel(
                title="Slowest 5 % of answers",
                queries=(
                    *banded(quality.DURATION_P95, "p95", _FACT),
                    *aims.slowest("latency", quality.DURATION_P95),
                ),
                unit="s",
                description="95th percentile of a trace's duration, with its interval." + more("report --since 24h"),
                least=0,
                width=6,
                links_traces=True,
                runbook="slow-answers",
            ),
            Panel(
                title="Time to the first token, slowest 5 %",
                queries=(
                    *banded(quality.FIRST_TOKEN_P95, "p95", _FACT),
                    *aims.slowest("first_token", quality.FIRST_TOKEN_P95),
                ),
                unit="s",
                description="95th percentile, with its interval. Empty where traces do not tell it."
                + more("report --since 24h"),
                least=0,
                width=6,
                links_traces=True,
                runbook="slow-answers",
            ),
            Panel(
                title="Cost of a request, 24 hours",
                queries=(*banded(quality.REQUEST_COST, "mean", {**CASE, "window": "24h"}), *aims.request_cost()),
                unit="currencyUSD",
                description="What the application's own model calls cost, on average." + _COST,
                least=0,
                width=6,
                links_traces=True,
                runbook="month-over-budget",
            ),
            Panel(
                title="Users who do not complain",
                queries=(*banded(quality.THUMBS, "no complaint", _FACT), *aims.share("feedback")),
                unit="percentunit",
                description="Share of users' opinions that are no complaint." + FLAGGED,
                most=1,
                width=6,
                links_traces=True,
                runbook="budget-burn",
            ),
        ),
    )


def glance_row() -> Row:
    """The other dashboards, a figure each."""
    small = {"kind": "stat", "width": 4, "height": 4}
    late = (Step(None, "green"), Step(2 * _DAY_S, "orange"), Step(8 * _DAY_S, "red"))
    return Row(
        "The rest at a glance",
        (
            Panel(
                "This month's cost, projected",
                (Query(latest(quality.COST_MONTH, (), CASE), "month"),),
                "currencyUSD",
                "The application's traffic; see the dashboard of cost and drift." + _COST,
                runbook="month-over-budget",
                **small,
            ),
            Panel(
                "Processes",
                (Query(latest(fleet.PROCESSES, ("role",)), "{{role}}"),),
                "short",
                "Processes of the fleet that are alive; see the dashboard of the fleet." + more("status"),
                steps=(Step(None, "red"), Step(1, "green")),
                runbook="no-assess-workers",
                **small,
            ),
            Panel(
                "Last score",
                (Query(age(quality.LAST_SCORED, (), CASE), "ago"),),
                "s",
                "How long ago a trace of this use case was last scored." + more("status"),
                runbook="no-scores",
                **small,
            ),
            Panel(
                "Golden sets",
                (Query(latest(fleet.GOLDEN_PASS, ("golden_set",)), "{{golden_set}}"),),
                "percentunit",
                "Pass rate of the last scheduled run; see the dashboard of golden sets." + more("golden ls"),
                runbook="golden-regressed",
                **small,
            ),
            Panel(
                "Drifted features",
                (Query(f"sum ({latest(drift.DRIFTED, ('side', 'feature'), CASE)})", "drifted"),),
                "short",
                "Of the last daily check." + more("drift show"),
                steps=(Step(None, "green"), Step(1, "orange")),
                runbook="traffic-drift",
                **small,
            ),
            Panel(
                "Last drift check",
                (Query(age(drift.CHECKED, (), CASE), "ago"),),
                "s",
                "It is due every day." + more("drift check"),
                steps=late,
                runbook="drift-stale",
                **small,
            ),
        ),
    )
