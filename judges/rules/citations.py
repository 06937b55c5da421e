"""Citation marks that point to no passage, e.g. `[7]` where five passages were given.

A finding of its own: it changes no claim and no risk. The number of a mark is no value, and a sentence with a wrong
mark may still be true.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from assay.judges.metrics import INVALID_CITATION
from assay.judges.rubric import Rules
from assay.judges.rules.mark_lookalikes import Lookalikes, names_law_or_note
from assay.judges.rules.numbered_marks import numbered_marks
from assay.judges.rules.step import Progress, Step
from assay.judges.schema import ResponseKind, RuleHit, Sample, Severity, Span
from assay.judges.text.form import CitationMark
from assay.judges.text.form.marks import SOURCE_WORD

MOST_HITS = 20

_BLOCK = re.compile(r"\n[ \t]*\n(?=[ \t]*\S)|\{|(?:^|(?<=\n))[ \t]{0,8}(?:[-*#]|\(?\d{1,3}[.):]|<\w)")
"""Where another document may begin within one context, e.g. `\\n\\nNext`, `{`, `2. `."""

_NAMED = re.compile(
    rf"(?:{SOURCE_WORD}|id|index|number|no\.|n[°º])[\"'’]?[\s#_:=.\"'-]{{0,4}}(\d{{1,3}})\b|[\[【(<](\d{{1,3}})[\]】)>†:]"
    r"|(?:^|(?<=\n))\W{0,4}(\d{1,3})[.):]",
    re.IGNORECASE,
)
"""A number the evidence gives to one of its documents, e.g. `Document 7`, `"id": 7`, `[7]`."""


_LISTED = re.compile(
    r"(?:^|(?<=\n))[ \t>]{0,8}(?:[-*+]\s)?\[(?P<number>\d{1,3})\](?P<colon>:\s?https?://|:\s?www\.)?(?!\()"
)
"""A line that gives a number to a source, e.g. `[1] handbook.pdf`, `[2]: https://example.org`."""


def compile_citations(rules: Rules, source: str) -> Step:
    """The step that looks where citation marks point to. No rubric has to ask for it."""
    del rules, source

    def step(sample: Sample, progress: Progress) -> Progress:
        verdict = progress.verdict
        hits = tuple(invalid_citations(sample)) if verdict.kind is ResponseKind.ANSWER else ()
        if not hits:
            return progress
        return progress._replace(verdict=verdict.model_copy(update={"rule_hits": (*verdict.rule_hits, *hits)}))

    return step


def invalid_citations(sample: Sample) -> Iterator[RuleHit]:
    """A hit for each mark with a number that no passage can have, at most 20.

    Numbers may begin at 0 or at 1, a context may hold several documents, the evidence may number its documents in a
    way of its own, and so may the answer in a list of its sources.
    """
    if not any(map(str.strip, sample.contexts)):
        return
    marks = numbered_marks(sample.response)
    most = _most_passages(sample) if marks else 0
    if all(max(mark.sources) <= most for mark in marks):
        return
    wrong = _wrong(sample, marks, most, _numbered(sample) | _defined(sample.response))
    for mark, number in islice(wrong, MOST_HITS):
        yield _hit(sample, mark, number)


def _wrong(
    sample: Sample, marks: Sequence[CitationMark], most: int, known: frozenset[int]
) -> Iterator[tuple[CitationMark, int]]:
    """The marks that point to no passage, each with the number that does not."""
    text = sample.response
    lookalikes = Lookalikes(text, sample.contexts, most)
    passages = {names_law_or_note(text, mark) for mark in marks if max(mark.sources) <= most}
    for mark in marks:
        number = next((number for number in mark.sources if number > most and number not in known), None)
        law_or_note = names_law_or_note(text, mark)
        if number is None or (law_or_note and law_or_note not in passages):
            continue
        if not lookalikes.has(mark):
            yield mark, number


def _defined(response: str) -> frozenset[int]:
    """The numbers the answer gives to its own sources: in a list of lines that counts from 1, or in definitions."""
    counted: set[int] = set()
    defined: set[int] = set()
    for match in _LISTED.finditer(response):
        number = int(match.group("number"))
        if number == len(counted) + 1:
            counted.add(number)
        if match.group("colon"):
            defined.add(number)
    return frozenset(defined | counted if len(counted) > 1 else defined)


def _most_passages(sample: Sample) -> int:
    """How many passages there may be at most."""
    if len(sample.contexts) > 1:
        return len(sample.contexts)
    return 1 + sum(1 for _ in _BLOCK.finditer(sample.contexts[0]))


def _numbered(sample: Sample) -> frozenset[int]:
    """The numbers that evidence, question and history give to documents."""
    texts = (*sample.contexts, sample.question or "", *(turn.content for turn in sample.history))
    return frozenset(int(next(filter(None, match.groups()))) for text in texts for match in _NAMED.finditer(text))


def _hit(sample: Sample, mark: CitationMark, number: int) -> RuleHit:
    passages = len(sample.contexts)
    there = f"there are {passages} passages" if passages > 1 else "there is one passage"
    return RuleHit(
        rule=INVALID_CITATION,
        span=Span(start=mark.start, end=mark.end),
        detail=f"The citation mark with the number {number} points to no passage; {there}.",
        severity=Severity.MINOR,
    )
