"""What the commands of drift share: options, and the use cases that are meant."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli.moments import parse_moment
from assay.worker.reporting.flagged.query import check_known

if TYPE_CHECKING:
    from assay.worker.signals.drift.desk import Period
    from assay.worker.wiring.runtime import Runtime

UseCasesOption = Annotated[
    list[str] | None, typer.Option("--use-case", help="Only this use case; once for each \\[default: all]")
]
SinceOption = Annotated[str | None, typer.Option("--since", help="First moment: 2026-11-20, 36h or 7d.")]
UntilOption = Annotated[str | None, typer.Option("--until", help="Last day, or the moment after the last.")]


def chosen_use_cases(runtime: Runtime, names: Sequence[str] | None) -> list[str]:
    """The use cases that are meant.

    Raises:
        ConfigurationError: assay.yaml has none of that name.
    """
    known = [case.name for case in runtime.deployment.use_cases]
    for name in names or ():
        check_known("--use-case", name, known, "not in assay.yaml")
    return list(names) if names else known


def chosen_period(since: str | None, until: str | None, now: datetime, usual: timedelta) -> Period:
    """The period that is meant.

    Raises:
        ConfigurationError: what was typed is no moment, or the period is empty.
    """
    from assay.worker.signals.drift.desk import Period

    end = now if until is None else min(now, parse_moment(until, "--until", now, is_end=True))
    begin = end - usual if since is None else parse_moment(since, "--since", now)
    if begin >= end:
        raise ConfigurationError(f"--since, --until: {begin:%Y-%m-%d %H:%M} is not before {end:%Y-%m-%d %H:%M} UTC")
    return Period(begin, end)
