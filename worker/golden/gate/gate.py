"""The gate: a candidate's run against a baseline's, item by item, and the verdict a pipeline acts on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assay.judges.prices import total_cost
from assay.worker.golden.gate.judge_checks import judge_doubts, judge_warnings
from assay.worker.golden.gate.metrics import PASS_RATE, half_scored, least_p_value, primary_test, secondary_tests
from assay.worker.golden.gate.verdict import Findings, verdict_of
from assay.worker.golden.report.facts import detectable_words, margin_sight, unknown_sight
from assay.worker.golden.report.words import blind_words, floor_words, half_scored_words, lost_words, metric_words
from assay.worker.golden.results.gate_result import GateResult, MetricTest, Pair, Slice
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import GoldenRun, ItemResult, JudgeExam
from assay.worker.golden.sets.files import GoldenSetError
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.statistics.power import minimum_detectable_drop
from assay.worker.statistics.repeats import VarianceComponents, variance_components

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
    broken, unknown = _must_pass(pairs, settings.must_pass)
    detectable = detectable_drop(golden, len(tested), candidate.repeats)
    found = Findings(
        doubts=judge_doubts(baseline, candidate, golden, exam),
        gaps=[*_gaps(baseline, candidate, golden), *_primary_gap(tested, golden), *unknown],
        floor=_floor(baseline, candidate, golden, primary, tested),
        broken=broken,
        primary=primary,
        secondaries=secondaries,
    )
    warnings = [metric_words(test) for test in secondaries if test.shown_worse]
    warnings += judge_warnings(baseline, candidate, golden, exam)
    if settings.primary == PASS_RATE and detectable is None:
        warnings.append(detectable_words(None, len(tested), candidate.repeats, ASSUMED_FLIP_RATE))
    verdict, reasons = verdict_of(found, settings)
    return GateResult(
        run_id=candidate.run_id,
        verdict=verdict,
        reasons=tuple(reasons),
        warnings=(*warnings, *_deviations(baseline, candidate, golden)),
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
        minimum_detectable_drop=detectable,
        assumed_flip_rate=ASSUMED_FLIP_RATE,
        must_pass=settings.must_pass,
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


def sight_of(golden: GoldenSet, repeats: int) -> str:
    """What a gate of this set can see, in words, before anything is asked."""
    settings, n = golden.manifest.gate, len(golden.items)
    if settings.primary != PASS_RATE:
        return unknown_sight(settings.primary)
    drop = detectable_drop(golden, n, repeats)
    if settings.margin is None:
        return detectable_words(drop, n, repeats, ASSUMED_FLIP_RATE)
    return margin_sight(drop, n, repeats, ASSUMED_FLIP_RATE, margin=settings.margin, alpha=settings.alpha)


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


def _deviations(baseline: GoldenRun, candidate: GoldenRun, golden: GoldenSet) -> list[str]:
    """Where the call went another way than what was frozen and reviewed."""
    frozen, said = golden.manifest, []
    if candidate.repeats != frozen.repeats:
        said.append(f"not as frozen: every item was asked {candidate.repeats} times, the set says {frozen.repeats}")
    if golden.baseline is not None:
        reviewed = {Path(outputs.file).stem for outputs in golden.baseline.record.outputs}
        if baseline.target not in reviewed:
            said.append(f"not as frozen: compared with {baseline.target!r}, not with the reviewed baseline")
    elif frozen.baseline is not None and baseline.target != frozen.baseline:
        said.append(f"not as frozen: compared with {baseline.target!r}, the manifest names {frozen.baseline!r}")
    return said


def _floor(
    baseline: GoldenRun, candidate: GoldenRun, golden: GoldenSet, primary: MetricTest, tested: Sequence[Pair]
) -> list[str]:
    """Why a comparison without a difference would prove nothing."""
    said = floor_words(baseline, candidate, golden.items)
    return said or blind_words(baseline, primary, least_p_value(tested, golden), golden.manifest.gate.alpha)


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


def _primary_gap(tested: Sequence[Pair], golden: GoldenSet) -> list[str]:
    """A score that decides and that too many items have on one side only."""
    half = half_scored(tested, golden)
    settings = golden.manifest.gate
    if len(tested) - len(half) >= settings.min_completed * len(tested):
        return []
    return [half_scored_words(settings.primary, half, len(tested))]


def _must_pass(pairs: Sequence[Pair], names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Must-pass items that failed by the majority of their judgements, and words for those nobody can tell of."""
    broken, unknown, cut = [], [], []
    for pair in pairs:
        if pair.id not in names:
            continue
        found = {result.confirmed for result in pair.candidate}
        if ItemStatus.FAILED in found:
            broken.append(pair.id)
        elif any(result.unconfirmed for result in pair.candidate):
            cut.append(pair.id)
        elif ItemStatus.MISSING in found:
            unknown.append(pair.id)
    said = [f"must-pass items missing or not confirmed: {', '.join(unknown)}"] if unknown else []
    if cut:
        said.append(f"must-pass items failed and were not judged again, for the time was up: {', '.join(cut)}")
    return broken, said


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
