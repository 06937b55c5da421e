"""`assay golden push`: a frozen set as a dataset of the trace store."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.text import Text

from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root, stderr
from assay.worker.cli.golden.experiments import on_datasets
from assay.worker.cli.golden.options import NameArgument
from assay.worker.golden.sets.dataset import dataset_of
from assay.worker.wiring.golden_calls import load_set

MOST_NAMED = 10


def push(
    name: NameArgument,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a dataset of a frozen golden set in the trace store, or bring the one of its name up to date.

    Exit 3 if items lack or differ. Unchanged items are left alone; items that the set no longer has are archived;
    items added by hand stay.
    """
    settings, root = settings_and_root(config)
    golden = load_set(root, settings, name)
    report = on_datasets(settings, root, lambda datasets: datasets.push(dataset_of(golden)))
    if as_json:
        print_json(report)
    else:
        console.print(
            Text(
                f"dataset {report.dataset}: {report.items} items, {report.sent} sent, {report.archived} archived, "
                f"{report.read_back} read back"
            )
        )
    for what, items in (("not there", report.missing), ("there, but not as sent", report.differing)):
        if items:
            stderr.print(Text(f"{what}: {', '.join(items[:MOST_NAMED])}{_and_more(items)}"), soft_wrap=True)
    if report.missing or report.differing:
        stderr.print(Text("Run the command again: what is there as it should be is not sent again."))
        raise typer.Exit(3)


def _and_more(items: Sequence[str]) -> str:
    return f" and {len(items) - MOST_NAMED} more" if len(items) > MOST_NAMED else ""
