"""Offsets of what was judged as offsets in the trace's own text, where a page or a person looks for them.

The words stay as the judge saw them, with placeholders for private values.
"""

from __future__ import annotations

from assay.judges.redaction.redact import RedactedSample
from assay.judges.schema import Claim, Grade, RuleHit, Scored, Span, Verdict
from assay.worker.reporting.flagged.evidence import EvidenceText
from assay.worker.reporting.flagged.problem import Problem


def problem_in_original(problem: Problem, shown: RedactedSample) -> Problem:
    """The same problem, its places in the trace's own text."""
    return problem.model_copy(
        update={
            "span": problem.span and shown.original_span(problem.span),
            "held_against": tuple(map(shown.original_citation, problem.held_against)),
        }
    )


def evidence_in_original(evidence: EvidenceText, shown: RedactedSample) -> EvidenceText:
    """The same evidence, its place in the trace's own text."""
    return evidence.model_copy(update={"citation": shown.original_citation(evidence.citation)})


def outcome_in_original(outcome: Scored, shown: RedactedSample) -> Scored:
    """The same outcome, every place of its verdict in the trace's own text."""
    if outcome.verdict is None:
        return outcome
    return outcome.model_copy(update={"verdict": _verdict(outcome.verdict, shown)})


def _verdict(verdict: Verdict, shown: RedactedSample) -> Verdict:
    def spans(places: tuple[Span, ...]) -> tuple[Span, ...]:
        return tuple(map(shown.original_span, places))

    return verdict.model_copy(
        update={
            "claims": tuple(_claim(claim, shown) for claim in verdict.claims),
            "not_checkworthy": spans(verdict.not_checkworthy),
            "unjudged": spans(verdict.unjudged),
            "rule_hits": tuple(_hit(hit, shown) for hit in verdict.rule_hits),
            "grades": tuple(_grade(grade, shown) for grade in verdict.grades),
        }
    )


def _claim(claim: Claim, shown: RedactedSample) -> Claim:
    evidence = tuple(map(shown.original_evidence, claim.evidence))
    return claim.model_copy(update={"span": shown.original_span(claim.span), "evidence": evidence})


def _hit(hit: RuleHit, shown: RedactedSample) -> RuleHit:
    return hit.model_copy(update={"span": shown.original_span(hit.span)})


def _grade(grade: Grade, shown: RedactedSample) -> Grade:
    return grade.model_copy(update={"citations": tuple(map(shown.original_citation, grade.citations))})
