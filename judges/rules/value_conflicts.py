"""Which value of the evidence stands in the place of a claim's value: same attribute, aligned position, another value.

A place is known by the content words beside it. `The yearly budget is 1,500 pounds` and `The yearly budget is 500
pounds` have `budget` before the number and `pound` after it, so 1,500 stands where the claim has 500. What is compared
are the lines the claim cites, or the passage that carries most of it, never a number anywhere in the evidence.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from assay.judges.rubric import ValueKind
from assay.judges.schema import Evidence
from assay.judges.text.words import STOP_WORDS, stem, words
from assay.judges.values import Value, extract_amounts, extract_values
from assay.judges.values.amounts import measure_of, number_of
from assay.judges.values.units import akin, dimension_of

REACH = 6
"""Words to either side of a value among which its neighbours are looked for."""

NEIGHBOURS = 2
"""Content words to either side that tell a value's place."""

_BREAK = re.compile(r"[.;!?:\n|](?:\s|$)")
"""A mark at which a clause ends, as `; `: what stands beyond it is about something else."""

_AMOUNTS = frozenset({ValueKind.NUMBER, ValueKind.MONEY, ValueKind.PERCENT})


class Place(NamedTuple):
    """A value with the content words beside it, nearest first."""

    value: Value
    before: tuple[str, ...]
    after: tuple[str, ...]


class Conflict(NamedTuple):
    """A value of a claim, and the evidence's different one in its place; proven, or only likely."""

    value: Value
    other: Value
    evidence: Evidence
    is_proven: bool = True


def places(text: str, values: Sequence[Value], *, beside: Sequence[Value] | None = None) -> list[Place]:
    """The place of each value in a text.

    Args:
        text: of a line or a claim.
        values: of the text.
        beside: all values of the text, whose words tell no place. None: `values` are all.
    """
    tokens = [(stem(word), start, end) for word, start, end in words(text)]
    starts = [start for _, start, _ in tokens]
    taken = [(value.start, value.end) for value in (values if beside is None else beside)]
    return [_place(text, value, tokens, starts, taken) for value in values]


def _place(
    text: str,
    value: Value,
    tokens: Sequence[tuple[str, int, int]],
    starts: Sequence[int],
    taken: Sequence[tuple[int, int]],
) -> Place:
    first = bisect_left(starts, value.start)
    last = bisect_right(starts, value.end - 1)
    left, right = tokens[max(0, first - REACH) : first][::-1], tokens[last : last + REACH]
    # What stands between a word and the one nearer to the value, of the nearest between it and the value itself.
    edges = [value.start, *(start + 1 for _, start, _ in left)]
    before = [(term, start, text[end:edge]) for (term, start, end), edge in zip(left, edges, strict=False)]
    edges = [value.end, *(end for _, _, end in right)]
    after = [(term, start, text[edge:start]) for (term, start, _), edge in zip(right, edges, strict=False)]
    return Place(value, _neighbours(before, taken), _neighbours(after, taken))


