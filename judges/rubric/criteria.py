"""What the methods beside grounding judge by: criteria that a model grades, and checks that code makes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from assay.judges.rubric.rules import Wordings
from assay.judges.schema import Part, Probability, Record

Direction = Literal["maximize", "minimize"]

ScoreName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]

Label = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]

REFUSAL = "refusal"
"""The label of a level that says that the response declines: a golden item that expects a refusal asks for it."""

OWN_INPUT: frozenset[Part] = frozenset({"question", "contexts", "response", "reference"})
"""Parts without which a criterion that sees them cannot be graded. History only helps to read the others."""


class Level(Record):
    """One grade a criterion can be given. Without a value it is a reason why there is no number.

    `cites` names a part: the judge must point at a line of it, and code checks that the line was shown.
    """

    label: Label
    means: str = Field(min_length=1, max_length=500)
    value: Probability | None = None
    cites: Part | None = None


class Criterion(Record):
    """One question a model answers with one of a few levels, for the response or for each passage.

    `needs` are the parts without which there is no number; left out, they are what it `sees`. With `per: context`
    every passage gets a level: the score is their mean, or `aggregate`, and `rank_score` names a second score, the
    mean of precision@k over the ranks k of relevant passages (those of a level with at least half of the value 1).
    """

    score: ScoreName
    direction: Direction = "maximize"
    question: str = Field(min_length=1, max_length=1_000)
    levels: tuple[Level, ...] = Field(min_length=2, max_length=10)
    sees: tuple[Part, ...] = Field(default=("question", "response"), min_length=1)
    needs: tuple[Part, ...] | None = None
    per: Literal["response", "context"] = "response"
    aggregate: Literal["mean", "max", "min"] = "mean"
    rank_score: ScoreName | None = None

    @field_validator("levels")
    @classmethod
    def _levels_differ(cls, levels: tuple[Level, ...]) -> tuple[Level, ...]:
        labels = [level.label for level in levels]
        if len(set(labels)) < len(labels):
            raise ValueError(f"labels must be unique, got {', '.join(labels)}")
        if len({level.value for level in levels if level.value is not None}) < 2:
            raise ValueError("at least two levels need different values, or the score could not differ")
        return levels

    @model_validator(mode="after")
    def _parts_fit(self) -> Criterion:
        blind = [part for part in self.needs or () if part not in self.sees]
        cited = [level.cites for level in self.levels if level.cites and level.cites not in self.sees]
        if blind or cited:
            raise ValueError(f"criterion {self.score}: {[*blind, *cited][0]} is not among what it `sees`; add it")
        if self.per == "context" and "contexts" not in self.sees:
            raise ValueError(f"criterion {self.score}: per: context needs `contexts` among what it `sees`")
        if self.rank_score is not None and self.per != "context":
            raise ValueError(f"criterion {self.score}: rank_score needs per: context")
        if self.rank_score == self.score:
            raise ValueError(f"criterion {self.score}: rank_score is a second score; give it a name of its own")
        return self

    @property
    def required(self) -> tuple[Part, ...]:
        """The parts without which it is not graded."""
        return tuple(part for part in self.sees if part in OWN_INPUT) if self.needs is None else self.needs

    def scores(self) -> dict[str, Direction]:
        """The scores it gives, with their directions."""
        second: dict[str, Direction] = {self.rank_score: "maximize"} if self.rank_score else {}
        return {self.score: self.direction, **second}


class Check(Record):
    """One question that code answers with 1 or 0; exactly one of the keys after `where` says which.

    `json_schema` (or `schema_file`, read into it): the response is JSON of this schema. `any_match`, `no_match`: 1
    where any, or none, of the patterns matches in the parts `where`. `response_kind`: 1 where the response is of that
    kind, told by the local judge's patterns.
    """

    score: ScoreName
    direction: Direction = "maximize"
    where: tuple[Part, ...] = Field(default=("response",), min_length=1)
    json_schema: dict[str, JsonValue] | bool | None = None
    schema_file: str = ""
    in_fence: bool = Field(default=False, description="Whether the JSON may stand in one Markdown code fence.")
    any_match: Wordings = ()
    no_match: Wordings = ()
    response_kind: Literal["refusal"] | None = None

    @model_validator(mode="after")
    def _one_question(self) -> Check:
        asked = [
            self.json_schema is not None or bool(self.schema_file),
            bool(self.any_match),
            bool(self.no_match),
            self.response_kind is not None,
        ]
        if sum(asked) != 1:
            raise ValueError(
                f"check {self.score}: give one of json_schema, schema_file, any_match, no_match, response_kind"
            )
        if self.where != ("response",) and not (self.any_match or self.no_match):
            raise ValueError(f"check {self.score}: where is for any_match and no_match")
        return self
