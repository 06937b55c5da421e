"""`assay golden run` and `assay gate`: runs on frozen sets, and the exit code a pipeline acts on."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from judges.evaluate import Evaluator
from worker.cli.context import ConfigOption, JsonOption, console, settings_and_root
from worker.cli.gate_reports import HtmlOption, JunitOption, LinkOption, MarkdownOption, ReportFiles
from worker.config import ConfigRoot
from worker.golden.comparison import GateResult
from worker.golden.facts import detectable_words
from worker.golden.gate import ASSUMED_FLIP_RATE, detectable_drop
from worker.golden.goldenset import GoldenSet
from worker.golden.history import RunStore
from worker.golden.journal import Journal, JournalHeader, forget_journal, is_run_id, new_run_id
from worker.golden.jsonform import gate_json, run_json
from worker.golden.lock import load_golden_set
from worker.golden.render import print_gate, print_run
from worker.golden.result import GoldenRun
from worker.golden.session import GoldenSession, Targets
from worker.golden.targets import baseline_targets, target_for
from worker.runtime import build_evaluator
from worker.settings import Settings

T = TypeVar("T")
Side = Targets | GoldenRun

EXIT_INTERRUPTED = 3
NameArgument = Annotated[str, typer.Argument(help="Golden set (a directory in golden_sets/).")]
ConcurrencyOption = Annotated[int, typer.Option("--concurrency", min=1, max=1000, help="Answers in flight.")]
RepeatsOption = Annotated[
    int | None, typer.Option("--repeats", min=1, max=20, help="Ask every item so often [default: manifest]")
]
ResumeOption = Annotated[
    str | None, typer.Option("--resume", metavar="RUN", help="Go on with an interrupted run; nothing is judged twice.")
]
TimeoutOption = Annotated[
    float | None, typer.Option("--timeout", min=0.001, help="Seconds for the whole run [default: manifest]")
]

stderr = Console(stderr=True)


@dataclass(frozen=True)
class Call:
    """What one command was called with, and where its run is kept."""

    settings: Settings
    root: ConfigRoot
    golden: GoldenSet
    command: str
    concurrency: int
    repeats: int
    timeout_s: float | None
    run_id: str
    resumed: bool

    @property
    def store(self) -> RunStore:
        """Where the set's runs are kept."""
        return RunStore(self.root.data_dir(self.settings), self.golden.name)

    def journal(self, evaluator: Evaluator, targets: dict[str, str]) -> Journal:
        """The run's journal, new or gone on with."""
        header = JournalHeader(
            run_id=self.run_id,
            golden_set=self.golden.name,
            set_digest=self.golden.digest,
            revision=evaluator.revision,
            targets=targets,
            repeats=self.repeats,
        )
        directory = self.store.directory(self.run_id)
        return Journal.resume(directory, header) if self.resumed else Journal.start(directory, header)

    def target(self, release: str | None) -> Targets:
        """A recorded release, or the manifest's target."""
        variables = self.settings.rubric_variables()
        return target_for(self.golden, release=release, variables=variables, concurrency=self.concurrency)

    def side(self, named: str | None) -> Side:
        """A run file or a kept run if it is one, else a recorded release, else the manifest's target."""
        if named is None or named in self.golden.releases():
            return self.target(named)
        return self.store.run(named) if named.endswith(".json") or is_run_id(named) else self.target(named)

    def baseline(self, named: str | None) -> Side:
        """What is compared with: what was named, else the reviewed baseline, else the manifest's release."""
        if named is None and self.golden.baseline is None:
            named = self.golden.manifest.baseline
        return baseline_targets(self.golden, self.repeats, self.run_id) if named is None else self.side(named)


def run(  # noqa: PLR0913, PLR0917  # one parameter for each option
    name: NameArgument,
    release: Annotated[str | None, typer.Option("--release", help="A recorded release instead of the target.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the run as JSON, to compare with later.")] = None,
    config: ConfigOption = None,
    concurrency: ConcurrencyOption = 32,
    repeats: RepeatsOption = None,
    resume: ResumeOption = None,
    timeout: TimeoutOption = None,
    as_json: JsonOption = False,
    markdown: MarkdownOption = None,
    junit: JunitOption = None,
    html: HtmlOption = None,
    html_link: LinkOption = None,
) -> None:
    """Ask the target every item, judge the answers, examine the judge. Exit 3 if an item has no result."""
    call = _call(config, name, "golden run", concurrency, repeats, timeout, resume)
    target = call.target(release)

    async def work(session: GoldenSession) -> GoldenRun:
        return await session.run_and_examine(target)

    result = _with_session(call, {"candidate": target}, work)
    kept = call.store.save_run(result)
    if not result.missing:
        forget_journal(kept.parent)
    said = ReportFiles(markdown, junit, html, html_link).write_run(result, call.golden, call.store, out)
    if as_json:
        typer.echo(run_json(result))
    else:
        print_run(result, console, said)
        console.print(f"kept as {result.run_id} ({kept})", highlight=False)
    raise typer.Exit(0 if not result.missing else 3)


