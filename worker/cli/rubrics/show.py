"""`assay rubrics show`: a rubric as a person reads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from assay.judges.rubric import Criterion, Rubric, Rules
from assay.worker.cli.context import ConfigOption, JsonOption, print_json, settings_and_root
from assay.worker.cli.streams import print_line
from assay.worker.reporting.rubric_preview import description

RubricArgument = Annotated[str, typer.Argument(help="Rubric (a file in rubrics/, without .yaml).")]


def show(name: RubricArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Show a rubric: scores, judges, rules or criteria, where samples are found, and the prompt's stable part."""
    settings, root = settings_and_root(config)
    rubric = root.rubric(name, settings.rubric_variables())
    if as_json:
        print_json(description(rubric))
        return
    for line in _rubric_lines(rubric):
        print_line(line)


def _rubric_lines(rubric: Rubric) -> Iterator[str]:
    facts = description(rubric)
    yield f"{rubric.name}: {rubric.description}"
    yield f"  version    {facts['version']} (rules {facts['rules_version']})"
    yield f"  method     {rubric.method}, judged by {facts['judged_by']}"
    yield "  scores     " + ", ".join(f"{name} ({direction})" for name, direction in rubric.scores.items())
    yield f"             beside them the category {rubric.state_score}"
    written = rubric.write.scores or rubric.writes_by_default
    sessions = ", and two scores on sessions" if rubric.write.sessions else ""
    yield f"  written    {', '.join(map(rubric.write.named, written))}{sessions}"
    if rubric.method == "grounding":
        yield f"  risk       medium from {rubric.risk_labels.medium:g}, high from {rubric.risk_labels.high:g}"
        yield f"  no evidence: {rubric.closed_book}"
        yield from _rule_lines(rubric.rules)
    for criterion in rubric.criteria:
        yield from _criterion_lines(criterion)
    for check in rubric.checks:
        given = check.model_dump(mode="json", exclude_defaults=True, exclude={"score", "direction", "json_schema"})
        schema = ", by a JSON schema" if check.json_schema is not None else ""
        yield f"  check      {check.score}{schema}" + "".join(f", {key}: {value}" for key, value in given.items())
    yield "  sample"
    for part, paths in rubric.sample.model_dump(mode="json").items():
        yield f"    {part:<9} {_listed(paths)}"
    if facts["prompt"] is not None:
        yield f"\nFirst message, the same for every sample (about {facts['prompt_tokens_estimated']} tokens):\n"
        yield facts["prompt"]


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else json.dumps(value, ensure_ascii=False)


def _criterion_lines(criterion: Criterion) -> Iterator[str]:
    each = f", for each passage ({criterion.aggregate})" if criterion.per == "context" else ""
    yield f"  criterion  {criterion.score}{each}: {criterion.question}"
    for level in criterion.levels:
        value = "no number" if level.value is None else f"{level.value:g}"
        cites = f"; must point at the {level.cites}" if level.cites else ""
        yield f"    {level.label} = {value}: {level.means}{cites}"


def _rule_lines(rules: Rules) -> Iterator[str]:
    if rules.values:
        yield "  rule       values: " + ", ".join(kind.value for kind in rules.values)
    for pattern in rules.patterns:
        must = f"must match {pattern.must_match}" if pattern.must_match else f"must not match {pattern.must_not_match}"
        yield f"  rule       pattern {pattern.id} ({pattern.severity}): {must}"
    for bounds in rules.ranges:
        ends = " to ".join(str(end) for end in (bounds.at_least, bounds.at_most) if end is not None)
        subject = ", ".join(bounds.about) or bounds.near
        which = (
            ""
            if bounds.at_least is not None and bounds.at_most is not None
            else ("at least " if bounds.at_least else "at most ")
        )
        yield f"  rule       range {bounds.id} ({bounds.severity}): {subject}: {which}{ends} {bounds.unit}".rstrip()
    for table in rules.tables:
        columns = ", ".join(table.attributes)
        yield f"  rule       table {table.id} ({table.severity}): {len(table.rows)} keys with {columns}"
    for disclaimer in rules.disclaimers:
        when = f" where it is about {', '.join(disclaimer.when)}" if disclaimer.when else ""
        yield f"  rule       disclaimer {disclaimer.id} ({disclaimer.severity}){when}"
