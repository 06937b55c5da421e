"""`assay rubrics`: its commands, which are imported when they are run."""

from __future__ import annotations

import typer

from assay.worker.cli.lazy import LazyCommand, LazyGroup

RUBRIC_COMMANDS = {
    "ls": LazyCommand("rubrics.ls:ls", "List the rubrics in reach, with their version."),
    "lint": LazyCommand(
        "rubrics.lint:lint",
        "Check rubric files: keys, values, patterns, ranges, tables. One line for each problem; exit 2 if there is "
        "any.",
    ),
    "schema": LazyCommand("rubrics.schema:schema", "Print the JSON schema of rubric files, for editors."),
    "show": LazyCommand(
        "rubrics.show:show",
        "Show a rubric: scores, judges, rules or criteria, where samples are found, and the prompt's stable part.",
    ),
    "preview": LazyCommand(
        "rubrics.preview:preview_sample",
        "Show what a rubric's judge would see of a sample or a trace, and which rules fire already; --judge tries it.",
    ),
}


class Rubrics(LazyGroup):
    """The commands of `assay rubrics`."""

    lazy_commands = RUBRIC_COMMANDS


rubrics_app = typer.Typer(cls=Rubrics, help="List, check, show and try rubrics.", no_args_is_help=True)
