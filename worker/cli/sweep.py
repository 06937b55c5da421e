"""`assay sweep`: one look at the trace store, now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, with_runtime
from assay.worker.cli.uncovered import read_coverage

if TYPE_CHECKING:
    from assay.worker.flow.coverage import Coverage
    from assay.worker.flow.sweep import SweepReport
    from assay.worker.wiring.runtime import Runtime

MOST_LOOKED_AT = 50_000
"""Traces of the embedded store that are looked at, to tell which of them no sweep will look at."""


def sweep(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Look through all windows that are due, once, now. A second sweep right after it adds nothing."""
    report, coverage = with_runtime(config, _sweep)
    if as_json:
        told = coverage.model_dump(mode="json") if coverage else None
        print_json({**report.model_dump(mode="json"), "coverage": told})
    elif report.skipped_because_running:
        console.print("another sweep is running; nothing done")
    else:
        console.print(
            f"{report.windows} windows, {report.seen} traces seen, {report.selected} newly selected "
            f"({report.already_scored} of them already scored), {report.messages} messages published at once"
        )
        _explain(report, coverage)


async def _sweep(runtime: Runtime) -> tuple[SweepReport, Coverage | None]:
    return await runtime.sweeps.sweep(), await read_coverage(runtime, most=MOST_LOOKED_AT)


def _explain(report: SweepReport, coverage: Coverage | None) -> None:
    """Why nothing was seen, and what no sweep will see."""
    from assay.worker.reporting.terminal.coverage import coverage_lines

    if not report.seen:
        console.print(_why_nothing(report), highlight=False, soft_wrap=True)
    for line in coverage_lines(coverage) if coverage else ():
        console.print(line, highlight=False, markup=False, soft_wrap=True)


def _why_nothing(report: SweepReport) -> str:
    if report.held_back:
        return "no window was looked at: what waits already would take too long to be judged; see assay status"
    if report.failed_windows:
        return f"{report.failed_windows} windows could not be read; the next sweep tries them again"
    if report.windows:
        return "no trace of a use case started in the windows that were due"
    return "no window was due: each is looked at when it has closed, and a few times more within a day"
