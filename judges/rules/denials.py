"""A claim that states what the evidence denies, or denies what it states, in other words or another order.

That one of two statements is negated proves nothing by itself: `not X, but Y` denies X only, `not unless Y` grants it
where Y holds, and `not all` leaves some. What the evidence denies must therefore be all that the claim states.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from assay.judges.rules.opposition import DENIES, OTHER_HINGE, STATES
from assay.judges.rules.statements import (
    CONDITIONS,
    MARKERS,
    NOT,
    WITHOUT,
    Statement,
    carries,
    denies_one,
    parts,
    plain_terms,
)
from assay.judges.text.order import Token
from assay.judges.text.words import stem, word_set

AS_LONG = 0.5
"""Share of the passage's content words that the claim must have in turn: a long sentence may deny something else."""

AS_LONG_TO_DENY = 0.75
"""The same where it is the claim that denies."""

_LIMITS = frozenset(
    map(
        stem,
        word_set(
            "before after until till unless except without if when whenever whether once because over under above "
            "below more less fewer most least only than beyond during again since while within outside inside"
        ),
    )
)
"""Words that limit what a negation denies: `not until nine`, `not without a key`."""

_OF_ALL = frozenset(
    map(
        stem,
        word_set(
            "all every everyone everybody everything always both much many enough necessarily entirely fully "
            "completely exactly quite very so too directly immediately usually generally often just yet have"
        ),
    )
)
"""Words after a negation that alone are denied: `not all`."""

_HALF_DENIED = frozenset(
    map(
        stem,
        word_set(
            "few little seldom rarely scarcely fail refuse decline unable avoid prevent prohibit forbid ban lack free "
            "too deny unlikely miss absent stop cease"
        ),
    )
)
"""Words that deny without a negation: what the claim denies beside one may be just that."""

_ALTERNATIVES = frozenset({"or", "nor", "oder", "ou", "eller", "y", "o"})


def denial(own: Statement, other: Statement) -> str | None:
    """Whether exactly one side is negated, and what is denied is what the other states.

    Empty where nothing differs or may differ, None where the passage says too much else to be compared.
    """
    shared = own.content & other.content
    mutual = len(shared) / max(1, len(other.content))
    denied_here, denied_there = _denied(own, other), _denied(other, own)
    if bool(denied_here) == bool(denied_there & shared):
        return ""
    if denied_here:
        if not _may_deny(own, other):
            return ""
        return DENIES if mutual >= AS_LONG_TO_DENY else None
    if (other.ended and own.past) or not _is_denied(own, other):
        return ""
    return STATES if mutual >= AS_LONG else None


def denies_a_clause(own: Statement, other: Statement) -> bool:
    """Whether a claim is a clause of the passage word for word, but for its negation, and no clause denies the same.

    So is `dogs are not allowed on the path` beside `dogs are allowed on the path, but not in the tunnel`.
    """
    cut, wanted = parts(other.tokens), plain_terms(own.tokens)
    same = [at for at, part in enumerate(cut) if plain_terms(part) == wanted]
    if own.denials != 1 or not same or _of_part(own.tokens) or any(_has_denial(cut[at]) for at in same):
        return False
    return not any(_limited(own, cut[max(0, at - 1) : at + 1]) for at in same)


def _denied(side: Statement, facing: Statement) -> frozenset[str]:
    """What a side denies. A `without` that both have denies nothing of the two."""
    return side.denied if WITHOUT in facing.terms else side.denied | side.lacking


def _may_deny(own: Statement, other: Statement) -> bool:
    """Whether the denial of a claim is a plain one beside evidence that denies nothing and limits nothing."""
    mine, theirs = own.terms, other.terms
    plain = not any(map(denies_one, other.tokens)) and WITHOUT not in theirs and _HALF_DENIED.isdisjoint(theirs)
    limits = _LIMITS.intersection(mine) ^ _LIMITS.intersection(theirs)
    return plain and not limits - {"only"} and own.denials <= 1 and not (_of_part(own.tokens) - set(theirs))


def _is_denied(own: Statement, other: Statement) -> bool:
    """Whether one clause of the passage denies all that the claim states."""
    cut = parts(other.tokens)
    stated = frozenset(term for part in cut if not _has_denial(part) for term in _telling(part))
    return any(
        _has_denial(part) and _denies_claim(own, part, stated) and not _limited(own, cut[max(0, at - 1) : at + 2])
        for at, part in enumerate(cut)
    )


def _limited(own: Statement, near: Sequence[Sequence[Token]]) -> bool:
    """Whether a clause or what stands beside it names a condition or a place that the claim leaves out."""
    mine = set(own.terms)
    leads = (part for part in near if not _has_denial(part) and part[0].term in MARKERS | CONDITIONS)
    conditions = {token.term for part in near for token in part} & CONDITIONS
    return bool(conditions - mine) or any(carries(token) and token.term not in mine for lead in leads for token in lead)


def _denies_claim(own: Statement, part: Sequence[Token], stated: frozenset[str]) -> bool:
    """Whether a clause denies the claim, given what the clauses beside it state."""
    mine = set(own.terms)
    here = {token.term for token in part}
    if sum(map(denies_one, part)) > 1 and not {"neither", "nor"} & here:
        return False  # two negations make up for one another
    if _of_part(part) - mine or _lacked(part, mine) or (here & _LIMITS) - mine - {WITHOUT}:
        return False
    elsewhere = (_telling(own.tokens) & stated) - here
    return not elsewhere or not (_telling(part) - mine)


def _has_denial(part: Sequence[Token]) -> bool:
    return any(denies_one(token) or token.term == WITHOUT for token in part)


def _telling(tokens: Sequence[Token]) -> frozenset[str]:
    """Content words, numbers, and the small words that turn a statement."""
    return frozenset(
        token.term for token in tokens if carries(token) or token.term[0].isdigit() or token.term in OTHER_HINGE
    )


def _lacked(part: Sequence[Token], mine: set[str]) -> bool:
    """Whether a clause has words of content that the claim leaves out, alternatives such as `cats or dogs` aside."""
    lacking = [at for at, token in enumerate(part) if carries(token) and token.term not in mine]
    return any(not _alternative(part, at) for at in lacking)


def _alternative(part: Sequence[Token], at: int) -> bool:
    """Whether a word stands beside an `or` or `nor`, with only words of content and one small word between."""
    for step in (-1, 1):
        beside = at + step
        while 0 <= beside < len(part) and carries(part[beside]):
            beside += step
        if 0 <= beside < len(part) and part[beside].term in MARKERS:
            beside += step
        if 0 <= beside < len(part) and part[beside].term in _ALTERNATIVES:
            return True
    return False


def _of_part(tokens: Sequence[Token]) -> set[str]:
    """The words such as `all` of a `not all`."""
    return {after.term for before, after in pairwise(tokens) if before.term == NOT and after.term in _OF_ALL}
