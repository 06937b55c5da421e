"""What is redacted: kinds of private values, and patterns of a team's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from assay.judges.errors import RubricError
from assay.judges.schema import Record

PrivateKind = Literal["email", "phone", "iban", "credit_card", "ip"]
"""Kinds that are known by how they are built, e.g. `email`."""

KINDS: tuple[PrivateKind, ...] = ("email", "iban", "credit_card", "ip", "phone")
"""All of them. Of two that find a value at the same place the first one names it."""


class OwnPattern(Record):
    """A private value of a team's own, e.g. `{name: customer, pattern: "C-[0-9]{6}"}`."""

    name: str = Field(
        pattern=r"^[a-z][a-z0-9_]{1,30}$", description="Stands in its placeholder: customer gives [CUSTOMER_1]."
    )
    pattern: str = Field(min_length=1, max_length=1_000, description="Regular expression. The whole match is replaced.")

    @field_validator("name")
    @classmethod
    def _name_is_its_own(cls, name: str) -> str:
        if name in KINDS:
            raise ValueError(f"{name!r} is a kind that is known already; write {name} without a pattern, or rename it")
        return name

    @model_validator(mode="after")
    def _can_be_searched(self) -> OwnPattern:
        # Reading a pattern loads the rules, which takes half a second: only where there is one.
        from assay.judges.redaction.own_patterns import check_pattern

        try:
            check_pattern(self.name, self.pattern)
        except RubricError as exc:
            raise ValueError(f"pattern: {exc.remedy}") from exc
        return self


def _shape(value: object) -> str:
    return "own" if isinstance(value, dict | OwnPattern) else "kind"


RedactedItem = Annotated[Annotated[PrivateKind, Tag("kind")] | Annotated[OwnPattern, Tag("own")], Discriminator(_shape)]
"""One entry of `redact`, e.g. `email` or `{name: customer, pattern: "C-[0-9]{6}"}`."""


class Redaction(Record):
    """What is replaced in every text of a sample. Nothing at all where both are empty."""

    kinds: tuple[PrivateKind, ...] = ()
    patterns: tuple[OwnPattern, ...] = ()

    @classmethod
    def of(cls, items: Iterable[PrivateKind | OwnPattern]) -> Redaction:
        """The redaction of a list as assay.yaml has it. What stands twice counts once."""
        items = tuple(items)
        kinds = tuple(kind for kind in KINDS if kind in items)
        return cls(kinds=kinds, patterns=tuple(dict.fromkeys(item for item in items if isinstance(item, OwnPattern))))

    @property
    def is_empty(self) -> bool:
        """Whether every text stays as it is."""
        return not self.kinds and not self.patterns
