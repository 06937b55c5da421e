"""What the rules about subjects find wrong, and what becomes of the claims it stands in."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from assay.judges.schema import Claim, ClaimVerdict, RuleHit, Severity, Span, Verdict

MOST_HITS = 100
"""Hits of one kind that are told; hostile text can hold thousands. Every claim is judged all the same."""

_ORDER = {Severity.MINOR: 0, Severity.MATERIAL: 1, Severity.CRITICAL: 2}


class Finding(NamedTuple):
    """One value that breaks a rule: which rule (`range:ID`), where in the response, and why."""

    rule: str
    span: Span
    why: str
    severity: Severity


def contradict(verdict: Verdict, findings: Sequence[Finding]) -> Verdict:
    """Every claim a finding stands in becomes contradicted, and every finding a hit.

    The judge's probability stays as it is: the team's rules raise the risk by their severity, after calibration, so
    that a new price list does not make a calibration worthless.
    """
    if not findings:
        return verdict
    ordered = sorted(findings, key=lambda finding: finding.span.start)
    starts = [finding.span.start for finding in ordered]
    claims = []
    for claim in verdict.claims:
        own = ordered[bisect_left(starts, claim.span.start) : bisect_left(starts, claim.span.end)]
        claims.append(_contradicted(claim, own) if own else claim)
    hits = tuple(
        RuleHit(rule=finding.rule, span=finding.span, detail=finding.why, severity=finding.severity)
        for finding in ordered[:MOST_HITS]
    )
    return verdict.model_copy(update={"claims": tuple(claims), "rule_hits": (*verdict.rule_hits, *hits)})


def _contradicted(claim: Claim, findings: Sequence[Finding]) -> Claim:
    worst = max(findings, key=lambda finding: _ORDER[finding.severity])
    return claim.model_copy(
        update={
            "verdict": ClaimVerdict.CONTRADICTED,
            "severity": max(claim.severity, worst.severity, key=_ORDER.__getitem__),
            "evidence": (),
            "source": f"rule:{worst.rule}",
            "reason": worst.why,
        }
    )
