"""`assay rubrics lint`: whether rubric files can be used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.judges.checks import check_checks
from assay.judges.errors import RubricError
from assay.judges.rubric import Rubric, load_rubric
from assay.judges.rules import RuleSet
from assay.worker.cli.context import ConfigOption, console, settings_and_root


def lint(
    files: Annotated[list[Path] | None, typer.Argument(help="Rubric files \\[default: all in reach]")] = None,
    config: ConfigOption = None,
) -> None:
    """Check rubric files: keys, values, patterns, ranges, tables. One line for each problem; exit 2 if there is any."""
    settings, root = settings_and_root(config)
    paths = files or sorted((root.path / "rubrics").glob("*.yaml"))
    problems = 0
    for path in paths:
        try:
            rubric: Rubric = load_rubric(path, settings.rubric_variables())
            RuleSet(rubric.rules, str(path))
            check_checks(rubric, str(path))
        except RubricError as exc:
            problems += 1
            typer.echo(f"assay: {exc}", err=True)
        else:
            console.print(f"{path}: ok ({rubric.name}, version {rubric.content_hash()[:12]})", soft_wrap=True)
    raise typer.Exit(2 if problems else 0)