def gate(  # noqa: PLR0913, PLR0917  # one parameter for each option
    name: NameArgument,
    baseline: Annotated[
        str | None, typer.Option("--baseline", help="Release, run or run file [default: baseline/, else manifest]")
    ] = None,
    candidate: Annotated[
        str | None, typer.Option("--candidate", help="Release, run or run file [default: target]")
    ] = None,
    config: ConfigOption = None,
    concurrency: ConcurrencyOption = 32,
    repeats: RepeatsOption = None,
    resume: ResumeOption = None,
    timeout: TimeoutOption = None,
    as_json: JsonOption = False,
    markdown: MarkdownOption = None,
    junit: JunitOption = None,
    html: HtmlOption = None,
    html_link: LinkOption = None,
) -> None:
    """Compare a candidate release with the baseline. Exit 0 pass, 1 regressed, 2 input error, 3 inconclusive.

    Runs in this process; no Redis is needed. The judge is examined on the set's anchors in the same run: with a
    judge that fails its exam nothing passes. Nothing this command does changes the baseline.
    """
    call = _call(config, name, "gate", concurrency, repeats, timeout, resume)
    after = call.side(candidate)
    if isinstance(after, GoldenRun):
        # Both sides are asked equally often, however often the manifest would.
        call = replace(call, repeats=after.repeats)
    before = call.baseline(baseline)
    detectable = detectable_drop(call.golden, len(call.golden.items), call.repeats)
    words = detectable_words(detectable, len(call.golden.items), call.repeats, ASSUMED_FLIP_RATE)
    stderr.print(f"[dim]{name}: {words}[/]", highlight=False)

    async def work(session: GoldenSession) -> GateResult:
        return await session.gate(before, after)

    result = _with_session(call, {"baseline": before, "candidate": after}, work)
    kept = call.store.save_gate(result)
    if not result.candidate_missing + result.baseline_missing:
        forget_journal(kept.parent)
    said = ReportFiles(markdown, junit, html, html_link).write_gate(result, call.store)
    if as_json:
        typer.echo(gate_json(result))
    else:
        print_gate(result, console, said)
    raise typer.Exit(result.exit_code)


def _call(  # what was given on the command line
    config: Path | None,
    name: str,
    command: str,
    concurrency: int,
    repeats: int | None,
    timeout: float | None,
    resume: str | None,
) -> Call:
    settings, root = settings_and_root(config)
    variables = settings.rubric_variables()
    golden = load_golden_set(root.golden_set(name), lambda rubric: root.rubric(rubric, variables))
    return Call(
        settings=settings,
        root=root,
        golden=golden,
        command=command,
        concurrency=concurrency,
        repeats=repeats or golden.manifest.repeats,
        timeout_s=timeout or golden.manifest.timeout_s,
        run_id=resume or new_run_id(),
        resumed=resume is not None,
    )


def _with_session(call: Call, sides: dict[str, Side], work: Callable[[GoldenSession], Awaitable[T]]) -> T:
    """Run `work` with a session whose judge is closed afterwards, showing progress and keeping what is done.

    An interrupted run is inconclusive: it says how to go on, and exits 3.
    """
    golden, names = call.golden, {part: _name(side) for part, side in sides.items()}
    total = sum(len(golden.items) * call.repeats for side in sides.values() if not isinstance(side, GoldenRun))

    async def run() -> T:
        # A pipeline that is cancelled sends SIGTERM; what was judged is kept either way.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, signal.raise_signal, signal.SIGINT)
        evaluator = build_evaluator(golden.rubric, call.root, call.settings)
        journal = call.journal(evaluator, names)
        with _progress() as bars:
            task = bars.add_task("judging", total=total + len(golden.anchors))
            session = GoldenSession(
                golden,
                evaluator,
                call.concurrency,
                on_done=lambda: bars.advance(task),
                run_id=call.run_id,
                repeats=call.repeats,
                timeout_s=call.timeout_s,
                journal=journal,
            )
            try:
                return await work(session)
            finally:
                journal.close()
                await evaluator.judge.close()

    try:
        return asyncio.run(run())
    except KeyboardInterrupt:
        again = f"assay {call.command} {golden.name} --resume {call.run_id}"
        typer.echo(f"assay: interrupted; nothing is decided. Go on, with the same options, by `{again}`", err=True)
        raise typer.Exit(EXIT_INTERRUPTED) from None


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=stderr, transient=True)


def _name(side: Side) -> str:
    """What a side is called in the journal."""
    if isinstance(side, GoldenRun):
        return f"run {side.run_id or side.started.isoformat()} of {side.target}"
    return " + ".join(target.name for target in side) if isinstance(side, Sequence) else side.name


def register(app: typer.Typer, golden_app: typer.Typer) -> None:
    """Add these commands."""
    golden_app.command("run")(run)
    app.command("gate")(gate)
