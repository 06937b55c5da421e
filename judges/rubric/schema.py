"""Rubrics: versioned YAML files that say what is judged, how, and which scores come out.

A rubric's version is the hash of its content after `${VARIABLES}` were filled in, because the model a rubric
names changes what its scores mean.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from assay.judges.errors import RubricError
from assay.judges.rubric.criteria import Check, Criterion, Direction, ScoreName
from assay.judges.rubric.files import check_storable, fill, first_problem, load_yaml
from assay.judges.rubric.plan import JudgeName, JudgePlan
from assay.judges.rubric.rules import Rules
from assay.judges.rubric.schema_files import with_schemas
from assay.judges.rubric.selectors import parse_selector
from assay.judges.rubric.tables import with_rows
from assay.judges.schema import Record

DIRECTIONS: dict[str, Direction] = {
    "groundedness": "maximize",
    "faithfulness": "maximize",
    "hallucination_risk": "minimize",
}


class SamplePaths(Record):
    """Where the parts of a sample are found in a trace: selectors, tried in order (docs/reference/trace-shapes.md).

    Question, response and history come from the first that leads to one; for `contexts` each adds its passages, but
    `prompt` only where none before it did. Of several steps of a type, the response is the last one's.
    """

    question: tuple[str, ...] = ("root.input", "answer.input")
    response: tuple[str, ...] = ("root.output", "answer.output")
    contexts: tuple[str, ...] = ("retriever.documents", "tool.output", "root.metadata.contexts", "prompt")
    history: tuple[str, ...] = ("root.input", "root.input.history", "root.metadata.history", "answer.input")

    @field_validator("*", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("*")
    @classmethod
    def _selectors_can_be_read(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            parse_selector(text)
        return value


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
    method: Literal["grounding", "graded", "checks"] = Field(
        default="grounding",
        description="grounding: claims against evidence; graded: a model grades criteria; checks: code answers.",
    )
    scores: dict[ScoreName, Direction] = Field(
        default_factory=dict, description="Left out: all three of grounding, or those of the criteria or checks."
    )
    criteria: tuple[Criterion, ...] = Field(default=(), max_length=20)
    checks: tuple[Check, ...] = Field(default=(), max_length=50)
    scores_on: Literal["trace", "observation"] = Field(
        default="trace", description="Whether scores hang on the trace or on its root observation."
    )
    risk_labels: RiskLabels = RiskLabels()
    closed_book: Literal["skip", "score"] = "skip"
    judge: JudgePlan = JudgePlan()
    sample: SamplePaths = SamplePaths()
    rules: Rules = Rules()

    @model_validator(mode="before")
    @classmethod
    def _fill_scores(cls, data: Any) -> Any:
        """Scores that are not listed are those of the method. The hash must not depend on who listed them."""
        if not isinstance(data, dict) or "scores" in data:
            return data
        listed = _scores_of(data)
        return data if listed is None else {**data, "scores": listed}

    @model_validator(mode="after")
    def _method_fits(self) -> Rubric:
        if self.method == "grounding":
            _check_grounding(self)
        elif bool(self.criteria) != (self.method == "graded") or bool(self.checks) != (self.method == "checks"):
            wanted = {"graded": "criteria", "checks": "checks"}[self.method]
            raise ValueError(f"method: {self.method} needs `{wanted}`, and nothing of the other method")
        elif self.rules != Rules():
            raise ValueError("rules: act on claims, which only method grounding has; remove them")
        elif ("llm" in self.judge.tiers) != (self.method == "graded") or len(self.judge.tiers) > 1:
            wanted = "{tiers: [llm], llm: {model: ...}}" if self.method == "graded" else "{tiers: [local]}"
            raise ValueError(f"judge.tiers: method {self.method} is judged by one judge; write `judge: {wanted}`")
        else:
            _check_scores(self)
        return self

    @property
    def tier(self) -> JudgeName:
        """The first tier: the judge that every sample meets."""
        return self.judge.tiers[0]

    @property
    def state_score(self) -> str:
        """Name of the categorical score beside the numbers. No two methods share one on a trace."""
        return "grounding_state" if self.method == "grounding" else f"{self.name.replace('-', '_')}_state"

    def content(self) -> str:
        """Canonical JSON of everything that could change a verdict. The hash is taken over it."""
        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def content_hash(self) -> str:
        """The rubric's version: sha256 of `content()`, 64 hex digits."""
        return hashlib.sha256(self.content().encode()).hexdigest()


def _scores_of(data: dict[str, Any]) -> dict[str, Any] | None:
    """The scores that unparsed criteria or checks give. None where they are too broken, which a later check reports."""
    if data.get("method", "grounding") == "grounding":
        return dict(DIRECTIONS)
    try:
        criteria = [Criterion.model_validate(entry) for entry in data.get("criteria", ())]
        checks = [Check.model_validate(entry) for entry in data.get("checks", ())]
    except (ValidationError, TypeError):
        return None
    directions = {name: direction for criterion in criteria for name, direction in criterion.scores().items()}
    return directions | {check.score: check.direction for check in checks}


def _check_grounding(rubric: Rubric) -> None:
    if rubric.criteria or rubric.checks:
        raise ValueError("method: grounding has no criteria or checks; write `method: graded` or `method: checks`")
    if not rubric.scores:
        raise ValueError("scores: name at least one score")
    for name, direction in rubric.scores.items():
        if name not in DIRECTIONS:
            raise ValueError(f"scores: {name} is no score of method grounding; it gives {', '.join(DIRECTIONS)}")
        if DIRECTIONS[name] != direction:
            raise ValueError(f"scores: {name} is a score to {DIRECTIONS[name]}")


def _check_scores(rubric: Rubric) -> None:
    """Scores of criteria and checks: named once, none of grounding's, none of the state's, directions as they say."""
    given = [named for criterion in rubric.criteria for named in criterion.scores().items()]
    given += [(check.score, check.direction) for check in rubric.checks]
    names = [name for name, _ in given]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"scores: {name} stands twice; each criterion or check has its own")
        if name in DIRECTIONS or name in {"grounding_state", rubric.state_score}:
            raise ValueError(f"scores: {name} is taken; choose another name")
    if dict(given) != rubric.scores:
        raise ValueError("scores: differ from what the criteria or checks give; leave `scores` out")


def load_rubric(path: Path, variables: Mapping[str, str] | None = None) -> Rubric:
    """Read one rubric file.

    Args:
        path: the YAML file.
        variables: values for `${NAME}` in it. The caller decides what the environment may give.

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
    """Parse rubric YAML (or its canonical JSON). `source` is named in errors.

    Args:
        text: the file's content.
        source: what errors name.
        variables: values for `${NAME}`.
        directory: where files it names lie. Without one, their content must be in the text, as it is in `content()`.

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
    filled = fill(data, variables or {}, source, "file")
    check_storable(filled, source)
    try:
        rubric = Rubric.model_validate(filled)
    except ValidationError as exc:
        raise RubricError(source, *first_problem(exc)) from exc
    rules = with_rows(rubric.rules, directory, source)
    checks = with_schemas(rubric.checks, directory, source)
    return rubric.model_copy(update={"rules": rules, "checks": checks})
