"""`assay drift check` and `assay drift show`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json
from assay.worker.cli.drift.options import (
    SinceOption,
    UntilOption,
    UseCasesOption,
    chosen_period,
    chosen_use_cases,
)
from assay.worker.cli.with_record import with_record

if TYPE_CHECKING:
    from assay.worker.signals.drift.records import DriftCheck
    from assay.worker.wiring.runtime import Runtime


def check(  # one parameter for each option
    use_case: UseCasesOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    fail_on_drift: Annotated[bool, typer.Option("--fail-on-drift", help="Exit 1 where there is drift.")] = False,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Hold traffic against the baseline now. Nothing is kept; the daily checks of the fleet are."""

    async def work(runtime: Runtime, _has_redis: bool) -> list[DriftCheck]:
        from assay.worker.wiring.drifting import drift_desk

        desk, now = drift_desk(runtime), runtime.clock.now()
        period = chosen_period(since, until, now, timedelta(days=desk.settings.days))
        return [await desk.check(each, period, now) for each in chosen_use_cases(runtime, use_case)]

    checks = with_record(config, work)
    _print(checks, as_json=as_json)
    if fail_on_drift and any(each.drifted for each in checks):
        raise typer.Exit(1)


def show(
    use_case: UseCasesOption = None,
    last: Annotated[int, typer.Option("--last", min=1, max=400, help="Daily checks that are listed.")] = 14,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show the last daily check of each use case, and how those before it ended."""

    async def work(runtime: Runtime, _has_redis: bool) -> list[DriftCheck]:
        from assay.worker.wiring.drifting import drift_desk

        names = chosen_use_cases(runtime, use_case)
        desk = drift_desk(runtime)
        kept = [each for each in await desk.checks(runtime.clock.now()) if each.use_case in names]
        newest = [check for name in names if (check := await desk.last_check(name)) is not None]
        return [*[each for each in kept if each not in newest], *newest]

    checks = with_record(config, work)
    newest = list({each.use_case: each for each in checks}.values())
    if as_json:
        print_json(checks[-max(last, len(newest)) :])
        return
    _print(newest, as_json=False)
    earlier = checks[-max(last, len(newest)) :]
    if len(earlier) > len(newest):
        from assay.worker.reporting.drift.terminal import history_table

        console.print(history_table(earlier), highlight=False)


def _print(checks: Sequence[DriftCheck], *, as_json: bool) -> None:
    from assay.worker.reporting.drift.terminal import check_parts

    if as_json:
        print_json(checks)
        return
    if not checks:
        console.print("no daily check yet; `assay drift check` makes one now")
    for each in checks:
        for part in check_parts(each):
            console.print(part, highlight=False)
