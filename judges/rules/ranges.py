"""Allowed ranges: a value the response states of a subject must lie between two ends the team knows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from assay.judges.errors import RubricError
from assay.judges.rubric import Range, ValueKind
from assay.judges.rules.expressions import check_expression, search
from assay.judges.rules.reading import Mention, Named, Others, PhraseFinder, Reading
from assay.judges.rules.violations import Violation
from assay.judges.values import Value
from assay.judges.values.units import in_unit, unit_name

MOST_MENTIONS = 1_000
"""Places of one subject that are looked at when a pattern names it."""


class RangeCheck:
    """One allowed range, ready to be applied to many responses."""

    def __init__(self, rule: Range, source: str) -> None:
        """Compile the rule.

        Raises:
            RubricError: `near` is no regular expression, `about` holds no word, or the unit is unknown.
        """
        key = f"rules.ranges.{rule.id}"
        self.rule = rule
        self._finder = PhraseFinder(rule.about)
        if rule.near is not None:
            check_expression(rule.near, source, f"{key}.near")
        elif len(self._finder.phrases) < len(rule.about):
            raise RubricError(source, f"{key}.about", "holds a phrase without a word; name the subject")
        if rule.kind is ValueKind.NUMBER and rule.unit and not unit_name(rule.unit):
            raise RubricError(
                source, f"{key}.unit", f"{rule.unit!r} is no known unit; leave it out or write e.g. day, kg"
            )
        self._unit = unit_name(rule.unit) if rule.kind is ValueKind.NUMBER else rule.unit

    def named_in(self, reading: Reading) -> list[Named]:
        """Where the response names the subject."""
        if self.rule.near is None:
            return [Named(mention, self.rule.id) for mention in self._finder.mentions(reading.tokens)]
        matches = search(self.rule.near, reading.text, rule=f"range {self.rule.id!r}", limit=MOST_MENTIONS)
        return [Named(Mention(match.start(), match.end()), self.rule.id) for match in matches]

    def asked_in(self, reading: Reading) -> list[Mention]:
        """Where the question names the subject."""
        if self.rule.near is None:
            return self._finder.mentions(reading.asked)
        matches = search(self.rule.near, reading.question, rule=f"range {self.rule.id!r}", limit=MOST_MENTIONS)
        return [Mention(match.start(), match.end()) for match in matches]

    def violations(self, reading: Reading, mentions: Iterable[Mention], others: Others) -> list[Violation]:
        """The values outside the range that are stated where the subject is mentioned."""
        outside: dict[int, Violation] = {}
        for mention in mentions:
            for value in reading.stated_of(mention, self.rule.kind, others):
                amount = self._amount(value)
                if amount is not None and not self._holds(amount):
                    rule = f"range:{self.rule.id}"
                    outside[value.start] = Violation(rule, value.span, self._why(value), self.rule.severity)
        return list(outside.values())

    def _amount(self, value: Value) -> Decimal | date | None:
        """What is compared. None where the value is of another currency or unit, or says too little."""
        if value.kind is ValueKind.DATE:
            return _day(value.normal)
        written, _, sign = value.normal.partition(" ")
        try:
            amount = Decimal(written)
        except InvalidOperation:
            return None
        if value.kind is ValueKind.PERCENT or not self._unit:
            return amount if value.kind is not ValueKind.NUMBER or not value.unit else None
        return in_unit(amount, sign if value.kind is ValueKind.MONEY else value.unit, self._unit)

    def _holds(self, amount: Decimal | date) -> bool:
        least, most = self.rule.at_least, self.rule.at_most
        return (least is None or least <= amount) and (most is None or amount <= most)  # type: ignore[operator]  # of one kind

    def _why(self, value: Value) -> str:
        if self.rule.message:
            return self.rule.message
        subject = self.rule.about[0] if self.rule.about else self.rule.id
        return f"{subject}: {value.text[:60]} lies {self._outside()}"

    def _outside(self) -> str:
        least, most = self.rule.at_least, self.rule.at_most
        unit = {ValueKind.PERCENT: " %"}.get(self.rule.kind, f" {self.rule.unit}" if self.rule.unit else "")
        if least is not None and most is not None:
            return f"outside {least}–{most}{unit}"
        return f"below {least}{unit}" if least is not None else f"above {most}{unit}"


def check_ranges(reading: Reading, checks: Sequence[RangeCheck], elsewhere: Iterable[Mention] = ()) -> list[Violation]:
    """The violations of all ranges on one response.

    Args:
        reading: the response.
        checks: the ranges.
        elsewhere: mentions of what other rules know. Their values are not these subjects'.
    """
    named = sorted(naming for check in checks for naming in check.named_in(reading))
    asked = _only_one({check.rule.id: check.asked_in(reading) for check in checks} if reading.question else {})
    carried = reading.carried(named, asked) if named or asked else []
    others = Others([*(naming.mention for naming in named), *elsewhere])
    if not named and not carried:
        return []
    by_subject: dict[str, list[Mention]] = {}
    for naming in [*named, *carried]:
        by_subject.setdefault(naming.subject, []).append(naming.mention)
    return [
        violation
        for check in checks
        if check.rule.id in by_subject
        for violation in check.violations(reading, by_subject[check.rule.id], others)
    ]


def _only_one(asked: dict[str, list[Mention]]) -> frozenset[str]:
    """The subjects of the question, if all of them stand at its one mention."""
    places = {mention.end for mentions in asked.values() for mention in mentions}
    return frozenset(subject for subject, mentions in asked.items() if mentions) if len(places) == 1 else frozenset()


def _day(normal: str) -> date | None:
    """A full day. None for a part of one, a time, or a date that may be read two ways."""
    try:
        return date.fromisoformat(normal)
    except ValueError:
        return None
