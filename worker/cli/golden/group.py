"""`assay golden`: its commands, which are imported when they are run."""

from __future__ import annotations

import typer

from assay.worker.cli.lazy import LazyCommand, LazyGroup

GOLDEN_COMMANDS = {
    "init": LazyCommand(
        "golden.init:init_set",
        "Write a golden set to fill in: a commented manifest, items and anchors from a table or from flagged traces.",
    ),
    "add": LazyCommand(
        "golden.add:add", "Make items of traces, and anchors of their answers. The set is not frozen by it."
    ),
    "label": LazyCommand(
        "golden.label:label", "Label the answers that wait for it, one after the other: are they right or wrong?"
    ),
    "ls": LazyCommand(
        "golden.ls:list_sets", "List the golden sets in reach, and whether each still is what was frozen."
    ),
    "verify": LazyCommand(
        "golden.verify:verify", "Hold a set against its lock and its checks; any difference is exit 2 and says where."
    ),
    "freeze": LazyCommand(
        "golden.freeze:freeze_set",
        "Write golden.lock: the only way to accept changed items, thresholds, rubric or baseline.",
    ),
    "baseline": LazyCommand(
        "golden.baseline:baseline",
        "Take reviewed runs as the baseline of a set: five or more, so that no lucky run becomes the norm.",
    ),
    "runs": LazyCommand(
        "golden.runs:list_runs",
        "List the kept runs and gates of a set, oldest first, and the runs on this machine that wait for a batch.",
    ),
    "series": LazyCommand(
        "golden.series:series",
        "Has the pass rate moved over the scheduled runs? Exit 1 on an alarm, 3 while there are too few runs.",
    ),
    "run": LazyCommand(
        "golden.run:run",
        "Ask the target every item, judge the answers, examine the judge. Exit 3 if an item has no result.",
    ),
    "schema": LazyCommand(
        "golden.schema:schema", "Print the JSON schema of a golden set's manifest, items, anchors or releases."
    ),
    "push": LazyCommand(
        "golden.push:push",
        "Make a dataset of a frozen golden set in the trace store, or bring the one of its name up to date.",
    ),
}


class Golden(LazyGroup):
    """The commands of `assay golden`."""

    lazy_commands = GOLDEN_COMMANDS


golden_app = typer.Typer(cls=Golden, help="Begin, label, check, freeze and run golden sets.", no_args_is_help=True)
