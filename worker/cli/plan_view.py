"""A plan as people read it: `assay plan`, and `assay backfill` before it begins."""

from __future__ import annotations

from collections.abc import Iterator

from rich.box import SIMPLE
from rich.console import Group
from rich.table import Table
from rich.text import Text

from assay.judges.prices import total_cost
from assay.worker.cli.plan_numbers import percent, usd
from assay.worker.flow.backfill.range_plan import PlannedUseCase, RangePlan
from assay.worker.records.windows import Why
from assay.worker.setup.judge_cost import JudgeCost
from assay.worker.setup.plan import PlanReport, StoreLoad
from assay.worker.setup.plan_budgets import PlannedBudget
from assay.worker.setup.plan_precision import ASSUMED

RULES: dict[Why, str] = {
    "configured": "the rate in assay.yaml",
    "low_traffic": "low traffic",
    "volume_unknown": "low traffic, as its volume is not known to be high",
    "min_per_day": "min_per_day",
}
"""What each rule is called where there is little room."""

_ALL = 1 - 1e-9
"""A share that is all but for how a computer adds."""


def plan_group(report: PlanReport) -> Group:
    """The whole plan."""
    return Group(_table(report), *(Text(line) for line in plan_lines(report)))


def plan_lines(report: PlanReport) -> Iterator[str]:
    """What stands below the table."""
    plan = report.plan
    yield from (rate_line(case) for case in plan.use_cases)
    yield f"volumes: {report.basis}"
    others = [
        f"{n:,} {what}"
        for n, what in (
            (plan.unmatched, "match no use case"),
            (plan.excluded, "excluded"),
            (plan.unfinished, "not finished yet"),
        )
        if n
    ]
    if others:
        yield "not judged: " + ", ".join(others)
    for cost in report.costs:
        yield cost_line(cost)
    yield from batch_lines(report)
    yield from map(budget_line, report.budgets)
    yield from precision_lines(report)
    for use_case, count in report.reviews.items():
        yield f"reviews of {use_case}: people get all flagged answers, and about {count:,} others a day by chance"
    yield store_line(report.store)
    outdated = sum(row.outdated for row in plan.rubrics)
    if report.scope == "range" and outdated:
        yield f"{outdated:,} of them were judged by another version of the rubric: --rejudge judges them again"
    if report.scope == "day" and not plan.traces:
        yield "no traces in that time; name one with traces: assay plan --from 30d"


def rate_line(case: PlannedUseCase) -> str:
    """Which rules give a use case's rates, and for how many traces: `bot: 372 traces by low traffic`."""
    rules = ", ".join(f"{n:,} by {RULES[why]}" for why, n in case.rules.items())
    return f"rates of {case.use_case}: {rules}"


def cost_line(cost: JudgeCost) -> str:
    """What the judgements by one rubric take."""
    models = f": {', '.join(cost.models)}" if cost.models else ""
    name = f"{cost.rubric} ({' > '.join(cost.tiers)}{models})"
    if not cost.models or not cost.judgements:
        return f"{name}: {cost.judgements:,} judgements, 0 USD; {cost.basis}"
    tokens = "tokens unknown"
    if cost.prompt_tokens is not None and cost.completion_tokens is not None:
        tokens = f"about {cost.prompt_tokens:,} tokens in, {cost.completion_tokens:,} out"
    calls = f"{cost.calls:,} calls, " if cost.calls else ""
    dollars = "USD unknown" if cost.cost_usd is None else f"about {usd(cost.cost_usd)} USD"
    return f"{name}: {cost.judgements:,} judgements, {calls}{tokens}, {dollars}; {cost.basis}"


def budget_line(budget: PlannedBudget) -> str:
    """What a budget holds, and whether the plan stays within it."""
    name = f"budget of {budget.use_case}" if budget.use_case else "budget of all use cases"
    held = f"{name}: {usd(budget.usd_per_day)} USD a day"
    if budget.cost_usd is None:
        return f"{held}; what the plan takes of it is not known"
    a_day = f"about {usd(budget.cost_usd / budget.days)} USD a day"
    if budget.pays < _ALL:
        return f"{held}; the rates of assay.yaml would take {a_day}, so sweeps lower them to {percent(budget.pays)}"
    rest = "; what is over waits for the next day, or lower the rate" if budget.is_short else ""
    return f"{held}, the plan takes {a_day}{rest}"


