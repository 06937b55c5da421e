"""Rubrics: versioned YAML files that say what is judged, how, and which scores come out.

A rubric's version is the hash of its content after `${VARIABLES}` were filled in, because the model a rubric
names changes what its scores mean.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from assay.judges.errors import RubricError
from assay.judges.rubric.criteria import Check, Criterion, Direction, ScoreName
from assay.judges.rubric.files import check_storable, fill
from assay.judges.rubric.plan import JudgeName, JudgePlan
from assay.judges.rubric.rules import Rules
from assay.judges.rubric.schema_files import with_schemas
from assay.judges.rubric.score_checks import check_grounding, check_scores, scores_of
from assay.judges.rubric.selectors import parse_selector
from assay.judges.rubric.tables import with_rows
from assay.judges.rubric.writing import Writing, check_writing, default_scores, writable_scores
from assay.judges.schema import Record
from assay.judges.team_files.reading import FileProblem, parse_document, read_file


class SamplePaths(Record):
    """Where the parts of a sample are found in a trace: selectors, tried in order (docs/reference/trace-shapes.md).

    Question, response and history come from the first that leads to one; for `contexts` each adds its passages, but
    `prompt` only where none before it did. Of several steps of a type, the response is the last one's. `TYPE.documents`
    are passages: those of steps of a type, and of `root` and `answer` those under keys that say so.
    """

    question: tuple[str, ...] = ("root.input", "answer.input", "agent.input", "root.output")
    response: tuple[str, ...] = ("root.output", "answer.output")
    contexts: tuple[str, ...] = (
        *("retriever.documents", "tool.output", "root.metadata.contexts"),
        *("root.documents", "answer.documents", "prompt"),
    )
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
    write: Writing = Field(default=Writing(), description="Which scores are written into the store, under which names.")
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
        listed = scores_of(data)
        return data if listed is None else {**data, "scores": listed}

    @model_validator(mode="after")
    def _method_fits(self) -> Rubric:
        if self.method == "grounding":
            check_grounding(self)
        elif bool(self.criteria) != (self.method == "graded") or bool(self.checks) != (self.method == "checks"):
            wanted = {"graded": "criteria", "checks": "checks"}[self.method]
            raise ValueError(f"method: {self.method} needs `{wanted}`, and nothing of the other method")
        elif self.rules != Rules():
            raise ValueError("rules: act on claims, which only method grounding has; remove them")
        elif self.judge.llm is not None and self.judge.llm.ask == "sentences":
            raise ValueError(
                "judge.llm.ask: sentences is for method grounding alone; write `ask: table`, or leave it out"
            )
        elif ("llm" in self.judge.tiers) != (self.method == "graded") or len(self.judge.tiers) > 1:
            wanted = "{tiers: [llm], llm: {model: ...}}" if self.method == "graded" else "{tiers: [local]}"
            raise ValueError(f"judge.tiers: method {self.method} is judged by one judge; write `judge: {wanted}`")
        else:
            check_scores(self)
        check_writing(self.write, self.writable, self.writes_by_default)
        return self

    @property
    def tier(self) -> JudgeName:
        """The first tier: the judge that every sample meets."""
        return self.judge.tiers[0]

    @property
    def state_score(self) -> str:
        """Name of the categorical score beside the numbers. No two methods share one on a trace."""
        return "grounding_state" if self.method == "grounding" else f"{self.name.replace('-', '_')}_state"

    @property
    def writable(self) -> tuple[str, ...]:
        """The scores that `write.scores` may choose from."""
        return self._named(writable_scores)

    @property
    def writes_by_default(self) -> tuple[str, ...]:
        """The scores that are written where `write.scores` does not choose."""
        return self._named(default_scores)

    def _named(self, names: Callable[..., tuple[str, ...]]) -> tuple[str, ...]:
        return names(tuple(self.scores), self.state_score, is_grounding=self.method == "grounding")

    def content(self) -> str:
        """Canonical JSON of all that could change a verdict or the names of scores. The hash is taken over it."""
        # Left out where it says nothing, so that a rubric which names nothing keeps the version it had before.
        return self._canonical(exclude={"write"} if self.write == Writing() else set())

    def content_hash(self) -> str:
        """The rubric's version: sha256 of `content()`, 64 hex digits."""
        return hashlib.sha256(self.content().encode()).hexdigest()

    def judging_hash(self) -> str:
        """sha256 over what could change a verdict: other names for scores begin no other series of rates."""
        return hashlib.sha256(self._canonical(exclude={"write"}).encode()).hexdigest()

    def _canonical(self, exclude: set[str]) -> str:
        fields = self.model_dump(mode="json", exclude=exclude)
        return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def load_rubric(path: Path, variables: Mapping[str, str] | None = None) -> Rubric:
    """Read one rubric file.

    Args:
        path: the YAML file.
        variables: values for `${NAME}` in it. The caller decides what the environment may give.

    Raises:
        RubricError: unreadable, not YAML, unknown key, wrong value, or a variable without a value.
    """
    try:
        text = read_file(path)
    except FileProblem as exc:
        raise RubricError(str(path), exc.where, exc.remedy) from exc
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
        document = parse_document(text)
    except FileProblem as exc:
        raise RubricError(source, exc.where, exc.remedy) from exc
    if not isinstance(document.value, dict):
        raise RubricError(source, "file", "must be a mapping of keys; start with `name: ...`")
    filled = fill(document.value, variables or {}, source, document)
    check_storable(filled, source, document)
    try:
        rubric = Rubric.model_validate(filled)
    except ValidationError as exc:
        problem = document.problem(exc, Rubric, filled)
        raise RubricError(source, problem.key, problem.remedy, problem.line) from exc
    rules = with_rows(rubric.rules, directory, source)
    checks = with_schemas(rubric.checks, directory, source)
    return rubric.model_copy(update={"rules": rules, "checks": checks})
