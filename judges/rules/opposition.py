"""One word of a claim in the place where the evidence has its opposite.

Words in the place of their opposite prove a contradiction only if all else stands as it does in the evidence: beside
`Paris is north of Lyon`, `Lyon is south of Paris` says the same, as the two names have changed sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from assay.judges.rules.statements import (
    AUXILIARIES,
    CONDITIONS,
    MARKERS,
    NEGATIONS,
    Statement,
    begun_alike,
    carries,
)
from assay.judges.text.negation import one_of, opposites
from assay.judges.text.order import BE, Token, clauses
from assay.judges.text.words import stem

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
    ("more-than", "less-than"),
    ("more-than", "fewer-than"),
    ("more-than", "no-more-than"),
    ("less-than", "no-less-than"),
    ("fewer-than", "no-fewer-than"),
    ("later-than", "no-later-than"),
    ("earlier-than", "no-earlier-than"),
)
"""Small words that turn a statement where one stands in the place of the other, e.g. `before meals`, `after meals`."""

OTHER_HINGE: dict[str, frozenset[str]] = {}
for _first, _second in _HINGES:
    for _word, _facing in ((_first, _second), (_second, _first)):
        OTHER_HINGE[stem(_word)] = OTHER_HINGE.get(stem(_word), frozenset()) | {stem(_facing)}

DENIES = "it denies what the evidence states"
STATES = "it states what the evidence denies"

_IMPLIED = ("some", "all")
"""A word of the claim and one of the evidence that it follows from: where all may, some may."""

_SETTINGS = frozenset({"", "in", "on", "at", "of", "within"})
"""Markers of where and when that stand for one another: `in the ground-floor rooms`, `on the ground floor`."""

_PARTNERS = frozenset({"", "to", "from", "against"})
"""Markers of whom one deals with, which the verb chooses: `beat Serbia`, `lost to Serbia`."""

_GRANTED = frozenset(map(stem, ("give", "teach", "lend", "send")))
"""Verbs whose passive says what their opposite says of the same subject: who was given something received it."""

LEAST_MUTUAL = 0.6
"""Share of the passage's content words that a claim with an opposite must have."""

LEAST_BESIDE = 0.4
"""The same where the opposite stands between the same two names."""


def in_place(own: Statement, other: Statement) -> str | None:
    """How a claim differs from a clause that has its very words but one; empty where a clause has them all.

    Only a negation or a word with its opposite may differ. None where no clause comes that close.
    """
    mine, told = _Bare.of(own.tokens), _told(other.tokens)
    if any(mine.denials == theirs.denials and _stands_in(mine.terms, theirs.terms) for theirs in told.clauses):
        return ""
    if any(mine.denials == theirs.denials and theirs.terms[: len(mine.terms)] == mine.terms for theirs in told.begun):
        return ""
    if CONDITIONS.intersection(other.terms).difference(own.terms):
        return None
    ended = other.ended and own.past
    reasons = (_one_changed(mine, theirs, other.terms, ended=ended) for theirs in told.sure)
    return next(filter(None, reasons), None)


class _Bare(NamedTuple):
    """The words of a clause without negations, and how many there were."""

    terms: list[str]
    denials: int

    @classmethod
    def of(cls, clause: Sequence[Token]) -> _Bare:
        terms = [token.term for token in clause]
        plain = [term for term in terms if term not in NEGATIONS]
        return cls([term for term in plain if term not in AUXILIARIES], len(terms) - len(plain))


class _Told(NamedTuple):
    """What a passage tells: its clauses, with the beginning they may share, and those of which nobody doubts it."""

    clauses: list[_Bare]
    begun: list[_Bare]
    sure: list[_Bare]


@lru_cache(maxsize=256)
def _told(tokens: tuple[Token, ...]) -> _Told:
    """Cut a passage, which is asked for by several claims."""
    cut = [_Bare.of(clause) for clause in clauses(tokens)]
    whole = _Bare.of(tokens)
    sure = [*cut, whole, *map(_Bare.of, begun_alike(tokens, denied=False))]
    return _Told(cut, [whole, *map(_Bare.of, begun_alike(tokens, denied=True))], sure)


def _one_changed(mine: _Bare, theirs: _Bare, all_theirs: Sequence[str], *, ended: bool) -> str | None:
    """What differs between a claim and a clause where it is only a negation or one word with its opposite."""
    if mine.denials == theirs.denials:
        return _one_turned(mine.terms, theirs.terms, all_theirs)
    if mine.terms != theirs.terms or abs(mine.denials - theirs.denials) != 1 or ended:
        return None
    return DENIES if mine.denials > theirs.denials else STATES


def _stands_in(part: Sequence[str], whole: Sequence[str]) -> bool:
    """Whether a statement has the words of another in their order."""
    rest = iter(whole)
    return all(term in rest for term in part)


def _one_turned(mine: Sequence[str], theirs: Sequence[str], all_theirs: Sequence[str]) -> str | None:
    """The one word of two otherwise equal clauses that has its opposite in its place."""
    if len(mine) != len(theirs):
        return None
    differing = [at for at, (own, other) in enumerate(zip(mine, theirs, strict=True)) if own != other]
    if len(differing) != 1:
        return None
    word, there = mine[differing[0]], theirs[differing[0]]
    if (word, there) == _IMPLIED or there not in opposites(word) | OTHER_HINGE.get(word, frozenset()):
        return None
    # What the evidence says of the north and of the south may be the same, so the subject must not be what differs.
    if word in all_theirs and (there in one_of(word) or not differing[0]):
        return None
    return f"'{word}' where the evidence says '{there}'"


