"""What the record keeps of a verdict: the worst of it by its place, and no text."""

from __future__ import annotations

import pytest

from assay.judges.redaction.policy import Redaction
from assay.judges.redaction.redact import redacted_sample
from assay.judges.rubric import Rubric
from assay.judges.schema import (
    Citation,
    Claim,
    ClaimVerdict,
    Evidence,
    Grade,
    RuleHit,
    Sample,
    Severity,
    Span,
    Tier,
    Verdict,
)
from assay.worker.flow.verdict_notes import LONGEST_NAME, MOST_PASSAGES, note_of

RUBRIC = Rubric(name="grounding")
ANSWER = "Write to anna@example.org. The bridge was opened in 1942."
SAMPLE = Sample(id="t1", response=ANSWER, contexts=("The bridge was opened in 1932.",))
SHOWN = redacted_sample(SAMPLE, Redaction())


def claim(text: str, verdict: ClaimVerdict, *, evidence: tuple[Evidence, ...] = (), answer: str = ANSWER) -> Claim:
    start = answer.index(text)
    span = Span(start=start, end=start + len(text))
    return Claim(text=text, span=span, verdict=verdict, source="llm", evidence=evidence)


def verdict(*claims: Claim, **over: object) -> Verdict:
    return Verdict.model_validate({"judge": "llm", "tier": Tier.LLM, "claims": claims, **over})


def test_worst_claim_is_kept_by_its_place() -> None:
    passage = Evidence(context=0, start=4, end=30)
    worst = claim("The bridge was opened in 1942.", ClaimVerdict.CONTRADICTED, evidence=(passage,))
    fine = claim("Write to anna@example.org.", ClaimVerdict.SUPPORTED)
    note = note_of(verdict(fine, worst, calibrated=True, model_served="m-1"), RUBRIC, SHOWN)
    assert (note.kind, note.evidence) == ("contradicted", ((0, 4, 30),))
    assert note.span is not None
    assert ANSWER[slice(*note.span)] == worst.text
    assert (note.tier, note.model, note.calibrated) == (Tier.LLM, "m-1", True)


def test_offsets_are_those_of_the_trace_where_the_judge_saw_placeholders() -> None:
    shown = redacted_sample(SAMPLE, Redaction(kinds=("email",)))
    seen = shown.sample.response
    assert "anna@" not in seen
    worst = claim("The bridge was opened in 1942.", ClaimVerdict.CONTRADICTED, answer=seen)
    note = note_of(verdict(worst), RUBRIC, shown)
    assert note.span is not None
    assert ANSWER[slice(*note.span)] == worst.text


def test_rule_of_the_team_that_weighs_more_than_the_judge_is_the_worst() -> None:
    hit = RuleHit(rule="pattern:refund-promise", span=Span(start=0, end=5), detail="x", severity=Severity.CRITICAL)
    fine = claim("Write to anna@example.org.", ClaimVerdict.SUPPORTED)
    note = note_of(verdict(fine, rule_hits=(hit, hit), risk=0.1), RUBRIC, SHOWN)
    assert (note.kind, note.span, note.rule_hits) == ("pattern:refund-promise", (0, 5), ("pattern:refund-promise",))


def test_worst_grade_is_kept_by_its_level_and_citations() -> None:
    rubric = RUBRIC
    cited = (Citation(part="response", start=0, end=5), Citation(part="contexts", index=0, start=1, end=3))
    grades = (
        Grade(score="tone", level="fine", value=1.0),
        Grade(score="tone", level="rude", value=0.0, citations=cited),
        Grade(score="tone", level="not_applicable"),
    )
    note = note_of(verdict(grades=grades), rubric, SHOWN)
    assert (note.kind, note.span, note.evidence) == ("rude", (0, 5), ((0, 1, 3),))


def test_verdict_without_claims_has_no_worst() -> None:
    note = note_of(verdict(), RUBRIC, SHOWN)
    assert (note.kind, note.span, note.evidence, note.model) == (None, None, (), None)


@pytest.mark.parametrize("name", ["m\x1b[31m\n", "x" * 5_000])
def test_names_are_short_and_printable(name: str) -> None:
    """A model's name comes from whoever answers the call."""
    note = note_of(verdict(model_served=name), RUBRIC, SHOWN)
    assert note.model is not None
    assert note.model.isprintable()
    assert len(note.model) <= LONGEST_NAME


def test_many_passages_are_cut() -> None:
    passages = tuple(Evidence(context=0, start=n, end=n + 1) for n in range(20))
    worst = claim("The bridge was opened in 1942.", ClaimVerdict.CONTRADICTED, evidence=passages)
    assert len(note_of(verdict(worst), RUBRIC, SHOWN).evidence) == MOST_PASSAGES
