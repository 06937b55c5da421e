"""`assay cost`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json
from assay.worker.cli.report import check_use_cases, period_of
from assay.worker.cli.with_record import with_record

if TYPE_CHECKING:
    from assay.worker.reporting.cost.records import CostFact, CostReport
    from assay.worker.wiring.runtime import Runtime


class CostGrouping(StrEnum):
    """What cost can be split by."""

    FEATURE = "feature"
    USER_TIER = "user_tier"
    MODEL = "model"
    PROVIDER = "provider"
    PROMPT_VERSION = "prompt_version"
    DAY = "day"


def cost(  # one parameter for each option
    use_case: Annotated[list[str] | None, typer.Option("--use-case", help="Only this use case; once for each.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="First moment: 2026-11-20, 36h or 7d \\[default: seven UTC days]")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Last day, or the moment after the last \\[default: now]")
    ] = None,
    by: Annotated[CostGrouping | None, typer.Option("--by", help="Also show the cost of each value.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show what the application's answers cost: a request and in all, by feature, tier, model, prompt version, day."""
    fact: CostFact | None = by.value if by else None

    async def work(runtime: Runtime, has_redis: bool) -> CostReport:
        from assay.worker.records.history import HistoryQuery
        from assay.worker.wiring.cost_reports import read_cost_report

        begin, end = period_of(since, until, now=runtime.clock.now())
        await check_use_cases(runtime, use_case or (), end)
        query = HistoryQuery(since=begin, until=end, use_cases=tuple(use_case or ()))
        return await read_cost_report(runtime, query, fact, has_redis=has_redis)

    report = with_record(config, work)
    if as_json:
        print_json(report)
        return
    if not report.use_cases:
        where = f"{report.since:%Y-%m-%d %H:%M} to {report.until:%Y-%m-%d %H:%M} UTC"
        console.print(f"the record has no trace that started {where}; see assay status")
        return
    from assay.worker.reporting.cost.terminal import cost_parts

    for part in cost_parts(report):
        console.print(part, highlight=False)
