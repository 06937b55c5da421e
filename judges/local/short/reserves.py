"""Whether a clause says all of a statement, and without reserve, beyond having its words."""

from __future__ import annotations

from collections.abc import Sequence

from assay.judges.local.short.clauses import Clause
from assay.judges.local.short.statements import Statement
from assay.judges.local.short.terms import (
    AUXILIARIES,
    DETERMINERS,
    FORMS_OF_BE,
    PREPOSITIONS,
    PRONOUNS,
    Term,
    opposed,
    same,
)
from assay.judges.text.words import word_set

_QUALIFIERS = word_set(
    "only unless if except might may could would should some sometimes maybe perhaps almost nearly partly most few "
    "planned supposed alleged alleges claims claimed rumoured reportedly"
)
"""Words by which a clause says less than what is asked."""

_MAY = word_set("may can could")
"""Verbs that permit, which stand for each other."""

_BANS = word_set("prohibited forbidden banned prohibit prohibits forbid forbids")
"""Words that forbid."""

_LICENCES = _BANS | word_set("allowed permitted welcome possible allow permit")
"""Words that permit or forbid."""


_BESIDE = word_set("to over against versus with")
"""Words that part what is compared, as `than` does."""

_ORDERED = word_set("before after")
"""Words whose two sides make an order in time."""

_DEGREES = word_set("more less fewer most")
"""Words of degree, which are no part of what is compared."""

_EVERYWHERE = word_set("anywhere everywhere nowhere")
"""Words that stand for each place."""


def is_plain(statement: Statement, clause: Clause) -> bool:
    """Whether the clause says what it says without reserve, and with one negation at most."""
    asked = {term.word for term in statement.terms} | {statement.verb}
    if asked & _MAY:
        asked |= _MAY
    own = {term.word for term in clause.terms if not term.name}
    if own & _QUALIFIERS - asked or negations(clause.terms) > 1 or _left_off(statement.terms, clause.terms):
        return False
    if _restricted(statement.terms, clause.terms) or not _compared_alike(statement.terms, clause.terms):
        return False
    if clause.own and not _is_asked(clause.terms[clause.own], statement.terms):
        return False
    told = [at for at in range(len(statement.terms)) if is_told(statement.terms, at)]
    return not any(_of_another_noun(statement.terms[at], clause.terms) for at in told)


def _is_asked(term: Term, asked: Sequence[Term]) -> bool:
    """Whether what a clause goes on with is asked about: not so of `19%, reduced to 7% for books`."""
    return not term.content or term.value is not None or any(same(term, own) or opposed(term, own) for own in asked)


def is_banned(statement: Statement, clause: Clause) -> bool:
    """Whether a clause forbids what a question asks permission for."""
    return statement.licence and any(term.word in _BANS for term in clause.terms)


def is_told(terms: Sequence[Term], at: int) -> bool:
    """Whether a word tells something of what is named before it: no noun of its own, as after `the` or `in`."""
    before = terms[at - 1].word if at else "the"
    small = before in (DETERMINERS - {"a", "an"}) | PREPOSITIONS | {"than"}
    return terms[at].content and not small and any(term.content or term.word in PRONOUNS for term in terms[:at])


def _of_another_noun(term: Term, terms: Sequence[Term]) -> bool:
    """Whether a clause has a word only as part of another noun: `next to the heated terrace`."""
    places = [at for at, there in enumerate(terms) if same(term, there)]
    return bool(places) and all(
        0 < at < len(terms) - 1 and terms[at - 1].word in DETERMINERS and terms[at + 1].content for at in places
    )


def turns(asked: Sequence[Term], at: int, terms: Sequence[Term]) -> bool:
    """Whether a clause tells the opposite of a word: `It is closed` of `open`, not `the second` of `the first`."""
    places = [number for number, there in enumerate(terms) if opposed(asked[at], there)]
    return is_told(asked, at) and any(is_told(terms, number) for number in places)


