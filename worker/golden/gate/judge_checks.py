"""Whether the judge's verdicts can carry a gate's decision: revisions, the exam, the screen, the models behind it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from assay.worker.golden.gate.findings import (
    ExamNotPassed,
    ExamOfAnotherJudge,
    Finding,
    JudgeUnexamined,
    RevisionsDiffer,
    ServedByNewModel,
    SidesServedDifferently,
    UnexaminedJudgeAllowed,
)
from assay.worker.golden.results.judge_models import ServedModels, judge_models
from assay.worker.golden.results.run_result import ExamState, GoldenRun, JudgeExam
from assay.worker.golden.sets.golden_set import GoldenSet


class JudgeFindings(NamedTuple):
    """Why the judge's verdicts cannot carry a decision, and what a person should know though they can."""

    doubts: list[Finding]
    warnings: list[Finding]


def judge_findings(
    baseline: GoldenRun, candidate: GoldenRun, golden: GoldenSet, exam: JudgeExam | None
) -> JudgeFindings:
    """Everything there is to say against the judge of these two runs."""
    settings = golden.manifest.gate
    before, after = judge_models(baseline.outcomes), judge_models(candidate.outcomes)
    is_screen = before.is_screen or after.is_screen
    is_allowed = settings.allow_unexamined and not is_screen
    doubts: list[Finding] = [] if baseline.revision == candidate.revision else [RevisionsDiffer()]
    doubts += _exam_doubts(exam, candidate, golden.digest, is_screen=is_screen, is_allowed=is_allowed)
    changes = [*_between_sides(before.by_request, after.by_request), *_since_baseline(candidate, golden, exam)]
    warnings: list[Finding] = []
    if settings.on_model_change == "inconclusive":
        doubts += changes
    else:
        warnings += changes
    if is_allowed and exam is not None and exam.state is ExamState.UNEXAMINED:
        warnings.append(UnexaminedJudgeAllowed(exam.reason))
    return JudgeFindings(doubts, warnings)


def _exam_doubts(
    exam: JudgeExam | None, candidate: GoldenRun, set_digest: str, *, is_screen: bool, is_allowed: bool
) -> list[Finding]:
    """What the judge's exam says against it."""
    if exam is None or exam.state is ExamState.UNEXAMINED:
        reason = exam.reason if exam is not None else "the anchors were not judged"
        return [] if is_allowed else [JudgeUnexamined(reason, is_screen)]
    if exam.revision != candidate.revision or exam.set_digest != set_digest:
        return [ExamOfAnotherJudge()]
    return [] if exam.state is ExamState.PASSED else [ExamNotPassed(exam.state, exam.reason)]


def _between_sides(before: ServedModels, after: ServedModels) -> list[Finding]:
    """Models that differ between the sides, by the model that was asked for.

    The evaluator revision holds the models that are *asked for*; what a provider serves under that name can change.
    Sets are compared, since a router may serve several. They are compared by what was asked for, since one side may
    have been escalated to a tier that the other never needed.
    """
    asked_by_both = sorted(before.keys() & after.keys())
    changed = [asked for asked in asked_by_both if before[asked] != after[asked]]
    return [SidesServedDifferently(tuple(sorted(before[asked])), tuple(sorted(after[asked]))) for asked in changed]


def _since_baseline(candidate: GoldenRun, golden: GoldenSet, exam: JudgeExam | None) -> list[Finding]:
    """Models that were not among those behind the judge when the reviewed baseline was taken.

    No anchors are needed for this, so changing those hides nothing.
    """
    if golden.baseline is None:
        return []
    before = _names(golden.baseline.record.models_served)
    now = _names((*candidate.models_served, *(exam.models_served if exam is not None else ())))
    if not before or now <= before:
        return []
    return [ServedByNewModel(tuple(sorted(now - before)), tuple(sorted(before)))]


def _names(served: Iterable[str]) -> set[str]:
    """Single names: a panel's verdict names all its members in one text, as `judge-a, judge-b`."""
    return {name for names in served for name in names.split(", ") if name}
