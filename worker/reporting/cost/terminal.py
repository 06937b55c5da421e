"""What a period cost, in a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table

from assay.worker.reporting.cost.records import CostPart, CostReport, Money, ProjectedMonth, UseCaseCost
from assay.worker.reporting.terminal.text import one_line, shown

MOST_VALUES = 20
MOST_DAYS = 62
"""Values of a fact, and days, that are shown. The JSON has all."""

_LABEL = 14
_UNKNOWN = "not told"
_TONES = {"over": "red", "likely over": "yellow", "near": "yellow"}

Line = tuple[str, str]
"""A label and what is told of it, as markup of Rich."""


def cost_parts(report: CostReport) -> Iterator[RenderableType]:
    """The whole of it, part by part."""
    yield f"traces started {report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC"
    for note in report.notes:
        yield f"[yellow]{shown(note)}[/]"
    for case in report.use_cases:
        yield ""
        yield f"[bold]{shown(one_line(case.use_case))}[/]"
        yield _grid(_lines(case))
        if case.parts:
            yield from _table(case, report.by or "")
    if report.month is not None and len(report.use_cases) > 1:
        yield ""
        yield "[bold]all use cases[/]"
        yield _grid(_month_lines(report.month))


def _lines(case: UseCaseCost) -> Iterator[Line]:
    whole = case.whole
    counted = "counted by sweeps" if case.counted else "as the sample tells"
    yield "all traffic", f"{money(whole.total)} for {whole.requests:,.0f} requests, {counted}"
    mean = whole.per_request
    if mean is not None:
        yield "a request", f"{money(Money(value=mean.value, low=mean.low, high=mean.high))}, n={mean.n:,}"
    others = "; the others are taken to cost as much" if 0 < whole.n_known < whole.n else ""
    yield "cost is known", f"of {whole.known_share:.0%} ({whole.n_known:,} of {whole.n:,} traces){others}"
    yield from _month_lines(case.month)
    for jump in case.jumps:
        ratio, prompt = jump.ratio, f"prompt {jump.prompt_name}, version" if jump.prompt_name else "prompt version"
        yield (
            "tokens",
            shown(
                one_line(
                    f"{prompt} {jump.prompt_version} takes {ratio.value:.2f} times those of {jump.before} "
                    f"({ratio.low:.2f}–{ratio.high:.2f}, n={ratio.n:,} on the smaller side)"
                )
            ),
        )


def _month_lines(month: ProjectedMonth) -> Iterator[Line]:
    budget = f", budget {dollars(month.budget_usd)} USD" if month.budget_usd else ""
    yield "this month", f"{money(month.so_far)} so far{budget}"
    if month.projected is None:
        already = f", {month.state} budget already" if month.state else ""
        yield "at its end", _toned(f"not known: that takes two complete days{already}", month.state)
    else:
        words = f", {month.state} budget" if month.state else ""
        told = f"by the {month.method} of {month.days} complete days"
        yield "at its end", _toned(f"{money(month.projected)}{words}, {told}", month.state)
    if month.today is not None:
        per_day = month.budget_usd_per_day
        of = f", {month.today.value / per_day:.0%} of a day's budget" if per_day else ""
        yield "today", _toned(f"{money(month.today)}{of}", month.day_state)


def _toned(words: str, state: str | None) -> str:
    tone = _TONES.get(state or "")
    return f"[{tone}]{words}[/]" if tone else words


def _grid(lines: Iterator[Line]) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=_LABEL + 2)
    grid.add_column(overflow="fold")
    for label, words in lines:
        grid.add_row(f"  {label}", words)
    return grid


def _table(case: UseCaseCost, by: str) -> Iterator[RenderableType]:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in (by, "USD", "95 %", "a request", "requests", "n", "known"):
        table.add_column(name, justify="left" if name == by else "right", overflow="fold")
    most = MOST_DAYS if by == "day" else MOST_VALUES
    shown_parts = case.parts[-most:] if by == "day" else case.parts[:most]
    for part in shown_parts:
        table.add_row(*_cells(part))
    yield table
    if len(case.parts) > most:
        yield f"and {len(case.parts) - most} more; --json has all"


def _cells(part: CostPart) -> tuple[str, ...]:
    total, mean = part.total, part.per_request
    return (
        _UNKNOWN if part.value is None else shown(one_line(part.value)),
        "unknown" if total is None else dollars(total.value),
        "" if total is None else f"{dollars(total.low)}–{dollars(total.high)}",
        "unknown" if mean is None else dollars(mean.value),
        f"{part.requests:,.0f}",
        f"{part.n:,}",
        f"{part.known_share:.0%}",
    )


def money(ends: Money | None) -> str:
    """A sum with its 95 % interval, e.g. `12.30 USD (11.10–13.50)`. Not known is `unknown`."""
    if ends is None:
        return "unknown"
    interval = "" if ends.low == ends.high else f" ({dollars(ends.low)}–{dollars(ends.high)})"
    return f"{dollars(ends.value)} USD{interval}"


def dollars(value: float) -> str:
    """Cents, or three digits of what is less than a dollar: `1,234.50`, `0.00174`."""
    if value >= 1 or value == 0:
        return f"{value:,.2f}"
    return f"{value:.{min(12, 2 - math.floor(math.log10(value)))}f}"
