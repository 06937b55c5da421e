"""The judge's exam: frozen outputs with human labels, judged again.

It keeps a changed judge from being taken for a changed application.
"""

from __future__ import annotations

from collections.abc import Sequence

from assay.judges.metrics import worst_claim
from assay.judges.schema import Claim, Failed, Outcome, Scored, Skipped
from assay.worker.golden.results.judge_models import models_served
from assay.worker.golden.results.run_result import (
    JUDGEMENTS_TO_CONFIRM,
    AnchorResult,
    AnchorVerdict,
    ExamState,
    JudgeChange,
    JudgeExam,
)
from assay.worker.golden.results.usage import total_spent
from assay.worker.golden.runs.concurrency import limit_of, map_bounded
from assay.worker.golden.runs.deferral import is_deferred
from assay.worker.golden.runs.judgement import SampleEvaluator, judged_twice
from assay.worker.golden.runs.run import RunPlan
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import MIN_LABELS_PER_CLASS, Anchor
from assay.worker.statistics.agreement import youden_lower
from assay.worker.statistics.intervals import Estimate
from assay.worker.statistics.paired import mcnemar_exact
from assay.worker.statistics.weighted import hajek_share


async def examine_judge(
    golden: GoldenSet, evaluator: SampleEvaluator, *, plan: RunPlan | None = None, concurrency: int = 1
) -> JudgeExam:
    """Judge all anchors of a set and compare with the people's labels, and with the judge's own baseline.

    An exam that would fail is confirmed first: the anchors that speak against the judge are judged twice more and
    the majority counts. Intervals are Wilson's, at the effective size of the sources the anchors come from where all
    name one.

    Raises:
        ConfigurationError: from the judge; all anchors would fail.
    """
    plan = plan or RunPlan(limit_of(concurrency))

    async def judge(anchor: Anchor) -> AnchorResult:
        result = plan.journal.anchor(anchor.id)
        if result is None:
            result = await _judge_anchor(golden, anchor, evaluator, plan)
            plan.journal.keep("anchor", result)
        plan.on_done(result)
        return result

    judged = await map_bounded(judge, golden.anchors, limit=plan.limit, deadline=plan.deadline)
    results = [result or _unjudged(anchor) for anchor, result in zip(golden.anchors, judged, strict=True)]
    exam = grade(golden, results, evaluator.revision)
    waits = any(result is not None and is_deferred(result.outcome) for result in judged)
    if waits or exam.state not in (ExamState.BELOW_BAR, ExamState.BELOW_BASELINE):
        return exam
    return grade(golden, await _confirmed(golden, results, evaluator, plan), evaluator.revision)


def grade(golden: GoldenSet, results: Sequence[AnchorResult], revision: str) -> JudgeExam:
    """The exam's outcome from judged anchors."""
    judged = [result for result in results if result.flagged is not None]
    sensitivity = _hit_rate(judged, label=1)
    specificity = _hit_rate(judged, label=0)
    spent = total_spent(result.judging for result in results)
    exam = JudgeExam(
        state=ExamState.UNEXAMINED,
        reason="",
        set_digest=golden.digest,
        revision=revision,
        bar=golden.manifest.gate.judge_bar,
        positives=sum(result.label == 1 for result in judged),
        negatives=sum(result.label == 0 for result in judged),
        missing=len(results) - len(judged),
        sensitivity=sensitivity,
        specificity=specificity,
        change=_change(golden, results),
        models_served=models_served(result.outcome for result in results),
        confirmed=sum(len(result.judgements) > 1 for result in results),
        anchors=tuple(_anchor_verdict(result) for result in results),
        usage=spent.usage,
        cost_usd=spent.cost_usd,
    )
    if sensitivity is not None and specificity is not None:
        informedness = sensitivity.value + specificity.value - 1
        low = youden_lower(sensitivity, specificity)
        exam = exam.model_copy(update={"informedness": informedness, "informedness_low": low})
    state, reason = _state(exam, golden.manifest.gate.min_completed)
    return exam.model_copy(update={"state": state, "reason": reason})


def _anchor_verdict(result: AnchorResult) -> AnchorVerdict:
    """What is kept of a judged anchor: where the judge was wrong, by which sentence."""
    verdict = AnchorVerdict(id=result.id, label=result.label, flagged=result.flagged)
    outcome = result.outcome
    if result.flagged is None:
        return verdict.model_copy(update={"reason": _failure(outcome)})
    if result.right or not isinstance(outcome, Scored):
        return verdict
    claim = worst_claim(outcome.verdict) if outcome.verdict is not None else None
    told = {"state": outcome.state.value}
    if claim is not None:
        told |= {"sentence": claim.text, "reason": _claim_reason(claim)}
    return verdict.model_copy(update=told)


def _claim_reason(claim: Claim) -> str:
    """The claim's verdict, why, and how likely it was thought to be supported."""
    likely = "" if claim.p_supported is None else f" (supported with a probability of {claim.p_supported:.2f})"
    why = f": {claim.reason}" if claim.reason else ""
    return f"{claim.verdict.value.replace('_', ' ')}{likely}{why}"


def _failure(outcome: Outcome | None) -> str:
    """Why an anchor has no decision."""
    if isinstance(outcome, Failed):
        return f"judge failed: {outcome.error}"
    return f"judge skipped: {outcome.reason}" if isinstance(outcome, Skipped) else "not judged: the time was up"


