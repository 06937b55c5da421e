"""Evidence supports a claim only if it exists and has something to do with it."""

from __future__ import annotations

from assay.judges.lexical_overlap import Tie, tie
from assay.judges.rubric import Rules
from assay.judges.rules.step import Progress, Step
from assay.judges.schema import Claim, ClaimVerdict, Evidence, ResponseKind, Sample, Verdict

SOURCE = "rule:evidence"
UNCHECKED = "the evidence is in another script or language: no word or value ties it to the claim"
"""Said of a support whose evidence nobody but the judge could compare with the claim."""


def compile_evidence(rules: Rules, source: str) -> Step | None:
    """The step that checks what an answer's claims point at. It holds for every rubric."""
    del rules, source

    def step(sample: Sample, progress: Progress) -> Progress:
        if progress.verdict.kind is not ResponseKind.ANSWER:
            return progress
        return progress._replace(verdict=check_evidence(sample, progress.verdict))

    return step


def check_evidence(sample: Sample, verdict: Verdict) -> Verdict:
    """Drop every pointer that leads nowhere, and all of a supported claim that share nothing with it.

    A supported claim left without any becomes `not_found`. One that named no evidence at all is left as it is: to name
    it is the judge's contract, not ours. `rejected_evidence` grows by one per dropped pointer. Between two languages a
    tie may be undecided. Support then stands, and the claim and the explanation say that it was not checked.
    """
    claims: list[Claim] = []
    rejected = unchecked = 0
    for claim in verdict.claims:
        kept = tuple(evidence for evidence in claim.evidence if _exists(sample, evidence))
        dropped = len(claim.evidence) - len(kept)
        checked = _without(claim, kept, "the evidence it points to does not exist") if dropped else claim
        connection = _tie(sample, checked)
        if connection is Tie.NONE:
            dropped += len(kept)
            checked = _without(checked, (), "the evidence it points to has no word or value in common with it")
        elif connection is Tie.UNDECIDED:
            unchecked += 1
            checked = checked.model_copy(update={"reason": checked.reason or UNCHECKED})
        rejected += dropped
        claims.append(checked)
    if not rejected and not unchecked:
        return verdict
    remark = f"{unchecked} supports in another language, unchecked" if unchecked else ""
    return verdict.model_copy(
        update={
            "claims": tuple(claims),
            "rejected_evidence": verdict.rejected_evidence + rejected,
            "explanation": "; ".join(filter(None, (verdict.explanation, remark))),
        }
    )


def _exists(sample: Sample, evidence: Evidence) -> bool:
    """Whether the pointer leads to visible text."""
    if evidence.context >= len(sample.contexts) or evidence.start >= evidence.end:
        return False
    context = sample.contexts[evidence.context]
    return evidence.end <= len(context) and not context[evidence.start : evidence.end].isspace()


def _tie(sample: Sample, claim: Claim) -> Tie:
    """What ties a supported claim to all its evidence taken together: one line may lead to the next."""
    if claim.verdict is not ClaimVerdict.SUPPORTED or not claim.evidence:
        return Tie.SHARED
    passages = (sample.contexts[evidence.context][evidence.start : evidence.end] for evidence in claim.evidence)
    return tie(claim.text, "\n".join(passages), question=sample.question)


def _without(claim: Claim, kept: tuple[Evidence, ...], reason: str) -> Claim:
    """The claim with only the evidence that counts."""
    if kept or claim.verdict is not ClaimVerdict.SUPPORTED:
        return claim.model_copy(update={"evidence": kept})
    return claim.model_copy(
        update={
            "evidence": (),
            "verdict": ClaimVerdict.NOT_FOUND,
            "p_supported": None,
            "p_source": None,
            "source": SOURCE,
            "reason": reason,
        }
    )
