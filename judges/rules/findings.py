"""What a rule finds wrong with one claim, and the verdict after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from assay.judges.rules.step import Compile, Progress
from assay.judges.schema import Claim, ClaimVerdict, Evidence, ResponseKind, RuleHit, Sample, Verdict

DOUBTED_SUPPORT = 0.5
"""Probability of a claim that a rule finds likely wrong and cannot prove wrong: as good as unknown."""


class Finding(NamedTuple):
    """Why a claim is wrong, the passage that says otherwise, and whether that is proven or only likely."""

    reason: str
    evidence: Evidence
    proven: bool


def for_answers(check: Callable[[Sample, Progress], Progress]) -> Compile:
    """Compiles a check that holds for every rubric of grounding, and for answers only."""

    def step(sample: Sample, progress: Progress) -> Progress:
        return check(sample, progress) if progress.verdict.kind is ResponseKind.ANSWER else progress

    return lambda rules, source: step


def with_findings(verdict: Verdict, find: Callable[[Claim], Finding | None], rule: str) -> Verdict:
    """The verdict with each claim that a rule finds wrong `contradicted`, or `not_found` where that is only likely.

    Args:
        verdict: before the rule.
        find: gives what is wrong with a claim, None where nothing is.
        rule: name of the hits, e.g. `polarity:turned`. The part before the colon is the source of the claims.
    """
    findings = [find(claim) for claim in verdict.claims]
    both = list(zip(verdict.claims, findings, strict=True))
    hits = [RuleHit(rule=rule, span=claim.span, detail=wrong.reason) for claim, wrong in both if wrong is not None]
    if not hits:
        return verdict
    source = f"rule:{rule.partition(':')[0]}"
    claims = [claim if wrong is None else after_finding(claim, wrong, source) for claim, wrong in both]
    return verdict.model_copy(update={"claims": tuple(claims), "rule_hits": (*verdict.rule_hits, *hits)})


def after_finding(claim: Claim, wrong: Finding, source: str) -> Claim:
    """The claim `contradicted`, or `not_found` where the finding is only likely."""
    changed: dict[str, object] = {"source": source, "p_source": None, "reason": wrong.reason}
    if wrong.proven:
        changed |= {"verdict": ClaimVerdict.CONTRADICTED, "evidence": (wrong.evidence,), "p_supported": None}
    else:
        known = DOUBTED_SUPPORT if claim.p_supported is None else min(claim.p_supported, DOUBTED_SUPPORT)
        changed |= {"verdict": ClaimVerdict.NOT_FOUND, "p_supported": known}
    return claim.model_copy(update=changed)
