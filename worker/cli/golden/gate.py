"""`assay gate`: a candidate against a baseline, and the exit code a pipeline acts on."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer
from rich.text import Text

from assay.worker.cli.context import console, print_data, stderr
from assay.worker.cli.golden.call import open_call
from assay.worker.cli.golden.experiments import check_experiment, show_experiment
from assay.worker.cli.golden.options import NameArgument, RunOptions, takes_run_options
from assay.worker.cli.golden.progress import interruptible, judged
from assay.worker.golden.call import side_name
from assay.worker.golden.gate.detectable_effect import detectable_effect
from assay.worker.golden.report.json_report import gate_json
from assay.worker.golden.report.terminal import print_gate
from assay.worker.golden.report.wording.effects import effect_words
from assay.worker.golden.results.run_result import GoldenRun


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
    called = open_call(name, "gate", options)
    check_experiment(called.root, options.experiment)
    call = called.call
    after = call.side(candidate)
    if isinstance(after, GoldenRun):
        # Both sides are asked equally often, however often the manifest would.
        call = replace(call, repeats=after.repeats)
    before = call.baseline(baseline)
    stderr.print(Text(f"{name}: {side_name(after)} against {side_name(before)}"), soft_wrap=True)
    effect = detectable_effect(call.golden, repeats=call.repeats)
    stderr.print(Text(f"{name}: {effect_words(effect)}", style="dim"))
    with interruptible(called.how_to_go_on):
        asked = call.answers_to_ask(before, after)
        result = judged(called, asked, lambda evaluator, on_done: call.gate(before, after, evaluator, on_done))
        path = call.keep(result)
    with interruptible(lambda: f"the verdict, {result.verdict.value}, is kept ({path})"):
        call.forget_journal(result)
        notes = options.reports.write_gate(result, call.store)
        if options.as_json:
            print_data(gate_json(result))
        else:
            print_gate(result, console, notes)
        # What cannot be shown elsewhere is said, and changes no verdict.
        show_experiment(called.settings, called.root, call.golden, result, options.experiment)
    raise typer.Exit(result.exit_code)
