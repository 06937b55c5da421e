"""Which words go with which value of a line: `Tickets cost £12 for adults, £8 for students`.

A line with several values of one kind is parted where one ends and the next begins. A claim that says £12 of students
has a word that goes with £8 and none that goes with £12. Then another value is bound to what the claim speaks of.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import islice, pairwise
from typing import NamedTuple

from assay.judges.rules.value_conflicts import Conflict, comparable, same
from assay.judges.schema import Evidence
from assay.judges.text.languages import ALL_SMALL_WORDS
from assay.judges.text.words import STOP_WORDS, stem, words
from assay.judges.values import Value, value_index

_CUTS = (
    re.compile(r"[;.!?:]\s|\s[-–—]\s|[\n|]"),
    re.compile(r",\s|[、，；。]"),
    re.compile(
        r"\b(?:and|or|but|while|whereas|against|versus|vs|compared|than|from|to|und|oder|aber|während|gegenüber|et|ou|mais"
        r"|contre|tandis|y|o|pero|mientras|frente|og|eller|men|mens|mod|och|mot|en|maar|e|ma|mentre|mas|para|и|а|но)\b",
        re.IGNORECASE,
    ),
)
"""Where one part of a line ends and the next begins, the strongest first, e.g. `; `, `, `, ` and `."""

MOST_VALUES = 50
"""Values of a line that are parted. A longer list is a table in a line, and costs time."""

LEAST_SHARED = 2
"""Words of a claim that must go with another value before the claim is in doubt."""

SHARED = 0.5
"""Share of a claim's words that must."""

SHARED_ELSEWHERE = 0.8
"""The same where no line has both values."""

_SMALL = STOP_WORDS | ALL_SMALL_WORDS
"""Words that tell no values apart, e.g. `the`, `und`."""

_RANGE = re.compile(
    r"\s?(?:-|–|—|to|and|until|till|through|bis|und|à|et|al?|y|e|til|og|till|och|tot|en|до|и)?\s?", re.IGNORECASE
)
"""What stands between the ends of a range or the last two of a list, e.g. ` to `."""

_NEXT_WORD = re.compile(r"[\s-]{1,2}([^\W\d_]+)")
"""The word right after a value, e.g. ` employees` after `120`."""


class Segment(NamedTuple):
    """Some values of a line, and the stems and numbers that go with them."""

    text: str
    values: tuple[Value, ...]
    terms: frozenset[str]

    def has(self, value: Value) -> bool:
        """Whether one of its values is the same."""
        return any(same(value, own) for own in self.values)

    def carries(self, value: Value, before: str) -> bool:
        """Whether it has the value in some spelling, given what the claim writes before it."""
        return self.has(value) or value_index((self.text,)).carries(value, before)


class _Part(NamedTuple):
    """A stretch of a line with one value: its words before the value, after it, and the noun it counts."""

    start: int
    end: int
    value: Value
    before: tuple[str, ...]
    after: tuple[str, ...]
    counted: frozenset[str]


def segments(text: str, values: Sequence[Value], like: Value) -> list[Segment]:
    """The segments of a line for the values that may be of the attribute of one.

    Args:
        text: of the line.
        values: all its values in order, names among them or not.
        like: the value they are compared with.
    """
    similar = list(islice((value for value in values if comparable(like, value)), MOST_VALUES))
    if not similar:
        return []
    tokens = [(start, end, stem(word)) for word, start, end in words(text) if word not in _SMALL]
    cuts = [0, *(_cut(text, first, second) for first, second in pairwise(similar)), len(text)]
    parts = [
        _part(text, value, tokens, start, end) for value, (start, end) in zip(similar, pairwise(cuts), strict=True)
    ]
    return _joined(text, parts)


def terms_beside(text: str, values: Sequence[Value], value: Value) -> frozenset[str]:
    """The words and numbers that go with one of the values of a text."""
    segment = next((each for each in segments(text, values, value) if value in each.values), None)
    return segment.terms if segment else frozenset()


def _cut(text: str, first: Value, second: Value) -> int:
    """Where the part of the first value ends: where the second begins, if nothing parts the two, as in `8 to 10`."""
    between = text[first.end : second.start]
    if _RANGE.fullmatch(between):
        return second.start
    cut = next((match for pattern in _CUTS if (match := pattern.search(between))), None)
    return first.end + cut.start() if cut else second.start


