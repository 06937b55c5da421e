"""Clauses crossed: the subject of one with what another says of its own.

`Children over 5 travel free` takes its subject from `children over 5 pay half`, and the rest from `children under 5
travel free`. Whether that is proven depends on whether both can be true: two numbers in one place cannot.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.judges.text.order import Token

_HINGES = {"over": "under", "under": "over", "above": "below", "below": "above", "before": "after", "after": "before"}
"""Small words that tell two subjects apart that cannot both be meant."""


def terms_of(tokens: Sequence[Token]) -> list[str]:
    """The stems of words in order."""
    return [token.term for token in tokens]


def shown(tokens: Sequence[Token]) -> str:
    """The words as a reason names them."""
    return " ".join(terms_of(tokens))[:60]


def contains(whole: Sequence[Token], part: Sequence[Token]) -> bool:
    """Whether a statement has the words of another, side by side."""
    terms, wanted = [token.term for token in whole], [token.term for token in part]
    return any(
        terms[at : at + len(wanted)] == wanted for at in range(len(terms) - len(wanted) + 1) if terms[at] == wanted[0]
    )


def crossed_clauses(own: Sequence[Token], parts: Sequence[Sequence[Token]]) -> tuple[str, bool] | None:
    """Whether a claim takes its subject from one clause and what it says from another, and whether that is proven."""
    if len(own) < 3 or any(contains(part, own) for part in parts):
        return None
    heads = [_common(own, part) for part in parts]
    tails = [_common(own[::-1], part[::-1]) for part in parts]
    for subject, head in zip(parts, heads, strict=True):
        for says, tail in zip(parts, tails, strict=True):
            if subject is says or not head or not tail or head + tail < len(own) or max(head, tail) >= len(own):
                continue
            told = _crossed(own, subject, says, head, tail)
            if told is not None:
                return told
    return None


def _common(own: Sequence[Token], other: Sequence[Token]) -> int:
    """How many words two sequences begin with alike."""
    return next(
        (at for at, (mine, theirs) in enumerate(zip(own, other, strict=False)) if mine.term != theirs.term),
        min(len(own), len(other)),
    )


def _crossed(
    own: Sequence[Token], subject: Sequence[Token], says: Sequence[Token], head: int, tail: int
) -> tuple[str, bool] | None:
    mine, theirs = own[: len(own) - tail], says[: len(says) - tail]
    predicate, instead = own[head:], subject[head:]
    if not mine or not theirs or not predicate or not instead or len(mine) != len(theirs) or not instead[-1].content:
        return None
    if all(token.term.isdigit() for token in (*mine, *theirs)):  # `4.` and `2.` of two lists are no subjects
        return None
    hinge = _HINGES.get(mine[-1].term) == theirs[-1].term
    if not hinge and not (mine[-1].content and theirs[-1].content and predicate[-1].content):
        return None
    reason = f"'{shown(predicate)}' is said of '{shown(theirs)}', not of '{shown(mine)}'"
    numbers = predicate[0].term[0].isdigit() and instead[0].term[0].isdigit() and len(predicate) == len(instead)
    return reason, hinge or numbers or _other_number(mine, theirs)


def _other_number(mine: Sequence[Token], theirs: Sequence[Token]) -> bool:
    """Whether two clauses begin alike up to a number: `Humidity is 55% yesterday`, `Humidity is 62% today`."""
    both = mine[-1].term, theirs[-1].term
    return all(term[0].isdigit() for term in both) and len(mine) > 1 and terms_of(mine[:-1]) == terms_of(theirs[:-1])
