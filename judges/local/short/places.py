"""What stands in a clause in the place of a term of a statement: the same, something else, or nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import pairwise
from typing import NamedTuple

from assay.judges.local.short.amounts import above, comparable, equal, is_bounded, is_exact
from assay.judges.local.short.terms import DETERMINERS, FORMS_OF_BE, PREPOSITIONS, PRONOUNS, Term, same, stem_of
from assay.judges.text.negation import opposites
from assay.judges.text.words import word_set

_MORE = word_set("more over above after exceed exceeds")
"""Words that ask for more than a value: `over`."""

_LESS = word_set("less fewer under below before")
"""Words that ask for less than a value: `under`."""

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
"""The days of the week in order."""

_SITUATED = FORMS_OF_BE | word_set("located situated based lies lie stands stand")
"""Words before the place of something: `located` in `located in Sydney`."""

_PAST = word_set("was were")
"""Forms of `be` that tell of what happened, which happens in one place."""

_RANGE = word_set("to through until till")
"""Words between the first and the last of several days: `Monday to Friday`."""

_DIRECTED = word_set("to from over under before after")
"""Words whose two sides are not alike: `reports to`."""

_MUTUAL = frozenset(map(stem_of, word_set("meet met marry married face equal resemble know play border join")))
"""Verbs whose two sides are alike."""


class Place(Enum):
    """What stands in a place."""

    SAME = "same"
    OTHER = "other"
    NONE = "none"


class Occupant(NamedTuple):
    """What stands in a place, and how it is called where it is something else."""

    kind: Place
    detail: str = ""


_SAME, _NONE = Occupant(Place.SAME), Occupant(Place.NONE)


def occupant_of(asked: Sequence[Term], at: int, terms: Sequence[Term]) -> Occupant:
    """What stands in the place of the term of a statement."""
    term = asked[at]
    if term.value is not None:
        return _value_there(asked, at, terms)
    if any(same(term, there) for there in terms):
        return _SAME
    if term.word in _MORE | _LESS or (term.word == "than"):
        return _SAME if _compares(asked, at) is not None and _plain_value(asked, at, terms) else _NONE
    if term.stems and opposites(next(iter(term.stems))) and _day(term) is not None:
        return _day_there(term, terms)
    return _name_there(asked, at, terms) if term.name else _NONE


def _compares(asked: Sequence[Term], at: int) -> int | None:
    """Where the value stands that a comparing word is followed by."""
    after = at + 1 + (at + 1 < len(asked) and asked[at + 1].word == "than")
    return after if after < len(asked) and asked[after].value is not None else None


def _plain_value(asked: Sequence[Term], at: int, terms: Sequence[Term]) -> bool:
    """Whether the clause has a value in the place compared."""
    after = _compares(asked, at)
    return after is not None and _place(asked, after, terms) is not None


def _value_there(asked: Sequence[Term], at: int, terms: Sequence[Term]) -> Occupant:
    there = _place(asked, at, terms)
    own = asked[at].value
    if there is None or there.value is None or own is None:
        return _NONE
    number = next(number for number, term in enumerate(terms) if term is there)
    if not is_exact(terms, number):
        return _NONE
    detail = f"'{there.value.text[:60]}' where '{own.text[:60]}' is asked about"
    sign = _sign(asked, at)
    if sign and not any(term.word in _MORE | _LESS for term in terms):
        excess = above(there.value, own)
        if excess is None:
            return _NONE
        return _SAME if excess * sign > 0 else Occupant(Place.OTHER, detail)
    if equal(own, there.value):
        return _SAME
    bounded = is_bounded(terms, number) and terms[number - 1].word != asked[at - 1].word
    return _NONE if bounded else Occupant(Place.OTHER, detail)


def _sign(asked: Sequence[Term], at: int) -> int:
    """1 where more than a value is asked about, -1 where less, else 0."""
    before = {term.word for term in asked[max(0, at - 2) : at]}
    return bool(before & _MORE) - bool(before & _LESS)


def _place(asked: Sequence[Term], at: int, terms: Sequence[Term]) -> Term | None:
    """The value of a clause that stands where one of the statement does."""
    own = asked[at].value
    after = asked[at + 1] if at + 1 < len(asked) and asked[at + 1].content else None
    if after is not None and after.value is None:
        for number in range(len(terms) - 1):
            if terms[number].value is not None and same(terms[number + 1], after):
                return terms[number]
    rivals = [(number, term) for number, term in enumerate(terms) if term.value and own and comparable(own, term.value)]
    if at:
        before = asked[at - 1].word
        beside = [term for number, term in rivals if number and terms[number - 1].word == before]
        for term in beside:
            if own and term.value and equal(own, term.value):
                return term
        if len(beside) == 1:
            return beside[0]
    return rivals[0][1] if len(rivals) == 1 else None


def _day(term: Term) -> int | None:
    """The number of a day of the week."""
    name = term.word.removesuffix("s")
    return _DAYS.index(name) if name in _DAYS else None


def _day_there(term: Term, terms: Sequence[Term]) -> Occupant:
    """Whether the days a clause names include one."""
    own = _day(term)
    days = [(at, day) for at, there in enumerate(terms) if (day := _day(there)) is not None]
    if own is None or not days:
        return _NONE
    for (at, first), (beyond, last) in pairwise(days):
        if beyond == at + 2 and (terms[at + 1].word in _RANGE) and (own - first) % 7 <= (last - first) % 7:
            return _SAME
    return Occupant(Place.OTHER, f"'{terms[days[0][0]].word}' where '{term.word}' is asked about")


def _name_there(asked: Sequence[Term], at: int, terms: Sequence[Term]) -> Occupant:
    """Whether the clause has another name after the same words, or as what does the same."""
    detail = f"another name where '{asked[at].word[:60]}' is asked about"
    small = asked[at - 1].word if at else ""
    anchor = next((term for term in reversed(asked[: max(0, at - 1)]) if term.word not in DETERMINERS), None)
    for number in range(2, len(terms)):
        if (
            terms[number].name
            and small in PREPOSITIONS
            and terms[number - 1].word == small
            and anchor is not None
            and _stands(terms[number - 2], anchor)
            and _unique(terms, number)
        ):
            return Occupant(Place.OTHER, detail)
    if small == "by" and anchor is not None and _other_agent(asked[at], anchor, terms):
        return Occupant(Place.OTHER, detail)
    return Occupant(Place.OTHER, detail) if _other_subject(asked, at, terms) else _NONE


def _unique(terms: Sequence[Term], number: int) -> bool:
    """Whether only one name can stand there: after what is located, was born, or is the capital of it."""
    before = {term.word for term in terms[:number]}
    named = terms[number - 1].word == "of" and "the" in before
    return named or terms[number - 2].word in _SITUATED or bool(before & _PAST)


def _stands(there: Term, anchor: Term) -> bool:
    """Whether what stands before `in` is the same, or says only where the same is: `It is located in`."""
    return same(there, anchor) or there.word in _SITUATED


def _other_agent(name: Term, verb: Term, terms: Sequence[Term]) -> bool:
    """Whether a clause has another name before the verb: `Paul Hogan painted it`."""
    return any(
        terms[at].name and same(terms[at + 1], verb) and not same(terms[at], name) for at in range(len(terms) - 1)
    )


def _other_subject(asked: Sequence[Term], at: int, terms: Sequence[Term]) -> bool:
    """Whether a clause says of something else that it is the only such thing: `Paris is the capital`."""
    if at != 0 or len(asked) < 3 or asked[1].word != "the" or len(terms) < 4:
        return False
    return (
        terms[1].word in FORMS_OF_BE
        and terms[2].word == "the"
        and terms[0].word not in PRONOUNS
        and same(terms[3], asked[2])
    )


def turned_roles(asked: Sequence[Term], terms: Sequence[Term]) -> str:
    """How the clause turns who does what to whom. Empty where it does not."""
    own, there = set(_roles(asked)), set(_roles(terms))
    for agent, verb, patient in own:
        if (patient, verb, agent) in there and (agent, verb, patient) not in there and verb not in _MUTUAL:
            return f"'{patient}' and '{agent}' in each other's places"
    return ""


def _roles(terms: Sequence[Term]) -> Iterator[tuple[str, str, str]]:
    """Who does what to whom, where three content words stand together, `by` and forms of `be` aside."""
    told = [term for term in terms if term.word not in DETERMINERS]
    for at in range(len(told) - 2):
        first, verb, second = told[at : at + 3]
        if first.content and verb.content and second.content and not verb.name:
            yield _last(first), _last(verb), _last(second)
    for at in range(len(told) - 3):
        first, verb, small, second = told[at : at + 4]
        if first.content and verb.content and small.word in _DIRECTED and second.name:
            yield _last(first), _last(verb), _last(second)
    for at in range(1, len(told) - 2):
        verb, small, agent = told[at : at + 3]
        patient = told[at - 1] if told[at - 1].word not in FORMS_OF_BE else told[max(0, at - 2)]
        if small.word == "by" and verb.content and agent.content and patient.content:
            yield _last(agent), _last(verb), _last(patient)


def _last(term: Term) -> str:
    return stem_of(term.word.removesuffix("'s"))
