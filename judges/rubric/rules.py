"""The rules a rubric may hold: checks by code that act on the claim table."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, field_validator, model_validator

from judges.schema import Record, Severity


class ValueKind(StrEnum):
    """Kinds of values a response may state and its evidence must carry."""

    NUMBER = "number"
    DATE = "date"
    MONEY = "money"
    PERCENT = "percent"
    NAME = "name"
    IDENTIFIER = "identifier"


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
