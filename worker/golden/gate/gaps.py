"""What did not run, or went another way than what was frozen and reviewed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from assay.worker.golden.gate.findings import (
    AnswersMissing,
    Finding,
    MustPassFailed,
    MustPassUnconfirmed,
    MustPassUnknown,
    NotTheNamedBaseline,
    NotTheReviewedBaseline,
    ReasoningShown,
    RepeatsNotAsFrozen,
    RunTimedOut,
    SideName,
)
from assay.worker.golden.results.gate_result import Pair
from assay.worker.golden.results.item_status import REASONING_SHOWN, ItemStatus
from assay.worker.golden.results.run_result import GoldenRun
from assay.worker.golden.sets.golden_set import GoldenSet


def run_gaps(baseline: GoldenRun, candidate: GoldenRun, min_completed: float) -> list[Finding]:
    """Answers that are missing on either side, beyond what the set tolerates."""
    sides = (_run_gap("baseline", baseline, min_completed), _run_gap("candidate", candidate, min_completed))
    return [gap for gap in sides if gap is not None]


def must_pass(pairs: Sequence[Pair], names: Sequence[str]) -> tuple[list[MustPassFailed], list[Finding]]:
    """Must-pass items that failed by the majority of their judgements, and findings on those nobody can tell of."""
    failed, unknown, unconfirmed = [], [], []
    for pair in pairs:
        if pair.id not in names:
            continue
        statuses = {result.confirmed for result in pair.candidate}
        if ItemStatus.FAILED in statuses:
            failed.append(MustPassFailed(pair.id))
        elif any(result.unconfirmed for result in pair.candidate):
            unconfirmed.append(pair.id)
        elif ItemStatus.MISSING in statuses:
            unknown.append(pair.id)
    gaps: list[Finding] = [MustPassUnknown(tuple(unknown))] if unknown else []
    if unconfirmed:
        gaps.append(MustPassUnconfirmed(tuple(unconfirmed)))
    return failed, gaps


def shown_reasoning(baseline: GoldenRun, candidate: GoldenRun) -> list[Finding]:
    """Whether the candidate's answers show a model's reasoning, which the baseline's do not."""
    before, after = (sum(REASONING_SHOWN in answer.reasons for answer in run.items) for run in (baseline, candidate))
    return [ReasoningShown(after, len(candidate.items))] if after and not before else []


def deviations(baseline: GoldenRun, candidate: GoldenRun, golden: GoldenSet) -> list[Finding]:
    """What differs from what was frozen: how often items were asked, and what was compared with.

    The one rule of this: commands, schedule and demo show what it finds, and add nothing.
    """
    frozen = golden.manifest
    differing: list[Finding] = []
    if candidate.repeats != frozen.repeats:
        differing.append(RepeatsNotAsFrozen(candidate.repeats, frozen.repeats))
    if golden.baseline is not None:
        reviewed = {Path(outputs.file).stem for outputs in golden.baseline.record.outputs}
        if baseline.target not in reviewed:
            differing.append(NotTheReviewedBaseline(baseline.target))
    elif frozen.baseline is not None and baseline.target != frozen.baseline:
        differing.append(NotTheNamedBaseline(baseline.target, frozen.baseline))
    return differing


def _run_gap(side: SideName, run: GoldenRun, min_completed: float) -> Finding | None:
    if run.timed_out:
        return RunTimedOut(side, run.missing, len(run.items))
    if run.completed >= min_completed * len(run.items) and run.completed:
        return None
    first = next(result for result in run.items if result.status is ItemStatus.MISSING)
    reason = first.reasons[0] if first.reasons else None
    return AnswersMissing(side, run.missing, len(run.items), first.id, reason)
