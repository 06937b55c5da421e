"""The gate: a candidate's run against a baseline's, item by item, and the verdict a pipeline acts on."""

from __future__ import annotations

from collections.abc import Sequence

from judges.schema import Scored, Tier
from worker.golden.comparison import GateResult, Pair, Slice
from worker.golden.decide import ItemStatus
from worker.golden.files import GoldenSetError
from worker.golden.goldenset import GoldenSet
from worker.golden.metrics import PASS_RATE, primary_test, secondary_tests
from worker.golden.result import ExamState, GoldenRun, ItemResult, JudgeExam
from worker.golden.run import total_cost
from worker.golden.verdict import Findings, verdict_of
from worker.golden.words import floor_words, lost_words, metric_words
from worker.statistics.power import minimum_detectable_drop
from worker.statistics.repeats import VarianceComponents, variance_components

ASSUMED_FLIP_RATE = 0.02
"""Share of items assumed to flip each way by chance alone, for the minimum detectable drop."""


def compare(baseline: GoldenRun, candidate: GoldenRun, golden: GoldenSet, exam: JudgeExam | None) -> GateResult:
    """Compare two runs of one golden set, judged by one evaluator revision.

    Regressed: a must-pass item failed, or the primary metric is shown to be worse at the set's alpha. Inconclusive:
    anything that should have run did not, the judge cannot be trusted, or non-inferiority was asked for and is not
    shown. A pass needs none of these.

    Raises:
        GoldenSetError: the runs are not of this set as it stands (exit code 2).
    """
    pairs = _pairs(baseline, candidate, golden)
    settings = golden.manifest.gate
    tested = [pair for pair in pairs if not pair.both_missing]
    primary = primary_test(tested, golden)
    secondaries = secondary_tests(tested, golden)
    broken, unconfirmed = _must_pass(pairs, settings.must_pass)
    gaps = _gaps(baseline, candidate, golden)
    if unconfirmed:
        gaps.append(f"must-pass items missing or not confirmed: {', '.join(unconfirmed)}")
    found = Findings(
        doubts=_judge_doubts(baseline, candidate, golden, exam),
        gaps=gaps,
        floor=floor_words(baseline, candidate, golden.items),
        broken=broken,
        primary=primary,
        secondaries=secondaries,
    )
    verdict, reasons = verdict_of(found, settings)
    return GateResult(
        run_id=candidate.run_id,
        verdict=verdict,
        reasons=tuple(reasons),
        warnings=tuple(_warnings(found, golden, exam)),
        golden_set=golden.name,
        set_digest=golden.digest,
        revision=candidate.revision,
        baseline=baseline.target,
        candidate=candidate.target,
        mode=settings.mode,
        margin=settings.margin,
        repeats=candidate.repeats,
        n=len(tested),
        worse=sum(pair.worse for pair in tested),
        better=sum(pair.better for pair in tested),
        primary=primary,
        secondaries=secondaries,
        p_value=primary.p_value,
        alpha=settings.alpha,
        baseline_pass_rate=baseline.pass_rate(),
        candidate_pass_rate=candidate.pass_rate(),
        baseline_missing=baseline.missing,
        candidate_missing=candidate.missing,
        minimum_detectable_drop=detectable_drop(golden, len(tested), candidate.repeats),
        assumed_flip_rate=ASSUMED_FLIP_RATE,
        must_pass_failures=tuple(broken),
        unstable=tuple(dict.fromkeys((*baseline.unstable(), *candidate.unstable()))),
        noise=_noise(baseline),
        exam=exam,
        slices=_slices(tested),
        pairs=tuple(pairs),
        started=min(baseline.started, candidate.started),
        finished=max(baseline.finished, candidate.finished),
        usage=baseline.usage + candidate.usage,
        cost_usd=total_cost([baseline.cost_usd, candidate.cost_usd]),
    )


def detectable_drop(golden: GoldenSet, n: int, repeats: int) -> float | None:
    """The minimum detectable drop of the pass rate; None for another primary, whose spread is not known before."""
    if golden.manifest.gate.primary != PASS_RATE:
        return None
    alpha = golden.manifest.gate.alpha
    return minimum_detectable_drop(n, flip_rate=ASSUMED_FLIP_RATE, alpha=alpha, repeats=repeats)


