"""`assay golden freeze`: the review that accepts a changed set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer
from rich.text import Text

from assay.judges.errors import ConfigurationError, RubricError
from assay.judges.rubric import Rubric
from assay.worker.cli.context import ConfigOption, console, settings_and_root
from assay.worker.cli.golden.experiments import FROM_DATASET, fetch_items, next_after_fetch
from assay.worker.cli.golden.options import NameArgument
from assay.worker.cli.golden.sets import YesOption, print_findings
from assay.worker.config.root import ConfigRoot, packaged_root
from assay.worker.config.settings import Settings
from assay.worker.golden.sets.golden_set import LOCK, GoldenSet
from assay.worker.golden.sets.lock import Change, changes_since_lock, freeze, noted_changes
from assay.worker.golden.sets.summary import deviations, set_summary
from assay.worker.wiring.golden_batches import check_judge_by
from assay.worker.wiring.golden_calls import read_set


def freeze_set(
    name: NameArgument,
    yes: YesOption = False,
    dataset: Annotated[
        str | None, typer.Option(*FROM_DATASET, metavar="DATASET", help="First take the items of this dataset.")
    ] = None,
    version: Annotated[
        str | None, typer.Option("--version", metavar="TIME", help="The dataset as it stood then (ISO 8601).")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Write golden.lock: the only way to accept changed items, thresholds, rubric or baseline.

    Shows a summary, the findings of the checks and what changed (of a new set: what is not the default), and asks,
    before anything is frozen.
    """
    settings, root = settings_and_root(config)
    if version is not None and dataset is None:
        raise ConfigurationError(f"--version: belongs to {' or '.join(FROM_DATASET)} DATASET; give both or neither")
    if dataset is not None:
        fetch_items(settings, root, name, dataset, version)
    golden = read_set(root, settings, name)
    check_judge_by(golden, root, settings)
    for line in set_summary(golden):
        console.print(Text(f"  {line}"))
    findings = print_findings(settings, root, golden)
    changes = changes_since_lock(golden) + noted_changes(golden)
    _print_changes(settings, golden, changes)
    if blocking := [finding for finding in findings if finding.blocks]:
        form = f'waive: {{{blocking[0].check}: "the reason"}}'
        console.print(f"{name}: not frozen; mend the errors, or write into the manifest {form}", soft_wrap=True)
        if dataset is not None:
            console.print(Text(next_after_fetch(golden.directory, name)), soft_wrap=True)
        raise typer.Exit(2)
    if not changes:
        console.print(f"{name}: nothing had changed")
        return
    if not yes and not typer.confirm("Freeze this?", err=True):
        console.print(f"{name}: not frozen")
        raise typer.Exit(2)
    freeze(golden)
    console.print(f"{name}: frozen")


def _print_changes(settings: Settings, golden: GoldenSet, changes: Iterable[Change]) -> None:
    """What changed since the set was frozen; of a new set, in which everything did, where it leaves the defaults."""
    if (golden.directory / LOCK).exists():
        for change in changes:
            console.print(Text(f"  {change}"))
        return
    for line in deviations(golden, _packaged_rubric(settings, golden)):
        console.print(Text(f"  warning: {line}", style="yellow"))


def _packaged_rubric(settings: Settings, golden: GoldenSet) -> Rubric | None:
    """The set's rubric as it comes with the distribution; None where it is the team's own."""
    try:
        return ConfigRoot(path=packaged_root()).rubric(golden.rubric.name, settings.rubric_variables())
    except RubricError:
        return None
