"""What a gate says of metrics and of what did not run, in one line each."""

from __future__ import annotations

import re
from collections.abc import Sequence

from assay.judges.schema import GroundingState
from assay.judges.text.reasoning import without_reasoning
from assay.worker.golden.results.gate_result import MetricTest
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import GoldenRun, ItemResult
from assay.worker.golden.sets.manifest import GoldenItem

_NAMES = {"target_tokens": "tokens per answer", "target_latency_s": "seconds per answer"}
_FOREIGN = re.compile(r"((?:target|judge) failed: (?:Bug:)?\w*(?:: \w*(?:Error|Exception)\b)?).*", re.DOTALL)
"""A reason that goes on in somebody else's words; before them who failed, how, and the exception's type."""

_SAYS_NOTHING = (GroundingState.REFUSAL.value, GroundingState.NO_CLAIMS.value)


def primary_words(test: MetricTest, alpha: float) -> str:
    """The primary metric's outcome."""
    p_value = "not estimable" if test.p_value is None else f"{test.p_value:.3g}"
    found = f"{metric_name(test.metric)} {'fell' if test.better_when == 'higher' else 'rose'}"
    if not test.shown_worse:
        return f"no regression shown: one-sided {test.test} p = {p_value} > {alpha:g}"
    return f"{found}: one-sided {test.test} p = {p_value} ≤ {alpha:g}"


def metric_words(test: MetricTest) -> str:
    """A secondary metric that is shown to be worse."""
    p_value = f"one-sided {test.test}, Holm p = {test.adjusted_p:.3g}" if test.adjusted_p is not None else test.test
    times = f", {test.ratio:.2f} times as much" if test.ratio is not None else ""
    return f"{metric_name(test.metric)} worse: {number(test.baseline)} → {number(test.candidate)}{times} ({p_value})"


def metric_name(metric: str) -> str:
    """A metric's name for people."""
    return _NAMES.get(metric, metric.replace("_", " "))


def number(value: float | None) -> str:
    """A mean for people."""
    if value is None:
        return "unknown"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.0f}"


def lost_words(side: str, run: GoldenRun) -> str:
    """How much of a run is missing, and what kind of failure came first.

    Only its kind: what a target or judge said may be private, and this line goes to pipelines and channels.
    """
    missing = [item for item in run.items if item.status is ItemStatus.MISSING]
    reason = missing[0].reasons[0] if missing[0].reasons else "no reason given"
    kind = _FOREIGN.sub(r"\1", reason)
    return f"{side}: {run.missing} of {len(run.items)} items missing (first: {missing[0].id}: {kind})"


def half_scored_words(metric: str, items: Sequence[str], n: int) -> str:
    """That a score is there on one side only."""
    return f"{metric_name(metric)} of {len(items)} of {n} items is not known on both sides (first: {items[0]})"


def floor_words(baseline: GoldenRun, candidate: GoldenRun, items: Sequence[GoldenItem]) -> list[str]:
    """Why a comparison cannot say that all is well: there was nothing left to lose, or nothing was said."""
    words = []
    if baseline.completed and not baseline.count(ItemStatus.PASSED):
        words.append("baseline: not one item passes, so nothing can get worse; take a baseline that works")
    wanted = {item.id for item in items if item.expect == "answer"}
    answers = [item for item in candidate.items if item.id in wanted and item.status is not ItemStatus.MISSING]
    if answers and all(_says_nothing(item) for item in answers):
        words.append(f"candidate: all {len(answers)} answers are refusals or say nothing that could be checked")
    return words


def blind_words(baseline: GoldenRun, primary: MetricTest, least_p: float, alpha: float) -> list[str]:
    """Why a comparison could not have shown a regression: too little that could be lost."""
    if least_p <= alpha:
        return []
    what = f"{metric_name(primary.metric)} {number(primary.baseline)} over {primary.n} items"
    if primary.metric == "pass_rate":
        what = f"{baseline.count(ItemStatus.PASSED)} of {len(baseline.items)} answers pass"
    least = f"if all of the candidate's failed, p would be {least_p:.3g} > {alpha:g}"
    return [f"baseline: {what}, so no regression could be shown ({least}); take one that works, or more items"]


def _says_nothing(item: ItemResult) -> bool:
    return item.state in _SAYS_NOTHING or not without_reasoning(item.response or "").strip()
