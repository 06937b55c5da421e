"""Whether a clause of the evidence says what a question asks about, or says otherwise.

A clause decides only where it has every word, name and value asked about, or another value or name in exactly that
place. Whatever cannot be matched completely decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

from assay.judges.local.short.amounts import equal
from assay.judges.local.short.clauses import Clause, continues
from assay.judges.local.short.places import Place, occupant_of, turned_roles
from assay.judges.local.short.reserves import (
    extras,
    is_banned,
    is_plain,
    left_out,
    negations,
    permitted,
    stood_for,
    turns,
)
from assay.judges.local.short.statements import Statement
from assay.judges.local.short.terms import Term, same
from assay.judges.text.passages import Passage


class Relation(IntEnum):
    """How a clause relates to a statement: in the order in which clauses are asked."""

    SAME = 2
    OPPOSITE = 1
    OTHER = 0


class Decision(NamedTuple):
    """What the evidence says of a statement. `detail` names what it has instead, where it has something else."""

    relation: Relation
    passage: Passage
    detail: str = ""


class _Compared(NamedTuple):
    """How many terms a clause has as their opposites, and in whose place it has something else."""

    turned: int
    others: Sequence[tuple[str, Term | None]]


class _Match(NamedTuple):
    """What one clause says, how much it says beside, and the term in whose place it has something else."""

    decision: Decision
    extras: int
    replaced: Term | None = None


def decide(statement: Statement, clauses: Iterable[Clause]) -> Decision | None:
    """What the clauses say of a statement. None where none says it completely, or two say different things."""
    read = list(clauses)
    topics = frozenset().union(*(term.stems for clause in read for term in clause.terms))
    matches = [match for clause in read if (match := _match(statement, clause, topics)) is not None]
    exact = [match for match in matches if match.decision.relation is not Relation.OTHER]
    best = exact or [match for match in matches if not _goes_on(match, read)]
    if not best:
        return None
    fewest = min(match.extras for match in best)
    nearest = [match.decision for match in best if match.extras == fewest]
    return nearest[0] if len({decision.relation for decision in nearest}) == 1 else None


def _goes_on(match: _Match, clauses: Sequence[Clause]) -> bool:
    """Whether the sentence goes on with what is asked about: `at 8 am, 9 am and 10 am`."""
    replaced = match.replaced
    return replaced is not None and any(
        clause.passage == match.decision.passage
        and continues(clause)
        and any(_alike(replaced, there) for there in clause.terms)
        for clause in clauses
    )


def _alike(term: Term, there: Term) -> bool:
    if term.value is not None and there.value is not None:
        return equal(term.value, there.value)
    return same(term, there)


def _match(statement: Statement, clause: Clause, topics: frozenset[str]) -> _Match | None:
    """How one clause relates to the statement. None where it decides nothing."""
    if not is_plain(statement, clause):
        return None
    compared = _compare(statement, clause, topics)
    if compared is None:
        return None
    roles = turned_roles(statement.terms, clause.terms)
    others = [*compared.others, *([(roles, None)] if roles else ())]
    if others:
        return _other(statement, clause, others, compared.turned)
    parity = compared.turned + statement.turned + negations(statement.terms) + negations(clause.terms)
    parity += is_banned(statement, clause)
    relation = Relation.OPPOSITE if parity % 2 else Relation.SAME
    return _Match(Decision(relation, clause.passage), extras(statement, clause))


def _compare(statement: Statement, clause: Clause, topics: frozenset[str]) -> _Compared | None:
    """What a clause has in place of each term asked about. None where it lacks a term."""
    asked = [at for at, term in enumerate(statement.terms) if term.content]
    turned = lent = 0
    others: list[tuple[str, Term | None]] = []
    for at in asked:
        place = occupant_of(statement.terms, at, clause.terms)
        if place.kind is Place.OTHER:
            others.append((place.detail, statement.terms[at]))
        elif place.kind is Place.NONE and turns(statement.terms, at, clause.terms):
            turned += 1
        elif place.kind is Place.NONE and not permitted(statement, at, clause):
            if not (stood_for(statement.terms, at, clause) or left_out(statement, at, clause, topics)):
                return None
            lent += 1
    if not asked or lent > 1 or lent + len(others) == len(asked) or turned + lent == len(asked) > 1:
        return None
    return _Compared(turned, others)


def _other(
    statement: Statement, clause: Clause, others: Sequence[tuple[str, Term | None]], turned: int
) -> _Match | None:
    """Something else in one place of the clause: that denies the statement where both say that something is so."""
    if len(others) > 1 or turned or negations(clause.terms) or negations(statement.terms) or statement.turned:
        return None
    detail, replaced = others[0]
    return _Match(Decision(Relation.OTHER, clause.passage, detail), extras(statement, clause), replaced)
