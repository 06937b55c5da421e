"""What stands beside each score of grounding: one plain sentence that fits this very score.

A person sees one score at a time. So each comment tells what that number counts: groundedness counts statements
without support, faithfulness counts contradictions, the risk names the worst statement. Every comment is one line of
at most 300 characters, without control characters and markup of the trace.
"""

from __future__ import annotations

from collections import Counter

from assay.judges.metrics import INVALID_CITATION, grounding_state, risk_label, team_hits, worst_claim
from assay.judges.rubric import ANSWER_CHECK, RISK_LEVEL, Rubric
from assay.judges.rules import judged_statements
from assay.judges.schema import Claim, ClaimVerdict, GroundingState, RuleHit, Sample, Verdict
from assay.judges.text.form import statement_ranges
from assay.judges.text.plain import shortened

RISK = "hallucination_risk"
STATEMENT_LIMIT = 140
"""Characters of a statement that a comment quotes."""

PARTLY_SHOWN = "Part of the evidence was too long to be shown to the judge."

PROMPT_CUT = "No number: the endpoint cut the prompt, so the judge read only a part of evidence and response."
"""The comment of every score where the endpoint counted far fewer tokens than it was sent."""

WITHOUT_CLAIMS = {
    GroundingState.REFUSAL: "The response declines to answer: nothing to ground.",
    GroundingState.NO_CLAIMS: "The response states nothing that could be checked.",
    GroundingState.LANGUAGE_UNSUPPORTED: "The judge does not know the language of the response or of its evidence.",
    GroundingState.NO_EVIDENCE: "No evidence was captured for this response.",
}
"""The comment of every score where there is nothing to count."""


def comment(sample: Sample, verdict: Verdict) -> str:
    """The gravest rule hit, the worst claim, what became of it and why.

    A hit that made the worst claim what it is is told there and not twice.
    """
    state = grounding_state(sample, verdict)
    unread = _unread(sample, verdict, state)
    return unread or shortened(_part_told(sample, verdict) + _hits_told(verdict) + _worst_told(sample, verdict, state))


def score_comments(sample: Sample, verdict: Verdict, rubric: Rubric, scores: dict[str, float]) -> dict[str, str]:
    """A comment for each score that the rubric may write, by the score's name.

    Args:
        sample: what was judged.
        verdict: what came of it.
        rubric: names the scores and the cuts of the risk.
        scores: the numbers that apply.
    """
    state = grounding_state(sample, verdict)
    unread = _unread(sample, verdict, state)
    without = unread or WITHOUT_CLAIMS.get(state)
    risk = unread or _risk_comment(sample, verdict, rubric, scores)
    if without is not None:
        names = (*rubric.scores, ANSWER_CHECK, RISK_LEVEL, rubric.state_score)
        return {**dict.fromkeys(names, without), RISK: risk}
    check = _check_comment(sample, verdict, rubric, scores)
    comments = {
        "groundedness": _groundedness_comment(verdict),
        "faithfulness": _faithfulness_comment(sample, verdict),
        RISK: risk,
        ANSWER_CHECK: check,
        RISK_LEVEL: check,
        rubric.state_score: _state_comment(verdict, state),
    }
    part = _part_told(sample, verdict)
    return {name: shortened(part + text) for name, text in comments.items()}


def _unread(sample: Sample, verdict: Verdict, state: GroundingState) -> str:
    """The comment of every score where the judge saw too little for a number. Empty where it saw enough."""
    if verdict.prompt_cut:
        return PROMPT_CUT
    if state is GroundingState.PARTLY_JUDGED and not verdict.claims:
        return f"{_part_told(sample, verdict)}They state nothing that could be checked."
    return ""


def _part_told(sample: Sample, verdict: Verdict) -> str:
    """E.g. `Only 50 of 691 sentences were judged. `; empty where all were."""
    if not verdict.unjudged:
        return ""
    everything = len(statement_ranges(sample.response))
    return f"Only {len(judged_statements(sample, verdict)):,} of {everything:,} sentences were judged. "


def _groundedness_comment(verdict: Verdict) -> str:
    """E.g. `2 of 7 statements without evidence: “…”`."""
    worst = worst_claim(verdict)
    if worst is None or worst.verdict is ClaimVerdict.SUPPORTED:
        return _all_supported(verdict)
    return f"{_unsupported(verdict)}: “{_quoted(worst)}”"


def _unsupported(verdict: Verdict) -> str:
    """E.g. `3 of 7 statements not supported (1 contradicted, 2 without evidence)`."""
    counts = Counter(claim.verdict for claim in verdict.claims)
    contradicted, silent = counts[ClaimVerdict.CONTRADICTED], counts[ClaimVerdict.NOT_FOUND]
    failed, all_of_them = contradicted + silent, len(verdict.claims)
    statements = "The one statement is" if all_of_them == 1 else f"{failed} of {all_of_them} statements"
    if not contradicted:
        return f"{statements} without evidence"
    if not silent:
        return f"{statements} contradicted by the evidence"
    return f"{statements} not supported ({contradicted} contradicted, {silent} without evidence)"


