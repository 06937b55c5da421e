"""Lower rows of the dashboard of quality: coverage, and what answers take and cost."""

from __future__ import annotations

from assay.worker.alerts.dashboards.common import FLAGGED, Given, more
from assay.worker.alerts.dashboards.panel import Panel, Query, Row
from assay.worker.alerts.dashboards.queries import CASE, RATED, banded, latest
from assay.worker.records.metrics import fleet, quality, slo

_FACT = {**CASE, "window": "$window"}
_COST = more("cost --use-case $use_case")
_DAY_S = 86_400


def coverage_row(given: Given) -> Row:
    """Whether what was selected was judged, and in time."""
    ns = (
        (quality.JUDGED, RATED, "judged"),
        (quality.WITH_RISK, RATED, "with a risk"),
        (quality.EFFECTIVE, RATED, "worth so many"),
        (quality.IN_TIME_TRACES, _FACT, "of judged in time"),
        (quality.OPINIONS, _FACT, "opinions"),
        (slo.GOODPUT_TRACES, {**CASE, "window": "24h"}, "of goodput, 24h"),
    )
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
                title="How many traces stand behind the rates",
                queries=tuple(Query(latest(metric, (), where), words) for metric, where, words in ns),
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
