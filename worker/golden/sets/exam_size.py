"""Whether a set has as many anchors as an exam of the judge needs."""

from __future__ import annotations

from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import MIN_LABELS_PER_CLASS
from assay.worker.statistics.exam_size import pass_probability

ENOUGH_LABELS = 80
"""Anchors of each label with which even a middling judge passes its exam in 95 of 100 cases."""

_MIDDLING, _GOOD = (0.56, 0.89), (0.85, 0.90)
"""Sensitivity and specificity: of the local judge on held-out RAGTruth, and of a judge that people would call good."""


def exam_note(golden: GoldenSet) -> str | None:
    """How often chance fails a judge that is good enough; None where anchors are enough, or too few for an exam."""
    marked = sum(anchor.label for anchor in golden.anchors)
    unmarked = len(golden.anchors) - marked
    if not MIN_LABELS_PER_CLASS <= min(marked, unmarked) < ENOUGH_LABELS:
        return None
    middling, good = (_failing(marked, unmarked, judge, golden.manifest.gate.judge_bar) for judge in (_MIDDLING, _GOOD))
    return (
        f"{marked} marked and {unmarked} unmarked anchors: by chance a middling judge (sensitivity 0.56, specificity "
        f"0.89) fails {middling:.0%} of such exams, a good one (0.85, 0.90) {good:.0%}; {ENOUGH_LABELS} + "
        f"{ENOUGH_LABELS} do for a middling judge, 40 + 40 for a good one"
    )


def _failing(marked: int, unmarked: int, judge: tuple[float, float], bar: float) -> float:
    sensitivity, specificity = judge
    return 1 - pass_probability(marked, unmarked, sensitivity=sensitivity, specificity=specificity, bar=bar)
