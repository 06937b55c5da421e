"""Values of a statement and of a clause compared: whether they are the same, or measure the same."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from assay.judges.local.short.terms import Term
from assay.judges.rubric import ValueKind
from assay.judges.text.words import word_set
from assay.judges.values import Value, value_index
from assay.judges.values.fractions import decimal
from assay.judges.values.units import dimension_of, in_unit

_ENDS = word_set("to and through until or")
"""Words between the ends of a range: `3 to 5`."""

_BOUNDS = word_set("least most about around approximately roughly nearly almost than over under to up within")
"""Words before a value by which it is not told exactly, as `about` in `about 80`."""


def equal(own: Value, there: Value) -> bool:
    """Whether two values are the same, however written."""
    if own.kind is there.kind and own.normal == there.normal and own.unit == there.unit:
        return True
    return value_index((there.text,)).states(own)


def comparable(own: Value, there: Value) -> bool:
    """Whether two values measure the same."""
    if own.kind is not there.kind:
        return False
    if own.kind is ValueKind.DATE:
        return own.normal.startswith("T") == there.normal.startswith("T")
    if own.kind is ValueKind.MONEY:
        return own.normal.split()[-1] == there.normal.split()[-1]
    return own.unit == there.unit or (bool(own.unit) and dimension_of(own.unit) == dimension_of(there.unit))


def above(there: Value, own: Value) -> Decimal | None:
    """By how much a value is above another one. None where they cannot be compared."""
    first, second = _order(there), _order(own)
    if first is not None and there.unit != own.unit:
        first = in_unit(first, there.unit, own.unit)
    return None if first is None or second is None else first - second


def _order(value: Value) -> Decimal | None:
    """A number to compare values of one kind by."""
    if value.kind is ValueKind.DATE:
        digits = "".join(char for char in value.normal[:6] if char.isdigit())
        return Decimal(digits) if digits else None
    return decimal(value.normal.split()[0])


def is_exact(terms: Sequence[Term], at: int) -> bool:
    """Whether a clause tells a value exactly: no end of a range, nothing like `about` or `at least` before it."""
    ends = [
        terms[at + 1 : at + 2] if at + 2 < len(terms) and terms[at + 2].value is not None else [],
        terms[at - 1 : at] if at > 1 and terms[at - 2].value is not None else [],
    ]
    dashes = [terms[number].gap for number in (at, at + 1) if 0 < number < len(terms) and terms[number].value]
    dashed = any(gap.strip() in ("-", "–", "—") for gap in dashes)
    return not dashed and not any(term.word in _ENDS for side in ends for term in side)


def is_bounded(terms: Sequence[Term], at: int) -> bool:
    """Whether a word like `about` or `over` stands before a value."""
    return at > 0 and terms[at - 1].word in _BOUNDS
