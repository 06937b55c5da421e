"""`assay dead`: work that gave up, and what to do about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from assay.judges.errors import ConfigurationError
from assay.judges.team_files.near_names import did_you_mean
from assay.worker.cli.context import ConfigOption, JsonOption, TraceArgument, console, print_json, with_runtime
from assay.worker.cli.moments import parse_moment
from assay.worker.flow import dead_letters
from assay.worker.flow.dead_letters import MOST_AT_ONCE, DeadSummary
from assay.worker.ports.clock import Clock
from assay.worker.ports.ledger import Ledger
from assay.worker.records.dead_letters import DeadChoice, DeadLetter

if TYPE_CHECKING:
    from assay.worker.wiring.runtime import Runtime

dead_app = typer.Typer(help="List, show, replay and drop work that gave up.", no_args_is_help=True)
TracesArgument = Annotated[list[str] | None, typer.Argument(help="Trace ids.")]
AllOption = Annotated[bool, typer.Option("--all", help="Every dead letter.")]
UseCaseOption = Annotated[str | None, typer.Option("--use-case", help="Only of this use case.")]
RubricOption = Annotated[str | None, typer.Option("--rubric", help="Only under this rubric.")]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="Only with this reason, as `assay dead ls` shows.")]
SinceOption = Annotated[
    str | None, typer.Option("--since", help="Only those that gave up since: 90m, 24h, 7d, 2026-11-20.")
]
UntilOption = Annotated[
    str | None, typer.Option("--until", help="Only those that gave up before: 90m, 24h; a day is meant as a whole.")
]
RowsOption = Annotated[int, typer.Option("--limit", min=0, max=10_000, help="How many are listed, the oldest first.")]
LimitOption = Annotated[
    int, typer.Option("--limit", min=1, max=20_000, help="How many at most, the oldest first. The rest stay dead.")
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

_Change = Callable[[Ledger, Clock, Sequence[DeadLetter]], Awaitable[int]]


class _Asked(NamedTuple):
    """What a person typed to choose letters."""

    traces: Sequence[str] | None = None
    use_case: str | None = None
    rubric: str | None = None
    reason: str | None = None
    since: str | None = None
    until: str | None = None

    def choice(self, clock: Clock) -> DeadChoice:
        """The letters that are meant.

        Raises:
            ConfigurationError: a moment that is none, an empty period, or an empty option, as an unset variable leaves.
        """
        for name, value in self._asdict().items():
            if isinstance(value, str) and not value.strip():
                raise ConfigurationError(f"--{name.replace('_', '-')}: is empty; give a value, or leave it out")
        now = clock.now()
        since = parse_moment(self.since, "--since", now) if self.since else None
        until = parse_moment(self.until, "--until", now, is_end=True) if self.until else None
        if since is not None and until is not None and since >= until:
            raise ConfigurationError(f"--since, --until: {self.since!a} is not before {self.until!a}; exchange them")
        return DeadChoice(
            trace_ids=frozenset(self.traces) if self.traces else None,
            use_case=self.use_case,
            rubric=self.rubric,
            reason=self.reason,
            since=since,
            until=until,
        )


@dead_app.command("ls")
def dead_list(  # noqa: PLR0913, PLR0917  # one parameter for each option
    use_case: UseCaseOption = None,
    rubric: RubricOption = None,
    reason: ReasonOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: RowsOption = 20,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Count dead letters by reason and use case, and list the oldest."""
    from assay.worker.reporting.terminal.dead_letters import count_table, dead_table

    asked = _Asked(None, use_case, rubric, reason, since, until)
    seen = with_runtime(config, lambda runtime: _look(runtime, asked, limit))
    if as_json:
        print_json(seen)
    elif not seen.total:
        console.print("no dead letters" + (" of these" if any(asked) else ""))
    else:
        console.print(count_table(seen.counts))
        if seen.oldest:
            console.print(dead_table(seen.oldest))
        if seen.total > len(seen.oldest):
            console.print(f"{len(seen.oldest):,} of {seen.total:,} listed; --limit lists more", highlight=False)


