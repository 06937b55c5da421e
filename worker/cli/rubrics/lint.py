"""`assay rubrics lint`: whether rubric files can be used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.judges.checks import check_checks
from assay.judges.errors import RubricError
from assay.judges.rubric import Rubric
from assay.judges.rules import RuleSet
from assay.judges.team_files.reading import FileProblem, read_document
from assay.worker.cli.context import ConfigOption, console, settings_and_root
from assay.worker.config.root import load_named_rubric


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
            rubric: Rubric = load_named_rubric(path, settings.rubric_variables())
            RuleSet(rubric.rules, str(path))
            check_checks(rubric, str(path))
        except RubricError as exc:
            problems += 1
            typer.echo(f"assay: {_with_line(exc, path)}", err=True)
        else:
            console.print(f"{path}: ok ({rubric.name}, version {rubric.content_hash()[:12]})", soft_wrap=True)
    raise typer.Exit(2 if problems else 0)


def _with_line(exc: RubricError, path: Path) -> RubricError:
    """The error with the line of its key, where the rubric could be read and its file is the one at fault."""
    if exc.line is not None or exc.file != str(path):
        return exc
    try:
        document = read_document(path)
    except FileProblem:
        return exc
    key = tuple(exc.key.split("."))
    is_there = isinstance(document.value, dict) and key[0] in document.value
    return RubricError(exc.file, exc.key, exc.remedy, document.line(key)) if is_there else exc
