"""A comparison as the record that is kept and shown: its numbers, and its findings in words."""

from __future__ import annotations

from assay.judges.prices import total_cost
from assay.worker.golden.gate.comparison import Comparison
from assay.worker.golden.report.wording.findings import sentences
from assay.worker.golden.report.wording.next_steps import next_steps
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.statistics.clusters import cluster_sums


def gate_result(comparison: Comparison) -> GateResult:
    """The record of a comparison. Reports are made of it, and read nothing else."""
    golden, tests, tested = comparison.golden, comparison.tests, comparison.tested
    baseline, candidate = comparison.baseline, comparison.candidate
    settings = golden.manifest.gate
    sums = cluster_sums([pair.drop for pair in tested], [pair.cluster_key for pair in tested])
    return GateResult(
        run_id=comparison.run_id,
        verdict=comparison.verdict,
        reasons=sentences(comparison.reasons),
        warnings=sentences(comparison.warnings),
        next_steps=next_steps(comparison),
        golden_set=golden.name,
        set_digest=golden.digest,
        revision=candidate.revision,
        baseline=baseline.target,
        candidate=candidate.target,
        baseline_runs=comparison.baseline_runs,
        mode=settings.mode,
        margin=settings.margin,
        repeats=candidate.repeats,
        n=len(tested),
        worse=sum(pair.worse for pair in tested),
        better=sum(pair.better for pair in tested),
        cluster_by=settings.cluster_by,
        clusters=len(sums),
        clusters_worse=sum(drop > 0 for drop in sums),
        clusters_better=sum(drop < 0 for drop in sums),
        primary=tests.primary,
        secondaries=tests.secondaries,
        p_value=tests.primary.p_value,
        alpha=settings.alpha,
        baseline_pass_rate=baseline.pass_rate(),
        candidate_pass_rate=candidate.pass_rate(),
        baseline_missing=baseline.missing,
        candidate_missing=candidate.missing,
        minimum_detectable_drop=comparison.effect.drop,
        minimum_detectable_cluster_drop=comparison.effect.cluster_drop,
        flip_rate=comparison.effect.flips.rate,
        flips_together=comparison.effect.flips.together,
        flips_measured=comparison.effect.measured,
        must_pass=settings.must_pass,
        must_pass_failures=comparison.must_pass_failures,
        unstable=tuple(dict.fromkeys((*baseline.unstable(), *candidate.unstable()))),
        noise=comparison.noise,
        exam=comparison.exam,
        slices=comparison.slices,
        pairs=comparison.pairs,
        started=min(baseline.started, candidate.started),
        finished=max(baseline.finished, candidate.finished),
        usage=baseline.usage + candidate.usage,
        cost_usd=total_cost([baseline.cost_usd, candidate.cost_usd]),
        judged_by=candidate.judged_by,
    )
