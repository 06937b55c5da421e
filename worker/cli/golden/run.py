"""`assay golden run`: ask, judge and examine, with nothing to compare with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from assay.worker.cli.context import console, print_data, stderr
from assay.worker.cli.golden.call import open_call
from assay.worker.cli.golden.experiments import check_experiment, show_experiment
from assay.worker.cli.golden.options import NameArgument, RunOptions, takes_run_options
from assay.worker.cli.golden.progress import interruptible, judged
from assay.worker.golden.report.json_report import run_json
from assay.worker.golden.report.terminal import print_run
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
    called = open_call(name, "golden run", options)
    call = called.call
    if record is not None:
        release_to_record(call.golden, record)
    check_experiment(called.root, options.experiment)
    target = call.target(release)
    with interruptible(called.how_to_go_on):
        asked = call.answers_to_ask(target)
        result = judged(called, asked, lambda evaluator, on_done: call.run(target, evaluator, on_done))
        path = call.keep(result)
    with interruptible(lambda: f"the run is through, and kept ({path})"):
        call.forget_journal(result)
        if record is not None:
            stderr.print(Text(f"recorded: {record_release(call.golden, result, record)}"))
        notes = options.reports.write_run(result, call.golden, call.store, out)
        if options.as_json:
            print_data(run_json(result))
        else:
            print_run(result, console, notes)
            console.print(f"kept as {result.run_id} ({path})", highlight=False)
        is_shown = show_experiment(called.settings, called.root, call.golden, result, options.experiment)
    raise typer.Exit(0 if is_shown and not result.missing else 3)
