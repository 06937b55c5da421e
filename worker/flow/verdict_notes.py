"""What the record keeps of a verdict beyond its scores: the worst claim, rules that fired, who judged. No text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from assay.judges.metrics import RULE_HIT_RISK, judged_risk, team_hits, worst_claim
from assay.judges.redaction.redact import RedactedSample
from assay.judges.rubric import Rubric
from assay.judges.schema import Evidence, Grade, RuleHit, Span, Verdict
from assay.worker.records.particulars import VerdictNote

MOST_PASSAGES, MOST_RULES = 5, 20
"""Stretches of evidence, and rules, that are kept of one verdict."""

LONGEST_NAME = 100
"""Characters of a model's or a rule's name that are kept."""


class _Place(NamedTuple):
    """The gravest thing that a verdict says, and where."""

    kind: str
    span: Span | None = None
    evidence: Sequence[Evidence] = ()


def note_of(verdict: Verdict, rubric: Rubric, shown: RedactedSample) -> VerdictNote:
    """The note of one verdict.

    Args:
        verdict: what the judge concluded. Its offsets are those of what it was shown.
        rubric: what it judged by.
        shown: what it was shown. The note's offsets are those of the trace's own texts.
    """
    worst = _gravest(verdict, rubric) or _Place("")
    rules = dict.fromkeys(_name(hit.rule) for hit in verdict.rule_hits)
    return VerdictNote(
        tier=verdict.tier,
        model=_name(verdict.model_served or "") or None,
        calibrated=verdict.calibrated,
        kind=_name(worst.kind) or None,
        span=_offsets(shown.original_span(worst.span)) if worst.span else None,
        evidence=_passages(map(shown.original_evidence, worst.evidence[:MOST_PASSAGES])),
        rule_hits=tuple(rules)[:MOST_RULES],
    )


def _gravest(verdict: Verdict, rubric: Rubric) -> _Place | None:
    if verdict.grades:
        return _of_grade(_worst_grade(verdict.grades, rubric))
    hits = team_hits(verdict)
    if hits and RULE_HIT_RISK[hits[0].severity] > judged_risk(verdict):
        return _of_hit(hits[0])
    claim = worst_claim(verdict)
    return _Place(claim.verdict.value, claim.span, claim.evidence) if claim else None


def _of_hit(hit: RuleHit) -> _Place:
    return _Place(hit.rule, hit.span)


def _worst_grade(grades: Sequence[Grade], rubric: Rubric) -> Grade:
    """The one that is farthest from what is wanted. One without a number is not worse than any other."""

    def value(grade: Grade) -> float:
        if grade.value is None:
            return 1.0
        return 1.0 - grade.value if rubric.scores.get(grade.score) == "minimize" else grade.value

    return min(grades, key=value)


def _of_grade(grade: Grade) -> _Place:
    response = [citation for citation in grade.citations if citation.part == "response"]
    passages = [
        Evidence(context=cited.index, start=cited.start, end=cited.end)
        for cited in grade.citations
        if cited.part == "contexts"
    ]
    span = Span(start=response[0].start, end=response[0].end) if response else None
    return _Place(grade.level, span, passages)


def _offsets(span: Span) -> tuple[int, int]:
    return span.start, span.end


def _passages(evidence: Iterable[Evidence]) -> tuple[tuple[int, int, int], ...]:
    return tuple((passage.context, passage.start, passage.end) for passage in evidence)


def _name(text: str) -> str:
    """A name as it is kept: without what nobody can see, and not long."""
    return "".join(letter for letter in text[:LONGEST_NAME] if letter.isprintable())