def hinge(own: Statement, other: Statement) -> tuple[str, str] | None:
    """A small word of the claim whose opposite stands in its place in the passage, between the same content words."""
    mine, theirs = own.terms, other.terms
    for position, word in enumerate(mine):
        others = OTHER_HINGE.get(word)
        if not others or word in theirs:
            continue
        place = _beside(own.tokens, position)
        for there, opposite in enumerate(theirs):
            if opposite not in others or opposite in mine or (word, opposite) == _IMPLIED:
                continue
            if _alike(place, _beside(other.tokens, there), theirs[max(0, there - 5) : there]):
                return word, opposite
    return None


def _beside(tokens: Sequence[Token], position: int) -> tuple[str, str]:
    """The nearest content words before and after a position; empty where there is none within five words."""
    before = (token.term for token in reversed(tokens[max(0, position - 5) : position]) if _placed(token))
    after = (token.term for token in tokens[position + 1 : position + 6] if _placed(token))
    return next(before, ""), next(after, "")


def _placed(token: Token) -> bool:
    return token.content and token.term not in OTHER_HINGE


def _alike(place: tuple[str, str], other: tuple[str, str], before: Sequence[str]) -> bool:
    """Whether the word after is the same, and the word before too, or missing on a side, or a little further off."""
    return bool(place[1]) and place[1] == other[1] and (not place[0] or not other[0] or place[0] in before)


def opposed(own: Statement, other: Statement) -> str | None:
    """Whether the one content word that is missing has its opposite in its place, all else being there.

    Empty where a negation or an exchange of sides makes up for the opposite.
    """
    missing, shared = own.content - other.content, own.content & other.content
    if len(missing) != 1 or len(shared) < 2 or len(shared) < LEAST_BESIDE * len(other.content):
        return None
    word = next(iter(missing))
    against = sorted(opposites(word).intersection(other.terms).difference(own.terms))
    if not against:
        return None
    here, there = own.terms.index(word), other.terms.index(against[0])
    between_names = _between_names(own.tokens, here, other.tokens, there)
    if not between_names and (len(shared) < LEAST_MUTUAL * len(other.content) or _narrower(own, other, there)):
        return None
    made_up_for = (
        (word in own.denied) != (against[0] in other.denied)
        or _is_granted(own, word) != _is_granted(other, against[0])
        or not _same_sides(own.tokens, here, other.tokens, there)
    )
    return "" if made_up_for else f"'{word}' where the evidence says '{against[0]}'"


def _between_names(own: Sequence[Token], here: int, other: Sequence[Token], there: int) -> bool:
    """Whether the two opposites stand between the same two names: `Brazil beat Serbia`, `Brazil lost to Serbia`."""
    names = {token.term for token in own if token.capital}
    place = _beside(own, here)
    return set(place) <= names and place == _beside(other, there)


def _narrower(own: Statement, other: Statement, pivot: int) -> bool:
    """Whether the passage says so only within limits that the claim leaves out: `closed in winter`."""
    return any(
        carries(token) and token.term not in own.content and at != pivot and _marker(other.tokens, at, pivot)
        for at, token in enumerate(other.tokens)
    )


def _is_granted(side: Statement, verb: str) -> bool:
    """Whether the subject of a passive verb is who receives: `she was given`."""
    return verb in _GRANTED and BE in side.terms[max(0, side.terms.index(verb) - 2) : side.terms.index(verb)]


def _same_sides(own: Sequence[Token], here: int, other: Sequence[Token], there: int) -> bool:
    """Whether all words that both have stand to the two opposites as they do in the other statement."""
    for at, token in enumerate(own):
        if at == here or not (carries(token) or token.term[0].isdigit()):
            continue
        places = [place for place, facing in enumerate(other) if facing.term == token.term]
        if places and not any(_same_role(own, at, here, other, place, there) for place in places):
            return False
    return True


def _same_role(own: Sequence[Token], at: int, here: int, other: Sequence[Token], place: int, there: int) -> bool:
    """Whether a word stands on the same side of the two pivots in the same role, or has moved with its marker."""
    mine, theirs = _marker(own, at, here), _marker(other, place, there)
    if (at < here) != (place < there):
        return bool(mine) and mine == theirs
    if at < here or mine == theirs or {mine, theirs} <= _SETTINGS:
        return True
    timed = any(token.term[0].isdigit() for token in (*own[at - 1 : at + 1], *other[place - 1 : place + 1]))
    return {mine, theirs} <= _PARTNERS | _SETTINGS and not timed


def _marker(tokens: Sequence[Token], at: int, pivot: int) -> str:
    """The small word before a word, with at most two others between; empty where another clause or verb comes first."""
    for place in range(at - 1, max(-1, at - 4), -1):
        if tokens[place].term in MARKERS:
            return tokens[place].term
        if place == pivot or tokens[place + 1].apart or tokens[place].term == BE:
            break
    return ""
