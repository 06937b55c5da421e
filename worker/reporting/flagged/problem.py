"""What is wrong with a flagged answer, out of its verdict: the sentence, what was said of it, and what it rests on."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from assay.judges.metrics import RULE_HIT_RISK, judged_risk, team_hits, worst_claim
from assay.judges.rubric import Rubric
from assay.judges.schema import Citation, Claim, ClaimVerdict, Grade, Record, RuleHit, Sample, Span, Verdict
from assay.worker.reporting.flagged.query import RISK


class Problem(Record):
    """What is wrong with one answer.

    Attributes:
        sentence: the part of the answer. Empty where the whole answer is meant, or where it cannot be shown.
        span: where it stands in the answer.
        verdict: the claim's verdict, `rule_hit`, or the level of a grade.
        criterion: the criterion, the check or the rule. Empty for a claim.
        reason: why, as the judge says it.
        held_against: the stretches of the sample it was compared with.
        needs_evidence: whether it says something when there are none.
    """

    sentence: str = ""
    span: Span | None = None
    verdict: str = ""
    criterion: str = ""
    reason: str = ""
    held_against: tuple[Citation, ...] = ()
    needs_evidence: bool = Field(default=False, exclude=True)


def problem_of(verdict: Verdict, score: str, *, rubric: Rubric | None, sample: Sample | None) -> Problem:
    """The gravest thing a verdict says against an answer, by the score in question.

    Args:
        verdict: what the judge concluded.
        score: why the answer is listed.
        rubric: the version that judged it. Without it a second score of a criterion cannot be told from the first.
        sample: what was judged. Without it some sentences cannot be shown.
    """
    if verdict.grades:
        return _of_grade(verdict.grades, score, rubric, sample)
    hits = team_hits(verdict)
    if score == RISK and hits and RULE_HIT_RISK[hits[0].severity] > judged_risk(verdict):
        return _of_hit(hits[0], verdict.claims, sample)
    claim = worst_claim(verdict)
    return Problem(reason=verdict.explanation) if claim is None else _of_claim(claim)


def _of_claim(claim: Claim) -> Problem:
    held_against = tuple(
        Citation(part="contexts", index=passage.context, start=passage.start, end=passage.end)
        for passage in claim.evidence
    )
    is_in_doubt = claim.verdict is ClaimVerdict.SUPPORTED and claim.p_supported is not None
    doubt = f"the judge is {claim.p_supported:.0%} sure of it" if is_in_doubt else ""
    return Problem(
        sentence=claim.text,
        span=claim.span,
        verdict=claim.verdict.value,
        reason=claim.reason or doubt,
        held_against=held_against,
        needs_evidence=True,
    )


def _of_hit(hit: RuleHit, claims: Sequence[Claim], sample: Sample | None) -> Problem:
    around = next((c for c in claims if c.span.start <= hit.span.start and hit.span.end <= c.span.end), None)
    text = sample.response[hit.span.start : hit.span.end] if sample else ""
    return Problem(
        sentence=around.text if around else text,
        span=around.span if around else hit.span,
        verdict="rule_hit",
        criterion=hit.rule,
        reason=hit.detail,
    )


def _of_grade(grades: Sequence[Grade], score: str, rubric: Rubric | None, sample: Sample | None) -> Problem:
    """The worst grade of the criterion that gives a score."""
    criterion = next((c.score for c in rubric.criteria if score in c.scores()), score) if rubric else score
    own = [grade for grade in grades if grade.score == criterion and grade.value is not None] or list(grades)
    is_minimized = rubric is not None and rubric.scores.get(score) == "minimize"
    worst = min(own, key=lambda grade: (-1 if is_minimized else 1) * (grade.value or 0.0))
    cited = next((citation for citation in worst.citations if citation.part == "response"), None)
    where = "" if worst.context is None else f"passage {worst.context + 1}: "
    return Problem(
        sentence=sample.response[cited.start : cited.end] if cited and sample else "",
        span=Span(start=cited.start, end=cited.end) if cited else None,
        verdict=worst.level,
        criterion=criterion,
        reason=f"{where}{worst.reason}" if worst.reason or where else "",
        held_against=tuple(citation for citation in worst.citations if citation is not cited),
    )