def _pairs(baseline: GoldenRun, candidate: GoldenRun, golden: GoldenSet) -> list[Pair]:
    """The two runs item by item, after checking that they can be compared at all."""
    for side, run in (("baseline", baseline), ("candidate", candidate)):
        if run.set_digest != golden.digest or run.golden_set != golden.name:
            remedy = f"was made with another state of golden set {golden.name!r}; run it again"
            raise GoldenSetError(f"{side} run", "set_digest", remedy)
        asked = sorted((item.id, repeat) for item in golden.items for repeat in range(run.repeats))
        if sorted((item.id, item.repeat) for item in run.items) != asked:
            raise GoldenSetError(f"{side} run", "items", "are not the items of the set; run it again")
    if baseline.repeats != candidate.repeats:
        remedy = f"{baseline.repeats} against the candidate's {candidate.repeats}; both sides need the same"
        raise GoldenSetError("baseline run", "repeats", remedy)
    before, after = _by_item(baseline), _by_item(candidate)
    return [
        Pair(
            id=item.id,
            question=item.question,
            contexts=item.contexts,
            tags=item.tags,
            baseline=before[item.id],
            candidate=after[item.id],
        )
        for item in golden.items
    ]


def _by_item(run: GoldenRun) -> dict[str, tuple[ItemResult, ...]]:
    found: dict[str, tuple[ItemResult, ...]] = {}
    for result in run.items:
        found[result.id] = (*found.get(result.id, ()), result)
    return found


def _judge_doubts(baseline: GoldenRun, candidate: GoldenRun, golden: GoldenSet, exam: JudgeExam | None) -> list[str]:
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
    if exam is not None and exam.model_changed and settings.on_model_change == "inconclusive":
        doubts.append(_model_words(exam))
    return doubts


def _screened(*runs: GoldenRun) -> bool:
    """Whether any answer was decided by the screen: the local judge alone, or a cascade that stopped there."""
    outcomes = (item.outcome for run in runs for item in run.items)
    return any(
        isinstance(one, Scored) and one.verdict is not None and one.verdict.tier is Tier.SCREEN for one in outcomes
    )


def _warnings(found: Findings, golden: GoldenSet, exam: JudgeExam | None) -> list[str]:
    """What a person should know though it does not decide."""
    settings = golden.manifest.gate
    warnings = [metric_words(test) for test in found.secondaries if test.shown_worse]
    if exam is not None and exam.model_changed and settings.on_model_change == "warn":
        warnings.append(_model_words(exam))
    if exam is not None and exam.state is ExamState.UNEXAMINED and not found.doubts:
        warnings.append(f"the judge is unexamined ({exam.reason}); gate.allow_unexamined lets it decide all the same")
    return warnings


def _model_words(exam: JudgeExam) -> str:
    before = exam.change.models_before if exam.change is not None else ()
    now = ", ".join(exam.models_served)
    return f"the judge is served by another model: {now}, {', '.join(before)} when the baseline was taken"


def _gaps(baseline: GoldenRun, candidate: GoldenRun, golden: GoldenSet) -> list[str]:
    """What did not run, beyond what the set tolerates."""
    gaps = []
    for side, run in (("baseline", baseline), ("candidate", candidate)):
        if run.timed_out:
            gaps.append(
                f"{side}: the time of the whole run was up with {run.missing} of {len(run.items)} answers missing"
            )
        elif run.completed < golden.manifest.gate.min_completed * len(run.items) or run.completed == 0:
            gaps.append(lost_words(side, run))
    return gaps


def _must_pass(pairs: Sequence[Pair], names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Must-pass items that failed by the majority of their judgements, and those that nobody could judge."""
    broken, unknown = [], []
    for pair in pairs:
        if pair.id not in names:
            continue
        found = {result.confirmed for result in pair.candidate}
        if ItemStatus.FAILED in found:
            broken.append(pair.id)
        elif ItemStatus.MISSING in found:
            unknown.append(pair.id)
    return broken, unknown


def _noise(run: GoldenRun) -> VarianceComponents | None:
    """Spread among the baseline's repeats, where nothing is missing."""
    if run.missing or run.repeats < 2:
        return None
    trials = [[result.status is ItemStatus.PASSED for result in results] for results in _by_item(run).values()]
    return variance_components(trials)


def _slices(pairs: Sequence[Pair]) -> tuple[Slice, ...]:
    """Counts by tag, in the order of the tags' names."""
    tags = sorted({tag for pair in pairs for tag in pair.tags})
    groups = [(tag, [pair for pair in pairs if tag in pair.tags]) for tag in tags]
    return tuple(
        Slice(
            tag=tag,
            n=len(group),
            baseline_passed=sum(item.status is ItemStatus.PASSED for pair in group for item in pair.baseline),
            candidate_passed=sum(item.status is ItemStatus.PASSED for pair in group for item in pair.candidate),
            worse=sum(pair.worse for pair in group),
            better=sum(pair.better for pair in group),
        )
        for tag, group in groups
    )
