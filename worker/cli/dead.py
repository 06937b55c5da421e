"""`assay dead`: work that gave up, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import ConfigOption, JsonOption, TraceArgument, console, print_json, with_runtime
from assay.worker.flow import dead_letters

if TYPE_CHECKING:
    from assay.worker.wiring.runtime import Runtime

dead_app = typer.Typer(help="List, show, replay and drop work that gave up.", no_args_is_help=True)
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
def dead_show(trace: TraceArgument, config: ConfigOption = None) -> None:
    """Show one dead letter with its history (the same as `assay why`)."""
    from assay.worker.cli.why import why

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

    _print_changed(with_runtime(config, replay), traces, "opened again")


@dead_app.command("drop")
def dead_drop(
    traces: Annotated[list[str], typer.Argument(help="Trace ids.")],
    rubric: RubricOption = None,
    config: ConfigOption = None,
) -> None:
    """Dismiss dead letters: they count as skipped, with their reason kept."""

    async def drop(runtime: Runtime) -> int:
        return await dead_letters.drop(runtime.state.ledger, runtime.clock, traces, rubric)

    _print_changed(with_runtime(config, drop), traces, "dismissed")


def _print_changed(n: int, asked: list[str] | None, what: str) -> None:
    console.print(f"{n} {what}")
    if asked and n < len(asked):
        raise ConfigurationError(f"{len(asked) - n} of the traces have no dead letter; see assay dead ls")
