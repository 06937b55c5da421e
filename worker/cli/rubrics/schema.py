"""`assay rubrics schema`: the JSON schema of rubric files."""

from __future__ import annotations

import json

import typer

from assay.judges.rubric import Rubric


def schema() -> None:
    """Print the JSON schema of rubric files, for editors."""
    typer.echo(json.dumps(Rubric.model_json_schema(), indent=2, ensure_ascii=False))
