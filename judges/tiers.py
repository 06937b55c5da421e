"""What every tier's verdict goes through: coverage is checked, rules are applied, the risk is calibrated."""

from __future__ import annotations

from typing import Literal

from assay.judges.calibration import Calibration
from assay.judges.errors import IncompleteVerdict
from assay.judges.metrics import has_evidence, judged_risk, published_risk
from assay.judges.rubric import Rubric
from assay.judges.rules import RuleSet, statement_in
from assay.judges.schema import ResponseKind, Sample, TierStep, Verdict
from assay.judges.text.form import statement_ranges, without_form


def conclude(sample: Sample, verdict: Verdict, rules: RuleSet, calibration: Calibration | None) -> Verdict:
    """A judge's verdict as it counts: complete, after the rules, its risk calibrated by the tier's own curve.

    Raises:
        IncompleteVerdict: a sentence was left out.
        PatternTimeout: a pattern took too long on this response.
    """
    check_coverage(sample, verdict)
    return _calibrated(sample, rules.apply(sample, verdict), calibration)


def step(
    sample: Sample,
    verdict: Verdict,
    rubric: Rubric,
    outcome: Literal["decided", "escalated", "audited"],
    reason: str = "",
) -> TierStep:
    """The step of a concluded verdict on the path."""
    return TierStep(
        tier=verdict.tier,
        judge=verdict.judge,
        model=verdict.model_served or verdict.model_requested,
        risk=published_risk(sample, verdict, rubric),
        outcome=outcome,
        reason=reason,
    )


def check_coverage(sample: Sample, verdict: Verdict) -> None:
    """Check that the verdict accounts for every sentence: leaving out the bad one must not raise a score.

    A sentence is accounted for where it was judged, or where our own draw left it out (`unjudged`).

    Raises:
        IncompleteVerdict: a sentence lies neither inside claims nor inside what was marked as not check-worthy, or the
            response is said to claim nothing although a sentence of it tells what the evidence tells.
    """
    if verdict.prompt_cut:
        return  # no number comes of it
    stated = statement_in(sample, verdict)
    if stated is not None:
        raise IncompleteVerdict(
            f"the response is said to claim nothing, but its sentence at {stated.start}..{stated.end} tells what the "
            "evidence tells"
        )
    if verdict.kind is not ResponseKind.ANSWER:
        return  # no number comes of it
    covered = _merged(without_form(sample.response), verdict)
    position = 0
    for start, end in statement_ranges(sample.response):
        while position < len(covered) and covered[position][1] < end:
            position += 1
        if position == len(covered) or covered[position][0] > start:
            raise IncompleteVerdict(f"the sentence at {start}..{end} of the response was left out")


def _merged(text: str, verdict: Verdict) -> list[tuple[int, int]]:
    """What the verdict accounts for, as disjoint ranges. Ranges with only white space between them are one."""
    merged: list[tuple[int, int]] = []
    spans = [*(claim.span for claim in verdict.claims), *verdict.not_checkworthy, *verdict.unjudged]
    for start, end in sorted((span.start, span.end) for span in spans):
        if merged and (start <= merged[-1][1] or text[merged[-1][1] : start].isspace()):
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _calibrated(sample: Sample, verdict: Verdict, calibration: Calibration | None) -> Verdict:
    """The verdict with its risk calibrated. Without evidence, or about a part, it is not what people were asked."""
    if calibration is None or verdict.unjudged or not has_evidence(sample):
        return verdict
    raw = judged_risk(verdict)
    return verdict.model_copy(update={"risk": calibration(raw), "raw_risk": raw, "calibrated": True})
