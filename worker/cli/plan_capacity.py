"""`assay plan --capacity`: what so many traces a day take, as people read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from assay.worker.cli.context import console, print_data, with_runtime
from assay.worker.cli.plan_numbers import UNKNOWN, percent, rate, short, size, usd

if TYPE_CHECKING:
    from assay.worker.setup.capacity_rows import BoundUse, BudgetUse, CapacityReport, CapacityRow
    from assay.worker.wiring.runtime import Runtime

Line = tuple[str, "Callable[[CapacityRow], str]"]
"""A line of the table: its name, and what it tells of a volume."""

_ANY_WIDTH = 10_000
"""Columns of a console on which every table has room."""


def show_capacity(config: Path | None, volumes: Sequence[int], peak: float | None, *, as_json: bool) -> None:
    """Print the table of a deployment."""
    from assay.worker.setup.capacity_constants import PEAK
    from assay.worker.setup.capacity_reading import CapacityMaker

    async def read(runtime: Runtime) -> CapacityReport:
        return await CapacityMaker(runtime, peak or PEAK).report(volumes)

    report = with_runtime(config, read)
    if as_json:
        print_data(report.model_dump_json(indent=2))
        return
    for table in capacity_tables(report, console):
        console.print(table, soft_wrap=True)  # what is wider than the console is never cut
    for line in capacity_lines(report):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def capacity_tables(report: CapacityReport, width_of: Console) -> Iterator[Table]:
    """A column for each volume. As many as a console has room for, then the others in a table below.

    Args:
        report: the figures.
        width_of: where they are shown.
    """
    left = list(report.rows)
    while left:
        fitting = max(1, sum(_fits(capacity_table(report, left[:n]), width_of) for n in range(1, len(left) + 1)))
        yield capacity_table(report, left[:fitting])
        left = left[fitting:]


def capacity_table(report: CapacityReport, rows: Sequence[CapacityRow]) -> Table:
    """A column for each of these volumes, as wide as it needs to be."""
    lines = [[name, *map(told, rows)] for name, told in _table_lines(report)]
    heads = ["", *(short(row.traces_a_day) for row in rows)]
    table = Table(title="Traces a day that use cases match", title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    for number, head in enumerate(heads):
        widest = max(map(len, [head, *(line[number] for line in lines)]))
        table.add_column(head, justify="right" if number else "left", no_wrap=True, min_width=widest)
    for line in lines:
        table.add_row(*line)
    return table


def _fits(table: Table, where: Console) -> bool:
    needed = Measurement.get(where, where.options.update(width=_ANY_WIDTH), table).maximum
    return needed <= where.width


def capacity_lines(report: CapacityReport) -> Iterator[str]:
    """What stands below the table: limits, budgets, and what the figures rest on."""
    for row in report.rows:
        if row.assess_workers > 1:
            yield f"{short(row.traces_a_day)}: {row.assess_workers:,} assess workers because of {row.assess_by}"
        yield from (
            bound_line(row, use) for use in (row.sweeps, *row.bounds) if use.state in ("binds", "waits at the peak")
        )
        yield from (budget_line(row, use) for use in row.budgets if use.pays is not None and use.pays < 1.0)
    yield from unknown_lines(report)
    every = [use for row in report.rows for use in row.bounds]
    if every and all(use.state == "fits" for use in every):
        yield "no limit of an endpoint binds"
    yield f"volumes: {report.traffic}"
    busiest = f"{report.peak:g} times the traces of the mean" if report.peak > 1 else "as many traces as all others"
    yield f"the busiest minutes have {busiest}; another factor: --peak"
    yield "one beat at any volume, and one broker as long as one server has the memory for it"
    yield "where one machine may fail, two of each worker"
    for cost in report.basis.costs:
        yield f"calls, tokens and USD by {cost.rubric}: {cost.basis}"
        if cost.asked and not cost.is_measured:
            yield f"a judgement by {cost.rubric} is taken to wait {cost.seconds:g} s for its model: none was measured"
    yield from (f"measured here: {own}" for own in report.own)
    yield "all else was measured on another machine: --json has each figure with its source"


def unknown_lines(report: CapacityReport) -> Iterator[str]:
    """Limits and budgets of which nobody knows whether they bind, once for all volumes."""
    bounds = [_limit(use) for row in report.rows for use in row.bounds if use.mean is None]
    for what in dict.fromkeys(bounds):
        yield f"{what}: {UNKNOWN} whether it binds, as what a judgement takes is not known"
    budgets = [_budget(use) for row in report.rows for use in row.budgets if use.pays is None]
    for what in dict.fromkeys(budgets):
        yield f"{what}: {UNKNOWN} whether it pays for all, as what a judgement costs is not known"


def bound_line(row: CapacityRow, use: BoundUse) -> str:
    """A limit that binds."""
    what, is_single = f"{short(row.traces_a_day)}: {_limit(use)}", use.limit == 1
    needs = f"{rate(use.mean)} on average and {rate(use.peak)} at the peak are needed"
    fits = f"it holds {_count(use.fits_a_day)} traces a day, {_count(use.fits_at_peak)} without a wait at the peak"
    if use.endpoint == "sweeps":
        fits += ". One worker sweeps at a time: more control workers do not help"
    if use.state != "binds":
        later = f"{needs}; {fits}. What is over is judged later in the day"
        return f"{what} {'binds' if is_single else 'bind'} at the peak: {later}"
    waits = "What is over waits, and sweeps with it: raise it, or lower the rate"
    if use.endpoint == "sweeps":
        waits = "What is over waits, whatever the rate"
    return f"{what} {'BINDS' if is_single else 'BIND'}: {needs}; {fits}. {waits}"


def budget_line(row: CapacityRow, use: BudgetUse) -> str:
    """A budget that does not pay for all."""
    needed, pays = use.usd or 0.0, use.pays or 0.0
    needs = f"{usd(needed)} are needed: sweeps lower the rates to {percent(pays, 1)} of those in assay.yaml"
    return f"{short(row.traces_a_day)}: {_budget(use)}; {needs}"


def _place(use: BoundUse) -> str:
    return f"{use.endpoint}, {use.model}" if use.model else use.endpoint


def _limit(use: BoundUse) -> str:
    kind = use.kind.replace("s ", " ", 1) if use.limit == 1 else use.kind
    return f"{_place(use)}: {use.limit:,} {kind}"


def _budget(use: BudgetUse) -> str:
    name = f"budget of {use.use_case}" if use.use_case else "budget of all use cases"
    return f"{name}: {usd(use.usd_per_day)} USD a day"


def _table_lines(report: CapacityReport) -> list[Line]:
    lines: list[Line] = [
        ("judged a day", lambda row: short(row.judgements_a_day)),
        ("  a second, at the peak", lambda row: rate(row.judgements_per_s_peak)),
        ("assess workers", lambda row: f"{row.assess_workers:,}"),
        ("control workers", lambda row: f"{row.control_workers:,}"),
        ("Redis memory", lambda row: size(row.redis_bytes)),
        ("record a day", lambda row: size(row.record_bytes_a_day)),
        (f"  in {report.basis.history_days:,} days", lambda row: size(row.record_bytes_kept)),
    ]
    if report.basis.trace_bytes is not None:
        lines.append(("embedded store a day", lambda row: size(row.store_bytes_a_day)))
    if report.basis.trace_bytes is not None and report.basis.collector_days is not None:
        lines.append((f"  in {report.basis.collector_days:,} days", lambda row: size(row.store_bytes_kept)))
    lines += [
        ("judge calls a day", lambda row: short(row.calls)),
        ("tokens in a day", lambda row: short(row.tokens_in)),
        ("tokens out a day", lambda row: short(row.tokens_out)),
        ("USD a day", lambda row: usd(row.usd)),
    ]
    if report.basis.has_collector:
        lines += [
            ("spans a second", lambda row: rate(row.spans_per_s)),
            ("  at the peak", lambda row: rate(row.spans_per_s_peak)),
            ("collectors", lambda row: _count(row.collectors)),
        ]
    return lines


def _count(count: int | None) -> str:
    return UNKNOWN if count is None else f"{count:,}"
