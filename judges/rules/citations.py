"""Citation marks that point to no passage, e.g. `[7]` where five passages were given.

A finding of its own: it changes no claim and no risk. The number of a mark is no value, and a sentence with a wrong
mark may still be true.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from assay.judges.metrics import INVALID_CITATION
from assay.judges.rubric import Rules
from assay.judges.rules.step import Progress, Step
from assay.judges.schema import ResponseKind, RuleHit, Sample, Severity, Span
from assay.judges.text.form import CitationMark, citation_marks
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

    Numbers may begin at 0 or at 1, a context may hold several documents, and the evidence may number its documents in
    a way of its own.
    """
    if not any(map(str.strip, sample.contexts)):
        return
    marks = [mark for mark in citation_marks(sample.response) if mark.sources and not _is_bare_round(sample, mark)]
    most = _most_passages(sample) if marks else 0
    known = _numbered(sample) if any(max(mark.sources) > most for mark in marks) else frozenset()
    hits = 0
    for mark in marks:
        wrong = next((number for number in mark.sources if number > most and number not in known), None)
        if wrong is None:
            continue
        yield _hit(sample, mark, wrong)
        hits += 1
        if hits == MOST_HITS:
            return


def _is_bare_round(sample: Sample, mark: CitationMark) -> bool:
    """Whether the mark is a number in round brackets, or raised: it may be something else than a mark."""
    return sample.response[mark.start] not in "[【［〔\\^" and not any(
        map(str.isalpha, sample.response[mark.start : mark.end])
    )


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