def _part(text: str, value: Value, tokens: Sequence[tuple[int, int, str]], start: int, end: int) -> _Part:
    first, last = bisect_left(tokens, (start,)), bisect_left(tokens, (end,))
    inside = tokens[first:last]
    before = tuple(term for _, stop, term in inside if stop <= value.start)
    after = tuple(term for begin, _, term in inside if value.end <= begin)
    counted = _NEXT_WORD.match(text, value.end, end)
    noun = counted.group(1).lower() if counted else ""
    return _Part(start, end, value, before, after, frozenset({stem(noun)} if noun and noun not in STOP_WORDS else ()))


def _joined(text: str, parts: Sequence[_Part]) -> list[Segment]:
    """Parts with what they share: a list of bare values is one segment, a short part goes on where the first began."""
    head = tuple(term for term in parts[0].before if not term[0].isdigit())
    noun = parts[0].counted
    joined: list[Segment] = []
    waiting: list[_Part] = []
    for number, part in enumerate(parts):
        waiting.append(part)
        if number + 1 < len(parts) and not _stands_alone(part, parts[number + 1], is_first=not number):
            continue
        terms = frozenset(term for piece in waiting for term in (*piece.before, *piece.after))
        if number:
            terms |= _goes_on(head, part.before)
        if number and not part.counted:
            terms |= noun
        values = tuple(piece.value for piece in waiting)
        joined.append(Segment(text[waiting[0].start : part.end], values, terms))
        waiting = []
    return joined


def _goes_on(head: Sequence[str], before: Sequence[str]) -> frozenset[str]:
    """Which of the words before the first value hold for a later one, too.

    All in `12 pounds for adults, 8 for students`. The subject in `the gate opens at 6 and closes at 9`. What is said of
    it in `weekday tickets cost 9 euros, weekend tickets 12`.
    """
    if not before:
        return frozenset(head)
    return frozenset(head[:-1] if set(head).isdisjoint(before) else head[-1:])


def _stands_alone(part: _Part, following: _Part, *, is_first: bool) -> bool:
    """Whether a part has words of its own: `3.10, 3.11 and 3.12 are supported` is one list, `Zone 1: 2, zone 2: 3` not.

    Two values with nothing that parts them belong together too, as in `thirty of the 120 rooms`.
    """
    if part.end == following.value.start:
        return False
    return bool(part.after or (following.before if is_first else part.before))


class Told(NamedTuple):
    """A line of the evidence with its values."""

    where: Evidence
    text: str
    values: list[Value]


class Bound(NamedTuple):
    """A value with the words and numbers that go with it in a claim."""

    value: Value
    terms: frozenset[str]


class Binding:
    """What the evidence says of a claim's value: the segments that have it, and those with another one in its place.

    Args:
        claimed: the value of the claim with its words.
        before: what the claim writes before it.
        beside: the claim's other values with theirs.
        lines: the evidence that is most like the claim.
    """

    def __init__(self, claimed: Bound, before: str, beside: Sequence[Bound], lines: Sequence[Told]) -> None:
        self._claimed = claimed
        self._beside = beside
        value = claimed.value
        every = [(line.where, segment) for line in lines for segment in segments(line.text, line.values, value)]
        own = [(where, segment) for where, segment in every if segment.has(value)]
        self._own = own or [(where, segment) for where, segment in every if segment.carries(value, before)]
        self._others = [each for each in every if each not in self._own]

    def speaks_for_itself(self, conflict: Conflict) -> bool:
        """Whether some segment has the value, and as many of the claim's words as the one with the other value."""
        rival = next((segment for _, segment in self._others if segment.has(conflict.other)), None)
        return any(rival is None or not self._outdoes(rival, own) for _, own in self._own)

    def stands_in_another(self, where: Evidence) -> bool:
        """Whether another line than this one has the value with all the claim's words."""
        return any(line != where and self._claimed.terms <= own.terms for line, own in self._own)

    def conflict(self) -> Conflict | None:
        """Another value that goes with all the words of the claim that this one goes with, and with more."""
        if not self._own:
            return None
        lines = {where for where, _ in self._own}
        for where, segment in self._others:
            shared = len(self._claimed.terms & segment.terms)
            least = SHARED if where in lines else SHARED_ELSEWHERE
            if shared < max(LEAST_SHARED, least * len(self._claimed.terms)) or self._is_taken(segment, shared):
                continue
            if all(self._outdoes(segment, own) for _, own in self._own):
                return Conflict(self._claimed.value, segment.values[0], where, is_proven=False)
        return None

    def _is_taken(self, segment: Segment, shared: int) -> bool:
        """Whether another value of the claim is the segment's, and goes with it as well."""
        return any(segment.has(bound.value) and len(bound.terms & segment.terms) >= shared for bound in self._beside)

    def _outdoes(self, segment: Segment, own: Segment) -> bool:
        return self._claimed.terms & own.terms < self._claimed.terms & segment.terms