def _state(exam: JudgeExam, min_completed: float) -> tuple[ExamState, str]:
    """Passed or not, and why, in one line."""
    total = exam.positives + exam.negatives + exam.missing
    if total and (total - exam.missing) / total < min_completed:
        return ExamState.INCOMPLETE, f"{exam.missing} of {total} anchors could not be judged"
    change = exam.change
    if change is not None and change.p_value <= change.alpha:
        detail = f"{change.worse} anchors it judged rightly when the baseline was taken are judged wrongly now"
        numbers = f"{change.better} the other way, of {change.n}; one-sided exact McNemar p = {change.p_value:.3g}"
        return ExamState.BELOW_BASELINE, f"the judge got worse: {detail} ({numbers} ≤ {change.alpha:g})"
    fewest = min(exam.positives, exam.negatives)
    if fewest < MIN_LABELS_PER_CLASS or exam.informedness is None or exam.informedness_low is None:
        have = f"{exam.positives} marked and {exam.negatives} unmarked anchors"
        return ExamState.UNEXAMINED, f"{have}; at least {MIN_LABELS_PER_CLASS} of each are needed to examine the judge"
    low = exam.informedness_low
    detail = f"sensitivity + specificity − 1 is {exam.informedness:.2f}, lower 95 % bound {low:.2f}, bar {exam.bar:.2f}"
    return (ExamState.PASSED if low > exam.bar else ExamState.BELOW_BAR), detail


def _change(golden: GoldenSet, results: Sequence[AnchorResult]) -> JudgeChange | None:
    """The judge against itself when the reviewed baseline was taken."""
    if golden.baseline is None or not golden.baseline.examined(golden.digests):
        return None
    before = {anchor.id: anchor for anchor in golden.baseline.anchors if anchor.flagged is not None}
    both = [
        (before[r.id].flagged == bool(r.label), r.right) for r in results if r.flagged is not None and r.id in before
    ]
    if not both:
        return None
    worse, better = sum(was and not now for was, now in both), sum(now and not was for was, now in both)
    return JudgeChange(
        worse=worse,
        better=better,
        n=len(both),
        p_value=mcnemar_exact(worse, better),
        alpha=golden.manifest.gate.judge_alpha,
        revision_before=golden.baseline.record.revision,
        models_before=golden.baseline.record.models_served,
    )


def _hit_rate(judged: list[AnchorResult], *, label: int) -> Estimate | None:
    """Share of anchors with this label on which judge and people agree."""
    rows = [result for result in judged if result.label == label]
    sources = [result.source_id for result in rows]
    return hajek_share(
        [result.right for result in rows],
        [1.0] * len(rows),
        clusters=None if None in sources else sources,
    )


async def _confirmed(
    golden: GoldenSet, results: Sequence[AnchorResult], evaluator: SampleEvaluator, plan: RunPlan
) -> list[AnchorResult]:
    """The results after every wrong one was judged twice more."""
    anchors = {anchor.id: anchor for anchor in golden.anchors}
    wrong = [result for result in results if result.flagged is not None and not result.right]

    async def again(result: AnchorResult) -> AnchorResult:
        flags = result.judgements or (result.flagged,)
        further = [
            await _judge_anchor(golden, anchors[result.id], evaluator, plan, number=number)
            for number in range(len(flags), JUDGEMENTS_TO_CONFIRM)
        ]
        if any(is_deferred(judged.outcome) for judged in further):
            return result
        flags += tuple(judged.flagged for judged in further)
        spent = sum((judged.judging for judged in further), result.judging)
        # A judgement that failed speaks for nobody; then the first one stands.
        flagged = next((flag for flag in (True, False) if 2 * flags.count(flag) > len(flags)), result.flagged)
        update = {"flagged": flagged, "judgements": flags, "spent": spent}
        confirmed = result.model_copy(update=update)
        plan.journal.keep("anchor", confirmed)
        return confirmed

    confirmed_results = await map_bounded(again, wrong, limit=plan.limit, deadline=plan.deadline)
    by_id = {result.id: result for result in confirmed_results if result is not None}
    return [by_id.get(result.id, result) for result in results]


def _unjudged(anchor: Anchor) -> AnchorResult:
    return AnchorResult(id=anchor.id, label=anchor.label, source_id=anchor.source_id, flagged=None)


async def _judge_anchor(
    golden: GoldenSet, anchor: Anchor, evaluator: SampleEvaluator, plan: RunPlan, *, number: int = 0
) -> AnchorResult:
    name = f"anchor/{anchor.id}/{number}"
    outcome, spent = await judged_twice(golden.anchor_sample(anchor), evaluator, plan.deferral, name)
    flagged = _flagged(golden, outcome) if isinstance(outcome, Scored) else None
    return _unjudged(anchor).model_copy(update={"flagged": flagged, "outcome": outcome, "spent": spent})


def _flagged(golden: GoldenSet, outcome: Scored) -> bool:
    """Whether a score fails `pass_when`.

    A refusal or an answer without claims has no score and is not flagged: a judge that wrongly sees one where people
    marked a hallucination missed it.
    """
    limits = golden.manifest.pass_when
    return any(name in outcome.scores and not limits[name].met_by(outcome.scores[name]) for name in limits)
