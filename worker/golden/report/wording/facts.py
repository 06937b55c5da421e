"""The lines a report is made of. Every renderer shows the same ones of runs, gates, exams and series."""

from __future__ import annotations

from assay.judges.schema import Usage
from assay.worker.golden.report.wording.effects import effect_of, effect_words
from assay.worker.golden.report.wording.exam import exam_advice, exam_fact
from assay.worker.golden.report.wording.numbers import (
    cost_words,
    counted,
    items_words,
    metric_name,
    n_words,
    number,
    p_value_of,
    share,
    signed,
)
from assay.worker.golden.results.gate_result import GateResult, MetricTest
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import GoldenRun, JudgedBy
from assay.worker.golden.runs.series import Series
from assay.worker.golden.sets.manifest import PASS_RATE

_NAMED = 10


def run_facts(run: GoldenRun) -> list[str]:
    """What there is to say of a run, a line each; none of its texts, since they also go to chats."""
    counts = ", ".join(f"{run.count(status)} {status.value}" for status in ItemStatus)
    seconds = (run.finished - run.started).total_seconds()
    asked = f"{len(run.items)} items" if run.repeats == 1 else f"{len(run.items)} answers, {run.repeats} to each item"
    facts = [
        f"{asked}: {counts}" + ("; the time of the whole run was up" if run.timed_out else ""),
        f"pass rate {share(run.pass_rate())}",
        _spent("judging", run.usage, run.cost_usd, run.judged_by) + f"; {seconds:.1f} s",
    ]
    if run.exam is not None:
        facts += [exam_fact(run.exam)]
        facts += [f"next: {step}" for step in exam_advice(run.exam)]
    return facts + _unstable_facts(run.unstable())


def gate_facts(result: GateResult) -> list[str]:
    """What a gate's verdict rests on, a line each."""
    p_value, noise = p_value_of(result.p_value), result.noise
    return [
        f"baseline pass rate {share(result.baseline_pass_rate)}, {result.baseline_missing} missing",
        f"candidate pass rate {share(result.candidate_pass_rate)}, {result.candidate_missing} missing",
        f"{metric_name(result.primary.metric)} changed by {' ['.join(primary_change(result))}]",
        f"{result.worse} worse, {result.better} better of {result.n}; one-sided p = {p_value}, alpha {result.alpha:g}",
        *_cluster_facts(result),
        effect_words(effect_of(result)),
        *_missing_facts(result),
        *([f"noise of repeating alone: ± {noise.run_se:.1%} (standard error)"] if noise is not None else []),
        *_unstable_facts(result.unstable),
        exam_fact(result.exam),
        _spent("judging both sides", result.usage, result.cost_usd, result.judged_by),
        *_exam_spent(result),
        f"evaluator {result.revision[:12]}, golden set {result.set_digest[:12]}, run {result.run_id or 'not kept'}",
        *(_metric_fact(test) for test in result.secondaries),
        *(
            f"slice {s.tag}: {s.baseline_passed} → {s.candidate_passed} passed, {s.n} items (reported, not tested)"
            for s in result.slices
        ),
    ]


def _cluster_facts(result: GateResult) -> list[str]:
    """How many clusters carry the result, where items share one."""
    if result.clusters >= result.n:
        return []
    changed = f"{counted(result.clusters_worse, 'cluster')} worse, {result.clusters_better} better"
    items = items_words(result.n, result.clusters)
    return [f"{items} ({result.cluster_by}), each summed before the tests: {changed}"]


def primary_change(result: GateResult) -> tuple[str, str]:
    """How far the primary metric moved, and its interval: of the pass rate over paired items, else of the means."""
    test = result.primary
    if test.metric == PASS_RATE and result.n:
        dropped = sum(pair.drop for pair in result.pairs if not pair.both_missing) / (result.n * result.repeats)
        words = f"{signed(-100 * dropped, 1)} points"
    elif test.baseline is not None and test.candidate is not None:
        words = signed(test.candidate - test.baseline, 3)
    else:
        return "unknown", f"n = {test.n}"
    interval = test.drop_interval
    if interval is None:
        return words, f"n = {test.n}"
    ends = f"{signed(-100 * interval.high, 1)} to {signed(-100 * interval.low, 1)}"
    return words, f"{100 * (1 - 2 * result.alpha):g} % interval {ends}, n = {n_words(test)}"


def _exam_spent(result: GateResult) -> list[str]:
    exam = result.exam
    if exam is None:
        return []
    return [_spent("examining the judge", exam.usage, exam.cost_usd, result.judged_by)]


def _spent(what: str, usage: Usage, cost_usd: float | None, judged_by: JudgedBy) -> str:
    tokens = usage.prompt_tokens + usage.completion_tokens
    return f"{what}: {usage.calls} model calls, {tokens} tokens, {cost_words(cost_usd, judged_by)}"


def _metric_fact(test: MetricTest) -> str:
    times = f" (× {test.ratio:.2f})" if test.ratio is not None else ""
    what = f"{metric_name(test.metric)} {number(test.baseline)} → {number(test.candidate)}{times}"
    return f"{what}, n = {n_words(test)}, Holm p = {p_value_of(test.adjusted_p)}{'; worse' if test.shown_worse else ''}"


def _missing_facts(result: GateResult) -> list[str]:
    """Items of the candidate without a result, by name."""
    lost = [pair.id for pair in result.pairs if any(item.status is ItemStatus.MISSING for item in pair.candidate)]
    more = f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
    return [f"missing: {', '.join(lost[:_NAMED])}{more}"] if lost else []


def _unstable_facts(names: tuple[str, ...]) -> list[str]:
    """Items that both passed and failed."""
    if not names:
        return []
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    count = f"{len(names)} unstable items, passing in one repeat and failing in another"
    return [f"{count}: {', '.join(names[:_NAMED])}{more}"]


def series_facts(series: Series) -> list[str]:
    """What the weekly series says, a line each."""
    lines = [f"{series.target}, evaluator {series.revision[:12] or 'none'}"]
    if series.too_few is not None or series.limit is None or series.reference_pass_rate is None:
        return [*lines, f"no series yet: {series.too_few}"]
    normal = f"reference pass rate {series.reference_pass_rate:.1%} over {len(series.reference)} runs"
    lines.append(f"{normal}; watched: below {1 - series.limit:.1%}, alarm at e = {series.threshold:g}")
    lines += [
        f"{point.run_id}  pass rate {point.pass_rate:.1%}, n = {point.answers}, e = {point.e_value:.3g}"
        + ("; acknowledged, the evidence starts anew" if point.run_id in series.acknowledged else "")
        for point in series.points
    ]
    alarm = f"ALARM at run {series.alarm}: the pass rate fell" if series.alarm is not None else "no alarm"
    return [*lines, alarm]
