"""Periods as a person types them: `--since 24h`, `--from 2026-11-20 --to 2026-11-21`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli.moments import parse_moment

SinceOption = Annotated[
    str | None, typer.Option("--since", help="How far back: 90m, 24h, 7d, or 2026-11-20 \\[default: 7d]")
]
FromOption = Annotated[str | None, typer.Option("--from", help="First moment: 2026-11-20, 2026-11-20T09:30Z or 7d.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Last day, or the moment after the last \\[default: now]")]

_LONGEST = timedelta(days=400)
"""Counts of the ledger live as long."""


def read_period(
    since: str | None, start: str | None, end: str | None, *, now: datetime, usual: timedelta = timedelta(days=7)
) -> tuple[datetime, datetime]:
    """The first moment of a period, and the first moment after it.

    Args:
        since: `--since`.
        start: `--from`.
        end: `--to`. A date means the whole of that day.
        now: the end where none is given.
        usual: how long the period is where no beginning is given.

    Raises:
        ConfigurationError: what was typed is no time, or the period is empty or longer than 400 days.
    """
    if since is not None and start is not None:
        raise ConfigurationError("--since and --from: both say where to begin; leave one out")
    until = now if end is None else parse_moment(end, "--to", now, is_end=True)
    if since is not None:
        begin = parse_moment(since, "--since", now)
    else:
        begin = until - usual if start is None else parse_moment(start, "--from", now)
    if begin >= until:
        raise ConfigurationError(
            f"the period is empty: {begin:%Y-%m-%d %H:%M} is not before {until:%Y-%m-%d %H:%M} UTC"
        )
    if until - begin > _LONGEST:
        raise ConfigurationError("the period is longer than 400 days; take a later beginning")
    return begin, until
