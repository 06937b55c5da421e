"""`assay golden freeze`: the review that accepts a changed set."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.text import Text

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import ConfigOption, console, settings_and_root
from assay.worker.cli.golden.experiments import FROM_DATASET, fetch_items
from assay.worker.cli.golden.options import NameArgument
from assay.worker.cli.golden.sets import YesOption, print_findings
from assay.worker.golden.sets.lock import changes_since_lock, freeze, noted_changes
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

    Shows the findings of the checks and what changed, and asks, before anything is frozen.
    """
    settings, root = settings_and_root(config)
    if version is not None and dataset is None:
        raise ConfigurationError(f"--version: belongs to {' or '.join(FROM_DATASET)} DATASET; give both or neither")
    if dataset is not None:
        fetch_items(settings, root, name, dataset, version)
    golden = read_set(root, settings, name)
    findings = print_findings(settings, root, golden)
    changes = changes_since_lock(golden) + noted_changes(golden)
    for change in changes:
        console.print(Text(f"  {change}"))
    if any(finding.blocks for finding in findings):
        console.print(f"{name}: not frozen; mend the errors, or give the reason in the manifest under `waive`")
        raise typer.Exit(2)
    if not changes:
        console.print(f"{name}: nothing had changed")
        return
    if not yes and not typer.confirm("Freeze this?", err=True):
        console.print(f"{name}: not frozen")
        raise typer.Exit(2)
    freeze(golden)
    console.print(f"{name}: frozen")
