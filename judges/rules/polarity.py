"""Statements turned around: a negation dropped or added, a word replaced by its opposite.

A claim is contradicted where one passage has all its words and exactly one of the two is negated, or where the passage
has the opposite of one word in its place. `Gift cards are refundable` beside `Gift cards are not refundable` is such a
claim. Where another passage says the same without the difference, nothing is proven.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

from assay.judges.rules.denials import denial, denies_a_clause
from assay.judges.rules.findings import Finding, for_answers, with_findings
from assay.judges.rules.opposition import DENIES, hinge, in_place, opposed
from assay.judges.rules.statements import CARRIES, EVERYBODY, Statement, of_some
from assay.judges.rules.step import Progress
from assay.judges.schema import Claim, ClaimVerdict, Sample
from assay.judges.text.form import without_form
from assay.judges.text.order import written_terms
from assay.judges.text.passages import Passage, PassageIndex, passage_index
from assay.judges.text.words import stem, word_set

CARRIED = 0.95
"""Share of a claim's content words one passage must carry before their negations are compared."""

LEAST_WORDS = 2
"""A claim with fewer content words says too little to be turned around by any passage but the only one that has it."""

MOST_PASSAGES = 12
"""Passages a claim is compared with: those that carry most of it."""

_ONLY = frozenset(map(stem, word_set("only solely exclusively")))
_DOUBT = word_set("whether")


def check_polarity(sample: Sample, progress: Progress) -> Progress:
    """Each claim that a passage denies becomes `contradicted`, with a hit that says by what."""
    return progress._replace(verdict=with_findings(progress.verdict, _Check(sample).turned, "polarity:turned"))


compile_polarity = for_answers(check_polarity)


class _Check:
    """The claims of one response beside the evidence, which is cut when first needed."""

    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        self._read = without_form(sample.response)
        self._statements: dict[int, Statement] = {}

    @cached_property
    def _index(self) -> PassageIndex:
        return passage_index(self._sample.contexts)

    def _passage(self, number: int) -> Statement:
        if number not in self._statements:
            passage = self._index.passages[number]
            text = self._sample.contexts[passage.context][passage.start : passage.end]
            self._statements[number] = Statement.of(text)
        return self._statements[number]

    def _asks(self, passage: Passage) -> bool:
        """Whether a passage is a question, which states nothing."""
        return self._sample.contexts[passage.context][passage.start : passage.end].rstrip().endswith("?")

    def turned(self, claim: Claim) -> Finding | None:
        """What turns a claim around; None where a passage says the same, or none says enough of it."""
        # What the screen itself calls contradicted may be proven here, which its risk then shows.
        if claim.verdict is ClaimVerdict.CONTRADICTED and claim.source != "local":
            return None
        text = self._read[claim.span.start : claim.span.end]
        numbers = self._carrying(written_terms(text, CARRIES))
        if not numbers:
            return None
        own = Statement.of(text)
        if not self._may_be_turned(own):
            return None
        first: Finding | None = None
        for number in numbers:
            passage = self._index.passages[number]
            reason = _difference(own, self._passage(number))
            if reason is None or (reason and self._asks(passage)):
                continue
            if not reason:
                return None  # this passage says the same
            first = first or Finding(reason, passage.where, proven=True)
        return first

    def _carrying(self, written: frozenset[str]) -> list[int]:
        """The passages that have nearly all words of a claim. Most claims are told in other words and have none."""
        least = min(len(written) - 1, CARRIED * len(written))
        if len(written) - self._index.lacks(written) < least:
            return []
        return [
            number
            for number in self._index.most(written, MOST_PASSAGES)
            if len(written.intersection(self._index.passages[number].stems)) >= least
        ]

    def _may_be_turned(self, own: Statement) -> bool:
        """Whether a claim says enough, and surely states or denies it."""
        if own.unclear or not _DOUBT.isdisjoint(own.terms):
            return False
        if len(own.content) >= LEAST_WORDS:
            return True
        # `She is a lawyer` is about whom the one passage is about that has its word.
        return len(own.tokens) > LEAST_WORDS and any(len(self._index.holding(term)) == 1 for term in own.written)


def _difference(own: Statement, other: Statement) -> str | None:
    """How two statements differ in polarity: empty where they say the same, None where they cannot be compared."""
    if of_some(own, other):
        return None
    if denies_a_clause(own, other):
        return DENIES
    reason = in_place(own, other)
    return _in_other_words(own, other) if reason is None and len(own.content) >= LEAST_WORDS else reason


def _in_other_words(own: Statement, other: Statement) -> str | None:
    """The same for statements of which none has the words of the other in its order."""
    shared = own.content & other.content
    if _restricts(own, other) and len(shared) >= LEAST_WORDS and len(own.content - shared) <= 1:
        return "the evidence says so only of some"
    if "non" in own.terms and "non" not in other.terms:
        return None
    if len(shared) < CARRIED * len(own.content):
        return opposed(own, other)
    turned = hinge(own, other)
    if turned is None:
        return denial(own, other)
    # `Only if` and `not unless` say the same.
    same = bool(own.denied) != bool(other.denied)
    return "" if same else f"'{turned[0]}' where the evidence says '{turned[1]}'"


def _restricts(own: Statement, other: Statement) -> bool:
    """Whether the claim says of everybody, or of others, what the passage says of some only."""
    mine, theirs = own.terms, other.terms
    if _ONLY.isdisjoint(theirs) or not _ONLY.isdisjoint(mine):
        return False
    if not own.denied and any(_ONLY & {before} and _of_others(mine, after) for before, after in pairwise(theirs)):
        return True
    return not EVERYBODY.isdisjoint(mine) and EVERYBODY.isdisjoint(theirs)


def _of_others(terms: list[str], whom: str) -> bool:
    """Whether a statement is about those who are not of a kind: `non-members`."""
    return ("non", whom) in pairwise(terms)
