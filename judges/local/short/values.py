"""A bare value or name as an answer: whether the evidence has it where it speaks of what was asked.

`8` answers `How many lanes?` only where it counts lanes, and `9 am` no question about closing where another clause
tells of that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from assay.judges.local.short.amounts import comparable, equal
from assay.judges.local.short.clauses import Clause, clauses_about
from assay.judges.local.short.terms import FORMS_OF_BE, PREPOSITIONS, Term, same, terms_of
from assay.judges.local.short.verdicts import ShortVerdict, carried, misplaced
from assay.judges.rubric import ValueKind
from assay.judges.schema import Sample
from assay.judges.text.negation import opposites
from assay.judges.text.passages import Passage
from assay.judges.text.words import word_set
from assay.judges.values import Value, value_index

_COUNT = re.compile(r"\b(?:how\smany|number\sof)\s(?P<noun>[^?.,;:]{2,60})", re.IGNORECASE)
"""A question for a count, e.g. `How many lanes`."""

_PRICE = re.compile(r"\b(?:how\smuch|costs?|prices?|fees?|tolls?|rent|salary)\b", re.IGNORECASE)
"""A question for an amount of money, e.g. `How much is it?`."""

_TIME = re.compile(r"\b(?:when|what\s(?:time|year|date|day)|which\s(?:year|date|day))\b", re.IGNORECASE)
"""A question for a time, e.g. `When does it open?`."""

_WHO = re.compile(r"\bwho(?:m|se)?\b", re.IGNORECASE)
"""A question for a person, e.g. `Who painted it?`."""

_WHERE = re.compile(r"\b(?:where|(?:which|what)\s(?:city|country|town|place|state))\b", re.IGNORECASE)
"""A question for a place, e.g. `Where is it?`."""

_ASKING = word_set("year time date day city country town place number answer people person option")
"""Words that tell what kind of answer is wanted, and stand in few answers."""

_PLACES = word_set("in at on near from to into outside inside")
"""Words before a place."""


class _Slot(NamedTuple):
    """A place of a clause where an answer of the kind asked for stands, and how much the clause is about the rest."""

    score: int
    term: Term
    clause: Clause


def judge_value(sample: Sample, question: str, value: Value, passages: Sequence[Passage]) -> ShortVerdict:
    """A bare value: the evidence carries it where it speaks of what was asked."""
    quoted = f"'{value.text[:60]}'"
    if not value_index(tuple(sample.contexts)).carries(value):
        return misplaced(f"{quoted} is not in the evidence")
    clauses = clauses_about(sample, passages, _stems(question))
    fits = _value_fits(question, value, clauses)
    slots = list(_slots(question, clauses, fits))
    own = [slot for slot in slots if slot.term.value and _carries(slot.term.value, value)]
    verdict = _weighed(own, slots, f"the evidence has {quoted} of something else")
    return verdict or carried(_holding(sample, value, passages))


def judge_name(sample: Sample, question: str, name: Term, passages: Sequence[Passage]) -> ShortVerdict | None:
    """A bare name that answers who or where. None where that cannot be told, as of names the evidence lacks."""
    fits = _names_who if _WHO.search(question) else _names_where if _WHERE.search(question) else None
    if fits is None:
        return None
    asked = terms_of(question)
    clauses = clauses_about(sample, passages, _stems(question) | name.stems)
    if not any(name.stems <= _all_stems(clause) for clause in clauses):
        return None
    slots = [
        slot
        for slot in _slots(question, clauses, fits)
        if slot.score and not any(same(slot.term, term) for term in asked if term.content)
    ]
    own = [slot for slot in slots if same(slot.term, name)]
    return _weighed(own, slots, f"the evidence has '{name.word[:60]}' of something else")


def _weighed(own: Sequence[_Slot], slots: Sequence[_Slot], reason: str) -> ShortVerdict | None:
    """The verdict where the answer stands in some of the slots. None where no slot tells anything."""
    score = max((slot.score for slot in own), default=0)
    rivals = [slot for slot in slots if slot.score > score and slot not in own]
    if rivals:
        return misplaced(reason, max(rivals, key=lambda slot: slot.score).clause.passage)
    return carried(max(own, key=lambda slot: slot.score).clause.passage) if own else None


def _all_stems(clause: Clause) -> frozenset[str]:
    return frozenset().union(*(term.stems for term in clause.terms))


def _stems(question: str) -> frozenset[str]:
    return frozenset().union(*(term.stems for term in _asked(question)))


def _asked(question: str) -> list[Term]:
    return [term for term in terms_of(question) if term.content and term.word not in _ASKING]


def _slots(question: str, clauses: Sequence[Clause], fits: Callable[[Sequence[Term], int], bool]) -> Iterator[_Slot]:
    asked = _asked(question)
    for clause in clauses:
        missing = [term for term in asked if not any(_alike(term, there) for there in clause.terms)]
        score = sum(1 + term.name for term in asked if term not in missing)
        score += max((1 + term.name for term in missing if term.stems and term.stems <= clause.known), default=0)
        for at in range(clause.own, len(clause.terms)):
            if fits(clause.terms, at):
                yield _Slot(score, clause.terms[at], clause)


def _alike(term: Term, there: Term) -> bool:
    if term.value is not None and there.value is not None:
        return equal(term.value, there.value)
    return same(term, there)


def _value_fits(question: str, value: Value, clauses: Sequence[Clause]) -> Callable[[Sequence[Term], int], bool]:
    """What tells whether a value of a clause is of the kind that a question asks for."""
    count = _COUNT.search(question)
    nouns = [term for term in terms_of(count.group("noun")) if term.content][:2] if count else []
    if nouns:
        counts = _counts(nouns)
        if any(counts(clause.terms, at) for clause in clauses for at in range(clause.own, len(clause.terms))):
            return counts
    kind = ValueKind.MONEY if _PRICE.search(question) else ValueKind.DATE if _TIME.search(question) else None
    wanted = [kind] if kind and any(term.value and term.value.kind is kind for c in clauses for term in c.terms) else []

    def fits(terms: Sequence[Term], at: int) -> bool:
        there = terms[at].value
        if there is None or (wanted and there.kind not in (wanted[0], value.kind)):
            return False
        return there.kind in wanted or there.kind is value.kind or comparable(value, there)

    return fits


def _counts(nouns: Sequence[Term]) -> Callable[[Sequence[Term], int], bool]:
    """What tells whether a value counts the nouns: `12 rooms`."""

    def counts(terms: Sequence[Term], at: int) -> bool:
        if terms[at].value is None:
            return False
        beside = terms[at + 1 : at + 2 + len(nouns)]
        return any(same(noun, there) for noun in nouns for there in beside) and all(
            term.value is None and term.word not in PREPOSITIONS for term in beside[:1]
        )

    return counts


def _carries(there: Value, value: Value) -> bool:
    return equal(value, there) or value_index((there.text,)).carries(value)


def _holding(sample: Sample, value: Value, passages: Sequence[Passage]) -> Passage:
    """A passage with the value, the first one where none has it by itself."""
    for passage in passages[:500]:
        if value_index((sample.contexts[passage.context][passage.start : passage.end],)).carries(value):
            return passage
    return passages[0]


def _names_who(terms: Sequence[Term], at: int) -> bool:
    """Whether a name stands where somebody does something: not in or at a place, nor at a time."""
    before = terms[at - 1].word if at else ""
    return terms[at].name and not _is_time(terms[at]) and (before == "by" or before not in PREPOSITIONS)


def _names_where(terms: Sequence[Term], at: int) -> bool:
    """Whether a name stands where a place does: `in Sydney`, `The address is Sydney`."""
    before = terms[at - 1].word if at else ""
    return terms[at].name and not _is_time(terms[at]) and (before in _PLACES or before in FORMS_OF_BE)


def _is_time(term: Term) -> bool:
    return any(opposites(word) for word in term.stems if word.endswith("day") or word in _MONTHS)


_MONTHS = word_set("january february march april may june july august september october november december")
"""Months, which are no names of persons or places."""
