"""The three scores, all from one claim table. The words beside them: `comments`.

With s, c and n the numbers of supported, contradicted and not found claims:

- groundedness = s ÷ (s + c + n): is each statement attributable to the evidence?
- faithfulness = s ÷ (s + c): where the evidence speaks, does the answer tell it truly?
- hallucination_risk: the judge's own probability that a person would mark a hallucination, or, where the judge has
  none, m + ρ·(n − m): m is the worst doubt of all, n = 1 − Π(1 − dᵢ) what they come to if they were independent. A
  claim's doubt dᵢ is the probability that it is not supported times the weight of its severity. Rejected evidence is
  a doubt too. ρ lies between because doubts of one answer go together: with n alone, forty claims at p = .97 would
  come to .70, and a long good answer could never be trusted. More claims and rule hits can only raise the risk, and
  length does not dilute it. It is raw until `assay calibrate` has fitted a curve to it.

The functions are pure: what does not apply is named with its reason and never becomes a number.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

from assay.judges.rubric import Rubric, ScoreName
from assay.judges.schema import Claim, ClaimVerdict, GroundingState, ResponseKind, RuleHit, Sample, Severity, Verdict
from assay.judges.text.blank import is_empty

SEVERITY_WEIGHTS = {Severity.MINOR: 0.5, Severity.MATERIAL: 1.0, Severity.CRITICAL: 1.0}
"""How much of a claim's doubt counts as risk. A material claim that fails is a hallucination, whatever its price."""

INDEPENDENCE = 0.25
"""ρ: how much of the way from the worst doubt to independent doubts the risk goes. Set by judgement, not fitted."""

REJECTED_EVIDENCE_DOUBT = 0.1
"""Doubt added once where code rejected some evidence: a judge that points at nothing may err elsewhere too."""

UNSEEN_EVIDENCE_WEIGHT = 0.8
"""Weight of `not_found` where some evidence was not shown: what was left out may carry the claim."""

RULE_HIT_RISK = {Severity.MINOR: 0.25, Severity.MATERIAL: 0.6, Severity.CRITICAL: 0.95}
"""The least risk a response has once one of the team's rules of that severity fired: material is over the usual cut."""

TEAM_RULES = ("pattern", "range", "table", "disclaimer")
"""Rules that a team writes. Their hits raise the risk and are told. Those of rule `values` show in the claims alone."""

INVALID_CITATION = "citation:invalid"
"""Rule of a citation mark that points to no passage. Its hits are told and change neither verdict, risk nor route."""

RiskLabel = Literal["low", "medium", "high"]

_BADNESS = {ClaimVerdict.CONTRADICTED: 2, ClaimVerdict.NOT_FOUND: 1, ClaimVerdict.SUPPORTED: 0}
_SEVERITY_ORDER = {Severity.MINOR: 0, Severity.MATERIAL: 1, Severity.CRITICAL: 2}


def score(
    sample: Sample, verdict: Verdict, rubric: Rubric
) -> tuple[dict[ScoreName, float], dict[ScoreName, str], GroundingState]:
    """Scores of one verdict, the reason for each score that does not apply, and the grounding state.

    Only scores the rubric lists are returned, each in exactly one of the two mappings.
    """
    state = grounding_state(sample, verdict)
    scores: dict[ScoreName, float] = {}
    missing: dict[ScoreName, str] = {}
    for name in rubric.scores:
        value = _value(name, verdict, state, rubric)
        if isinstance(value, str):
            missing[name] = value
        else:
            scores[name] = value
    return scores, missing, state


def grounding_state(sample: Sample, verdict: Verdict) -> GroundingState:
    """Why numbers are there, or why not: the first state that holds, from no answer to an answer fully judged.

    Where only a part of the response was judged, what holds of the part need not hold of the response.
    """
    if verdict.prompt_cut or (verdict.unjudged and has_evidence(sample)):
        return GroundingState.PARTIAL_CONTEXT if verdict.prompt_cut else GroundingState.PARTLY_JUDGED
    if verdict.kind is not ResponseKind.ANSWER or not verdict.claims:
        return _state_without_claims(verdict)
    if not has_evidence(sample):
        return GroundingState.NO_EVIDENCE
    if verdict.partial_context:
        return GroundingState.PARTIAL_CONTEXT
    if all(claim.verdict is ClaimVerdict.NOT_FOUND for claim in verdict.claims):
        return GroundingState.EVIDENCE_SILENT
    return GroundingState.JUDGED


def _state_without_claims(verdict: Verdict) -> GroundingState:
    if verdict.kind is ResponseKind.REFUSAL:
        return GroundingState.REFUSAL
    return GroundingState.LANGUAGE_UNSUPPORTED if verdict.language_unsupported else GroundingState.NO_CLAIMS


