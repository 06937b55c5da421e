"""Rubrics: versioned YAML files that say what is judged, how, and which scores come out.

A rubric's version is the hash of its content after `${VARIABLES}` were filled in, because the model a rubric
names changes what its scores mean.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from judges.errors import RubricError
from judges.rubric.files import fill, first_problem, load_yaml
from judges.rubric.plan import JudgeName, JudgePlan
from judges.rubric.rules import Rules
from judges.rubric.tables import with_rows
from judges.schema import Record

ScoreName = Literal["groundedness", "faithfulness", "hallucination_risk"]
Direction = Literal["maximize", "minimize"]

DIRECTIONS: dict[str, Direction] = {
    "groundedness": "maximize",
    "faithfulness": "maximize",
    "hallucination_risk": "minimize",
}


class SamplePaths(Record):
    """Where the parts of a sample are found in a trace, tried in order; the first non-empty one is taken.

    A path is `root.input`, `root.output`, `root.metadata.KEY`, or `TYPE.output` / `TYPE.input` for every
    observation of that type (retriever, tool, generation, …); deeper keys follow with dots. For `contexts`
    every listed path adds its passages.
    """

    question: tuple[str, ...] = ("root.input",)
    response: tuple[str, ...] = ("root.output",)
    contexts: tuple[str, ...] = ("retriever.output", "tool.output", "root.metadata.contexts")
    history: tuple[str, ...] = ("root.input.messages", "root.metadata.history")

    @field_validator("*", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value


class RiskLabels(Record):
    """Cuts of hallucination_risk: at least `medium` is medium, at least `high` is high."""

    medium: Annotated[float, Field(gt=0, lt=1)] = 0.2
    high: Annotated[float, Field(gt=0, lt=1)] = 0.5

    @model_validator(mode="after")
    def _ordered(self) -> RiskLabels:
        if self.high < self.medium:
            raise ValueError("`high` lies below `medium`")
        return self


class Rubric(Record):
    """What is judged and how; loaded by `load_rubric` or `parse_rubric`."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")
    description: str = ""
    scores: dict[ScoreName, Direction] = Field(default_factory=lambda: dict(DIRECTIONS))  # type: ignore[arg-type]  # literals widen in dict()
    risk_labels: RiskLabels = RiskLabels()
    closed_book: Literal["skip", "score"] = "skip"
    judge: JudgePlan = JudgePlan()
    sample: SamplePaths = SamplePaths()
    rules: Rules = Rules()

    @field_validator("scores")
    @classmethod
    def _directions_are_fixed(cls, scores: dict[str, Direction]) -> dict[str, Direction]:
        for name, direction in scores.items():
            if DIRECTIONS[name] != direction:
                raise ValueError(f"{name} is a score to {DIRECTIONS[name]}")
        if not scores:
            raise ValueError("name at least one score")
        return scores

    @property
    def tier(self) -> JudgeName:
        """The judge that decides."""
        return self.judge.tiers[0]

    def content(self) -> str:
        """Canonical JSON of everything that could change a verdict; what the hash is taken over."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def content_hash(self) -> str:
        """The rubric's version: sha256 of `content()`, 64 hex digits."""
        return hashlib.sha256(self.content().encode()).hexdigest()


def load_rubric(path: Path, variables: Mapping[str, str] | None = None) -> Rubric:
    """Read one rubric file.

    Args:
        path: the YAML file.
        variables: values for `${NAME}` in it; the caller decides what the environment may give.

    Raises:
        RubricError: unreadable, not YAML, unknown key, wrong value, or a variable without a value.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise RubricError(str(path), "file", f"cannot be read ({exc})") from exc
    return parse_rubric(text, source=str(path), variables=variables or {}, directory=path.parent)


def parse_rubric(
    text: str, *, source: str, variables: Mapping[str, str] | None = None, directory: Path | None = None
) -> Rubric:
    """Parse rubric YAML (or its canonical JSON); `source` is named in errors.

    Args:
        text: the file's content.
        source: what errors name.
        variables: values for `${NAME}`.
        directory: where files it names lie; without one, their content must be in the text, as it is in `content()`.

    Raises:
        RubricError: as `load_rubric`.
    """
    try:
        data = load_yaml(text)
    except yaml.YAMLError as exc:
        where = getattr(exc, "problem_mark", None)
        line = f"line {where.line + 1}" if where is not None else "file"
        problem = getattr(exc, "problem", None) or "not YAML"
        raise RubricError(source, line, f"{problem}; mend the YAML") from exc
    if not isinstance(data, dict):
        raise RubricError(source, "file", "must be a mapping of keys; start with `name: ...`")
    try:
        rubric = Rubric.model_validate(fill(data, variables or {}, source, "file"))
    except ValidationError as exc:
        raise RubricError(source, *first_problem(exc)) from exc
    rules = with_rows(rubric.rules, directory, source)
    return rubric if rules is rubric.rules else rubric.model_copy(update={"rules": rules})
