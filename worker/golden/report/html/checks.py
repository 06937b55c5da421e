"""What a verdict depends on, check by check, for the list at the top of the page."""

from __future__ import annotations

from dataclasses import dataclass

from assay.worker.golden.report.wording.exam import exam_fact
from assay.worker.golden.report.wording.findings import metric_words, primary_words
from assay.worker.golden.report.wording.numbers import metric_name
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import ExamState, JudgeExam


@dataclass(frozen=True)
class Check:
    """One thing the verdict depends on; `state` is ok, bad or open."""

    name: str
    state: str
    words: str


def gate_checks(result: GateResult) -> tuple[Check, ...]:
    """What a gate's verdict depends on, a line each, what decides first."""
    checks = [_primary_check(result), _missing_check(result), exam_check(result.exam)]
    if result.must_pass:
        checks.insert(1, _must_pass_check(result))
    if result.margin is not None:
        checks.insert(1, _margin_check(result, result.margin))
    if result.secondaries:
        worse = [metric_words(test) for test in result.secondaries if test.shown_worse]
        words = "; ".join(worse) or f"none of {len(result.secondaries)} shown to be worse"
        checks.append(Check("secondary metrics (Holm)", "bad" if worse else "ok", words))
    return tuple(checks)


def _primary_check(result: GateResult) -> Check:
    test = result.primary
    state = "open" if test.p_value is None else "bad" if test.shown_worse else "ok"
    return Check(f"primary metric: {metric_name(test.metric)}", state, primary_words(test, result.alpha))


def _margin_check(result: GateResult, margin: float) -> Check:
    interval = result.primary.drop_interval
    upper = 1.0 if interval is None else interval.high
    state = "ok" if upper < margin else "bad" if result.primary.shown_worse else "open"
    return Check("non-inferiority", state, f"the drop is at most {upper:.1%} (one-sided); allowed is {margin:.1%}")


def _must_pass_check(result: GateResult) -> Check:
    names, failed = result.must_pass, result.must_pass_failures
    if failed:
        return Check("must-pass items", "bad", f"failed: {', '.join(failed)}")
    lost = [
        pair.id
        for pair in result.pairs
        if pair.id in names and any(answer.confirmed is ItemStatus.MISSING for answer in pair.candidate)
    ]
    if lost:
        return Check("must-pass items", "open", f"missing or not confirmed: {', '.join(lost)}")
    return Check("must-pass items", "ok", f"all {len(names)} passed")


def _missing_check(result: GateResult) -> Check:
    lost = result.baseline_missing + result.candidate_missing
    words = f"baseline {result.baseline_missing}, candidate {result.candidate_missing} answers missing"
    return Check("everything ran", "open" if lost else "ok", words if lost else "no answer is missing on either side")


def exam_check(exam: JudgeExam | None) -> Check:
    """Whether the judge may be believed."""
    passed = exam is not None and exam.state is ExamState.PASSED
    return Check("judge's exam", "ok" if passed else "open", exam_fact(exam))