def has_evidence(sample: Sample) -> bool:
    """Whether any context says something: `[]` or `{"documents": []}` is what a search gives that found nothing."""
    return not all(is_empty(context) for context in sample.contexts)


def _value(name: ScoreName, verdict: Verdict, state: GroundingState, rubric: Rubric) -> float | str:
    """One score, or the reason why it does not apply. A judge that did not read its prompt gives none."""
    if verdict.prompt_cut or (state is GroundingState.PARTLY_JUDGED and not verdict.claims):
        return state.value
    if state in (GroundingState.REFUSAL, GroundingState.NO_CLAIMS, GroundingState.LANGUAGE_UNSUPPORTED):
        return state.value
    if state is GroundingState.NO_EVIDENCE:
        scored = name == "hallucination_risk" and rubric.closed_book == "score"
        return hallucination_risk(verdict) if scored else state.value
    if name == "hallucination_risk":
        return hallucination_risk(verdict)
    supported = _count(verdict.claims, ClaimVerdict.SUPPORTED)
    spoken = supported + _count(verdict.claims, ClaimVerdict.CONTRADICTED)
    if name == "groundedness":
        return supported / len(verdict.claims)
    return supported / spoken if spoken else GroundingState.EVIDENCE_SILENT.value


def _count(claims: Iterable[Claim], verdict: ClaimVerdict) -> int:
    return sum(claim.verdict is verdict for claim in claims)


def hallucination_risk(verdict: Verdict) -> float:
    """Risk in [0, 1]: the judge's own where it states one, else that of the claims. The team's rules only raise it."""
    return max([judged_risk(verdict), *(RULE_HIT_RISK[hit.severity] for hit in team_hits(verdict))])


def team_hits(verdict: Verdict) -> list[RuleHit]:
    """Hits of the rules a team wrote, the gravest first."""
    hits = [hit for hit in verdict.rule_hits if hit.rule.partition(":")[0] in TEAM_RULES]
    return sorted(hits, key=lambda hit: -_SEVERITY_ORDER[hit.severity])


def judged_risk(verdict: Verdict) -> float:
    """Risk before the team's rules raise it: what a calibration is fitted on and applied to."""
    return verdict.risk if verdict.risk is not None else _risk_of_claims(verdict)


def _risk_of_claims(verdict: Verdict) -> float:
    """The m + ρ·(n − m) of the module's text. Doubts are sorted, so that the order of claims changes no bit."""
    doubts = [_weight(claim, verdict) * _doubt(claim) for claim in verdict.claims]
    if verdict.rejected_evidence:
        doubts.append(REJECTED_EVIDENCE_DOUBT)
    worst = max(doubts, default=0.0)
    independent = 1.0 - math.prod(sorted(1.0 - doubt for doubt in doubts))
    return min(1.0, max(worst, worst + INDEPENDENCE * (independent - worst)))


def _weight(claim: Claim, verdict: Verdict) -> float:
    """How much of a claim's doubt counts."""
    unseen = verdict.partial_context and claim.verdict is ClaimVerdict.NOT_FOUND
    return SEVERITY_WEIGHTS[claim.severity] * (UNSEEN_EVIDENCE_WEIGHT if unseen else 1.0)


def _doubt(claim: Claim) -> float:
    """Probability that the claim is not supported: as the judge states it, but certain where its verdict is final."""
    if claim.p_supported is None:
        return 0.0 if claim.verdict is ClaimVerdict.SUPPORTED else 1.0
    return 1.0 - claim.p_supported


def published_risk(sample: Sample, verdict: Verdict, rubric: Rubric) -> float | None:
    """The risk as it would be published, whether or not the rubric lists the score. None where it does not apply."""
    value = _value("hallucination_risk", verdict, grounding_state(sample, verdict), rubric)
    return None if isinstance(value, str) else value


def risk_label(risk: float, rubric: Rubric) -> RiskLabel:
    """The risk in one word, by the rubric's cuts. A cut belongs to the higher label."""
    if risk >= rubric.risk_labels.high:
        return "high"
    return "medium" if risk >= rubric.risk_labels.medium else "low"


def worst_claim(verdict: Verdict) -> Claim | None:
    """The claim a person should see first: by verdict, severity, doubt, then position. None without claims."""
    return min(verdict.claims, key=_worst_first, default=None)


def _worst_first(claim: Claim) -> tuple[int, int, float, int, int]:
    return (
        -_BADNESS[claim.verdict],
        -_SEVERITY_ORDER[claim.severity],
        -_doubt(claim),
        claim.span.start,
        claim.span.end,
    )