def permitted(statement: Statement, at: int, clause: Clause) -> bool:
    """Whether a clause of permission may lack the verb of a question: `Can I bring a dog?`."""
    return statement.licence and at == 0 and any(there.word in _LICENCES for there in clause.terms)


def _left_off(asked: Sequence[Term], terms: Sequence[Term]) -> bool:
    """Whether a clause says `without` what is asked about: `It works without a battery`."""
    off = next((at for at, term in enumerate(terms) if term.word == "without"), len(terms))
    if any(term.word == "without" for term in asked):
        return False
    return any(same(term, there) for term in asked for there in terms[off + 1 :] if there.content)


def _restricted(asked: Sequence[Term], terms: Sequence[Term]) -> bool:
    """Whether a clause speaks of fewer than is asked about: `Rooms on the top floor have balconies`."""
    content = [term for term in asked if term.content and term.value is None]
    places = [at for at, there in enumerate(terms) if any(same(there, term) for term in content)]
    small = {term.word for term in asked}
    if len(places) < 2 or not same(terms[places[0]], content[0]) or terms[places[0]].name:
        return False
    between = terms[places[0] + 1 : places[1]]
    verb = next((at for at, term in enumerate(between) if term.word in AUXILIARIES), len(between))
    return any(term.word in PREPOSITIONS - small for term in between[:verb])


def _compared_alike(asked: Sequence[Term], terms: Sequence[Term]) -> bool:
    """Whether the same stands on each side of `than`."""
    sides = (_sides(asked, _ORDERED), _sides(terms, _ORDERED | _BESIDE))
    if sides[0] is None or sides[1] is None:
        return sides[0] is None
    (left, right), (before, after) = sides[0], sides[1]
    return left - right <= before and right - left <= after


def _sides(terms: Sequence[Term], beside: frozenset[str] = frozenset()) -> tuple[frozenset[str], frozenset[str]] | None:
    """Stems before and after `than`, or a word like it. None where there is none, or a value follows."""
    than = (at for words in ({"than"}, beside) for at, term in enumerate(terms) if term.word in words)
    at = next(than, None)
    if at is None or any(term.value is not None for term in terms[at + 1 : at + 2]):
        return None
    parts = (terms[:at], terms[at + 1 :])
    left, right = (
        frozenset().union(*(term.stems for term in part if term.content and term.word not in _DEGREES))
        for part in parts
    )
    return left, right


def negations(terms: Sequence[Term]) -> int:
    """How many of the terms negate."""
    return sum(term.negates for term in terms)


def stood_for(asked: Sequence[Term], at: int, clause: Clause) -> bool:
    """Whether a noun of the statement is what a pronoun of the clause stands for."""
    words = {term.word for term in clause.terms}
    if words & _EVERYWHERE and any(term.word in PREPOSITIONS for term in asked[max(0, at - 2) : at]):
        return True
    noun = asked[at].name or at == 0 or asked[at - 1].word in DETERMINERS
    return noun and asked[at].value is None and bool(clause.known) and asked[at].stems <= clause.known


def left_out(statement: Statement, at: int, clause: Clause, topics: frozenset[str]) -> bool:
    """Whether a passive clause leaves out who acts, which other clauses name: `Insurance is accepted`."""
    asked = [term for term in statement.terms if term.content]
    if len(asked) < 3 or asked[0] is not statement.terms[at] or not asked[0].stems <= topics:
        return False
    places = [next((n for n, there in enumerate(clause.terms) if same(there, term)), -1) for term in asked[1:3]]
    passive = any(term.word in FORMS_OF_BE for term in clause.terms)
    return passive and -1 < places[1] < places[0] and not extras(statement, clause)


def extras(statement: Statement, clause: Clause) -> int:
    """Content terms of the clause that the statement lacks."""
    return sum(
        term.content and term.word not in PRONOUNS and not any(same(term, own) for own in statement.terms)
        for term in clause.terms
    )
