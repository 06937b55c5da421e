"""The gate's decision: a candidate's run against a baseline's, item by item."""

from __future__ import annotations

from dataclasses import dataclass

from assay.worker.golden.gate.detectable_effect import DetectableEffect, detectable_effect
from assay.worker.golden.gate.findings import Finding, NoDropPromised, SecondaryWorse
from assay.worker.golden.gate.gaps import deviations, must_pass, run_gaps, shown_reasoning
from assay.worker.golden.gate.judge_checks import judge_findings
from assay.worker.golden.gate.metric_tests import GateTests, gate_tests
from assay.worker.golden.gate.no_headroom import no_headroom
from assay.worker.golden.gate.pairs import noise_of_repeating, paired, slices_of
from assay.worker.golden.gate.unshown_drop import unshown_drop
from assay.worker.golden.gate.verdict import Grounds, verdict_of
from assay.worker.golden.results.gate_result import GateVerdict, Pair, Slice
from assay.worker.golden.results.run_result import GoldenRun, JudgeExam
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.statistics.repeats import VarianceComponents


@dataclass(frozen=True)
class Comparison:
    """What was compared and what came of it. `report/gate_record.py` makes the record that is kept and shown.

    `tested` are the pairs that say something about a side. `must_pass_failures` are ids of items. `baseline_runs`
    names the reviewed outputs that stand for the baseline, if any do.
    """

    golden: GoldenSet
    baseline: GoldenRun
    candidate: GoldenRun
    exam: JudgeExam | None
    pairs: tuple[Pair, ...]
    tested: list[Pair]
    slices: tuple[Slice, ...]
    noise: VarianceComponents | None
    tests: GateTests
    effect: DetectableEffect
    verdict: GateVerdict
    reasons: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    must_pass_failures: tuple[str, ...]
    run_id: str
    baseline_runs: tuple[str, ...] = ()


def compare(baseline: GoldenRun, candidate: GoldenRun, golden: GoldenSet, exam: JudgeExam | None) -> Comparison:
    """Compare two runs of one golden set, judged by one evaluator revision.

    Regressed: a must-pass item failed, or the primary metric is shown to be worse at the set's alpha. Inconclusive:
    anything that should have run did not, the judge cannot be trusted, a large drop lies in too few clusters to be
    shown, or non-inferiority was asked for and is not shown. A pass needs none of these.

    Raises:
        GoldenSetError: the runs are not of this set as it stands (exit code 2).
    """
    settings = golden.manifest.gate
    pairs = paired(baseline, candidate, golden)
    tested = [pair for pair in pairs if not pair.both_missing]
    slices, noise = slices_of(tested), noise_of_repeating(pairs)
    tests = gate_tests(tested, golden)
    judge = judge_findings(baseline, candidate, golden, exam)
    failed, unknown = must_pass(pairs, settings.must_pass)
    missing = run_gaps(baseline, candidate, settings.min_completed)
    not_as_frozen = deviations(baseline, candidate, golden)
    grounds = Grounds(
        doubts=judge.doubts,
        gaps=[*missing, *tests.gaps, *unknown],
        headroom=no_headroom(baseline, candidate, golden.items, tests, settings),
        unshown=unshown_drop(tests, settings),
        failed=failed,
        primary=tests.primary,
        secondaries=tests.secondaries,
    )
    verdict, reasons = verdict_of(grounds, settings)
    effect = detectable_effect(golden, repeats=candidate.repeats, pairs=tested)
    warnings: list[Finding] = [SecondaryWorse(test) for test in tests.secondaries if test.shown_worse]
    reasoning = shown_reasoning(baseline, candidate)
    # It explains a regression; without one it is still something that users see.
    (reasons if verdict is GateVerdict.REGRESSED else warnings).extend(reasoning)
    warnings += judge.warnings
    if effect.is_none_promised:
        warnings.append(NoDropPromised(effect))
    return Comparison(
        golden=golden,
        baseline=baseline,
        candidate=candidate,
        exam=exam,
        pairs=pairs,
        tested=tested,
        slices=slices,
        noise=noise,
        tests=tests,
        effect=effect,
        verdict=verdict,
        reasons=tuple(reasons),
        warnings=(*warnings, *not_as_frozen),
        must_pass_failures=tuple(finding.item for finding in failed),
        run_id=candidate.run_id,
    )
