"""`assay rubrics ls`: the rubrics in reach."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from assay.judges.errors import RubricError
from assay.judges.rubric import Rubric
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings


def ls(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """List the rubrics in reach, with their version."""
    settings, root = settings_and_root(config)
    rubrics, problems = _read(root, settings)
    if as_json:
        known = {rubric.name: {**rubric.model_dump(mode="json"), "hash": rubric.content_hash()} for rubric in rubrics}
        print_json(known | {name: {"problem": problem} for name, problem in problems.items()})
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
    for name, problem in problems.items():
        table.add_row(name, "", "", "", Text.assemble(("cannot be used", "red"), f": {problem}"))
    console.print(table)


def _read(root: ConfigRoot, settings: Settings) -> tuple[list[Rubric], dict[str, str]]:
    """The rubrics, and those that cannot be used, with the reason. One broken file hides no other."""
    rubrics, problems = [], {}
    for name in root.rubric_names():
        try:
            rubrics.append(root.rubric(name, settings.rubric_variables()))
        except RubricError as exc:
            problems[name] = str(exc)
    return rubrics, problems
