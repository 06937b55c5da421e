"""`assay slo`: what was attained of each objective, and what is left of its error budget."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json
from assay.worker.cli.moments import parse_moment
from assay.worker.cli.with_record import with_record

if TYPE_CHECKING:
    from datetime import datetime

    from assay.worker.config.deployment import Deployment
    from assay.worker.signals.slos.records import SloReport
    from assay.worker.wiring.runtime import Runtime

_LONGEST = timedelta(days=400)
"""The record is kept as long."""

_SHORTEST = timedelta(hours=1)


def slo(
    use_case: Annotated[list[str] | None, typer.Option("--use-case", help="Only this use case; once for each.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="First moment of the period: 2026-11-20, 36h or 7d.")
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=400, help="Days of the period \\[default: slos.period_days]")
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show each objective: the share attained, its interval, the error budget left, and goodput of all together."""
    if since is not None and days is not None:
        raise ConfigurationError("--since and --days: both say where to begin; leave one out")

    async def work(runtime: Runtime, _has_redis: bool) -> SloReport:
        from assay.worker.signals.slos.reading import read_slo_report

        now, deployment = runtime.clock.now(), runtime.deployment
        names = _use_cases(deployment, use_case or ())
        return await read_slo_report(
            runtime.history.reader, deployment, names, now, _period(deployment, since, days, now)
        )

    report = with_record(config, work)
    if as_json:
        print_json(report)
        return
    from assay.worker.reporting.slo.table import slo_parts

    for part in slo_parts(report):
        console.print(part, highlight=False)


def _use_cases(deployment: Deployment, asked: Sequence[str]) -> list[str]:
    """The use cases that were asked for, or all.

    Raises:
        ConfigurationError: one is not in assay.yaml.
    """
    from assay.worker.config.shown_use_cases import named_use_case

    return [named_use_case(deployment, name).name for name in asked] or [case.name for case in deployment.use_cases]


def _period(deployment: Deployment, since: str | None, days: int | None, now: datetime) -> timedelta:
    """Over how long budgets are told.

    Raises:
        ConfigurationError: what was typed is no moment, lies ahead, or too far back.
    """
    if since is None:
        return timedelta(days=days or deployment.slos.period_days)
    period = now - parse_moment(since, "--since", now)
    if not _SHORTEST <= period <= _LONGEST:
        raise ConfigurationError(f"--since: {since!a} is not between an hour and 400 days ago; write 7d or a day")
    return period
