"""A claim or a passage as the rule of polarity reads it: words in order, what it denies, and what else it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from assay.judges.text.negation import NEGATION_STEMS, REACH
from assay.judges.text.order import BE, Token, clauses, tokens_of
from assay.judges.text.verbs import base_of
from assay.judges.text.words import STOP_WORDS, WordTable, stem, word_set

NOT = "not"
WITHOUT = "without"
EVERYBODY = frozenset(map(stem, word_set("all any anyone anybody every everyone everybody each whoever")))
NEGATIONS = NEGATION_STEMS - {WITHOUT}
"""Words that deny, e.g. `not`."""

_NO_CONTENT = frozenset(map(stem, STOP_WORDS)) | STOP_WORDS | NEGATION_STEMS | EVERYBODY | {BE, "non", "ne"}

_CONTRACTED = {"can't": "can", "won't": "will", "shan't": "shall", "cannot": "can"}
"""What remains of a word that ends in `not` without it, where that is more than the ending."""

AUXILIARIES = frozenset({BE, "do", "doe", "did", "will", "ne"})
"""Words that come and go with a negation: the `does` of `it does not close`."""

_IMPLIED = word_set("fail refus declin unabl neglect")
"""Stems before a `to` that deny what follows: `failed to reach`."""

_ONLY_PART = word_set("only just merely simply")
"""Words after a `not` that go on with `but also`: nothing is denied."""

BOUND = "-than"
"""Ending of the word that stands for a bound such as `more than` or `no more than`."""

_COMPARED = word_set("more less fewer later earlier sooner")
"""Words before the `than` of a bound: `no more than four`."""

_SOME = frozenset(
    map(stem, word_set("some sometimes somebody someone something might perhaps maybe several many often"))
)
"""Words that say something of a part: what is so of some may not be so of others."""

LEADING = 4
"""Words of the beginning of a statement, where its subject mostly stands."""

CONDITIONS = frozenset(map(stem, word_set("if unless when whenever until till except once without during whether")))
"""Words that begin a condition, under which alone the rest is stated: `if it rains`."""

MARKERS = word_set(
    "to from by of at in on for with without against over under above below before after until till since than into "
    "onto through during between via per as within"
)
"""Small words that say what the word after them is to the statement: `from Chile`."""

_PRONOUNS = word_set("it they he she we you i there")

_PAST = re.compile(r"(?i)\b(?:was|were|had|did|used|once|formerly|previously|[a-z]{2,20}ed)\b")
"""A word of a statement about the past, e.g. `worked`."""


class Statement(NamedTuple):
    """The words of a claim or a passage.

    Attributes:
        tokens: in order, with each negation a word by itself.
        content: the stems that carry it, irregular verbs by their base.
        written: the same as they are written, by which passages are found.
        denied: stems of these that a negation reaches.
        lacking: stems of these that a `without` reaches.
        denials: how many negations there are, a `without` left out.
        ended: whether it denies with `no longer`, so that it was so before.
        past: whether it speaks of the past.
        unclear: whether its first word may be the `No` of an answer, or the first word of `no Danish citizen`.
    """

    tokens: tuple[Token, ...]
    content: frozenset[str]
    written: frozenset[str]
    denied: frozenset[str]
    lacking: frozenset[str]
    denials: int
    ended: bool
    past: bool
    unclear: bool

    @classmethod
    def of(cls, text: str) -> Statement:
        """Read a text; without words where it is too long."""
        read = tokens_of(text)
        raw = _apart(read)
        tokens = tuple(_without_phrases(raw))
        content = frozenset(token.term for token in tokens if carries(token))
        places = [at for at, token in enumerate(tokens) if token.term in NEGATIONS and token.term != "nor"]
        lacking = [at for at, token in enumerate(tokens) if token.term == WITHOUT]
        terms = [token.term for token in raw]
        ended = any(pair in (("no", "longer"), (NOT, "anymore")) for pair in pairwise(terms))
        return cls(
            tokens,
            content,
            frozenset(token.term for token in read if carries(token)),
            _reached(tokens, places) & content,
            _reached(tokens, lacking) & content,
            len(places),
            ended,
            bool(_PAST.search(text)),
            len(read) > 1 and read[0].term == "no" and read[1].capital,
        )

    @property
    def terms(self) -> list[str]:
        """The stems in order."""
        return [token.term for token in self.tokens]


def carries(token: Token) -> bool:
    """Whether a word carries a statement: no small word, no negation, no number."""
    return CARRIES[token.term]


def _carrying(term: str) -> bool:
    return not (term in _NO_CONTENT or term[0].isdigit() or term.endswith(BOUND))


CARRIES = WordTable(_carrying)
"""The same for a term."""


def denies_one(token: Token) -> bool:
    """Whether a word is a negation other than `without`."""
    return token.term in NEGATIONS


def of_some(own: Statement, other: Statement) -> bool:
    """Whether both speak of a part, so that both the statement and its opposite may hold."""
    denied = own.denials != other.denials
    return all(_SOME.intersection(side.terms) for side in (own, other)) and (
        _some_denied(own.tokens if own.denials > other.denials else other.tokens) if denied else _led_by_some(own)
    )


def _some_denied(tokens: Sequence[Token]) -> bool:
    """Whether a negation follows a word such as `some` within a clause: `some shops are not open`."""
    return any(
        not _SOME.isdisjoint(token.term for token in part[:at])
        for part in parts(tokens)
        for at, token in enumerate(part)
        if denies_one(token)
    )


def _led_by_some(side: Statement) -> bool:
    """Whether a statement begins with what is some or may be, as `in some cases prices rose`."""
    return not _SOME.isdisjoint(side.terms[:LEADING])


def plain_terms(tokens: Sequence[Token]) -> list[str]:
    """The stems without negations and without the auxiliaries that come with them."""
    return [token.term for token in tokens if token.term not in AUXILIARIES and not denies_one(token)]


def parts(tokens: Sequence[Token]) -> list[tuple[Token, ...]]:
    """What stands between marks, commas included, and words such as `and` and `but`. An `or` parts nothing."""
    cut: list[list[Token]] = [[]]
    for token in tokens:
        if (token.clause or token.apart) and token.term != "or":
            cut.append([])
        cut[-1].append(token)
    return [tuple(part) for part in cut if part]


def begun_alike(tokens: Sequence[Token], *, denied: bool) -> Iterator[tuple[Token, ...]]:
    """The clauses of a statement with the beginning they may share with the clause before.

    `The gate opens at 6 and closes at 9` also says `the gate closes at 9`.

    Args:
        tokens: of the statement.
        denied: whether the beginning may hold a negation, of which nobody knows whether it reaches the next clause.
    """
    for before, after in pairwise(clauses(tokens)):
        first = next((at for at, token in enumerate(before) if denies_one(token)), len(before))
        for shared in range(1, len(before) if denied else min(len(before), first + 1)):
            yield (*before[:shared], *after)


def _apart(tokens: Sequence[Token]) -> list[Token]:
    """The words with contracted negations in two, and without the `No` that answers a question."""
    split: list[Token] = []
    if len(tokens) > 1 and tokens[0].term == "no" and (tokens[1].apart or tokens[1].term in _PRONOUNS):
        tokens = tokens[1:]
    for token in tokens:
        terms = _PARTED[token.term]
        split.append(token if terms[0] == token.term else token._replace(term=terms[0]))
        split.extend(map(Token, terms[1:]))
    return split


def _parted(term: str) -> tuple[str, ...]:
    """A stem as one or two: a negation stands by itself, an irregular verb is its base."""
    if term == "n't":
        return (NOT,)
    verb = _CONTRACTED.get(term) or (term[:-3] if term.endswith("n't") else "")
    if verb:
        return BE if verb in ("is", "are", "was", "were") else stem(verb), NOT
    return (base_of(term.removeprefix("n'") or term),)


_PARTED = WordTable(_parted)


_BEGIN_PHRASES = NEGATIONS | _IMPLIED | _COMPARED | {"no", NOT}
"""Words that a phrase may begin with: all others stay as they are."""


def _without_phrases(tokens: Sequence[Token]) -> Iterator[Token]:
    """The words with `failed to` as a `not`, and without phrases such as `not only`, which deny nothing."""
    position = 0
    while position < len(tokens):
        if tokens[position].term not in _BEGIN_PHRASES:
            yield tokens[position]
            position += 1
            continue
        terms = [token.term for token in tokens[position : position + 3]]
        negation = terms[0] in ("no", NOT)
        if len(terms) > 1 and terms[0] in _IMPLIED and terms[1] == "to":
            yield tokens[position]._replace(term=NOT)
            position += 2
        elif len(terms) > 1 and (
            (terms[0] == NOT and terms[1] in _ONLY_PART) or (terms[0] in NEGATIONS and terms[1] == "but")
        ):
            position += 2
        elif len(terms) == 3 and negation and terms[1] in _COMPARED and terms[2] == "than":
            yield tokens[position]._replace(term=f"no-{terms[1]}{BOUND}")
            position += 3
        elif len(terms) > 1 and terms[0] in _COMPARED and terms[1] == "than":
            yield tokens[position]._replace(term=f"{terms[0]}{BOUND}")
            position += 2
        elif len(terms) > 1 and negation and terms[1] in ("longer", "anymore"):
            yield tokens[position]._replace(term=NOT)
            position += 2
        else:
            yield tokens[position]
            position += 1


def _reached(tokens: Sequence[Token], places: Sequence[int]) -> frozenset[str]:
    """The stems that the negations at these places reach: up to a mark after each, else what stands before it."""
    reached: set[str] = set()
    for place in places:
        after = _until_a_mark(tokens[place + 1 : place + 1 + REACH])
        before = _from_a_mark(tokens[: place + 1]) if not any(map(carries, after)) else []
        reached |= {token.term for token in (*after, *before)}
    return frozenset(reached)


def _until_a_mark(tokens: Sequence[Token]) -> Sequence[Token]:
    """The words up to the first that follows a mark or begins a clause; the very first may follow a mark."""
    stop = next((at for at, token in enumerate(tokens) if token.clause or (token.apart and at)), len(tokens))
    return tokens[:stop]


def _from_a_mark(tokens: Sequence[Token]) -> Sequence[Token]:
    """The words from the last that follows a mark or begins a clause."""
    starts = (at for at in range(len(tokens) - 1, 0, -1) if tokens[at].clause or tokens[at].apart)
    return tokens[next(starts, 0) :]
