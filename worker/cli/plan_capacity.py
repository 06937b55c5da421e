"""`assay plan --capacity`: what so many traces a day take, as people read it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.box import SIMPLE
from rich.table import Table

from assay.worker.cli.context import console, print_data, with_runtime

if TYPE_CHECKING:
    from assay.worker.setup.capacity_rows import BoundUse, BudgetUse, CapacityReport, CapacityRow
    from assay.worker.wiring.runtime import Runtime

UNKNOWN = "unknown"

Line = tuple[str, "Callable[[CapacityRow], str]"]
"""A line of the table: its name, and what it tells of a volume."""


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
    console.print(capacity_table(report))
    for line in capacity_lines(report):
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def capacity_table(report: CapacityReport) -> Table:
    """A column for each volume."""
    table = Table(title="Traces a day that use cases match", title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for row in report.rows:
        table.add_column(short(row.traces_a_day), justify="right", no_wrap=True)
    for name, told in _table_lines(report):
        table.add_row(name, *map(told, report.rows))
    return table


def capacity_lines(report: CapacityReport) -> Iterator[str]:
    """What stands below the table: limits, budgets, and what the figures rest on."""
    for row in report.rows:
        if row.assess_workers > 1:
            yield f"{short(row.traces_a_day)}: {row.assess_workers:,} assess workers because of {row.assess_by}"
        yield from (bound_line(row, use) for use in row.bounds if use.state in ("binds", "waits at the peak"))
        yield from (budget_line(row, use) for use in row.budgets if use.pays is not None and use.pays < 1.0)
    yield from unknown_lines(report)
    every = [use for row in report.rows for use in row.bounds]
    if every and all(use.state == "fits" for use in every):
        yield "no limit of an endpoint binds"
    yield f"volumes: {report.traffic}"
    yield f"the busiest minutes have {report.peak:g} times the traces of the mean; another factor: --peak"
    yield "one beat and one broker at any volume; where one machine may fail, two of each worker"
    for cost in report.basis.costs:
        yield f"calls, tokens and USD by {cost.rubric}: {cost.basis}"
        if cost.asked and not cost.is_measured:
            yield f"a judgement by {cost.rubric} is taken to wait {cost.seconds:g} s for its model: none was measured"
    yield from (f"measured here: {own}" for own in report.own)
    yield "all else was measured on another machine: --json has each figure with its source"


def unknown_lines(report: CapacityReport) -> Iterator[str]:
    """Limits and budgets of which nobody knows whether they bind, once for all volumes."""
    bounds = [
        f"{_place(use)}: {use.limit:,} {use.kind}" for row in report.rows for use in row.bounds if use.mean is None
    ]
    for what in dict.fromkeys(bounds):
        yield f"{what}: {UNKNOWN} whether it binds, as what a judgement takes is not known"
    budgets = [_budget(use) for row in report.rows for use in row.budgets if use.pays is None]
    for what in dict.fromkeys(budgets):
        yield f"{what}: {UNKNOWN} whether it pays for all, as what a judgement costs is not known"


def bound_line(row: CapacityRow, use: BoundUse) -> str:
    """A limit that binds."""
    what = f"{short(row.traces_a_day)}: {_place(use)}: {use.limit:,} {use.kind}"
    needs = f"{_rate(use.mean)} on average and {_rate(use.peak)} at the peak are needed"
    fits = f"it holds {_count(use.fits_a_day)} traces a day, {_count(use.fits_at_peak)} without a wait at the peak"
    if use.state == "binds":
        return f"{what} BIND: {needs}; {fits}. What is over waits, and sweeps with it: raise it, or lower the rate"
    return f"{what} bind at the peak: {needs}; {fits}. What is over is judged later in the day"


def budget_line(row: CapacityRow, use: BudgetUse) -> str:
    """A budget that does not pay for all."""
    needed, pays = use.usd or 0.0, use.pays or 0.0
    needs = f"{needed:,.2f} are needed: sweeps lower the rates to {pays:.1%} of those in assay.yaml"
    return f"{short(row.traces_a_day)}: {_budget(use)}; {needs}"


def _place(use: BoundUse) -> str:
    return f"{use.endpoint}, {use.model}" if use.model else use.endpoint


def _budget(use: BudgetUse) -> str:
    name = f"budget of {use.use_case}" if use.use_case else "budget of all use cases"
    return f"{name}: {use.usd_per_day:,.2f} USD a day"


def _table_lines(report: CapacityReport) -> list[Line]:
    lines: list[Line] = [
        ("judged a day", lambda row: short(row.judgements_a_day)),
        ("  a second, at the peak", lambda row: _rate(row.judgements_per_s_peak)),
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
        ("USD a day", lambda row: UNKNOWN if row.usd is None else f"{row.usd:,.2f}"),
    ]
    if report.basis.has_collector:
        lines += [
            ("spans a second", lambda row: _rate(row.spans_per_s)),
            ("  at the peak", lambda row: _rate(row.spans_per_s_peak)),
            ("collectors", lambda row: _count(row.collectors)),
        ]
    return lines


def size(count: int | None) -> str:
    """Bytes as people say them: `512 kB`, `1.4 GB`."""
    if count is None:
        return UNKNOWN
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:  # a thousand of each makes the next
            return f"{amount:,.0f} {unit}" if amount >= 10 or unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:,.1f} TB"


def short(count: float | None) -> str:
    """A number with three digits, as `564`, `32.0 k` or `1 M`."""
    if count is None:
        return UNKNOWN
    for unit, worth in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= worth * 0.9995:
            return f"{count / worth:.3g} {unit}"
    return f"{count:,.0f}"


def _count(count: int | None) -> str:
    return UNKNOWN if count is None else f"{count:,}"


def _rate(rate: float | None) -> str:
    return UNKNOWN if rate is None else f"{rate:,.1f}"
