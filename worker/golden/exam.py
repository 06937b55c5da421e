"""The judge's exam: frozen outputs with human labels, judged again.

It keeps a changed judge from being taken for a changed application.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from judges.errors import ConfigurationError, EvaluationError
from judges.schema import Outcome, Record, Scored, Usage
from worker.golden.bounded import map_bounded
from worker.golden.goldenset import GoldenSet
from worker.golden.run import SampleEvaluator, total_cost, verdicts_of
from worker.golden.schema import Anchor
from worker.statistics.agreement import youden_lower
from worker.statistics.intervals import Estimate
from worker.statistics.weighted import hajek_share

MIN_LABELS_PER_CLASS = 10
"""With fewer, even a judge without a mistake cannot show much: 10 of 10 twice has a lower bound of 0.61."""


class ExamState(StrEnum):
    """How the exam ended. Only PASSED lets a gate trust the judge."""

    PASSED = "passed"
    BELOW_BAR = "below_bar"
    UNEXAMINED = "unexamined"
    INCOMPLETE = "incomplete"


class JudgeExam(Record):
    """What the anchors say of the judge.

    A judge *flags* an anchor where it would not pass `pass_when`. `informedness` is sensitivity + specificity − 1
    with its lower 95 % bound in `informedness_low`; both are None where a class has no judged label.
    """

    state: ExamState
    reason: str
    set_digest: str
    revision: str
    bar: float
    positives: int
    negatives: int
    missing: int
    sensitivity: Estimate | None = None
    specificity: Estimate | None = None
    informedness: float | None = None
    informedness_low: float | None = None
    usage: Usage = Usage()
    cost_usd: float | None = None


class AnchorResult(Record):
    """One anchor judged: `flagged` is None where the judge failed."""

    id: str
    label: int
    source_id: str | None
    flagged: bool | None
    outcome: Outcome | None = None


async def examine_judge(
    golden: GoldenSet,
    evaluator: SampleEvaluator,
    *,
    concurrency: int,
    on_anchor: Callable[[AnchorResult], None] | None = None,
) -> JudgeExam:
    """Judge all anchors of a set and compare with the people's labels.

    Intervals are Wilson's, at the effective size of the sources the anchors come from where all name one.

    Raises:
        ConfigurationError: from the judge; all anchors would fail.
    """

    async def one(anchor: Anchor) -> AnchorResult:
        result = await _judge_anchor(golden, anchor, evaluator)
        if on_anchor is not None:
            on_anchor(result)
        return result

    return grade(golden, await map_bounded(one, golden.anchors, concurrency=concurrency), evaluator.revision)


def grade(golden: GoldenSet, results: list[AnchorResult], revision: str) -> JudgeExam:
    """The exam's outcome from judged anchors."""
    judged = [result for result in results if result.flagged is not None]
    sensitivity = _hit_rate(judged, label=1)
    specificity = _hit_rate(judged, label=0)
    verdicts = verdicts_of(result.outcome for result in results)
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
        usage=sum((verdict.usage for verdict in verdicts), Usage()),
        cost_usd=total_cost([verdict.cost_usd for verdict in verdicts]),
    )
    if sensitivity is not None and specificity is not None:
        informedness = sensitivity.value + specificity.value - 1
        low = youden_lower(sensitivity, specificity)
        exam = exam.model_copy(update={"informedness": informedness, "informedness_low": low})
    state, reason = _state(exam, golden.manifest.gate.min_completed)
    return exam.model_copy(update={"state": state, "reason": reason})


def _state(exam: JudgeExam, min_completed: float) -> tuple[ExamState, str]:
    """Passed or not, and why, in one line."""
    total = exam.positives + exam.negatives + exam.missing
    if total and (total - exam.missing) / total < min_completed:
        return ExamState.INCOMPLETE, f"{exam.missing} of {total} anchors could not be judged"
    fewest = min(exam.positives, exam.negatives)
    if fewest < MIN_LABELS_PER_CLASS or exam.informedness is None or exam.informedness_low is None:
        have = f"{exam.positives} marked and {exam.negatives} unmarked anchors"
        return ExamState.UNEXAMINED, f"{have}; at least {MIN_LABELS_PER_CLASS} of each are needed to examine the judge"
    low = exam.informedness_low
    found = f"sensitivity + specificity − 1 is {exam.informedness:.2f}, lower 95 % bound {low:.2f}, bar {exam.bar:.2f}"
    return (ExamState.PASSED if low > exam.bar else ExamState.BELOW_BAR), found


def _hit_rate(judged: list[AnchorResult], *, label: int) -> Estimate | None:
    """Share of anchors with this label on which judge and people agree."""
    rows = [result for result in judged if result.label == label]
    sources = [result.source_id for result in rows]
    return hajek_share(
        [result.flagged is (label == 1) for result in rows],
        [1.0] * len(rows),
        clusters=None if None in sources else sources,
    )


async def _judge_anchor(golden: GoldenSet, anchor: Anchor, evaluator: SampleEvaluator) -> AnchorResult:
    result = AnchorResult(id=anchor.id, label=anchor.label, source_id=anchor.source_id, flagged=None)
    try:
        outcome = await evaluator.evaluate(golden.anchor_sample(anchor))
    except ConfigurationError:
        raise
    except EvaluationError:
        return result
    flagged = _flagged(golden, outcome) if isinstance(outcome, Scored) else None
    return result.model_copy(update={"flagged": flagged, "outcome": outcome})


def _flagged(golden: GoldenSet, outcome: Scored) -> bool:
    """Whether a score fails `pass_when`.

    A refusal or an answer without claims has no score and is not flagged: a judge that wrongly sees one where people
    marked a hallucination missed it.
    """
    limits = golden.manifest.pass_when
    return any(name in outcome.scores and not limits[name].met_by(outcome.scores[name]) for name in limits)
