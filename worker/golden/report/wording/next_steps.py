"""What a person can do about an inconclusive gate: one or two lines, and the anchors that led to it."""

from __future__ import annotations

from assay.worker.golden.gate.comparison import Comparison
from assay.worker.golden.gate.findings import (
    AnswersMissing,
    BaselinePassesNothing,
    DropNotShown,
    ExamNotPassed,
    JudgeUnexamined,
    MustPassUnconfirmed,
    NotShownNoWorse,
    RunTimedOut,
    TooFewClusters,
    TooLittleToLose,
)
from assay.worker.golden.report.wording.exam import exam_advice, fallen_words
from assay.worker.golden.results.gate_result import GateResult, GateVerdict

_ADVICE = {
    RunTimedOut: "give it more time (`timeout_s`, or --timeout), or go on with --resume RUN: nothing is judged twice",
    MustPassUnconfirmed: "give it more time (`timeout_s`, or --timeout), or go on with --resume RUN",
    AnswersMissing: "see to what failed, then go on with --resume RUN. `gate.min_completed` tolerates some",
    BaselinePassesNothing: "look at the baseline's items on the page (--html), and take one that works",
    TooLittleToLose: "take a baseline that passes more, or more items",
    TooFewClusters: "take items of more sources: at alpha 0.05 five clusters are the fewest that can show a regression",
    DropNotShown: "look at the answers that got worse (--html): if they are wrong, do not release. Items that must "
    "never fail belong in `gate.must_pass`. Items of more sources would show such a drop",
    NotShownNoWorse: "more items, of more sources, would tell; `assay golden verify` says how likely a pass is",
}
"""The next step of findings that an exam says nothing about."""

_MOST = 3


def next_steps(comparison: Comparison) -> tuple[str, ...]:
    """What to do about an inconclusive verdict; nothing where the verdict speaks for itself."""
    if comparison.verdict is not GateVerdict.INCONCLUSIVE:
        return ()
    steps: list[str] = []
    for finding in comparison.reasons:
        if isinstance(finding, ExamNotPassed | JudgeUnexamined):
            steps += exam_advice(comparison.exam)
        elif type(finding) in _ADVICE:
            steps.append(_ADVICE[type(finding)])
    return tuple(dict.fromkeys(steps))[:_MOST]


def shown_fallen(result: GateResult) -> tuple[str, ...]:
    """The anchors that fell, where the judge's exam kept the gate from deciding."""
    return fallen_words(result.exam) if result.verdict is GateVerdict.INCONCLUSIVE else ()
