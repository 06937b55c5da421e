"""`assay rubrics` and `assay settings`: what is configured, and whether it can be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from pydantic import SecretStr
from rich.table import Table

from assay.judges.checks import check_checks
from assay.judges.errors import RubricError
from assay.judges.rubric import Rubric, load_rubric
from assay.judges.rules import RuleSet
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root
from assay.worker.cli.rubrics import show as rubric_views
from assay.worker.config.settings import read_variables
from assay.worker.stores.registry import factories

rubrics_app = typer.Typer(help="List, check, show and try rubrics.", no_args_is_help=True)


@rubrics_app.command("ls")
def list_rubrics(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the rubrics in reach, with their version."""
    settings, root = settings_and_root(config)
    found = [root.rubric(name, settings.rubric_variables()) for name in root.rubric_names()]
    if as_json:
        print_json({rubric.name: {**rubric.model_dump(mode="json"), "hash": rubric.content_hash()} for rubric in found})
        return
    table = Table("rubric", "version", "judge", "scores", "description")
    for rubric in found:
        table.add_row(
            rubric.name,
            rubric.content_hash()[:12],
            " > ".join(rubric.judge.tiers),
            ", ".join(rubric.scores),
            rubric.description,
        )
    console.print(table)


@rubrics_app.command("lint")
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


@rubrics_app.command("schema")
def schema() -> None:
    """Print the JSON schema of rubric files, for editors."""
    typer.echo(json.dumps(Rubric.model_json_schema(), indent=2, ensure_ascii=False))


def show_settings(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show the settings in force; secrets are starred out."""
    settings, root = settings_and_root(config)
    models = [settings, *(read_variables(factory.variables) for factory in factories().values())]
    values = {
        name: "**********" if isinstance(value, SecretStr) else value if value is None else str(value)
        for model in models
        for name, value in model
    }
    meanings = {name: field.description for model in models for name, field in type(model).model_fields.items()}
    if as_json:
        print_json({"config_root": str(root.path), "data_dir": str(root.data_dir(settings)), "settings": values})
        return
    table = Table("setting", "value", "meaning")
    for name, value in values.items():
        table.add_row(name, value or "–", meanings[name] or "")
    console.print(f"config root {root.path}\ndata        {root.data_dir(settings)}")
    console.print(table)


rubrics_app.command("show")(rubric_views.show)
rubrics_app.command("preview")(rubric_views.preview_sample)
