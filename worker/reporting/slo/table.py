"""Objectives in a terminal: a table for each use case, 80 columns wide."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from assay.worker.reporting.slo.words import (
    aim_words,
    attained_words,
    budget_words,
    burn_words,
    heading,
    is_doubtful,
    is_missed,
    label,
    notes_of,
)
from assay.worker.reporting.terminal.text import shown
from assay.worker.signals.slos.records import ObjectiveReport, SloReport, UseCaseReport

MOST_USE_CASES = 25
"""Use cases up to which each has a table of its own. Of more there is one line each."""

BURNS = ("1h", "24h")
"""Windows of burn rates that are shown beside the period's own."""


def slo_parts(report: SloReport) -> Iterator[RenderableType]:
    """The whole report, part by part."""
    yield f"traces started {report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC"
    yield "[dim]left: of the period's error budget; burn: 1.0 spends it just in time[/]"
    if len(report.use_cases) > MOST_USE_CASES:
        yield ""
        yield _overview(report)
        return
    for case in report.use_cases:
        yield from _use_case_parts(case, report.period)


def _use_case_parts(case: UseCaseReport, period: str) -> Iterator[RenderableType]:
    yield ""
    yield Rule(f"[bold]{shown(case.use_case)}[/]", align="left", style="dim")
    yield Padding(Text(heading(case, period), style="dim"), (0, 0, 0, 2))
    if case.traces:
        yield Padding(_table(case, period), (0, 0, 0, 2))
    for note in notes_of(case, period):
        yield Padding(Text.from_markup(f"[yellow]{shown(note)}[/]"), (0, 0, 0, 2))


def _table(case: UseCaseReport, period: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    table.add_column("\nobjective", no_wrap=True)
    table.add_column("\naim", no_wrap=True, style="dim")
    for header in ("\nattained", "\nn", "\nleft", f"burn\n{BURNS[0]}", *(f"\n{name}" for name in (*BURNS[1:], period))):
        table.add_column(header, justify="right", no_wrap=True)
    for objective in case.objectives:
        table.add_row(*_row(objective, period))
    whole = case.goodput.get(period)
    if whole is not None:
        table.add_row("[bold]goodput[/]", "all at once", attained_words(whole.good), f"{whole.n:,}", "", "", "", "")
    return table


def _row(objective: ObjectiveReport, period: str) -> list[str]:
    whole = objective.windows[period]
    tone = "red" if is_missed(objective, period) else "yellow" if is_doubtful(objective, period) else "green"
    words = attained_words(whole.good)
    return [
        label(objective.name),
        aim_words(objective),
        f"[{tone}]{words}[/]" if whole.good else f"[dim]{words}[/]",
        f"{whole.n:,}",
        budget_words(objective),
        *(burn_words(objective.windows.get(name)) for name in (*BURNS, period)),
    ]


def _overview(report: SloReport) -> Table:
    """One line for each use case: goodput, and the objective with the least budget left."""
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="dim")
    table.add_column("use case", overflow="fold")
    for header in ("traces", "goodput", "least left", "of"):
        table.add_column(header, justify="left" if header == "of" else "right", no_wrap=True)
    for case in sorted(report.use_cases, key=_least_left):
        left = _least_left(case)
        worst = min((each for each in case.objectives if each.budget_left), key=_left, default=None)
        goodput = case.goodput.get(report.period)
        table.add_row(
            shown(case.use_case),
            f"{case.traces:,}",
            attained_words(goodput.good if goodput else None),
            f"{left:.0%}" if worst else "",
            label(worst.name) if worst else "",
        )
    return table


def _left(objective: ObjectiveReport) -> float:
    return objective.budget_left.value if objective.budget_left else float("inf")


def _least_left(case: UseCaseReport) -> float:
    return min(map(_left, case.objectives), default=float("inf"))
