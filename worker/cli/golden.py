"""`assay golden` and `assay gate`: frozen sets, runs on them, and the exit code a pipeline acts on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from judges.errors import ConfigurationError
from worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root
from worker.config import ConfigRoot
from worker.golden import render
from worker.golden.gate import GateResult
from worker.golden.goldenset import GoldenSet, read_golden_set
from worker.golden.lock import changes_since_lock, freeze, load_golden_set
from worker.golden.run import GoldenRun, read_run
from worker.golden.session import GoldenSession
from worker.golden.targets import GoldenTarget, target_for
from worker.runtime import build_evaluator
from worker.settings import Settings

T = TypeVar("T")
golden_app = typer.Typer(help="List, check, freeze and run golden sets.", no_args_is_help=True)
NameArgument = Annotated[str, typer.Argument(help="Golden set (a directory in golden_sets/).")]
ConcurrencyOption = Annotated[int, typer.Option("--concurrency", min=1, max=1000, help="Items in flight.")]


@golden_app.command("ls")
def list_sets(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the golden sets in reach, and whether each still is what was frozen."""
    settings, root = settings_and_root(config)
    table = Table("golden set", "items", "anchors", "releases", "state")
    found = {}
    for name in root.golden_set_names():
        golden = _read(settings, root, name)
        changes = [str(change) for change in changes_since_lock(golden)]
        table.add_row(
            name,
            str(len(golden.items)),
            str(len(golden.anchors)),
            ", ".join(golden.releases()),
            "frozen" if not changes else "[red]changed[/]: " + "; ".join(changes),
        )
        found[name] = {"items": len(golden.items), "releases": list(golden.releases()), "changes": changes}
    if as_json:
        print_json(found)
    else:
        console.print(table)


@golden_app.command("verify")
def verify(name: NameArgument, config: ConfigOption = None) -> None:
    """Hold a set against its lock; any difference is exit 2 and says where."""
    settings, root = settings_and_root(config)
    golden = _load(settings, root, name)
    console.print(f"{name}: as frozen ({len(golden.items)} items, digest {golden.digest[:12]})")


@golden_app.command("freeze")
def freeze_set(name: NameArgument, config: ConfigOption = None) -> None:
    """Write golden.lock: the only way to accept changed items, thresholds, rubric or baseline. Shows the change."""
    settings, root = settings_and_root(config)
    changes = freeze(_read(settings, root, name))
    for change in changes:
        console.print(f"  {change}")
    console.print(f"{name}: frozen" if changes else f"{name}: nothing had changed")


@golden_app.command("run")
def run(
    name: NameArgument,
    release: Annotated[str | None, typer.Option("--release", help="A recorded release instead of the target.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the run as JSON, to compare with later.")] = None,
    config: ConfigOption = None,
    concurrency: ConcurrencyOption = 32,
    as_json: JsonOption = False,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Write a summary for a pull request.")] = None,
) -> None:
    """Ask the target every item and judge the answers. Exit 3 if an item has no result."""

    async def work(session: GoldenSession) -> GoldenRun:
        return await session.run(_target(session.golden, settings, release, concurrency))

    settings, root = settings_and_root(config)
    golden = _load(settings, root, name)
    result = _with_session(settings, root, golden, concurrency, len(golden.items), work)
    if out is not None:
        _write(out, render.run_json(result))
    if markdown is not None:
        _write(markdown, render.run_markdown(result))
    if as_json:
        typer.echo(render.run_json(result))
    else:
        render.print_run(result, console)
    raise typer.Exit(0 if not result.missing else 3)


def gate(  # noqa: PLR0913, PLR0917  # one parameter for each option
    name: NameArgument,
    baseline: Annotated[str | None, typer.Option("--baseline", help="Release or run file [default: manifest]")] = None,
    candidate: Annotated[str | None, typer.Option("--candidate", help="Release or run file [default: target]")] = None,
    config: ConfigOption = None,
    concurrency: ConcurrencyOption = 32,
    as_json: JsonOption = False,
    markdown: Annotated[Path | None, typer.Option("--markdown", help="Write a summary for a pull request.")] = None,
    junit: Annotated[Path | None, typer.Option("--junit", help="Write the candidate's run as JUnit XML.")] = None,
) -> None:
    """Compare a candidate release with the baseline. Exit 0 pass, 1 regressed, 2 input error, 3 inconclusive.

    Runs in this process; no Redis is needed. The judge is examined on the set's anchors in the same run: with a
    judge that fails its exam nothing passes.
    """
    settings, root = settings_and_root(config)
    golden = _load(settings, root, name)
    named = baseline or golden.manifest.baseline
    if named is None:
        raise ConfigurationError(f"{golden.directory}/manifest.yaml: baseline: missing; name one, or give --baseline")
    before = _side(golden, settings, named, concurrency)
    after = _side(golden, settings, candidate, concurrency)

    async def work(session: GoldenSession) -> tuple[GoldenRun, GoldenRun, GateResult]:
        runs = [side if isinstance(side, GoldenRun) else await session.run(side) for side in (before, after)]
        return runs[0], runs[1], await session.gate(runs[0], runs[1])

    asked = sum(len(golden.items) for side in (before, after) if not isinstance(side, GoldenRun))
    _, run_after, result = _with_session(settings, root, golden, concurrency, asked + len(golden.anchors), work)
    if markdown is not None:
        _write(markdown, render.gate_markdown(result))
    if junit is not None:
        _write(junit, render.run_junit(run_after))
    if as_json:
        typer.echo(render.gate_json(result))
    else:
        render.print_gate(result, console)
    raise typer.Exit(result.exit_code)


def _with_session(  # what a session is made of, and the work
    settings: Settings,
    root: ConfigRoot,
    golden: GoldenSet,
    concurrency: int,
    total: int,
    work: Callable[[GoldenSession], Awaitable[T]],
) -> T:
    """Run `work` with a session whose judge is closed afterwards, showing progress."""

    async def run() -> T:
        evaluator = build_evaluator(golden.rubric, root, settings)
        with Progress(console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task("judging", total=total)
            session = GoldenSession(golden, evaluator, concurrency, on_done=lambda: bars.advance(task))
            try:
                return await work(session)
            finally:
                await evaluator.judge.close()

    return asyncio.run(run())


def _read(settings: Settings, root: ConfigRoot, name: str) -> GoldenSet:
    return read_golden_set(root.golden_set(name), lambda rubric: root.rubric(rubric, settings.rubric_variables()))


def _load(settings: Settings, root: ConfigRoot, name: str) -> GoldenSet:
    return load_golden_set(root.golden_set(name), lambda rubric: root.rubric(rubric, settings.rubric_variables()))


def _side(golden: GoldenSet, settings: Settings, named: str | None, concurrency: int) -> GoldenTarget | GoldenRun:
    """A run file if it is one, else a recorded release, else the manifest's target."""
    if named is not None and named.endswith(".json"):
        return read_run(Path(named))
    return _target(golden, settings, named, concurrency)


def _target(golden: GoldenSet, settings: Settings, release: str | None, concurrency: int) -> GoldenTarget:
    return target_for(golden, release=release, variables=settings.rubric_variables(), concurrency=concurrency)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise ConfigurationError(f"{path}: cannot be written ({exc.strerror}); name another file") from exc


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(golden_app, name="golden")
    app.command("gate")(gate)
