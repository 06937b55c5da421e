"""What the rules about subjects find wrong, and what becomes of the claims it stands in."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from assay.judges.schema import Claim, ClaimVerdict, RuleHit, Severity, Span, Verdict

MOST_HITS = 100
"""Hits of one kind that are told. Hostile text can hold thousands. Every claim is judged all the same."""

_ORDER = {Severity.MINOR: 0, Severity.MATERIAL: 1, Severity.CRITICAL: 2}


class Violation(NamedTuple):
    """One value that breaks a rule: which rule (`range:ID`), where in the response, and why."""

    rule: str
    span: Span
    why: str
    severity: Severity


def contradict(verdict: Verdict, violations: Sequence[Violation]) -> Verdict:
    """Every claim a violation stands in becomes contradicted, and every violation a hit.

    The judge's probability stays as it is: the team's rules raise the risk by their severity, after calibration, so
    that a new price list does not make a calibration worthless.
    """
    if not violations:
        return verdict
    ordered = sorted(violations, key=lambda violation: violation.span.start)
    starts = [violation.span.start for violation in ordered]
    claims = []
    for claim in verdict.claims:
        own = ordered[bisect_left(starts, claim.span.start) : bisect_left(starts, claim.span.end)]
        claims.append(_contradicted(claim, own) if own else claim)
    hits = tuple(
        RuleHit(rule=violation.rule, span=violation.span, detail=violation.why, severity=violation.severity)
        for violation in ordered[:MOST_HITS]
    )
    return verdict.model_copy(update={"claims": tuple(claims), "rule_hits": (*verdict.rule_hits, *hits)})


def _contradicted(claim: Claim, violations: Sequence[Violation]) -> Claim:
    worst = max(violations, key=lambda violation: _ORDER[violation.severity])
    return claim.model_copy(
        update={
            "verdict": ClaimVerdict.CONTRADICTED,
            "severity": max(claim.severity, worst.severity, key=_ORDER.__getitem__),
            "evidence": (),
            "source": f"rule:{worst.rule}",
            "reason": worst.why,
        }
    )
