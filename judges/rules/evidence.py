"""Evidence supports a claim only if it exists and has something to do with it."""

from __future__ import annotations

from assay.judges.lexical_overlap import Tie, tie, tied_to_a_line
from assay.judges.rubric import Rules
from assay.judges.rules.step import Progress, Step
from assay.judges.schema import Claim, ClaimVerdict, Evidence, ResponseKind, Sample, Verdict
from assay.judges.text.form import without_form

SOURCE = "rule:evidence"
UNCHECKED = "no word or value ties the evidence to the claim: it may say the same in another language or in other words"
"""Said of a support whose evidence nobody but the judge could compare with the claim."""

FEW_LINES = 5
"""Cited lines up to which one shared word is a tie. More are no longer the lines that carry one sentence."""

SPREAD_SUPPORT = 0.5
"""Probability that a sentence is supported though none of the many lines it cites has more than a word of it."""


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

    A supported claim left without any becomes `not_found`. One that named no evidence at all is left as it is: naming
    it is the judge's contract, not ours. `rejected_evidence` grows by one per dropped pointer. Where no tie can be
    decided, as between two languages, support stands, and the claim and the explanation say that it was not checked.
    To cite every line is no support: of many cited lines one must share more than a word, else the claim is in doubt.
    """
    claims: list[Claim] = []
    rejected = unchecked = doubted = 0
    read = without_form(sample.response)
    for claim in verdict.claims:
        kept = tuple(evidence for evidence in claim.evidence if _exists(sample, evidence))
        dropped = len(claim.evidence) - len(kept)
        checked = _without(claim, kept, "the evidence it points to does not exist") if dropped else claim
        connection = _tie(sample, checked, read)
        if connection is Tie.NONE:
            dropped += len(kept)
            checked = _without(checked, (), "the evidence it points to has no word or value in common with it")
        elif connection is Tie.UNDECIDED:
            unchecked += 1
            checked = checked.model_copy(update={"reason": checked.reason or UNCHECKED})
        elif _cites_everything(sample, checked, read):
            doubted += 1
            checked = _doubted(checked)
        rejected += dropped
        claims.append(checked)
    if not rejected and not unchecked and not doubted:
        return verdict
    remark = f"{unchecked} supports that no word or value ties to their evidence, unchecked" if unchecked else ""
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


def _lines(sample: Sample, claim: Claim) -> list[str]:
    return [sample.contexts[evidence.context][evidence.start : evidence.end] for evidence in claim.evidence]


def _tie(sample: Sample, claim: Claim, read: str) -> Tie:
    """What ties a supported claim to all its evidence taken together: one line may lead to the next."""
    if claim.verdict is not ClaimVerdict.SUPPORTED or not claim.evidence:
        return Tie.SHARED
    beside = sample.contexts[claim.evidence[0].context]
    text = read[claim.span.start : claim.span.end]
    return tie(text, "\n".join(_lines(sample, claim)), question=sample.question, beside=beside)


def _cites_everything(sample: Sample, claim: Claim, read: str) -> bool:
    """Whether the claim cites many lines of which none has more to do with it than chance."""
    if claim.verdict is not ClaimVerdict.SUPPORTED or len(claim.evidence) <= FEW_LINES:
        return False
    text = read[claim.span.start : claim.span.end]
    return not tied_to_a_line(text, _lines(sample, claim), question=sample.question)


def _doubted(claim: Claim) -> Claim:
    """A claim that does not count as supported, though nothing proves it wrong."""
    support = SPREAD_SUPPORT if claim.p_supported is None else min(claim.p_supported, SPREAD_SUPPORT)
    reason = f"it cites {len(claim.evidence)} lines, and no one of them has more than a word in common with it"
    update = {
        "verdict": ClaimVerdict.NOT_FOUND,
        "p_supported": support,
        "p_source": None,
        "source": SOURCE,
        "reason": reason,
    }
    return claim.model_copy(update=update)


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