@dead_app.command("show")
def dead_show(trace: TraceArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show one dead letter with its history (the same as `assay why`). Exit 2 if the trace has none."""
    from assay.worker.cli.why import why

    seen = with_runtime(config, lambda runtime: _look(runtime, _Asked([trace]), 1))
    if not seen.total:
        raise ConfigurationError(f"{trace}: has no dead letter; see `assay dead ls`, or `assay why {trace}`")
    why(trace, config, as_json)


@dead_app.command("replay")
def dead_replay(  # noqa: PLR0913, PLR0917  # one parameter for each option
    traces: TracesArgument = None,
    all_traces: AllOption = False,
    use_case: UseCaseOption = None,
    rubric: RubricOption = None,
    reason: ReasonOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = MOST_AT_ONCE,
    yes: YesOption = False,
    config: ConfigOption = None,
) -> None:
    """Open dead letters again; the fleet takes them at its own pace. Shows how many, and asks."""
    asked = _Asked(traces, use_case, rubric, reason, since, until)
    _change_letters("replay", "opened again", dead_letters.replay, asked, (all_traces, yes), limit, config)


@dead_app.command("drop")
def dead_drop(  # noqa: PLR0913, PLR0917  # one parameter for each option
    traces: TracesArgument = None,
    all_traces: AllOption = False,
    use_case: UseCaseOption = None,
    rubric: RubricOption = None,
    reason: ReasonOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: LimitOption = MOST_AT_ONCE,
    yes: YesOption = False,
    config: ConfigOption = None,
) -> None:
    """Dismiss dead letters: they count as skipped, with their reason kept. Shows how many, and asks."""
    asked = _Asked(traces, use_case, rubric, reason, since, until)
    _change_letters("drop", "dismissed", dead_letters.drop, asked, (all_traces, yes), limit, config)


def _change_letters(
    command: str, done: str, change: _Change, asked: _Asked, flags: tuple[bool, bool], limit: int, config: Path | None
) -> None:
    """Choose letters, ask where they were not named one by one, change them, and say what became of them.

    Raises:
        ConfigurationError: nothing or too much was named, an unknown rubric, or traces that have no dead letter.
    """
    all_traces, yes = flags
    _check_asked(command, asked, all_traces=all_traces)
    seen = with_runtime(config, lambda runtime: _look(runtime, asked, limit))
    chosen = seen.oldest
    if chosen and not asked.traces:
        _tell(seen, command, yes=yes)
    n = with_runtime(config, lambda runtime: change(runtime.state.ledger, runtime.clock, chosen)) if chosen else 0
    rest = seen.total - len(chosen)
    console.print(f"{n:,} {done}" + (f"; {rest:,} more wait for the same command" if rest else ""), highlight=False)
    missing = set(asked.traces or ()) - {letter.trace_id for letter in chosen}
    if missing and not rest:
        raise ConfigurationError(f"{len(missing)} of the traces have no dead letter; see `assay dead ls`")


def _tell(seen: DeadSummary, command: str, *, yes: bool) -> None:
    """Show what is meant, and ask."""
    from assay.worker.reporting.terminal.dead_letters import count_table

    console.print(count_table(seen.counts))
    if not yes:
        typer.confirm(f"{command} {len(seen.oldest):,} of {seen.total:,}?", abort=True)


def _check_asked(command: str, asked: _Asked, *, all_traces: bool) -> None:
    """Refuse a command that names nothing, or traces and all.

    Raises:
        ConfigurationError
    """
    if asked.traces and all_traces:
        raise ConfigurationError(f"assay dead {command}: trace ids and --all: leave one out")
    if not all_traces and not any(asked):
        raise ConfigurationError(
            f"assay dead {command}: name trace ids, or choose by --use-case, --rubric, --reason, --since, --until, "
            "or give --all for every dead letter"
        )


async def _look(runtime: Runtime, asked: _Asked, limit: int) -> DeadSummary:
    choice = asked.choice(runtime.clock)
    seen = await dead_letters.look_through(runtime.state.dead_letters, choice, limit=limit)
    if not seen.total and choice.is_filtered:
        await _check_names(runtime, choice)
    return seen


async def _check_names(runtime: Runtime, choice: DeadChoice) -> None:
    """Refuse a name that neither assay.yaml nor a dead letter has: it would match nothing, and look like success.

    Raises:
        ConfigurationError: names the rubric, use case or reason that was meant.
    """
    there = (await dead_letters.look_through(runtime.state.dead_letters, DeadChoice(), limit=0)).counts
    cases = {case.name for case in runtime.deployment.use_cases}
    for option, name, known in (
        ("--rubric", choice.rubric, runtime.rubrics.keys() | {count.rubric for count in there}),
        ("--use-case", choice.use_case, cases | {count.use_case for count in there}),
        ("--reason", choice.reason, {count.reason for count in there}),
    ):
        if name is not None and known and name not in known:
            what = option.strip("-").replace("-", " ")
            raise ConfigurationError(
                f"{option}: {name!a}: unknown; {did_you_mean(name, sorted(known), f'known {what}s')}"
            )
