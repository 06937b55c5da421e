"""`assay dead`: work that gave up, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.judges.team_files.near_names import did_you_mean
from assay.worker.cli.context import ConfigOption, JsonOption, TraceArgument, console, print_json, with_runtime
from assay.worker.flow import dead_letters

if TYPE_CHECKING:
    from assay.worker.wiring.runtime import Runtime

dead_app = typer.Typer(help="List, show, replay and drop work that gave up.", no_args_is_help=True)
TracesArgument = Annotated[list[str] | None, typer.Argument(help="Trace ids.")]
AllOption = Annotated[bool, typer.Option("--all", help="Every dead letter, or all of one rubric with --rubric.")]
RubricOption = Annotated[str | None, typer.Option("--rubric", help="Only under this rubric.")]


@dead_app.command("ls")
def dead_list(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List dead letters, oldest first."""
    from assay.worker.reporting.terminal.dead_letters import dead_table

    letters = with_runtime(config, lambda runtime: runtime.state.ledger.dead_letters())
    if as_json:
        print_json(list(letters))
    elif letters:
        console.print(dead_table(letters))
    else:
        console.print("no dead letters")


@dead_app.command("show")
def dead_show(trace: TraceArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show one dead letter with its history (the same as `assay why`). Exit 2 if the trace has none."""
    from assay.worker.cli.why import why

    letters = with_runtime(config, lambda runtime: runtime.state.ledger.dead_letters())
    if all(letter.trace_id != trace for letter in letters):
        raise ConfigurationError(f"{trace}: has no dead letter; see `assay dead ls`, or `assay why {trace}`")
    why(trace, config, as_json)


@dead_app.command("replay")
def dead_replay(
    traces: TracesArgument = None,
    all_traces: AllOption = False,
    rubric: RubricOption = None,
    config: ConfigOption = None,
) -> None:
    """Open dead letters again; the reconciler publishes them within seconds."""
    chosen = _chosen(traces, all_traces, "replay")

    async def replay(runtime: Runtime) -> int:
        await _check_rubric(runtime, rubric)
        return await dead_letters.replay(runtime.state.ledger, runtime.clock, chosen, rubric)

    _print_changed(with_runtime(config, replay), chosen, "opened again")


@dead_app.command("drop")
def dead_drop(
    traces: TracesArgument = None,
    all_traces: AllOption = False,
    rubric: RubricOption = None,
    config: ConfigOption = None,
) -> None:
    """Dismiss dead letters: they count as skipped, with their reason kept."""
    chosen = _chosen(traces, all_traces, "drop")

    async def drop(runtime: Runtime) -> int:
        await _check_rubric(runtime, rubric)
        return await dead_letters.drop(runtime.state.ledger, runtime.clock, chosen, rubric)

    _print_changed(with_runtime(config, drop), chosen, "dismissed")


def _chosen(traces: list[str] | None, all_traces: bool, command: str) -> list[str] | None:
    """The traces that are meant; None for all.

    Raises:
        ConfigurationError: none are named, or some and all.
    """
    if bool(traces) == all_traces:
        raise ConfigurationError(f"assay dead {command}: name trace ids, or give --all for every dead letter")
    return list(dict.fromkeys(traces)) if traces else None


async def _check_rubric(runtime: Runtime, rubric: str | None) -> None:
    """Refuse a rubric that neither assay.yaml nor a dead letter names: it would match nothing, and look like success.

    Raises:
        ConfigurationError: names the rubric that was meant.
    """
    if rubric is None or rubric in runtime.rubrics:
        return
    known = {letter.promise.rubric for letter in await runtime.state.ledger.dead_letters()} | runtime.rubrics.keys()
    if rubric not in known:
        raise ConfigurationError(
            f"--rubric: {rubric!r}: unknown; {did_you_mean(rubric, sorted(known), 'known rubrics')}"
        )


def _print_changed(n: int, asked: list[str] | None, what: str) -> None:
    console.print(f"{n} {what}")
    if asked and n < len(asked):
        raise ConfigurationError(f"{len(asked) - n} of the traces have no dead letter; see `assay dead ls`")
