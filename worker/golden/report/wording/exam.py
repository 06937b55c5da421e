"""What a judge's exam came to, which anchors fell and by which sentence, and what a person can do about it."""

from __future__ import annotations

from assay.worker.golden.report.wording.answers import clip, printable
from assay.worker.golden.report.wording.numbers import share
from assay.worker.golden.results.run_result import AnchorVerdict, ExamState, JudgeExam
from assay.worker.golden.sets.manifest import MIN_LABELS_PER_CLASS
from assay.worker.statistics.exam_size import LIKELY, labels_needed

_SHOWN = 5
_LONGEST_SENTENCE, _LONGEST_REASON = 120, 160


def exam_fact(exam: JudgeExam | None) -> str:
    """How the judge's exam ended, and against itself before."""
    if exam is None:
        return "judge: not examined"
    rates = f"sensitivity {share(exam.sensitivity)}; specificity {share(exam.specificity)}"
    why = "" if exam.state is ExamState.UNEXAMINED and not exam.reason else f": {exam.reason}"
    change = exam.change
    before = "" if change is None else f"; {change.worse} worse, {change.better} better than at the baseline"
    return f"judge exam {exam.state.value}{why}; {rates}{before}"


def fallen_words(exam: JudgeExam | None, shown: int = _SHOWN) -> tuple[str, ...]:
    """The anchors on which judge and people differ, a line each, the more frequent kind first; none after a pass."""
    if exam is None or exam.state not in (ExamState.BELOW_BAR, ExamState.BELOW_BASELINE):
        return ()
    fallen = fallen_anchors(exam)
    alarms = sum(anchor.flagged is True for anchor in fallen)
    head = f"anchors that fell: {alarms} right answers flagged, {len(fallen) - alarms} hallucinations missed"
    more = (f"… and {len(fallen) - shown} more",) if len(fallen) > shown else ()
    return (head, *(anchor_words(anchor) for anchor in fallen[:shown]), *more)


def fallen_anchors(exam: JudgeExam) -> list[AnchorVerdict]:
    """The anchors on which judge and people differ, the more frequent kind first."""
    fallen = [anchor for anchor in exam.anchors if anchor.has_fallen]
    alarms = sum(anchor.flagged is True for anchor in fallen)
    return sorted(fallen, key=lambda anchor: anchor.flagged is not (2 * alarms >= len(fallen)))


def anchor_words(anchor: AnchorVerdict) -> str:
    """One anchor that fell: which way, and by which sentence."""
    way = "right, flagged" if anchor.flagged else "hallucination, missed"
    sentence, reason = clip(printable(anchor.sentence), _LONGEST_SENTENCE), clip(anchor.reason, _LONGEST_REASON)
    by = f"“{sentence}”, {reason}" if sentence else f"no sentence was judged ({anchor.state or 'unknown'})"
    return f"{anchor.id} ({way}): {by}"


def exam_advice(exam: JudgeExam | None) -> tuple[str, ...]:
    """What a person can do about an exam that was not passed, in one or two lines."""
    if exam is None or exam.state is ExamState.PASSED:
        return ()
    if exam.state is ExamState.UNEXAMINED:
        return (_label_words(exam),)
    if exam.state is ExamState.INCOMPLETE:
        reason = next((anchor.reason for anchor in exam.anchors if anchor.flagged is None and anchor.reason), "")
        return (
            f"see to the judge ({reason or 'no reason given'}), then run the gate again: only the missing is judged",
        )
    if exam.state is ExamState.BELOW_BASELINE:
        return _changed_judge(exam)
    return (*_more_labels(exam), _other_judge(exam))


def _label_words(exam: JudgeExam) -> str:
    """How many labels lack."""
    marked = max(0, MIN_LABELS_PER_CLASS - exam.positives)
    unmarked = max(0, MIN_LABELS_PER_CLASS - exam.negatives)
    need = " and ".join(
        f"{count} more answers that are {what}"
        for count, what in ((marked, "wrong (label 1)"), (unmarked, "right (label 0)"))
        if count
    )
    return f"label {need or 'more answers'} in anchors.jsonl; 40 of each do for a good judge, 80 for a middling one"


def _more_labels(exam: JudgeExam) -> tuple[str, ...]:
    """Whether more labels would do: only where the judge itself looks good enough."""
    if exam.sensitivity is None or exam.specificity is None:
        return ()
    needed = labels_needed(sensitivity=exam.sensitivity.value, specificity=exam.specificity.value, bar=exam.bar)
    if needed is None:
        return ("more labels alone will not do: the judge is too often wrong on these answers",)
    if needed <= min(exam.positives, exam.negatives):
        return ("label more answers, of other sources: those of one source count as less than their number",)
    have = f"now {exam.positives} wrong and {exam.negatives} right ones"
    return (
        f"label more: with {needed} wrong and {needed} right answers such a judge passes with {LIKELY:.0%} "
        f"probability ({have})",
    )


def _other_judge(exam: JudgeExam) -> str:
    """Another cut, or another judge."""
    calibrate = "`assay calibrate --labels FILE` fits the risk to your labels"
    if exam.models_served:
        return f"or {calibrate}; or name another model or rubric in the manifest"
    return f"or {calibrate}; or `rubric: grounding-llm` in the manifest has a model judge (needs an endpoint)"


def _changed_judge(exam: JudgeExam) -> tuple[str, ...]:
    """The judge is not what it was."""
    change = exam.change
    before = ", ".join(change.models_before) if change is not None and change.models_before else ""
    was = f"{before} then, " if before else ""
    now = ", ".join(exam.models_served) or "the local judge"
    is_other = change is not None and change.revision_before != exam.revision
    why = "its evaluator revision changed (rubric, prompt, model or calibration)" if is_other else f"{was}{now} now"
    return (f"the judge changed: {why}. Undo that, or accept it: new runs, then `assay golden baseline` and freeze",)
