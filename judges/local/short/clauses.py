"""Clauses of the evidence, each with what it takes over from the one before: `but not in the restaurant`.

A clause is a list of terms. What a negation in another clause negates is no matter of this one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from assay.judges.local.short.terms import (
    AUXILIARIES,
    DETERMINERS,
    PREPOSITIONS,
    PRONOUNS,
    Term,
    stem_of,
    terms_of,
)
from assay.judges.schema import Sample
from assay.judges.text.passages import Passage, cut_passages
from assay.judges.text.words import surface_words, word_set

MOST_PASSAGES = 20_000
"""Passages that are read."""

MOST_COMPARED = 60
"""Passages that are compared term by term: those with most of the words asked for."""

_BACK = 4
"""Sentences before a pronoun in which what it means is looked for."""

_JOINTS = word_set("and but while whereas although though or because")
"""Words at which a clause ends: `but`."""

_SPEAKERS = word_set("we you i")
"""Words for those who speak, as subjects."""

_MARK = re.compile(r"[;:()—|\n]|[.!?]\s|,(?!\d)|\s[-–]\s")
"""A mark at which a clause ends, e.g. `; `."""

_TAIL = re.compile(r"n?d?c{1,2}|n?(?:pd?c{1,2}){1,4}")
"""The end of a clause without its beginning, a letter a term, e.g. `npdc` for `not in the restaurant`."""

_LONGEST_LIST = 10
"""Subjects of one verb that are read: `insurance, cash and cards`."""


class Clause(NamedTuple):
    """What one clause says.

    Attributes:
        terms: with those it takes over.
        own: where its own terms begin.
        known: stems that its pronoun may stand for. Empty where it has none.
        passage: it stands in.
    """

    terms: tuple[Term, ...]
    own: int
    known: frozenset[str]
    passage: Passage


def passages_of(sample: Sample) -> list[Passage]:
    """The passages of the evidence, at most `MOST_PASSAGES`."""
    return [passage for passage, _ in zip(cut_passages(sample.contexts), range(MOST_PASSAGES), strict=False)]


def clauses_about(sample: Sample, passages: Sequence[Passage], asked: Collection[str]) -> list[Clause]:
    """The clauses of the passages with most of the stems asked for, and of those where a pronoun may mean them."""
    wanted = frozenset(asked)
    ranked = sorted(range(len(passages)), key=lambda number: -len(wanted.intersection(passages[number].stems)))
    compared = sorted(ranked[:MOST_COMPARED])
    return [clause for number in compared for clause in _clauses(sample, passages, number)]


def continues(clause: Clause) -> bool:
    """Whether a clause has no verb of its own that could be told, so that it may go on with the one before."""
    own = clause.terms[clause.own :]
    first = own[1] if own[0].name and len(own) > 1 else own[0]
    verbal = first.content and not first.name and first.value is None
    return _verb_at(own) is None and not verbal


def _clauses(sample: Sample, passages: Sequence[Passage], number: int) -> Iterator[Clause]:
    passage = passages[number]
    before = _before(sample, passages, number)
    seen: set[str] = set()
    cut = _segments(terms_of(sample.contexts[passage.context][passage.start : passage.end]))
    for terms, own in _completed(cut):
        pronoun = any(term.word in PRONOUNS for term in terms)
        yield Clause(terms, own, frozenset(before | seen) if pronoun else frozenset(), passage)
        seen.update(*(term.stems for term in terms))


def _before(sample: Sample, passages: Sequence[Passage], number: int) -> frozenset[str]:
    """Stems of the sentences back to the last without a pronoun."""
    stems: set[str] = set()
    for back in range(number - 1, max(-1, number - 1 - _BACK), -1):
        if passages[back].context != passages[number].context:
            break
        text = sample.contexts[passages[back].context][passages[back].start : passages[back].end]
        stems.update(map(stem_of, surface_words(text)))
        if PRONOUNS.isdisjoint(passages[back].stems):
            break
    return frozenset(stems)


def _segments(terms: Sequence[Term]) -> list[list[Term]]:
    """The terms cut at marks and at words that join clauses. `5 and 9` is not cut."""
    cut: list[list[Term]] = [[]]
    for at, term in enumerate(terms):
        between_values = 0 < at < len(terms) - 1 and terms[at - 1].value and terms[at + 1].value
        joint = term.word in _JOINTS and not term.name and not between_values
        if (joint or (at and _MARK.search(term.gap))) and cut[-1]:
            cut.append([])
        if not joint:
            cut[-1].append(term)
    return [segment for segment in cut if segment]


def _completed(cut: Sequence[Sequence[Term]]) -> Iterator[tuple[tuple[Term, ...], int]]:
    """Each segment with the terms it takes over, and where its own begin."""
    last: tuple[Term, ...] = ()
    opening: tuple[Term, ...] = ()
    listed: list[Sequence[Term]] = []
    for segment in cut:
        own = (*opening, *segment)
        opening = ()
        if not last and _incomplete(segment):
            if segment[0].word in PREPOSITIONS:
                opening = own
            else:
                listed.append(own)
            continue
        for subject in listed[:_LONGEST_LIST]:  # `Cash and cards are accepted`
            yield (*subject, *_predicate(own)), 0
        listed = []
        if last and _is_tail(own) and _is_bare(_predicate(last)) and own[0].word not in PREPOSITIONS:
            yield (*own, *_predicate(last)), 0  # `Water is included but not wine`
        taken, rest = _taken_over(last, own)
        last = (*taken, *own, *rest)
        yield last, len(taken)
    yield from ((tuple(left), 0) for left in (opening, *listed[:_LONGEST_LIST]) if left)


def _is_bare(predicate: Sequence[Term]) -> bool:
    """Whether a predicate has no object that a noun after it could stand for: `is included`."""
    return sum(term.content for term in predicate) == 1 and not any(term.negates for term in predicate)


def _incomplete(segment: Sequence[Term]) -> bool:
    return _verb_at(segment) is None and _is_tail(segment)


def _verb_at(terms: Sequence[Term]) -> int | None:
    """Where the first auxiliary stands."""
    return next((at for at, term in enumerate(terms) if term.word in AUXILIARIES), None)


def _taken_over(last: Sequence[Term], own: Sequence[Term]) -> tuple[Sequence[Term], Sequence[Term]]:
    """What a clause takes from the last one, before and after its own terms."""
    verb = _verb_at(own)
    if not last:
        return (), ()
    if verb is not None and own[0].word not in PRONOUNS | AUXILIARIES:
        bare = not any(term.content for term in own[verb:])
        return (), [term for term in _predicate(last)[1:] if bare and not term.negates]  # `the fee is not`
    if verb is None and _is_tail(own):
        return _head_for(last, own), ()
    verbal = own[0].content and not own[0].name and own[0].value is None  # `and died in Princeton`
    return _subject(last) if verbal or own[0].word in PRONOUNS | AUXILIARIES else (), ()


def _head_for(last: Sequence[Term], own: Sequence[Term]) -> Sequence[Term]:
    """The beginning a tail takes over: none where only the beginning is negated, as in `not by Ann but by Ben`."""
    head = _head(last, own)
    turned = any(term.negates for term in head) and not any(term.negates for term in own)
    return () if turned else head


def _is_tail(own: Sequence[Term]) -> bool:
    """Whether a segment is only a noun with what belongs to it: `not in the restaurant`, `free calls`."""
    return _TAIL.fullmatch("".join(map(_role, own))) is not None


def _role(term: Term) -> str:
    """A letter for what a term is in a clause, as `_TAIL` reads them."""
    if term.negates:
        return "n"
    if term.content:
        return "c"
    return "p" if term.word in PREPOSITIONS else "d" if term.word in DETERMINERS else "o"


def _subject(terms: Sequence[Term]) -> Sequence[Term]:
    """What stands before the first auxiliary, else the first noun."""
    verb = _verb_at(terms)
    if verb is not None:
        return terms[:verb]
    if terms[0].word in PRONOUNS | _SPEAKERS:
        return terms[:1]
    first = next((at for at, term in enumerate(terms) if term.content), None)
    return () if first is None else terms[: first + 1]


def _predicate(terms: Sequence[Term]) -> Sequence[Term]:
    verb = _verb_at(terms)
    return () if verb is None else terms[verb:]


def _head(last: Sequence[Term], tail: Sequence[Term]) -> Sequence[Term]:
    """The last clause without its end, in whose place a tail stands."""
    start = len(_subject(last)) + 1
    small = next((term.word for term in tail if term.word in PREPOSITIONS), None)
    places = [at for at in range(start, len(last)) if last[at].word in PREPOSITIONS]
    alike = [at for at in places if last[at].word == small]
    if alike or places:
        return last[: (alike or places[-1:])[0]]
    content = [at for at in range(start, len(last)) if last[at].content]
    return last[: content[-1]] if content else last
