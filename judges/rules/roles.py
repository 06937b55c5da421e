"""Roles exchanged: who does what to whom, and which of two subjects an attribute belongs to.

`Bob reports to Alice` beside `Alice reports to Bob` is contradicted: two names stand around the same words in the other
order. `Children over 5 travel free` beside `Children under 5 travel free; children over 5 pay half` takes its subject
from one clause and what it says from another. Where that is sure to exclude what the evidence says, the claim is
contradicted; else it is doubt. Where a passage says the same as the claim, nothing is proven.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from assay.judges.rules.crossings import contains, crossed_clauses
from assay.judges.rules.findings import Finding, for_answers, with_findings
from assay.judges.rules.step import Progress
from assay.judges.rules.swaps import turned_roles
from assay.judges.schema import Claim, ClaimVerdict, Sample
from assay.judges.text.form import without_form
from assay.judges.text.order import CONTENT, Token, clauses, tokens_of, written_terms
from assay.judges.text.passages import PassageIndex, passage_index

CARRIED = 0.9
"""Share of a claim's content words one passage must have before the order of its names is compared."""

MOST_PASSAGES = 8
"""Passages a claim is compared with: those that carry most of it."""


def check_roles(sample: Sample, progress: Progress) -> Progress:
    """Each supported claim with exchanged roles becomes `contradicted`, or `not_found` where that is only likely."""
    check = _Check(sample)
    return progress._replace(verdict=with_findings(progress.verdict, check.exchanged, "roles:exchanged"))


compile_roles = for_answers(check_roles)


class _Check:
    """The claims of one response beside the evidence, which is cut when first needed."""

    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        self._read = without_form(sample.response)
        self._tokens: dict[int, tuple[Token, ...]] = {}

    @cached_property
    def _index(self) -> PassageIndex:
        return passage_index(self._sample.contexts)

    def _passage(self, number: int) -> tuple[Token, ...]:
        if number not in self._tokens:
            passage = self._index.passages[number]
            self._tokens[number] = tokens_of(self._sample.contexts[passage.context][passage.start : passage.end])
        return self._tokens[number]

    def exchanged(self, claim: Claim) -> Finding | None:
        """What changed places in a supported claim; None where nothing did, or a passage says the same."""
        if claim.verdict is not ClaimVerdict.SUPPORTED:
            return None
        text = self._read[claim.span.start : claim.span.end]
        content = written_terms(text, CONTENT)
        # Where the evidence lacks a word of the claim, no two clauses of it have them all.
        lacking = self._index.lacks(content)
        if len(content) < 2 or (lacking and len(content) - lacking < CARRIED * len(content)):
            return None
        own = tokens_of(text)
        numbers = self._index.most(content, MOST_PASSAGES)
        first: Finding | None = None
        for number in numbers:
            passage = self._index.passages[number]
            if len(content.intersection(passage.stems)) < CARRIED * len(content):
                continue
            other = self._passage(number)
            reason = "" if contains(other, own) else turned_roles(own, other)
            if reason == "":
                return None
            if reason and first is None:
                first = Finding(reason, passage.where, proven=True)
        return first or self._crossed(own, content, numbers)

    def _crossed(self, own: Sequence[Token], content: frozenset[str], numbers: Sequence[int]) -> Finding | None:
        """Whether the claim takes its subject from one clause and the rest from another."""
        for number in numbers:
            near = self._index.around(number)
            # Each word of such a claim stands in one of the two clauses.
            if content.difference(*(self._index.passages[beside].stems for beside in near)):
                continue
            parts = [clause for beside in near for clause in clauses(self._passage(beside))]
            crossed = crossed_clauses(own, parts)
            if crossed is not None:
                reason, proven = crossed
                return Finding(reason, self._index.passages[number].where, proven)
        return None
