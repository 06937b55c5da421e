"""What a gate finds, as values: a kind and its numbers. `report/wording/findings.py` has the sentence of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from assay.worker.golden.gate.detectable_effect import DetectableEffect
from assay.worker.golden.results.gate_result import MetricTest
from assay.worker.golden.results.run_result import ExamState

SideName = Literal["baseline", "candidate"]


# --- the judge -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RevisionsDiffer:
    """Two evaluator revisions judged the two sides."""


@dataclass(frozen=True)
class JudgeUnexamined:
    """No exam says whether the judge can be believed. `is_screen`: the screen alone decided some answers."""

    reason: str
    is_screen: bool


@dataclass(frozen=True)
class UnexaminedJudgeAllowed:
    """The judge is unexamined, and the set lets it decide."""

    reason: str


@dataclass(frozen=True)
class ExamOfAnotherJudge:
    """The exam is of another evaluator revision, or of another state of the set."""


@dataclass(frozen=True)
class ExamNotPassed:
    """The judge failed its exam, or the exam is incomplete."""

    state: ExamState
    reason: str


@dataclass(frozen=True)
class SidesServedDifferently:
    """A provider served other models to the baseline's judge than to the candidate's."""

    baseline: tuple[str, ...]
    candidate: tuple[str, ...]


@dataclass(frozen=True)
class ServedByNewModel:
    """Models serve the judge that did not when the reviewed baseline was taken."""

    new: tuple[str, ...]
    before: tuple[str, ...]


# --- what did not run ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunTimedOut:
    """The time of the whole run was up before every answer had come."""

    side: SideName
    missing: int
    answers: int


@dataclass(frozen=True)
class AnswersMissing:
    """More answers are missing than the set tolerates; `first_reason` is None where none was given."""

    side: SideName
    missing: int
    answers: int
    first_id: str
    first_reason: str | None


@dataclass(frozen=True)
class PrimaryHalfScored:
    """The score that decides is known on one side only, of too many items."""

    metric: str
    items: tuple[str, ...]
    n: int


@dataclass(frozen=True)
class MustPassUnknown:
    """Must-pass items without an answer, or without a majority of their judgements."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class MustPassUnconfirmed:
    """Must-pass items that failed once, and the time was up before they were judged again."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class NothingCompared:
    """Not one item could be compared."""


# --- no headroom: a comparison that could show no regression ---------------------------------------------------------


@dataclass(frozen=True)
class BaselinePassesNothing:
    """No item of the baseline passes, so none can get worse."""


@dataclass(frozen=True)
class CandidateSaysNothing:
    """Every answer of the candidate is a refusal, or states nothing that could be checked."""

    answers: int


@dataclass(frozen=True)
class TooLittleToLose:
    """If all of the candidate's answers had failed, the p-value would be `least_p`, which is above alpha."""

    primary: MetricTest
    passed: int
    answers: int
    least_p: float
    alpha: float


@dataclass(frozen=True)
class TooFewClusters:
    """Even if all of the candidate's answers had failed, so few clusters would not show it: p would be `least_p`."""

    items: int
    clusters: int
    cluster_by: str
    least_p: float
    alpha: float


# --- what the statistics say -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class MustPassFailed:
    """A must-pass item failed, by the majority of its judgements."""

    item: str


@dataclass(frozen=True)
class PrimaryTested:
    """The test of the primary metric."""

    test: MetricTest
    alpha: float


@dataclass(frozen=True)
class DropNotShown:
    """The test does not show a drop that is too large to pass: `items` in the clusters `worse` lost something."""

    test: MetricTest
    drop: float
    items: int
    worse: tuple[str, ...]
    cluster_by: str
    alpha: float


@dataclass(frozen=True)
class SecondaryWorse:
    """A secondary metric that is shown to be worse."""

    test: MetricTest


@dataclass(frozen=True)
class ShownNoWorse:
    """Non-inferiority is shown: the drop is at most `upper`, which is below the margin."""

    margin: float
    upper: float


@dataclass(frozen=True)
class NotShownNoWorse:
    """Non-inferiority is not shown: the drop may be up to `upper`."""

    margin: float
    upper: float


@dataclass(frozen=True)
class NoDropPromised:
    """No drop of the pass rate, however large, is caught with 80 % power."""

    effect: DetectableEffect


@dataclass(frozen=True)
class ReasoningShown:
    """Answers of the candidate, and none of the baseline, show the user a model's reasoning."""

    answers: int
    of: int


# --- not as frozen ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RepeatsNotAsFrozen:
    """Every item was asked more or less often than the set says."""

    asked: int
    frozen: int


@dataclass(frozen=True)
class NotTheReviewedBaseline:
    """The set has a reviewed baseline, and the comparison was with something else."""

    target: str


@dataclass(frozen=True)
class NotTheNamedBaseline:
    """The manifest names a release to compare with, and the comparison was with another."""

    target: str
    named: str


Finding = (
    RevisionsDiffer
    | JudgeUnexamined
    | UnexaminedJudgeAllowed
    | ExamOfAnotherJudge
    | ExamNotPassed
    | SidesServedDifferently
    | ServedByNewModel
    | RunTimedOut
    | AnswersMissing
    | PrimaryHalfScored
    | MustPassUnknown
    | MustPassUnconfirmed
    | NothingCompared
    | BaselinePassesNothing
    | CandidateSaysNothing
    | TooLittleToLose
    | TooFewClusters
    | MustPassFailed
    | PrimaryTested
    | DropNotShown
    | SecondaryWorse
    | ShownNoWorse
    | NotShownNoWorse
    | NoDropPromised
    | ReasoningShown
    | RepeatsNotAsFrozen
    | NotTheReviewedBaseline
    | NotTheNamedBaseline
)
"""Everything that can be a reason of the verdict or a warning."""
