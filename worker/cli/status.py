"""`assay status`, `report`, `why` and `dead`: what the fleet did, what it found, and why."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import ConfigOption, DaysOption, JsonOption, console, print_json, with_runtime
from assay.worker.flow import dead_letters
from assay.worker.golden.scheduling.slot_records import ScheduleStatus
from assay.worker.golden.scheduling.tick import schedule_statuses
from assay.worker.records.ledger import UnscoredSpend
from assay.worker.reporting.funnel import Funnel, read_funnel
from assay.worker.reporting.report import ReportRow, read_report
from assay.worker.reporting.tables import (
    dead_table,
    funnel_table,
    report_lines,
    rootless_words,
    schedule_line,
    story_lines,
)
from assay.worker.reporting.why import TraceStory, tell
from assay.worker.wiring.golden import golden_schedules
from assay.worker.wiring.queues import ASSESS_QUEUE, CONTROL_QUEUE, GOLDEN_QUEUE
from assay.worker.wiring.runtime import Runtime

dead_app = typer.Typer(help="List, show, replay and drop work that gave up.", no_args_is_help=True)
RubricOption = Annotated[str | None, typer.Option("--rubric", help="Only under this rubric.")]
TraceArgument = Annotated[str, typer.Argument(help="Trace id.")]


def status(config: ConfigOption = None, days: DaysOption = 14, as_json: JsonOption = False) -> None:
    """Show the funnel (it adds up), queues, what was paid for no score, and how scheduled golden sets stand."""
    funnel, depths, lost, scheduled, reviews = with_runtime(config, lambda runtime: _read_status(runtime, days))
    if as_json:
        golden = [one.model_dump(mode="json") for one in scheduled]
        about = {"reviews": reviews, "queues": depths, "golden": golden, "spent_without_score": lost.model_dump()}
        print_json({"funnel": funnel.model_dump(mode="json"), **about})
        return
    console.print(funnel_table(funnel))
    console.print("queues: " + ", ".join(f"{name} {depth} waiting" for name, depth in depths.items()))
    if lost.calls:
        unpriced = f", and {lost.unpriced_calls} calls of unknown price" if lost.unpriced_calls else ""
        console.print(f"spent without a score: {lost.calls} model calls, {lost.cost_usd:.4f} USD{unpriced}")
    if any(reviews.values()):
        console.print("flagged answers for people: " + ", ".join(f"{n} {name}" for name, n in reviews.items()))
    for one in scheduled:
        console.print(schedule_line(one))


Status = tuple[Funnel, dict[str, int], UnscoredSpend, list[ScheduleStatus], dict[str, int]]
"""Funnel, messages waiting by queue, what was paid for no score, schedules, answers given to people by state."""


async def _read_status(runtime: Runtime, days: int) -> Status:
    now = runtime.clock.now()
    funnel = await read_funnel(runtime.state.ledger_reader, runtime.state.windows, *_days(now, days))
    depths = {q: await runtime.state.deliveries.queue_depth(q) for q in (ASSESS_QUEUE, CONTROL_QUEUE, GOLDEN_QUEUE)}
    lost = await runtime.state.spend.total(*_days(now, days))
    scheduled = await schedule_statuses(runtime.state.key_values, golden_schedules(runtime.root), now)
    return funnel, depths, lost, scheduled, dict(await runtime.state.reviews.counts())


def report(config: ConfigOption = None, days: DaysOption = 7, as_json: JsonOption = False) -> None:
    """Show weighted rates with intervals, per use case, rubric and evaluator revision."""

    async def read(runtime: Runtime) -> tuple[list[ReportRow], Funnel]:
        first, last = _days(runtime.clock.now(), days)
        rows = await read_report(runtime.state.ledger_reader, runtime.rubrics.values(), first, last)
        return rows, await read_funnel(runtime.state.ledger_reader, runtime.state.windows, first, last)

    rows, funnel = with_runtime(config, read)
    if as_json:
        print_json(rows)
    elif rows:
        for line in report_lines(rows):
            console.print(line, highlight=False)
        console.print(f"[dim]unseen: {rootless_words(funnel)}[/]", highlight=False)
    else:
        console.print("nothing scored in these days; see assay status")


def why(trace: TraceArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Tell every decision that was made about one trace."""

    async def read(runtime: Runtime) -> TraceStory:
        state = runtime.state
        return await tell(
            trace,
            runtime.deployment,
            source=runtime.store,
            sink=runtime.store,
            ledger=state.ledger_reader,
            windows=state.windows,
            verdicts=state.verdicts,
        )

    story = with_runtime(config, read)
    if as_json:
        print_json(story)
        return
    for line in story_lines(story):
        console.print(line, highlight=False)


@dead_app.command("ls")
def dead_list(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List dead letters, oldest first."""
    letters = with_runtime(config, lambda runtime: runtime.state.ledger.dead_letters())
    if as_json:
        print_json(list(letters))
    elif letters:
        console.print(dead_table(letters))
    else:
        console.print("no dead letters")


@dead_app.command("show")
def dead_show(trace: TraceArgument, config: ConfigOption = None) -> None:
    """Show one dead letter with its history (the same as `assay why`)."""
    why(trace, config)


@dead_app.command("replay")
def dead_replay(
    traces: Annotated[list[str] | None, typer.Argument(help="Trace ids \\[default: all]")] = None,
    rubric: RubricOption = None,
    config: ConfigOption = None,
) -> None:
    """Open dead letters again; the reconciler publishes them within seconds."""

    async def replay(runtime: Runtime) -> int:
        return await dead_letters.replay(runtime.state.ledger, runtime.clock, traces, rubric)

    _say_changed(with_runtime(config, replay), traces, "opened again")


@dead_app.command("drop")
def dead_drop(
    traces: Annotated[list[str], typer.Argument(help="Trace ids.")],
    rubric: RubricOption = None,
    config: ConfigOption = None,
) -> None:
    """Dismiss dead letters: they count as skipped, with their reason kept."""

    async def drop(runtime: Runtime) -> int:
        return await dead_letters.drop(runtime.state.ledger, runtime.clock, traces, rubric)

    _say_changed(with_runtime(config, drop), traces, "dismissed")


def _say_changed(n: int, asked: list[str] | None, what: str) -> None:
    console.print(f"{n} {what}")
    if asked and n < len(asked):
        raise ConfigurationError(f"{len(asked) - n} of the traces have no dead letter; see assay dead ls")


def _days(now: datetime, days: int) -> tuple[date, date]:
    today = now.date()
    return today - timedelta(days=days - 1), today
