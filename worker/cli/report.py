"""`assay report`: the rates."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

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
from assay.worker.reporting.period_report import PeriodReport, read_period, with_links
from assay.worker.reporting.terminal.funnel import rootless_words
from assay.worker.reporting.terminal.report import period_lines

if TYPE_CHECKING:
    from assay.worker.wiring.runtime import Runtime


class Grouping(StrEnum):
    """What rates can be shown by."""

    DAY = "day"


def report(
    config: ConfigOption = None,
    days: DaysOption = 7,
    by: Annotated[Grouping | None, typer.Option("--by", help="Also show the rate of each day.")] = None,
    compare: Annotated[
        bool, typer.Option("--compare/--no-compare", help="Whether to show the change since the days before.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Show weighted rates with intervals, per use case, rubric and evaluator revision."""

    async def read(runtime: Runtime) -> tuple[PeriodReport, Funnel]:
        state, (first, last) = runtime.state, last_days(runtime.clock.now(), days)
        funnel = await read_funnel(state.ledger_reader, state.windows, first, last)
        spent = await state.spend.total(first, last)
        rates = await read_period(
            state.ledger_reader,
            state.outcomes,
            runtime.rubrics.values(),
            funnel,
            spent,
            ends=await state.call_reader.unknown_ends(first, last),
            compare=compare,
        )
        return await with_links(rates, runtime.store), funnel

    period, funnel = with_runtime(config, read)
    if as_json:
        print_json(period)
        return
    if not any(case.counts.total_scored for case in period.use_cases):
        console.print(f"nothing scored from {period.first} to {period.last} (UTC); see assay status")
        return
    for line in [*period_lines(period, by_day=by is Grouping.DAY), f"[dim]unseen: {rootless_words(funnel)}[/]"]:
        # An address is copied whole. All else is wrapped at words.
        console.print(line, highlight=False, soft_wrap="://" in line)
