"""The rules a rubric may hold: checks by code that act on the claim table."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from assay.judges.schema import Record, Severity


class ValueKind(StrEnum):
    """Kinds of values a response may state and its evidence must carry."""

    NUMBER = "number"
    DATE = "date"
    MONEY = "money"
    PERCENT = "percent"
    NAME = "name"
    IDENTIFIER = "identifier"


RangeKind = Literal[ValueKind.NUMBER, ValueKind.DATE, ValueKind.MONEY, ValueKind.PERCENT]
TableKind = Literal[ValueKind.NUMBER, ValueKind.DATE, ValueKind.MONEY, ValueKind.PERCENT, ValueKind.IDENTIFIER]

RuleId = Annotated[str, Field(min_length=1, max_length=64)]

Phrases = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=200)], ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    Field(json_schema_extra={"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""One or several phrases. A phrase is found where all its words stand close together, in any order and inflection."""

Wordings = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=2_000)], ...],
    BeforeValidator(lambda value: (value,) if isinstance(value, str) else value),
    Field(json_schema_extra={"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
"""One or several texts."""

Bound = Annotated[Decimal | date, Field(union_mode="left_to_right")]
"""An end of a range: a number, or a day as `2026-01-31`."""


class Pattern(Record):
    """A regular expression the response must match, or must not."""

    id: RuleId
    must_match: str | None = None
    must_not_match: str | None = None
    severity: Severity = Severity.MATERIAL
    message: str = ""

    @model_validator(mode="after")
    def _exactly_one(self) -> Pattern:
        if (self.must_match is None) == (self.must_not_match is None):
            raise ValueError(f"pattern {self.id!r}: give exactly one of must_match and must_not_match")
        return self


class Range(Record):
    """Between what a value must lie that the response states about a subject.

    The subject is named by `about` (phrases) or `near` (a regular expression), and must stand in the sentence that
    states the value, or be what its pronoun stands for. `unit` is the currency of money (`EUR`) or a number's unit;
    a value in another currency is not compared.
    """

    id: RuleId
    kind: RangeKind
    about: Phrases = ()
    near: str | None = None
    unit: str = ""
    at_least: Bound | None = None
    at_most: Bound | None = None
    severity: Severity = Severity.CRITICAL
    message: str = ""

    @model_validator(mode="after")
    def _is_a_range(self) -> Range:
        if bool(self.about) == (self.near is not None):
            raise ValueError(f"range {self.id!r}: give exactly one of about and near")
        ends = [end for end in (self.at_least, self.at_most) if end is not None]
        if not ends:
            raise ValueError(f"range {self.id!r}: give at_least, at_most or both")
        if any(isinstance(end, date) != (self.kind is ValueKind.DATE) for end in ends):
            wanted = "days as 2026-01-31" if self.kind is ValueKind.DATE else "numbers"
            raise ValueError(f"range {self.id!r}: kind {self.kind.value} has {wanted} for ends")
        if len(ends) == 2 and ends[0] > ends[1]:  # type: ignore[operator]  # both are of one kind here
            raise ValueError(f"range {self.id!r}: at_least {ends[0]} is above at_most {ends[1]}; swap them")
        _check_unit(f"range {self.id!r}", self.kind, self.unit)
        return self


def _attribute_written_short(value: Any) -> Any:
    """`money EUR` for `{kind: money, unit: EUR}`."""
    if not isinstance(value, str):
        return value
    kind, _, unit = value.partition(" ")
    return {"kind": kind, "unit": unit.strip()} if unit else {"kind": kind}


class Attribute(Record):
    """What a column of a table means. Without `kind` each cell says itself what it is (`19 EUR`, `5 %`).

    With `about` one of its phrases must stand in the sentence. Without, the column's name must, or the attribute must
    be the table's only one of its kind.
    """

    kind: TableKind | None = None
    unit: str = ""
    about: Phrases = ()

    @model_validator(mode="after")
    def _unit_fits(self) -> Attribute:
        if self.kind is not None:
            _check_unit("attribute", self.kind, self.unit)
        return self


class TableRow(Record):
    """One key of a table with what holds for it, by attribute."""

    key: str
    aliases: tuple[str, ...] = ()
    values: dict[str, str] = Field(default_factory=dict)


class Table(Record):
    """What is true of the team's own products, plans or places, whatever the evidence says.

    `file` is a CSV beside the rubric, either with a column per attribute (name them in `attributes`) or with the
    columns `attribute` and `value`. `key` and `aliases` name the columns of the key and of its other names, separated
    by `|`. Loading a rubric reads the file into `rows`, which are part of the rubric's version and travel with it.
    """

    id: RuleId
    file: str = ""
    key: str = Field(default="key", min_length=1)
    aliases: str | None = None
    attributes: dict[str, Annotated[Attribute, BeforeValidator(_attribute_written_short)]] = Field(default_factory=dict)
    rows: tuple[TableRow, ...] = ()
    severity: Severity = Severity.CRITICAL
    message: str = ""


class Disclaimer(Record):
    """Words an answer must carry, always or where its topic comes up.

    The topic comes up where a phrase of `when` or the pattern `when_matches` is found in question or response. `text`
    lists wordings of which one must occur, white space, case and punctuation aside, with at least `similarity` of its
    words in order; `any_of` lists patterns of which one must match.
    """

    id: RuleId
    when: Phrases = ()
    when_matches: str | None = None
    text: Wordings = ()
    any_of: Wordings = ()
    similarity: float = Field(default=0.9, ge=0.5, le=1.0)
    severity: Severity = Severity.MATERIAL
    message: str = ""

    @model_validator(mode="after")
    def _has_words(self) -> Disclaimer:
        if not self.text and not self.any_of:
            raise ValueError(f"disclaimer {self.id!r}: give text or any_of")
        return self


class Rules(Record):
    """Checks by code that act on the claim table."""

    values: tuple[ValueKind, ...] = ()
    unexplained: Literal["doubt", "keep"] = Field(
        default="doubt",
        description="What becomes of a supported claim with a value that nobody gave it and that follows from nothing: "
        "doubt (it does not count as supported), or keep, for traffic that you trust.",
    )
    patterns: tuple[Pattern, ...] = ()
    ranges: tuple[Range, ...] = ()
    tables: tuple[Table, ...] = ()
    disclaimers: tuple[Disclaimer, ...] = ()

    @field_validator("patterns", "ranges", "tables", "disclaimers")
    @classmethod
    def _ids_unique(cls, rules: tuple[Any, ...]) -> tuple[Any, ...]:
        ids = [rule.id for rule in rules]
        twice = sorted({rule_id for rule_id in ids if ids.count(rule_id) > 1})
        if twice:
            raise ValueError(f"ids must be unique; {', '.join(twice)} stands twice")
        return rules


def _check_unit(where: str, kind: ValueKind, unit: str) -> None:
    """Check what of a unit can be checked without knowing all units. The rest is checked where rules are compiled."""
    if kind is ValueKind.MONEY and unit and not (len(unit) == 3 and unit.isascii() and unit.isupper()):
        raise ValueError(f"{where}: unit {unit!r} is no currency; write its code, as EUR")
    if unit and kind not in (ValueKind.MONEY, ValueKind.NUMBER):
        raise ValueError(f"{where}: kind {kind.value} has no unit; leave it out")
