"""`assay report`: how often the answers were wrong, read from the record."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json
from assay.worker.cli.moments import parse_moment
from assay.worker.cli.streams import print_error
from assay.worker.cli.whole_files import write_whole
from assay.worker.cli.with_record import with_record

if TYPE_CHECKING:
    from assay.worker.records.history import HistoryQuery
    from assay.worker.reporting.period.answers import MarkedAnswer
    from assay.worker.reporting.period.records import Fact, PeriodReport
    from assay.worker.wiring.runtime import Runtime

USUAL_DAYS = 7
"""UTC days of a report where no beginning is given, today included."""

_EVER = timedelta(days=400)
"""How far back a use case is looked for that assay.yaml no longer has."""

_BEGIN_OF_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""No trace started earlier, e.g. for `--since 0001-01-01`."""

_AHEAD = timedelta(days=366)
"""No trace started later than so far from now, e.g. for `--until 9999-12-31`."""


class Grouping(StrEnum):
    """What rates can be split by."""

    PROMPT_VERSION = "prompt_version"
    MODEL = "model"
    RELEASE = "release"
    TAG = "tag"
    ENVIRONMENT = "environment"
    PROVIDER = "provider"
    FEATURE = "feature"
    USER_TIER = "user_tier"
    DAY = "day"


def report(  # noqa: PLR0913, PLR0917  # one parameter for each option
    use_case: Annotated[list[str] | None, typer.Option("--use-case", help="Only this use case; once for each.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="First moment: 2026-11-20, 36h or 7d \\[default: seven UTC days]")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", help="Last day, or the moment after the last \\[default: now]")
    ] = None,
    by: Annotated[Grouping | None, typer.Option("--by", help="Also show the rates of each value.")] = None,
    compare: Annotated[
        bool, typer.Option("--compare/--no-compare", help="Whether to test the change since the period before.")
    ] = True,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write one self-contained page: trends, worst answers, coverage.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Write it for a pull request or a wiki.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Show how often answers were wrong: weighted rates with intervals, trend, worst answers and what it took."""
    check_places(html, markdown)

    async def work(runtime: Runtime, has_redis: bool) -> tuple[PeriodReport, list[MarkedAnswer]]:
        from assay.worker.wiring.period_reports import read_period_answers, read_period_report

        query = await _query(runtime, use_case or (), since, until)
        fact: Fact | None = by.value if by else None
        told = await read_period_report(runtime, query, fact, has_redis=has_redis, compare=compare)
        return told, await read_period_answers(runtime, told, has_redis=has_redis) if html else []

    period, answers = with_record(config, work)
    if html:
        from assay.worker.reporting.period.html.page import report_page

        write_whole(html, report_page(period, answers), "--html")
    if markdown:
        from assay.worker.reporting.period.markdown import report_markdown

        write_whole(markdown, report_markdown(period), "--markdown")
    if as_json:
        print_json(period)
    elif not html and not markdown:
        _print(period)
    for path in (html, markdown):
        if path:
            print_error(f"written to {path}")


def check_places(html: Path | None, markdown: Path | None) -> None:
    """See that both files can be written, before a record of months is read for them.

    Raises:
        ConfigurationError
    """
    if html and markdown and html.resolve() == markdown.resolve():
        raise ConfigurationError(f"--html, --markdown: both name {markdown}; give each a file of its own")
    for option, path in (("--html", html), ("--markdown", markdown)):
        if path is not None:
            _check_place(path, option)


def _check_place(path: Path, option: str) -> None:
    if path.is_dir():
        raise ConfigurationError(f"{option} {path}: is a folder; name a file in it")
    if not path.parent.is_dir():
        raise ConfigurationError(f"{option} {path}: cannot be written (no such folder); name another file")
    if not os.access(path if path.exists() and not path.is_file() else path.parent, os.W_OK):
        raise ConfigurationError(f"{option} {path}: cannot be written (permission denied); name another file")


async def _query(runtime: Runtime, use_cases: Sequence[str], since: str | None, until: str | None) -> HistoryQuery:
    """What was asked for.

    Raises:
        ConfigurationError: no such use case, or no such period.
        HistoryUnavailable
    """
    from assay.worker.records.history import HistoryQuery

    begin, end = period_of(since, until, now=runtime.clock.now())
    await check_use_cases(runtime, use_cases, end)
    return HistoryQuery(since=begin, until=end, use_cases=tuple(use_cases))


def period_of(since: str | None, until: str | None, *, now: datetime) -> tuple[datetime, datetime]:
    """The first moment of a report, and the first after it. Without a beginning it is seven UTC days, the last one's
    among them.

    Raises:
        ConfigurationError: what was typed is no time, or the period is empty or has not begun.
    """
    end = now if until is None else min(now + _AHEAD, parse_moment(until, "--until", now, is_end=True))
    last = (end - timedelta(microseconds=1)).date()
    usual = datetime.combine(last - timedelta(days=USUAL_DAYS - 1), time(), UTC)
    begin = usual if since is None else max(_BEGIN_OF_TIME, parse_moment(since, "--since", now))
    if begin > now:
        raise ConfigurationError(f"--since: {begin:%Y-%m-%d %H:%M} UTC lies in the future; nothing has started by then")
    if begin >= end:
        raise ConfigurationError(
            f"--since, --until: the period is empty: {begin:%Y-%m-%d %H:%M} is not before {end:%Y-%m-%d %H:%M} UTC"
        )
    return begin, end


async def check_use_cases(runtime: Runtime, use_cases: Sequence[str], end: datetime) -> None:
    """Refuse a name that is neither configured nor in the record.

    Raises:
        ConfigurationError
    """
    from assay.worker.records.history import HistoryQuery
    from assay.worker.reporting.flagged.query import check_known

    known = [case.name for case in runtime.deployment.use_cases]
    if any(name not in known for name in use_cases):
        ever = await runtime.history.reader.use_cases(HistoryQuery(since=end - _EVER, until=end))
        known += sorted(set(ever) - set(known))
    for name in use_cases:
        check_known("--use-case", name, known, "neither in assay.yaml nor in the record")


def _print(period: PeriodReport) -> None:
    from assay.worker.reporting.terminal.report import report_parts

    if not period.use_cases:
        where = f"{period.since:%Y-%m-%d %H:%M} to {period.until:%Y-%m-%d %H:%M} UTC"
        console.print(f"the record has no trace that started {where}; see assay status")
    for part in report_parts(period) if period.use_cases else ():
        console.print(part, highlight=False)
