"""`assay report`: the rates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.worker.cli.context import (
    ConfigOption,
    DaysOption,
    JsonOption,
    console,
    last_days,
    print_json,
    with_runtime,
)
from assay.worker.reporting.funnel import Funnel, read_funnel
from assay.worker.reporting.report import ReportRow, read_report
from assay.worker.reporting.terminal.funnel import rootless_words
from assay.worker.reporting.terminal.report import report_lines

if TYPE_CHECKING:
    from assay.worker.wiring.runtime import Runtime


def report(config: ConfigOption = None, days: DaysOption = 7, as_json: JsonOption = False) -> None:
    """Show weighted rates with intervals, per use case, rubric and evaluator revision."""

    async def read(runtime: Runtime) -> tuple[list[ReportRow], Funnel]:
        first, last = last_days(runtime.clock.now(), days)
        rows = await read_report(runtime.state.ledger_reader, runtime.rubrics.values(), first, last)
        return rows, await read_funnel(runtime.state.ledger_reader, runtime.state.windows, first, last)

    rows, funnel = with_runtime(config, read)
    if as_json:
        print_json(rows)
    elif rows:
        for line in report_lines(rows):
            console.print(line, highlight=False)
        console.print(f"[dim]unseen: {rootless_words(funnel)}[/]", highlight=False)
    else:
        console.print("nothing scored in these days; see assay status")
