"""`assay rubrics schema`: the JSON schema of rubric files."""

from __future__ import annotations

from assay.judges.rubric import Rubric
from assay.worker.cli.context import print_json


def schema() -> None:
    """Print the JSON schema of rubric files, for editors."""
    print_json(Rubric.model_json_schema())
