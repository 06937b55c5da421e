"""The dashboard of cost and drift: what the application costs, what judging costs, and how traffic changed."""

from __future__ import annotations

from assay.worker.alerts.dashboards.common import (
    COST_WINDOWS,
    Given,
    addresses,
    firing_panel,
    line,
    marks,
    more,
    use_case_variables,
    window_variable,
)
from assay.worker.alerts.dashboards.drifts import drift_row
from assay.worker.alerts.dashboards.panel import Choice, Dashboard, Panel, Query, Row
from assay.worker.alerts.dashboards.queries import CASE, banded, latest, per_second
from assay.worker.alerts.rules.parts import ALL_USE_CASES
from assay.worker.records.metrics import fleet, process, quality

_BY = ("feature", "user_tier", "model", "provider", "prompt_version")
_FACT = {**CASE, "window": "$window"}
_PROMPT = ("prompt_name", "prompt_version")
_PROMPT_WORDS = "{{prompt_name}} {{prompt_version}}"
_COST = more("cost --use-case $use_case")


def cost_dashboard(given: Given) -> Dashboard:
    """What it costs, and what has changed."""
    return Dashboard(
        uid="assay-cost-drift",
        title="Assay: cost and drift",
        description="What the application and its judging cost, and whether traffic is still what it was.",
        variables=(
            *use_case_variables(given, quality.COST),
            window_variable(COST_WINDOWS),
            Choice("by", "Cost by", tuple((name, name) for name in _BY)),
            *addresses(given),
        ),
        rows=(
            Row("Alerts", (firing_panel(),)),
            _application(given),
            _prompts(given),
            _judging(),
            drift_row(given),
        ),
        marks=marks(of_use_case=True),
        since="now-30d",
    )


def _application(given: Given) -> Row:
    return Row(
        "What the application costs",
        (
            Panel(
                title="This month, projected",
                queries=(
                    *banded(quality.COST_MONTH, "month", CASE),
                    Query(latest(quality.COST_BUDGET, (), CASE), "budget", "limit", is_rare=True),
                ),
                unit="currencyUSD",
                description="Projected cost of this calendar month (UTC), with its 95 % interval, and the budget of "
                f"slos:. {given.thresholds.month_over_budget:.0%} above it there is a ticket." + _COST,
                least=0,
                runbook="month-over-budget",
            ),
            Panel(
                title="Cost of all traffic, $window",
                queries=(
                    *banded(quality.COST, "all traffic", _FACT),
                    Query(latest(quality.COST_TODAY, (), CASE), "this UTC day"),
                ),
                unit="currencyUSD",
                description="Estimated from the selected traces, with its 95 % interval." + _COST,
                least=0,
                runbook="day-near-budget",
            ),
            Panel(
                title="Cost by $by, $window",
                queries=(Query(latest(quality.COST_BY, ("value",), {**_FACT, "by": "$by"}), "{{value}}"),),
                unit="currencyUSD",
                description="The ten most costly. Empty where traces do not tell it." + _COST,
                least=0,
                stacked=True,
                runbook="feature-cost-changed",
            ),
        ),
    )


def _prompts(given: Given) -> Row:
    jump = given.thresholds.token_jump
    return Row(
        "Requests and prompts",
        (
            Panel(
                title="Cost of a request",
                queries=(*banded(quality.REQUEST_COST, "mean", _FACT), *given.aims.request_cost()),
                unit="currencyUSD",
                description="What the application's own model calls cost, on average." + _COST,
                least=0,
                links_traces=True,
                runbook="month-over-budget",
            ),
            Panel(
                title="Tokens of a request by prompt version",
                queries=(Query(latest(quality.REQUEST_TOKENS, _PROMPT, _FACT), _PROMPT_WORDS),),
                unit="short",
                description="Mean tokens, of the twelve versions with most traffic." + _COST,
                least=0,
                links_traces=True,
                runbook="prompt-token-jump",
            ),
            Panel(
                title="Tokens against the version before, at least",
                queries=(
                    Query(latest(quality.TOKEN_JUMP, _PROMPT, CASE, name=quality.TOKEN_JUMP.lower), _PROMPT_WORDS),
                ),
                unit="short",
                description=f"Lower bound of how many times the tokens. From {jump:g} on there is a ticket." + _COST,
                least=0,
                steps=line(jump),
                links_traces=True,
                runbook="prompt-token-jump",
            ),
        ),
    )


def _judging() -> Row:
    by_model = ("endpoint", "model")
    budget = {"use_case": f"~$use_case|{ALL_USE_CASES.replace('(', '[(]').replace(')', '[)]')}"}
    spent = latest(fleet.BUDGET_SPENT, ("use_case", "period"), budget)
    limit = latest(fleet.BUDGET_LIMIT, ("use_case", "period"), budget)
    return Row(
        "What judging costs",
        (
            Panel(
                title="Judge calls, USD an hour",
                queries=(Query(f"3600 * {per_second(process.JUDGE_USD, by_model)}", "{{model}} at {{endpoint}}"),),
                unit="currencyUSD",
                description="Of all use cases, by known prices." + more("status"),
                least=0,
                stacked=True,
                runbook="judge-budget",
            ),
            Panel(
                title="Budget of judging that is used",
                queries=(Query(f"{spent}\n/ ({limit} > 0)", "{{use_case}}, {{period}}"),),
                unit="percentunit",
                description="Spent and reserved of the day's and the month's budget. At 100 % no more is selected."
                + more("status"),
                least=0,
                steps=line(0.8, "orange"),
                runbook="judge-budget",
            ),
            Panel(
                title="Answered calls without a known price",
                queries=(Query(f"3600 * {per_second(process.JUDGE_UNPRICED, by_model)}", "{{model}} at {{endpoint}}"),),
                unit="short",
                description="An hour. Write the model's price into prices.yaml." + more("doctor"),
                least=0,
                runbook="judge-budget",
            ),
        ),
    )
