"""Evidence that does not exist cannot support a claim."""

from __future__ import annotations

from judges.schema import Claim, ClaimVerdict, Evidence, Sample, Verdict

SOURCE = "rule:evidence"


def check_evidence(sample: Sample, verdict: Verdict) -> Verdict:
    """Drop every pointer that leads nowhere; a supported claim left without any becomes `not_found`.

    A supported claim that named no evidence at all is left as it is: naming it is the judge's contract, not ours.
    `rejected_evidence` grows by one per dropped pointer.
    """
    claims: list[Claim] = []
    rejected = 0
    for claim in verdict.claims:
        kept = tuple(evidence for evidence in claim.evidence if _exists(sample, evidence))
        dropped = len(claim.evidence) - len(kept)
        rejected += dropped
        claims.append(_without(claim, kept) if dropped else claim)
    if not rejected:
        return verdict
    return verdict.model_copy(
        update={"claims": tuple(claims), "rejected_evidence": verdict.rejected_evidence + rejected}
    )


def _exists(sample: Sample, evidence: Evidence) -> bool:
    """Whether the pointer leads to visible text."""
    if evidence.context >= len(sample.contexts) or evidence.start >= evidence.end:
        return False
    context = sample.contexts[evidence.context]
    return evidence.end <= len(context) and not context[evidence.start : evidence.end].isspace()


def _without(claim: Claim, kept: tuple[Evidence, ...]) -> Claim:
    """The claim with only the evidence that exists."""
    if kept or claim.verdict is not ClaimVerdict.SUPPORTED:
        return claim.model_copy(update={"evidence": kept})
    return claim.model_copy(
        update={
            "evidence": (),
            "verdict": ClaimVerdict.NOT_FOUND,
            "p_supported": None,
            "source": SOURCE,
            "reason": "the evidence it points to does not exist",
        }
    )