def batch_lines(report: PlanReport) -> Iterator[str]:
    """What judging a range in a provider's batches would cost; nothing where that is not known, or saves nothing."""
    asked = [cost for cost in report.costs if cost.models and cost.judgements]
    live = total_cost(cost.cost_usd for cost in asked)
    share = total_cost(cost.batch_usd for cost in asked)
    if report.scope == "range" and live and share is not None and share < live:
        yield f"with backfill --batch: about {usd(share)} USD instead of {usd(live)}; answers take up to 24 hours"
        if report.budgets:
            yield "a budget reserves the most that waiting calls may cost, and lets in the rest when they have ended"


def store_line(load: StoreLoad) -> str:
    """What the trace store is asked."""
    if load.minutes is None or load.reads_per_minute is None:
        return "trace store: a file on this machine, no request limits"
    took = "under a minute" if load.minutes < 1 else f"about {load.minutes:,.0f} minutes"
    requests = f"about {load.reads:,} reads and {load.writes:,} writes"
    return f"trace store: {requests}, {took} at {load.reads_per_minute:,} reads a minute"


def _table(report: PlanReport) -> Table:
    plan = report.plan
    table = Table(title=_title(report), title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("use case", no_wrap=True)
    table.add_column("rubric", no_wrap=True)
    for name in ("traces", "rate"):
        table.add_column(name, justify="right", no_wrap=True)
    columns = ["to judge", "± points", "days to see\n2 points"]
    if report.scope == "range":
        columns.insert(1, "selected\nbefore")
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    cases = {case.use_case: case for case in plan.use_cases}
    precision = {(row.use_case, row.rubric): row for row in report.precision}
    for row in plan.rubrics:
        case = cases.get(row.use_case)
        known = precision.get((row.use_case, row.rubric))
        table.add_row(
            row.use_case,
            row.rubric,
            f"{case.traces if case else 0:,}",
            _rate(case),
            f"{row.work:,}",
            *([f"{row.known + row.again:,}"] if report.scope == "range" else []),
            "" if known is None or known.points is None else f"{known.points:.1f}",
            "" if known is None else days_words(known.days_to_see),
        )
    return table


def days_words(days: float | None) -> str:
    """Days as a table has room for them: `under 1`, `3.4`, `12`."""
    if days is None:
        return ""
    if days < 1:
        return "under 1"
    return f"{days:.1f}" if days < 10 else f"{days:,.0f}"


def precision_lines(report: PlanReport) -> Iterator[str]:
    """What the precision rests on: once for all rows that were assumed, else row by row. Then what would raise it."""
    known = [row for row in report.precision if row.points is not None]
    if any(row.basis == ASSUMED for row in known):
        yield f"± points (95 %) and days to see 2 points (power 80 %, as many days before), {ASSUMED}"
    for row in known:
        if row.basis != ASSUMED:
            yield f"± points of {row.use_case} ({row.rubric}), {row.basis}"
    yield from (f"{audit.use_case} ({audit.rubric}): {audit.words}" for audit in report.audits)


def _title(report: PlanReport) -> str:
    return "A day" if report.scope == "day" else f"Traces started {range_words(report.plan)}"


def range_words(plan: RangePlan) -> str:
    """The range of a plan: `2026-11-20 00:00 to 2026-11-21 00:00 UTC`."""
    return f"{plan.start:%Y-%m-%d %H:%M} to {plan.end:%Y-%m-%d %H:%M} UTC"


def _rate(case: PlannedUseCase | None) -> str:
    if case is None:
        return ""
    low, high = percent(case.lowest_rate), percent(case.highest_rate)
    return low if low == high else f"{low}-{high}"
