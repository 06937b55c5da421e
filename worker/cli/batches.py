"""`assay batches`: the batches that providers work on for us."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.judges.team_files.near_names import did_you_mean
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, with_runtime
from assay.worker.records.batch_jobs import BatchJob

if TYPE_CHECKING:
    from rich.table import Table

    from assay.worker.wiring.runtime import Runtime

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


@batches_app.command("cancel")
def cancel(
    tag: Annotated[str, typer.Argument(help="The batch, as `assay batches ls` shows it.")], config: ConfigOption = None
) -> None:
    """End a batch early. What it has answered counts and is paid; the rest is asked live, at the full price."""

    async def work(runtime: Runtime) -> tuple[BatchJob | None, list[str]]:
        cancelled = await runtime.batch_collector.cancel(tag)
        return cancelled, [job.tag for job in await runtime.state.batch_jobs.jobs() if job.is_open]

    job, tags = with_runtime(config, work)
    if job is None:
        remedy = did_you_mean(tag, tags, "under way") if tags else "none is under way"
        raise ConfigurationError(f"batches cancel: {tag}: no such batch is under way; {remedy}")
    console.print(f"asked for the end of {tag}; its answers are collected within minutes, the rest is judged live")


def _table(jobs: Sequence[BatchJob], now: datetime) -> Table:
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table(box=SIMPLE)
    for name in ("batch", "endpoint", "model", "requests", "answered", "for", "stands"):
        table.add_column(name, justify="right" if name in ("requests", "answered", "for") else "left")
    for job in jobs:
        hours = (now - job.intended_at).total_seconds() / 3600
        answered = f"{job.answered:,}" if job.state == "ended" else ""
        table.add_row(job.tag, job.endpoint, job.model, f"{job.total:,}", answered, f"{hours:.1f} h", _stands(job))
    return table


def _stands(job: BatchJob) -> str:
    words = {"intended": "being sent", "sent": job.word or "sent", "ended": "ended", "dropped": "not begun"}
    asked = ", its end is asked for" if job.cancelled and job.is_open else ""
    return f"{words[job.state]}{asked}"
