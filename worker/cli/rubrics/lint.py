"""`assay rubrics lint`: whether rubric files, and the assay.yaml beside them, can be used."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.judges.checks import check_checks
from assay.judges.errors import ConfigurationError, RubricError
from assay.judges.rubric import Rubric
from assay.judges.rules import RuleSet
from assay.judges.team_files.reading import FileProblem, read_document
from assay.worker.cli.context import ConfigOption, console, settings_and_root
from assay.worker.cli.streams import print_error
from assay.worker.config.deployment import CONFIG_FILE
from assay.worker.config.root import ConfigRoot, load_named_rubric
from assay.worker.config.settings import Settings
from assay.worker.wiring.judges import check_deployment


def lint(
    files: Annotated[
        list[Path] | None, typer.Argument(help="Rubric files \\[default: all in reach, and assay.yaml]")
    ] = None,
    config: ConfigOption = None,
) -> None:
    """Check rubric files: keys, values, patterns, ranges, tables. One line for each problem; exit 2 if there is any.

    Without FILES it checks all in reach, and assay.yaml as a start does: which rubrics and judges it names, the keys of
    the store, the endpoints of the judges.
    """
    settings, root = settings_and_root(config)
    paths = files or sorted((root.path / "rubrics").glob("*.yaml"))
    broken = {path for path in paths if not _is_usable(path, settings)}
    starts = bool(files) or _would_start(root, settings, broken)
    raise typer.Exit(2 if broken or not starts else 0)


def _is_usable(path: Path, settings: Settings) -> bool:
    """Whether a rubric can be used, after a line about it."""
    try:
        rubric: Rubric = load_named_rubric(path, settings.rubric_variables())
        RuleSet(rubric.rules, str(path))
        check_checks(rubric, str(path))
    except RubricError as exc:
        print_error(f"assay: {_with_line(exc, path)}")
        return False
    console.print(f"{path}: ok ({rubric.name}, version {rubric.content_hash()[:12]})", soft_wrap=True)
    return True


def _would_start(root: ConfigRoot, settings: Settings, broken: set[Path]) -> bool:
    """Whether a fleet would start with assay.yaml, after a line about it. A broken rubric is told once."""
    try:
        check_deployment(root, settings)
    except ConfigurationError as exc:
        if not (isinstance(exc, RubricError) and Path(exc.file) in broken):
            print_error(f"assay: {exc}")
        return False
    console.print(f"{root.path / CONFIG_FILE}: ok", soft_wrap=True)
    return True


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
