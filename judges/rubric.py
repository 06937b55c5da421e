"""Rubrics: versioned YAML files that say what is judged, how, and which scores come out.

A rubric's version is the hash of its content after `${VARIABLES}` were filled in, because the model a rubric
names changes what its scores mean.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from judges.errors import RubricError
from judges.schema import Record, Severity

ScoreName = Literal["groundedness", "faithfulness", "hallucination_risk"]
Direction = Literal["maximize", "minimize"]
JudgeName = Literal["local", "llm"]

DIRECTIONS: dict[str, Direction] = {
    "groundedness": "maximize",
    "faithfulness": "maximize",
    "hallucination_risk": "minimize",
}


class ValueKind(StrEnum):
    """Kinds of values a response may state and its evidence must carry."""

    NUMBER = "number"
    DATE = "date"
    MONEY = "money"
    PERCENT = "percent"
    NAME = "name"
    IDENTIFIER = "identifier"


class LlmOptions(Record):
    """How the LLM judge is asked."""

    model: str = Field(min_length=1, description="Model name at the endpoint, e.g. ${ASSAY_JUDGE_MODEL}.")
    max_tokens: int = Field(default=2048, ge=64, le=32768)


class JudgePlan(Record):
    """Which judge decides. One tier for now; the cascade lists several."""

    tiers: tuple[JudgeName, ...] = Field(default=("local",), min_length=1, max_length=1)
    llm: LlmOptions | None = None

    @model_validator(mode="after")
    def _llm_has_options(self) -> JudgePlan:
        if "llm" in self.tiers and self.llm is None:
            raise ValueError("tiers name `llm`; add `llm: {model: ...}`")
        return self


class Pattern(Record):
    """A regular expression the response must match, or must not."""

    id: str = Field(min_length=1)
    must_match: str | None = None
    must_not_match: str | None = None
    severity: Severity = Severity.MATERIAL
    message: str = ""

    @model_validator(mode="after")
    def _exactly_one(self) -> Pattern:
        if (self.must_match is None) == (self.must_not_match is None):
            raise ValueError(f"pattern {self.id!r}: give exactly one of must_match and must_not_match")
        return self


class Rules(Record):
    """Checks by code that act on the claim table."""

    values: tuple[ValueKind, ...] = ()
    patterns: tuple[Pattern, ...] = ()

    @field_validator("patterns")
    @classmethod
    def _ids_unique(cls, patterns: tuple[Pattern, ...]) -> tuple[Pattern, ...]:
        ids = [pattern.id for pattern in patterns]
        if len(set(ids)) != len(ids):
            raise ValueError(f"pattern ids must be unique, got {ids}")
        return patterns


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
    return parse_rubric(text, source=str(path), variables=variables or {})


def parse_rubric(text: str, *, source: str, variables: Mapping[str, str] | None = None) -> Rubric:
    """Parse rubric YAML (or its canonical JSON); `source` is named in errors.

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
        return Rubric.model_validate(_fill(data, variables or {}, source, "file"))
    except ValidationError as exc:
        raise RubricError(source, *first_problem(exc)) from exc


class _StrictLoader(yaml.SafeLoader):
    """YAML without repeated keys: PyYAML would silently take the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002  # PyYAML's signature
        """Build a mapping; a key that comes twice is an error at its place."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, str) and key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"key {key!r} stands twice", key_node.start_mark)
            seen.add(key if isinstance(key, str) else id(key_node))
        return super().construct_mapping(node, deep=deep)


def load_yaml(text: str) -> Any:
    """Parse YAML safely; a key that stands twice in one mapping is an error.

    Raises:
        yaml.YAMLError
    """
    return yaml.load(text, Loader=_StrictLoader)  # noqa: S506  # a subclass of SafeLoader


def first_problem(exc: ValidationError) -> tuple[str, str]:
    """The key and the remedy of a validation error's first problem, for one line of message."""
    problem = exc.errors(include_url=False)[0]
    key = ".".join(str(part) for part in problem["loc"]) or "file"
    if problem["type"] == "extra_forbidden":
        return key, "unknown key; remove it or check its spelling against the schema"
    if problem["type"] == "missing":
        return key, "missing; add it"
    return key, problem["msg"].removeprefix("Value error, ")


_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def _fill(value: Any, variables: Mapping[str, str], source: str, key: str) -> Any:
    """Replace `${NAME}` in every string of a parsed YAML tree."""
    if isinstance(value, dict):
        return {k: _fill(v, variables, source, str(k)) for k, v in value.items()}
    if isinstance(value, list):
        return [_fill(item, variables, source, key) for item in value]
    if not isinstance(value, str):
        return value

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        if not variables.get(name):
            raise RubricError(source, key, f"${{{name}}} has no value; set {name} in the environment")
        return variables[name]

    return _VARIABLE.sub(replace, value)
