"""What a verdict's scores were made of, as a line of JSON holds it: claims and rule hits, or grades.

Words are those the judge saw, with placeholders for private values. Offsets lead into the texts of the input.
"""

from __future__ import annotations

from typing import Any

from assay.judges.grades import cited_text
from assay.judges.metrics import judged_risk
from assay.judges.redaction.redact import RedactedSample
from assay.judges.rubric import Rubric
from assay.judges.schema import Claim, Grade, Scored, Verdict
from assay.worker.batch.explanation import QUOTE_LIMIT

DIGITS = 6
"""Digits behind the point of every number that is written."""


def basis(shown: RedactedSample, outcome: Scored, rubric: Rubric) -> dict[str, Any]:
    """What the scores were made of: claims and rule hits, or grades."""
    verdict = outcome.verdict
    if rubric.method != "grounding":
        return {"grades": [_grade(shown, grade) for grade in verdict.grades] if verdict else []}
    return {
        "claims": [_claim(shown, claim) for claim in verdict.claims] if verdict else [],
        "rule_hits": _rule_hits(shown, verdict),
        "raw_risk": _raw_risk(outcome),
    }


def _grade(shown: RedactedSample, grade: Grade) -> dict[str, Any]:
    first = next(iter(grade.citations), None)
    quote = cited_text(shown.sample, first.part, first.index)[first.start : first.end][:QUOTE_LIMIT] if first else None
    return {
        "score": grade.score,
        "context": grade.context,
        "level": grade.level,
        "value": grade.value,
        "quote": quote,
        "citations": [
            [cited.part, cited.index, cited.start, cited.end] for cited in map(shown.original_citation, grade.citations)
        ],
        "reason": grade.reason,
    }


def _raw_risk(outcome: Scored) -> float | None:
    """The risk before patterns raised it or a calibration was applied: what `assay calibrate` fits on."""
    if outcome.verdict is None or "hallucination_risk" not in outcome.scores:
        return None
    raw = outcome.verdict.raw_risk
    return round(judged_risk(outcome.verdict) if raw is None else raw, DIGITS)


def _claim(shown: RedactedSample, claim: Claim) -> dict[str, Any]:
    contexts = shown.sample.contexts
    evidence = [part for part in claim.evidence if part.context < len(contexts)]
    quote = contexts[evidence[0].context][evidence[0].start : evidence[0].end][:QUOTE_LIMIT] if evidence else None
    span, where = shown.original_span(claim.span), map(shown.original_evidence, evidence)
    return {
        "text": claim.text,
        "span": [span.start, span.end],
        "verdict": claim.verdict.value,
        "p": None if claim.p_supported is None else round(claim.p_supported, DIGITS),
        "p_source": claim.p_source,
        "quote": quote,
        "evidence": [(part.context, part.start, part.end) for part in where],
        "source": claim.source,
        "severity": claim.severity.value,
        "reason": claim.reason,
    }


def _rule_hits(shown: RedactedSample, verdict: Verdict | None) -> list[dict[str, Any]]:
    hits = verdict.rule_hits if verdict else ()
    spans = (shown.original_span(hit.span) for hit in hits)
    return [
        {"rule": hit.rule, "span": [span.start, span.end], "detail": hit.detail}
        for hit, span in zip(hits, spans, strict=True)
    ]