def _neighbours(tokens: Sequence[tuple[str, int, str]], taken: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """The nearest content words that are part of no value, up to where the clause ends.

    Args:
        tokens: the words beside a value, nearest first, each with its start and what stands before it on the way.
        taken: where values stand.
    """
    nearest: list[str] = []
    for term, start, between in tokens:
        if len(nearest) == NEIGHBOURS or (between != " " and _BREAK.search(between)):
            break
        if term in STOP_WORDS or term[0].isdigit():
            continue
        if not any(low <= start < high for low, high in taken):
            nearest.append(term)
    return tuple(nearest)


def likeness(claimed: Place, stated: Place) -> int:
    """How alike two places are, 0 to 6: two points for the nearest word of a side, one for the next one."""
    return _side(claimed.before, stated.before) + _side(claimed.after, stated.after)


def _side(own: Sequence[str], other: Sequence[str]) -> int:
    if not own and not other:
        return 1
    nearest = 2 * (own[:1] == other[:1] and bool(own))
    shared = not nearest and bool(set(own) & set(other))
    second = bool(nearest) and len(own) > 1 and own[1:] == other[1:]
    return nearest + shared + second


def comparable(value: Value, other: Value) -> bool:
    """Whether two values may be of the same attribute: kind and dimension are the same, or the amount is."""
    if value.kind is ValueKind.DATE or other.kind is ValueKind.DATE:
        return value.kind is other.kind and _precision(value) == _precision(other)
    if value.kind not in _AMOUNTS or other.kind not in _AMOUNTS:
        return value.kind is other.kind and value.kind is ValueKind.IDENTIFIER
    if amount(value) == amount(other):
        return True
    return value.kind is other.kind and _measure(value) == _measure(other)


def _precision(value: Value) -> str:
    """Which parts of a date are told, or that it is a time of day."""
    if value.normal[0] == "T":
        return "time"
    return "".join("-" if char == "-" else "0" for char in value.normal)


def amount(value: Value) -> str:
    """The number of a value, without its sign and what it is of."""
    return value.normal.partition(" ")[0].lstrip("-")


def _measure(value: Value) -> str:
    """What the amount is of: a currency, per cent, a dimension; empty for a bare number."""
    return value.normal.partition(" ")[2] or dimension_of(value.unit)


def same(value: Value, other: Value) -> bool:
    """Whether two values are the same, units included. `79 degrees` may be those of Fahrenheit."""
    if value.normal == other.normal and (value.unit == other.unit or not value.unit or not other.unit):
        return True
    if value.kind not in _AMOUNTS or other.kind not in _AMOUNTS:
        return False
    return number_of(value) == number_of(other) and measure_of(other) in akin(measure_of(value))


class Line:
    """A passage of the evidence with its values, which are read when first asked for."""

    def __init__(self, where: Evidence, text: str) -> None:
        self.where = where
        self.text = text

    @cached_property
    def values(self) -> list[Value]:
        """Its values, names aside: names have no attribute that another value could be of."""
        return extract_amounts(self.text)

    @cached_property
    def places(self) -> list[Place]:
        """The places of its values."""
        return places(self.text, self.values, beside=extract_values(self.text))

    def has(self, value: Value) -> bool:
        """Whether one of its values is the same and of the same attribute."""
        return any(comparable(value, own) and same(value, own) for own in self.values)

    def has_another(self, value: Value) -> bool:
        """Whether one of its values is another one of the same attribute."""
        return any(comparable(value, own) and not same(value, own) for own in self.values)


class Fit(NamedTuple):
    """How well a claim's value fits its place in some lines, and the value that fits better, if any.

    Attributes:
        own_score: the best likeness of places of the value itself, -1 where the lines do not have it.
        other_score: the best of another comparable value, -1 without one.
        line: of the other value.
        other: that value.
    """

    own_score: int
    other_score: int
    line: Line | None
    other: Value | None

    def conflict(self, value: Value, *, is_proven: bool = True) -> Conflict | None:
        """The conflict of the claim's value with the other one."""
        if self.line is None or self.other is None:
            return None
        return Conflict(value, self.other, self.line.where, is_proven)


def in_its_place(claimed: Place, lines: Sequence[Line], beside: Sequence[Place]) -> Fit:
    """How well the claim's value is placed in these lines, and the value that is placed better, if any.

    Args:
        claimed: the value of the claim.
        lines: of the evidence.
        beside: the claim's other values. What the claim states as well in their places is not in the place of this one.
    """
    best_own, best_other = -1, -1
    line_of: Line | None = None
    other_value: Value | None = None
    for line in lines:
        for place in line.places:
            if not comparable(claimed.value, place.value):
                continue
            score = likeness(claimed, place)
            if same(claimed.value, place.value):
                best_own = max(best_own, score)
            elif score > best_other and not _is_stated(place, beside, score):
                best_other, line_of, other_value = score, line, place.value
    return Fit(best_own, best_other, line_of, other_value)


def _is_stated(place: Place, beside: Sequence[Place], score: int) -> bool:
    """Whether one of the claim's places states the value of a line's place, and fits it at least so well."""
    return any(same(own.value, place.value) and likeness(own, place) >= score for own in beside)
