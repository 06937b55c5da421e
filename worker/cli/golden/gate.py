"""`assay golden run` and `assay gate`: runs on frozen sets, and the exit code a pipeline acts on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from assay.worker.cli.context import console, print_data, stderr
from assay.worker.cli.golden.call import open_call, side_name
from assay.worker.cli.golden.experiments import check_experiment, show_experiment
from assay.worker.cli.golden.options import NameArgument, RunOptions, takes_run_options
from assay.worker.cli.golden.progress import interruptible, with_session
from assay.worker.golden.gate.detectable_effect import detectable_effect
from assay.worker.golden.gate.session import GoldenSession
from assay.worker.golden.report.gate_record import gate_result
from assay.worker.golden.report.json_report import gate_json, run_json
from assay.worker.golden.report.terminal import print_gate, print_run
from assay.worker.golden.report.wording.effects import effect_words
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.run_result import GoldenRun
from assay.worker.golden.runs.recording import record_release, release_to_record


@takes_run_options
def run(
    name: NameArgument,
    options: RunOptions,
    release: Annotated[str | None, typer.Option("--release", help="A recorded release instead of the target.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write the run as JSON, to compare with later.")] = None,
    record: Annotated[
        str | None, typer.Option("--record", metavar="NAME", help="Write the answers as a recorded release, too.")
    ] = None,
) -> None:
    """Ask the target every item, judge the answers, examine the judge. Exit 3 if an item has no result."""
    call = open_call(name, "golden run", options)
    if record is not None:
        release_to_record(call.golden, record)
    check_experiment(call.root, options.experiment)
    target = call.target(release)

    async def work(session: GoldenSession) -> GoldenRun:
        return await session.run_and_examine(target)

    with interruptible(call.how_to_go_on):
        result = with_session(call, {"candidate": target}, work)
        kept = call.store.save_run(result)
    with interruptible(lambda: f"the run is through, and kept ({kept})"):
        call.finish(result)
        if record is not None:
            stderr.print(Text(f"recorded: {record_release(call.golden, result, record)}"))
        said = options.reports.write_run(result, call.golden, call.store, out)
        if options.as_json:
            print_data(run_json(result))
        else:
            print_run(result, console, said)
            console.print(f"kept as {result.run_id} ({kept})", highlight=False)
        is_shown = show_experiment(call.settings, call.root, call.golden, result, options.experiment)
    raise typer.Exit(0 if is_shown and not result.missing else 3)


@takes_run_options
def gate(
    name: NameArgument,
    options: RunOptions,
    baseline: Annotated[
        str | None, typer.Option("--baseline", help="Release, run or run file \\[default: baseline/, else manifest]")
    ] = None,
    candidate: Annotated[
        str | None, typer.Option("--candidate", help="Release, run or run file \\[default: target]")
    ] = None,
) -> None:
    """Compare a candidate release with the baseline. Exit 0 pass, 1 regressed, 2 input error, 3 inconclusive.

    Runs in this process; no Redis is needed, unless --fleet has the workers judge. The judge is examined on the set's
    anchors in the same run: with a judge that fails its exam nothing passes. Nothing this command does changes the
    baseline.
    """
    call = open_call(name, "gate", options)
    check_experiment(call.root, options.experiment)
    after = call.side(candidate)
    if isinstance(after, GoldenRun):
        # Both sides are asked equally often, however often the manifest would.
        call = replace(call, repeats=after.repeats)
    before = call.baseline(baseline)
    stderr.print(Text(f"{name}: {side_name(after)} against {side_name(before)}"), soft_wrap=True)
    stderr.print(Text(f"{name}: {effect_words(detectable_effect(call.golden, repeats=call.repeats))}", style="dim"))

    async def work(session: GoldenSession) -> GateResult:
        return gate_result(await session.gate(before, after))

    with interruptible(call.how_to_go_on):
        result = with_session(call, {"baseline": before, "candidate": after}, work)
        kept = call.store.save_gate(result)
    with interruptible(lambda: f"the verdict, {result.verdict.value}, is kept ({kept})"):
        call.finish(result)
        said = options.reports.write_gate(result, call.store)
        if options.as_json:
            print_data(gate_json(result))
        else:
            print_gate(result, console, said)
        # What cannot be shown elsewhere is said, and changes no verdict.
        show_experiment(call.settings, call.root, call.golden, result, options.experiment)
    raise typer.Exit(result.exit_code)
