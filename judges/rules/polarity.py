"""Statements turned around: a negation dropped or added, a word replaced by its opposite.

A claim is contradicted where one passage has all its words and exactly one of the two is negated, or where the passage
has the opposite of one word in its place. `Gift cards are refundable` beside `Gift cards are not refundable` is such a
claim. Where another passage says the same without the difference, nothing is proven.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple

from assay.judges.rules.findings import Finding, for_answers, with_findings
from assay.judges.rules.step import Progress
from assay.judges.schema import Claim, ClaimVerdict, Sample
from assay.judges.text.form import without_form
from assay.judges.text.negation import NEGATION_STEMS, denies, negated, opposites
from assay.judges.text.passages import PassageIndex, passage_index
from assay.judges.text.words import STOP_WORDS, stem, stems_between, word_set

CARRIED = 0.95
"""Share of a claim's content words one passage must carry before their negations are compared."""

LEAST_WORDS = 2
"""A claim with fewer content words says too little to be turned around."""

AS_LONG = 0.6
"""Share of the passage's content words that the claim must have in turn: a long sentence may deny something else."""

AS_LONG_TO_DENY = 0.75
"""The same where it is the claim that denies."""

REACHED = 0.5
"""Share of the words a negation reaches that the other side must have: else it denies something else."""

MOST_PASSAGES = 12
"""Passages a claim is compared with: those that carry most of it."""

_HINGES = (
    ("before", "after"),
    ("above", "below"),
    ("over", "under"),
    ("with", "without"),
    ("more", "less"),
    ("more", "fewer"),
    ("most", "least"),
    ("up", "down"),
    ("if", "unless"),
    ("all", "some"),
    ("all", "few"),
    ("inside", "outside"),
    ("on", "off"),
)
"""Small words that turn a statement where one stands in the place of the other, e.g. `before meals`, `after meals`."""

_OTHER_HINGE: dict[str, frozenset[str]] = {}
for _one_side, _other_side in _HINGES:
    for _word, _facing in ((_one_side, _other_side), (_other_side, _one_side)):
        _OTHER_HINGE[stem(_word)] = _OTHER_HINGE.get(stem(_word), frozenset()) | {stem(_facing)}

_EVERYBODY = frozenset(map(stem, word_set("all any anyone anybody every everyone everybody each whoever")))
_ONLY = frozenset(map(stem, word_set("only solely exclusively")))
_NOT_ONLY = ("not", "only")
_DOUBT = word_set("whether")


class Sides(NamedTuple):
    """The words of a claim or a passage: all stems in order, those with content, and those a negation reaches."""

    stems: tuple[str, ...]
    content: frozenset[str]
    denied: frozenset[str]

    @classmethod
    def of(cls, stems: Sequence[str]) -> Sides:
        """Read the words of a text."""
        plain = _without_not_only(stems)
        content = frozenset(term for term in plain if term not in _NO_CONTENT and not term[0].isdigit())
        return cls(tuple(plain), content, frozenset(negated(plain)) & content)


_NO_CONTENT = frozenset(map(stem, STOP_WORDS)) | STOP_WORDS | NEGATION_STEMS | _EVERYBODY


def _without_not_only(stems: Sequence[str]) -> list[str]:
    """The stems without `not only` and without the `No` that answers a question, which deny nothing here."""
    kept: list[str] = []
    position = 1 if stems[:1] in (["no"], ("no",)) else 0
    while position < len(stems):
        if tuple(stems[position : position + 2]) == _NOT_ONLY:
            position += 2
            continue
        kept.append(stems[position])
        position += 1
    return kept


def check_polarity(sample: Sample, progress: Progress) -> Progress:
    """Each claim that a passage denies becomes `contradicted`, with a hit that says by what."""
    return progress._replace(verdict=with_findings(progress.verdict, _Check(sample).turned, "polarity:turned"))


compile_polarity = for_answers(check_polarity)


