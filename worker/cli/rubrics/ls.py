"""`assay rubrics ls`: the rubrics in reach."""

from __future__ import annotations

from rich.table import Table

from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root


def ls(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the rubrics in reach, with their version."""
    settings, root = settings_and_root(config)
    rubrics = [root.rubric(name, settings.rubric_variables()) for name in root.rubric_names()]
    if as_json:
        print_json(
            {rubric.name: {**rubric.model_dump(mode="json"), "hash": rubric.content_hash()} for rubric in rubrics}
        )
        return
    table = Table("rubric", "version", "judge", "scores", "description")
    for rubric in rubrics:
        table.add_row(
            rubric.name,
            rubric.content_hash()[:12],
            " > ".join(rubric.judge.tiers),
            ", ".join(rubric.scores),
            rubric.description,
        )
    console.print(table)
