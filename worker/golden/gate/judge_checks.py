"""Whether the judge's verdicts can carry a gate's decision: revisions, the exam, the screen, the models behind it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from assay.judges.schema import Scored, Tier, Verdict
from assay.worker.golden.results.run_result import ExamState, GoldenRun, JudgeExam
from assay.worker.golden.runs.run import verdicts_of
from assay.worker.golden.sets.golden_set import GoldenSet


def judge_doubts(baseline: GoldenRun, candidate: GoldenRun, golden: GoldenSet, exam: JudgeExam | None) -> list[str]:
    """Why the judge's verdicts cannot carry a decision."""
    settings = golden.manifest.gate
    doubts = []
    if baseline.revision != candidate.revision:
        doubts.append("baseline and candidate were judged by different evaluator revisions; judge the baseline again")
    if exam is None or exam.state is ExamState.UNEXAMINED:
        why = exam.reason if exam is not None else "the anchors were not judged"
        if _screened(baseline, candidate):
            doubts.append(f"judge unexamined: {why}; scores of the screen decide only after a passed exam: add anchors")
        elif not settings.allow_unexamined:
            doubts.append(f"judge unexamined: {why}; add anchors or set gate.allow_unexamined")
    elif exam.revision != candidate.revision or exam.set_digest != golden.digest:
        doubts.append("the judge's exam is of another evaluator revision or set; examine it again")
    elif exam.state is not ExamState.PASSED:
        doubts.append(f"judge exam {exam.state.value}: {exam.reason}")
    if settings.on_model_change == "inconclusive":
        doubts += model_changes(baseline, candidate, golden, exam)
    return doubts


def judge_warnings(baseline: GoldenRun, candidate: GoldenRun, golden: GoldenSet, exam: JudgeExam | None) -> list[str]:
    """What a person should know of the judge though the set lets it decide."""
    settings, warnings = golden.manifest.gate, []
    if settings.on_model_change == "warn":
        warnings += model_changes(baseline, candidate, golden, exam)
    allowed = settings.allow_unexamined and not _screened(baseline, candidate)
    if exam is not None and exam.state is ExamState.UNEXAMINED and allowed:
        warnings.append(f"the judge is unexamined ({exam.reason}); gate.allow_unexamined lets it decide all the same")
    return warnings


def model_changes(baseline: GoldenRun, candidate: GoldenRun, golden: GoldenSet, exam: JudgeExam | None) -> list[str]:
    """Where other models served the judge: on one side only, or since the reviewed baseline was taken.

    The evaluator revision holds the models that are *asked for*; what a provider serves under that name can change.
    Neither comparison needs anchors, so changing those hides nothing.
    """
    return [*_between_sides(baseline, candidate), *_since_baseline(candidate, golden, exam)]


def _between_sides(baseline: GoldenRun, candidate: GoldenRun) -> list[str]:
    """Models that differ between the sides, by the model that was asked for.

    Sets are compared, since a router may serve several; and by what was asked for, since one side may have been
    escalated to a tier that the other never needed.
    """
    before, after = _served(baseline), _served(candidate)
    changed = [asked for asked in sorted(before.keys() & after.keys()) if before[asked] != after[asked]]
    return [
        f"the sides were judged by different models: the baseline by {_listed(before[asked])}, "
        f"the candidate by {_listed(after[asked])}"
        for asked in changed
    ]


def _since_baseline(candidate: GoldenRun, golden: GoldenSet, exam: JudgeExam | None) -> list[str]:
    """Models that were not among those behind the judge when the reviewed baseline was taken."""
    if golden.baseline is None:
        return []
    before = _names(golden.baseline.record.models_served)
    now = _names((*candidate.models_served, *(exam.models_served if exam is not None else ())))
    if not before or now <= before:
        return []
    new = _listed(now - before)
    return [f"the judge is served by another model: {new}, {_listed(before)} when the baseline was taken"]


def _served(run: GoldenRun) -> dict[str, set[str]]:
    """The models that served a run's judge, by the model that was asked for."""
    found: dict[str, set[str]] = defaultdict(set)
    for verdict in verdicts_of(item.outcome for item in run.items):
        for asked, served in _calls(verdict):
            if served:
                found[asked].add(served)
    return found


def _calls(verdict: Verdict) -> list[tuple[str, str | None]]:
    """Whom a verdict's judges asked, and who served."""
    votes = [(vote.model, vote.served) for vote in verdict.votes]
    return votes or [(verdict.model_requested or "", verdict.model_served)]


def _names(served: Iterable[str]) -> set[str]:
    """Single names: a panel's verdict names all its members in one text."""
    return {name for names in served for name in names.split(", ") if name}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _screened(*runs: GoldenRun) -> bool:
    """Whether any answer was decided by the screen: the local judge alone, or a cascade that stopped there."""
    outcomes = (item.outcome for run in runs for item in run.items)
    return any(
        isinstance(one, Scored) and one.verdict is not None and one.verdict.tier is Tier.SCREEN for one in outcomes
    )