class _Check:
    """The claims of one response beside the evidence, which is cut when first needed."""

    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        self._read = without_form(sample.response)
        self._sides: dict[int, Sides] = {}

    @cached_property
    def _index(self) -> PassageIndex:
        return passage_index(self._sample.contexts)

    def _passage(self, number: int) -> Sides:
        if number not in self._sides:
            self._sides[number] = Sides.of(self._index.passages[number].stems)
        return self._sides[number]

    def turned(self, claim: Claim) -> Finding | None:
        """What turns a claim around; None where a passage says the same, or none says enough of it."""
        # What the screen itself calls contradicted may be proven here, which its risk then shows.
        if claim.verdict is ClaimVerdict.CONTRADICTED and claim.source != "local":
            return None
        own = Sides.of(stems_between(self._read, claim.span.start, claim.span.end))
        if len(own.content) < LEAST_WORDS or not _DOUBT.isdisjoint(own.stems):
            return None
        first: Finding | None = None
        for number in self._index.most(own.content, MOST_PASSAGES):
            passage = self._index.passages[number]
            missing = len(own.content.difference(passage.stems))
            if missing > 1 and len(own.content) - missing < CARRIED * len(own.content):
                continue
            reason = _difference(own, self._passage(number))
            if reason is None:
                continue
            if not reason:
                return None  # this passage says the same
            first = first or Finding(reason, passage.where, proven=True)
        return first


def _difference(own: Sides, other: Sides) -> str | None:
    """How two statements differ in polarity: empty where they say the same, None where they cannot be compared."""
    shared = own.content & other.content
    missing = own.content - shared
    mutual = len(shared) / max(1, len(other.content))
    if _restricts(own, other) and len(shared) >= LEAST_WORDS and len(missing) <= 1:
        return "the evidence says so only of some"
    if len(shared) < CARRIED * len(own.content):
        return _opposite(own, other, missing, shared) if mutual >= AS_LONG else None
    hinge = _hinge(own, other)
    if hinge:
        return f"'{hinge[0]}' where the evidence says '{hinge[1]}'"
    return _negation(own, other, shared, mutual)


def _negation(own: Sides, other: Sides, shared: frozenset[str], mutual: float) -> str | None:
    """Whether exactly one side is negated, and the negation reaches what both speak of."""
    if bool(own.denied) == bool(other.denied & shared):
        return ""
    if own.denied:
        if denies(other.stems):
            return ""
        return "it denies what the evidence states" if mutual >= AS_LONG_TO_DENY else None
    reached = other.denied
    if "but" in other.stems or len(reached & own.content) < REACHED * len(reached):
        return ""  # `not for this but for that`, or something else is denied
    return "it states what the evidence denies" if mutual >= AS_LONG else None


def _opposite(own: Sides, other: Sides, missing: frozenset[str], shared: frozenset[str]) -> str | None:
    """Whether the one content word that is missing has its opposite in the passage, all else being there."""
    if len(missing) != 1 or len(shared) < LEAST_WORDS:
        return None
    word = next(iter(missing))
    against = sorted((opposites(word) & other.content) - own.content)
    if not against:
        return None
    if (word in own.denied) != (against[0] in other.denied):
        return ""  # a negation on one side and an opposite on the other say the same
    return f"'{word}' where the evidence says '{against[0]}'"


def _hinge(own: Sides, other: Sides) -> tuple[str, str] | None:
    """A small word of the claim whose opposite stands in its place in the passage, between the same content words."""
    for position, word in enumerate(own.stems):
        others = _OTHER_HINGE.get(word)
        if not others or word in other.stems:
            continue
        place = _beside(own.stems, position)
        for there, opposite in enumerate(other.stems):
            if opposite in others and opposite not in own.stems and _alike(place, _beside(other.stems, there)):
                return word, opposite
    return None


def _beside(stems: Sequence[str], position: int) -> tuple[str, str]:
    """The nearest content words before and after a position; empty where there is none within five words."""
    before = (term for term in reversed(stems[max(0, position - 5) : position]) if term not in _NO_CONTENT)
    after = (term for term in stems[position + 1 : position + 6] if term not in _NO_CONTENT)
    return next(before, ""), next(after, "")


def _alike(place: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether the word after is the same, and the word before is the same or missing on a side."""
    return bool(place[1]) and place[1] == other[1] and (place[0] == other[0] or not place[0] or not other[0])


def _restricts(own: Sides, other: Sides) -> bool:
    """Whether the claim says of everybody what the passage says of some only."""
    return (
        not _ONLY.isdisjoint(other.stems)
        and _ONLY.isdisjoint(own.stems)
        and not _EVERYBODY.isdisjoint(own.stems)
        and _EVERYBODY.isdisjoint(other.stems)
    )
