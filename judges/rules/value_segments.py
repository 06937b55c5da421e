"""Which words go with which value of a line: `Tickets cost £12 for adults, £8 for students`.

A line with several values of one kind is parted where one ends and the next begins. A claim that says £12 of students
has a word that goes with £8 and none that goes with £12. Then another value is bound to what the claim speaks of.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import compress, islice, pairwise
from operator import not_
from typing import NamedTuple

from assay.judges.rules.value_conflicts import Conflict, comparable, same
from assay.judges.schema import Evidence
from assay.judges.text.languages import ALL_SMALL_WORDS
from assay.judges.text.words import STOP_WORDS, stem, stems_of, surface_words, words
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

_LETTERS = re.compile(r"[^\W\d_]+")
"""What may be such a word, e.g. `employees`, `km` of `5km`."""


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


class Parted:
    """A text parted between its values. Words and values are read when first asked for, and each part once.

    Args:
        text: of a line or a claim.
        read: gives its values in order, names among them or not.
    """

    def __init__(self, text: str, read: Callable[[], Sequence[Value]]) -> None:
        self._text = text
        self._read = read
        self._segments: dict[tuple[int, ...], list[Segment]] = {}

    def segments(self, like: Value) -> list[Segment]:
        """The segments for the values that may be of the attribute of one."""
        similar = (place for place, value in enumerate(self._values) if comparable(like, value))
        places = tuple(islice(similar, MOST_VALUES))
        if places not in self._segments:
            self._segments[places] = self._parted([self._values[place] for place in places]) if places else []
        return self._segments[places]

    def terms(self, value: Value) -> frozenset[str]:
        """The words and numbers that go with one of the values."""
        segment = next((each for each in self.segments(value) if value in each.values), None)
        return segment.terms if segment else frozenset()

    def shared(self, terms: frozenset[str]) -> int:
        """How many of these terms any of its segments may have at most. It costs no reading of values."""
        return len(terms & self._vocabulary)

    @cached_property
    def _values(self) -> Sequence[Value]:
        return self._read()

    @cached_property
    def _tokens(self) -> list[tuple[int, int, str]]:
        return [(start, end, stem(word)) for word, start, end in words(self._text) if word not in _SMALL]

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        """The terms that its segments are made of: its words, and its letters in a row, which a value may count."""
        spoken = surface_words(self._text)
        # In scripts without spaces letters in a row are several words, elsewhere they are one, or the part of one.
        odd = (word for word in spoken if not word.isalpha()) if self._text.isascii() else (self._text,)
        counted = (stem(letters.lower()) for text in odd for letters in _LETTERS.findall(text))
        return frozenset((*stems_of(spoken), *counted))

    def _parted(self, similar: Sequence[Value]) -> list[Segment]:
        text = self._text
        cuts = [0, *(_cut(text, first, second) for first, second in pairwise(similar)), len(text)]
        stretches = zip(similar, pairwise(cuts), strict=True)
        return _joined(text, [_part(text, value, self._tokens, start, end) for value, (start, end) in stretches])


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
    """A line of the evidence, parted between its values."""

    where: Evidence
    parted: Parted


class Bound:
    """A value of a claim with the words and numbers that go with it.

    Args:
        value: as the response has it.
        own: the same within the claim's text.
        claim: that text.
    """

    def __init__(self, value: Value, own: Value, claim: Parted) -> None:
        self.value = value
        self._own = own
        self._claim = claim

    @cached_property
    def terms(self) -> frozenset[str]:
        """The words and numbers."""
        return self._claim.terms(self._own)


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
        self._before = before
        self._beside = beside
        self._lines = lines

    @cached_property
    def _segments(self) -> list[tuple[Evidence, Segment]]:
        value = self._claimed.value
        return [(line.where, segment) for line in self._lines for segment in line.parted.segments(value)]

    @cached_property
    def _sides(self) -> tuple[list[tuple[Evidence, Segment]], list[tuple[Evidence, Segment]]]:
        """The segments that have the value, and the others."""
        value = self._claimed.value
        has = [segment.has(value) for _, segment in self._segments]
        if not any(has):
            has = [segment.carries(value, self._before) for _, segment in self._segments]
        return list(compress(self._segments, has)), list(compress(self._segments, map(not_, has)))

    def speaks_for_itself(self, conflict: Conflict) -> bool:
        """Whether some segment has the value, and as many of the claim's words as the one with the other value."""
        having, others = self._sides
        rival = next((segment for _, segment in others if segment.has(conflict.other)), None)
        return any(rival is None or not self._outdoes(rival, own) for _, own in having)

    def stands_in_another(self, where: Evidence) -> bool:
        """Whether another line than this one has the value with all the claim's words."""
        return any(line != where and self._claimed.terms <= own.terms for line, own in self._sides[0])

    def conflict(self) -> Conflict | None:
        """Another value that goes with all the words of the claim that this one goes with, and with more."""
        if not self._may_conflict():
            return None
        having, others = self._sides
        lines = {where for where, _ in having}
        for where, segment in others if having else ():
            least = SHARED if where in lines else SHARED_ELSEWHERE
            if self._rivals(segment, least) and all(self._outdoes(segment, own) for _, own in having):
                return Conflict(self._claimed.value, segment.values[0], where, is_proven=False)
        return None

    def _may_conflict(self) -> bool:
        """Whether a segment may be in conflict, by the lines with enough words. It saves reading most of the others."""
        terms, value = self._claimed.terms, self._claimed.value
        least = max(LEAST_SHARED, SHARED * len(terms))
        rich = [line.parted for line in self._lines if line.parted.shared(terms) >= least]
        segments = [(segment, segment.has(value)) for parted in rich for segment in parted.segments(value)]
        having = [segment for segment, has in segments if has]
        return any(
            not has and self._rivals(segment, SHARED) and all(self._outdoes(segment, own) for own in having)
            for segment, has in segments
        )

    def _rivals(self, segment: Segment, least: float) -> bool:
        """Whether a segment has this share of the claim's words, and no other value of the claim is the segment's."""
        terms = self._claimed.terms
        shared = len(terms & segment.terms)
        return shared >= max(LEAST_SHARED, least * len(terms)) and not self._is_taken(segment, shared)

    def _is_taken(self, segment: Segment, shared: int) -> bool:
        """Whether another value of the claim is the segment's, and goes with it as well."""
        return any(segment.has(bound.value) and len(bound.terms & segment.terms) >= shared for bound in self._beside)

    def _outdoes(self, segment: Segment, own: Segment) -> bool:
        return self._claimed.terms & own.terms < self._claimed.terms & segment.terms
