"""`assay batches`: the batches that providers work on for us."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.judges.team_files.near_names import did_you_mean
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, with_runtime
from assay.worker.records.batch_jobs import BatchJob

if TYPE_CHECKING:
    from rich.table import Table

    from assay.worker.flow.batch_calls.collecting import CancelWish
    from assay.worker.wiring.runtime import Runtime

_USUAL_ENDS = frozenset({"", "completed", "ended"})
"""Words of providers that say no more than `ended`, e.g. `completed`."""

_LATELY = timedelta(days=1)
"""For so long a batch that was refused or failed is news, where no later one of its endpoint went well."""

batches_app = typer.Typer(help="List and cancel the batches that providers work on for us.", no_args_is_help=True)
AllOption = Annotated[bool, typer.Option("--all", help="Those that have ended, too.")]


@batches_app.command("ls")
def list_batches(is_all: AllOption = False, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the batches under way, the oldest first."""

    async def work(runtime: Runtime) -> tuple[Sequence[BatchJob], datetime]:
        return await runtime.state.batch_jobs.jobs(), runtime.clock.now()

    known, now = with_runtime(config, work)
    jobs = [job for job in known if is_all or job.is_open]
    if as_json:
        print_json(jobs)
    elif jobs:
        console.print(_table(jobs, now))
    else:
        console.print("no batches are under way" if not is_all else "no batches are known")
    for line in [] if as_json else _troubles(known, now):
        console.print(line, markup=False, highlight=False)


@batches_app.command("cancel")
def cancel(
    tag: Annotated[str, typer.Argument(help="The batch, as `assay batches ls` shows it.")], config: ConfigOption = None
) -> None:
    """End a batch early. What it has answered counts and is paid; the rest is asked live, at the full price."""

    async def work(runtime: Runtime) -> tuple[CancelWish | None, list[str]]:
        wish = await runtime.batch_collector.cancel(tag)
        return wish, [job.tag for job in await runtime.state.batch_jobs.jobs() if job.is_open]

    wish, tags = with_runtime(config, work)
    if wish is None:
        remedy = did_you_mean(tag, tags, "under way") if tags else "none is under way"
        raise ConfigurationError(f"batches cancel: {tag}: no such batch is under way; {remedy}")
    if wish.delay:
        line = f"noted; the control worker asks for the end of {tag} as soon as it can: {wish.delay}"
    else:
        line = f"asked for the end of {tag}; its answers are collected within minutes, the rest is judged live"
    console.print(line, markup=False, highlight=False)


def _table(jobs: Sequence[BatchJob], now: datetime) -> Table:
    from rich.box import SIMPLE
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=SIMPLE)
    for name in ("batch", "endpoint", "model", "requests", "answered", "for", "stands"):
        table.add_column(name, justify="right" if name in ("requests", "answered", "for") else "left")
    for job in jobs:
        hours = (now - job.intended_at).total_seconds() / 3600
        answered = f"{job.answered:,}" if job.state == "ended" else ""
        cells = (job.tag, job.endpoint, job.model, f"{job.total:,}", answered, f"{hours:.1f} h", _stands(job))
        table.add_row(*map(escape, cells))
    return table


def _stands(job: BatchJob) -> str:
    words = {"intended": "being sent", "sent": job.word or "sent", "ended": "ended", "dropped": "not begun"}
    more = f": {job.word}" if job.word and job.state in ("intended", "dropped") else ""
    if job.state == "ended" and job.word not in _USUAL_ENDS:
        more = f": {job.word}"
    asked = ", its end is asked for" if job.cancelled and job.is_open else ""
    return f"{words[job.state]}{more}{asked}"


def _troubles(jobs: Sequence[BatchJob], now: datetime) -> Iterator[str]:
    """What is wrong with batches under way, and where the latest one brought nothing: why work waits."""
    for job in (job for job in jobs if job.is_open and job.trouble):
        yield f"{job.tag}: {job.trouble}"
    latest = {(job.endpoint, job.model): job for job in jobs}
    for (endpoint, model), job in latest.items():
        if job.went_wrong and now - job.intended_at < _LATELY:
            age_min = (now - job.intended_at).total_seconds() / 60
            yield f"the last batch of {model} at {endpoint}, {age_min:.0f} minutes ago: {job.word}"
