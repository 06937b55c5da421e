"""`assay digest`: the weekly message, shown or sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli import EXIT_BACKEND
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json
from assay.worker.cli.moments import parse_moment
from assay.worker.cli.streams import print_error
from assay.worker.cli.whole_files import write_whole
from assay.worker.cli.with_record import with_record

if TYPE_CHECKING:
    from assay.worker.alerts.digest.records import OwnerDigest
    from assay.worker.wiring.runtime import Runtime

WEEK = timedelta(days=7)


def digest(  # one parameter for each option
    owner: Annotated[str | None, typer.Option("--owner", help="Of this team alone, as use cases name it.")] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="First moment of the week \\[default: seven UTC days before today]")
    ] = None,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Write it for a wiki or an issue.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write one self-contained page.")] = None,
    send: Annotated[bool, typer.Option("--send", help="Send it where assay.yaml's `digest.to` says, now.")] = False,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show or send the weekly message: rates, what changed, worst answers, golden result, budget."""
    if html and markdown and html.resolve() == markdown.resolve():
        raise ConfigurationError(f"--html, --markdown: both name {markdown}; give each a file of its own")

    async def work(runtime: Runtime, has_redis: bool) -> tuple[Sequence[OwnerDigest], list[str]]:
        from assay.worker.wiring.digests import read_digests

        _check_owner(runtime, owner)
        begin, end = week_asked(since, runtime.clock.now())
        digests = await read_digests(runtime, begin, end, owner=owner, has_redis=has_redis)
        return digests, await _send(runtime, digests, notes=has_redis and since is None) if send else []

    digests, answers = with_record(config, work)
    _write(digests, html=html, markdown=markdown)
    if as_json:
        print_json(digests)
    elif not (html or markdown or send):
        _print(digests)
    for line in answers:
        print_error(line)
    if any(": not taken" in line for line in answers):
        raise typer.Exit(EXIT_BACKEND)


def week_asked(since: str | None, now: datetime) -> tuple[datetime, datetime]:
    """Seven days from a moment on, up to now at most; without one the seven UTC days before today.

    Raises:
        ConfigurationError: what was typed is no moment of the past.
    """
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    begin = today - WEEK if since is None else parse_moment(since, "--since", now)
    if begin >= now:
        raise ConfigurationError(f"--since: {since!a} is not in the past; nothing is there to tell yet")
    return begin, min(begin + WEEK, now)


def _check_owner(runtime: Runtime, owner: str | None) -> None:
    from assay.judges.team_files.near_names import did_you_mean

    known = sorted({case.owner for case in runtime.deployment.use_cases if case.owner})
    if owner is not None and owner not in known:
        raise ConfigurationError(f"--owner: {owner!a}: unknown; {did_you_mean(owner, known, 'owners in assay.yaml')}")


async def _send(runtime: Runtime, digests: Sequence[OwnerDigest], *, notes: bool) -> list[str]:
    """Send each now, whatever was sent before, and note that where it is asked. What became of it, a line each."""
    from assay.worker.alerts.digest.records import UNOWNED
    from assay.worker.alerts.digest.sending import part_of
    from assay.worker.wiring.digests import digest_ways, note_sent

    asked = runtime.deployment.digest
    if asked is None:
        raise ConfigurationError("assay.yaml: digest: is not there; write `digest: {to: [slack]}`, or leave out --send")
    lines, parts = [], []
    for name, deliver in digest_ways(runtime, asked).items():
        for each in digests:
            answer = await deliver(each)
            parts += [part_of(name, each.owner)] * answer.is_taken
            taken = "taken" if answer.is_taken else "not taken"
            lines.append(f"{name}, {each.owner or UNOWNED}: {taken}, {answer.words}")
    if notes:
        await note_sent(runtime, asked, parts)
    return lines


def _write(digests: Sequence[OwnerDigest], *, html: Path | None, markdown: Path | None) -> None:
    if html:
        from assay.worker.alerts.digest.html.page import digest_page

        write_whole(html, digest_page(digests), "--html")
    if markdown:
        from assay.worker.alerts.digest.markdown import digest_markdown

        write_whole(markdown, digest_markdown(digests), "--markdown")
    for path in (html, markdown):
        if path:
            print_error(f"written to {path}")


def _print(digests: Sequence[OwnerDigest]) -> None:
    from assay.worker.alerts.digest.plain import digest_lines

    for each in digests:
        for line, style in digest_lines(each):
            console.print(line, highlight=False, markup=False, soft_wrap=True, style=style)