def _faithfulness_comment(sample: Sample, verdict: Verdict) -> str:
    """E.g. `No contradiction among 5 statements; 2 more are not in the evidence`."""
    contradicted = [claim for claim in verdict.claims if claim.verdict is ClaimVerdict.CONTRADICTED]
    silent = sum(claim.verdict is ClaimVerdict.NOT_FOUND for claim in verdict.claims)
    spoken = len(verdict.claims) - silent
    if not spoken:
        return _silent(silent)
    if not contradicted:
        more = "" if not silent else f"; {silent} more {'is' if silent == 1 else 'are'} not in the evidence"
        return f"No contradiction among {_statements(spoken)}{more}."
    worst = worst_claim(verdict.model_copy(update={"claims": tuple(contradicted)})) or contradicted[0]
    verb = "contradicts" if len(contradicted) == 1 else "contradict"
    told = f"{len(contradicted)} of {_statements(spoken)} {verb} the evidence"
    return f"{told}: “{_quoted(worst)}” – {_why(sample, worst)}"


def _risk_comment(sample: Sample, verdict: Verdict, rubric: Rubric, scores: dict[str, float]) -> str:
    """The worst statement and its verdict; where all are supported, the one that is least sure."""
    state = grounding_state(sample, verdict)
    if state is GroundingState.NO_EVIDENCE and RISK in scores:
        return "No evidence was captured for this response: the risk is the judge's guess without it."
    return shortened(_hits_told(verdict) + _worst_told(sample, verdict, state) + _doubt_told(verdict, rubric, scores))


def _doubt_told(verdict: Verdict, rubric: Rubric, scores: dict[str, float]) -> str:
    """Why a risk is not low although every statement is supported: a number must not contradict its comment."""
    worst, risk = worst_claim(verdict), scores.get(RISK)
    if worst is None or risk is None or worst.verdict is not ClaimVerdict.SUPPORTED or team_hits(verdict):
        return ""
    if risk_label(risk, rubric) == "low":
        return ""
    return f" But the judge is not sure, least of “{_quoted(worst)}”."


def _check_comment(sample: Sample, verdict: Verdict, rubric: Rubric, scores: dict[str, float]) -> str:
    """How many statements fail, and the worst of them with the reason."""
    worst = worst_claim(verdict)
    partly = f" {PARTLY_SHOWN}" if verdict.partial_context else ""
    if worst is None or worst.verdict is ClaimVerdict.SUPPORTED:
        return _risk_comment(sample, verdict, rubric, scores) + partly
    counted = f"{_unsupported(verdict)}. " if len(verdict.claims) > 1 else ""
    told = _worst_told(sample, verdict, grounding_state(sample, verdict))
    return _hits_told(verdict) + counted + told[:1].upper() + told[1:] + partly


def _state_comment(verdict: Verdict, state: GroundingState) -> str:
    if state is GroundingState.PARTIAL_CONTEXT:
        return PARTLY_SHOWN
    if state is GroundingState.EVIDENCE_SILENT:
        return _silent(len(verdict.claims))
    return f"{_statements(len(verdict.claims)).capitalize()} held against the evidence."


def _hits_told(verdict: Verdict) -> str:
    """The gravest hit of the team's rules, shortened so that the claim still finds room, and how many more."""
    worst = worst_claim(verdict)
    hits: list[RuleHit] = [hit for hit in team_hits(verdict) if worst is None or worst.source != f"rule:{hit.rule}"]
    if not hits:
        return ""
    more = f" (and {len(hits) - 1} more)" if len(hits) > 1 else ""
    return f"{hits[0].rule.partition(':')[2]}: {shortened(hits[0].detail, 120)}{more}. "


def _worst_told(sample: Sample, verdict: Verdict, state: GroundingState) -> str:
    worst = worst_claim(verdict)
    if state in WITHOUT_CLAIMS or worst is None:
        return WITHOUT_CLAIMS.get(state, WITHOUT_CLAIMS[GroundingState.NO_CLAIMS])
    if worst.verdict is ClaimVerdict.SUPPORTED:
        return " ".join((_all_supported(verdict), *_wrong_marks(verdict)))
    return f"{worst.verdict.value.replace('_', ' ')}: “{_quoted(worst)}” – {_why(sample, worst)}"


def _all_supported(verdict: Verdict) -> str:
    claims = len(verdict.claims)
    return "The one statement is supported." if claims == 1 else f"All {claims} statements are supported."


def _silent(count: int) -> str:
    return f"The evidence is silent about {'the one statement' if count == 1 else f'all {count} statements'}."


def _statements(count: int) -> str:
    return "1 statement" if count == 1 else f"{count} statements"


def _quoted(claim: Claim) -> str:
    return shortened(claim.text, STATEMENT_LIMIT)


def _why(sample: Sample, claim: Claim) -> str:
    quote = _evidence_quote(sample, claim)
    return claim.reason or (f"evidence: “{quote}”" if quote else "no passage carries it")


def _wrong_marks(verdict: Verdict) -> list[str]:
    """What is told of citation marks that point to no passage, where nothing worse is told."""
    details = [hit.detail for hit in verdict.rule_hits if hit.rule == INVALID_CITATION]
    return details[:1] + ([f"So do {len(details) - 1} more."] if len(details) > 1 else [])


def _evidence_quote(sample: Sample, claim: Claim) -> str:
    """The passage the claim was compared with. Empty where there is none."""
    for evidence in claim.evidence:
        if evidence.context < len(sample.contexts):
            return shortened(sample.contexts[evidence.context][evidence.start : evidence.end], 120)
    return ""
