"""`assay golden baseline`: take reviewed runs as what is compared with."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from assay.worker.cli.context import ConfigOption, console, settings_and_root
from assay.worker.cli.golden.options import NameArgument
from assay.worker.cli.golden.sets import YesOption, baseline_words
from assay.worker.golden.runs.baseline_approval import approve_baseline, check_runs
from assay.worker.wiring.golden_calls import read_set, run_store


def baseline(  # one parameter for each option
    name: NameArgument,
    runs: Annotated[list[str], typer.Option("--from", help="Run id or file of `assay golden run`; once for each run.")],
    by: Annotated[str, typer.Option("--by", help="Who takes this baseline.")],
    why: Annotated[str, typer.Option("--why", help="Why, in a sentence.")],
    yes: YesOption = False,
    config: ConfigOption = None,
) -> None:
    """Take reviewed runs as the baseline of a set: five or more, so that no lucky run becomes the norm.

    Writes baseline/ in the set's directory and keeps the old one's record in its history. It counts after
    `assay golden freeze`, and after review: no gate ever writes it.
    """
    settings, root = settings_and_root(config)
    golden = read_set(root, settings, name)
    store = run_store(root, settings, golden)
    chosen = [store.run(run) for run in runs]
    check_runs(golden, chosen)
    console.print(f"now:  {baseline_words(golden)}", highlight=False)
    for run in chosen:
        rate = run.pass_rate()
        shown = "not estimable" if rate is None else f"{rate.value:.1%}"
        console.print(Text(f"take: run {run.run_id} of {run.target}, {run.repeats} repeats, pass rate {shown}"))
    if not yes and not typer.confirm("Write these as the baseline?", err=True):
        raise typer.Exit(2)
    record = approve_baseline(golden, chosen, by=by, why=why)
    console.print(f"{golden.directory / 'baseline'}: {len(record.outputs)} outputs; review, then freeze the set")
