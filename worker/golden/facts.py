"""The lines a report is made of: what runs, gates and exams found, in words; every renderer shows the same ones."""

from __future__ import annotations

from judges.schema import Usage
from worker.golden.comparison import GateResult, MetricTest
from worker.golden.decide import ItemStatus
from worker.golden.result import ExamState, GoldenRun, JudgeExam
from worker.golden.series import Series
from worker.golden.words import metric_name, number
from worker.statistics.intervals import Estimate

_NAMED = 10


def share(estimate: Estimate | None) -> str:
    """A share with its interval and n, in words."""
    if estimate is None:
        return "not estimable"
    groups = f" in {estimate.n_clusters} sources" if estimate.n_clusters is not None else ""
    return f"{estimate.value:.1%} [{estimate.low:.1%}, {estimate.high:.1%}], n = {estimate.n}{groups}"


def run_facts(run: GoldenRun) -> list[str]:
    """What there is to say of a run, a line each."""
    counts = ", ".join(f"{run.count(status)} {status.value}" for status in ItemStatus)
    seconds = (run.finished - run.started).total_seconds()
    asked = f"{len(run.items)} items" if run.repeats == 1 else f"{len(run.items)} answers, {run.repeats} to each item"
    facts = [
        f"{asked}: {counts}" + ("; the time of the whole run was up" if run.timed_out else ""),
        f"pass rate {share(run.pass_rate())}",
        _spent("judging", run.usage, run.cost_usd) + f"; {seconds:.1f} s",
    ]
    facts += [exam_fact(run.exam)] if run.exam is not None else []
    return facts + _unstable_facts(run.unstable())


def gate_facts(result: GateResult) -> list[str]:
    """What a gate's verdict rests on, a line each."""
    p_value = "not estimable" if result.p_value is None else f"{result.p_value:.3g}"
    noise = result.noise
    return [
        f"baseline pass rate {share(result.baseline_pass_rate)}, {result.baseline_missing} missing",
        f"candidate pass rate {share(result.candidate_pass_rate)}, {result.candidate_missing} missing",
        f"{result.worse} worse, {result.better} better of {result.n}; one-sided p = {p_value}, alpha {result.alpha:g}",
        detectable_words(result.minimum_detectable_drop, result.n, result.repeats, result.assumed_flip_rate),
        *([f"noise of repeating alone: ± {noise.run_se:.1%} (standard error)"] if noise is not None else []),
        *_unstable_facts(result.unstable),
        exam_fact(result.exam),
        _spent("judging both sides", result.usage, result.cost_usd),
        *([_spent("examining the judge", result.exam.usage, result.exam.cost_usd)] if result.exam is not None else []),
        f"evaluator {result.revision[:12]}",
        *(_metric_fact(test) for test in result.secondaries),
        *(
            f"slice {s.tag}: {s.baseline_passed} → {s.candidate_passed} passed, {s.n} items (reported, not tested)"
            for s in result.slices
        ),
    ]


def detectable_words(drop: float | None, n: int, repeats: int, flip_rate: float) -> str:
    """What so many items can see, in words."""
    times = f" asked {repeats} times" if repeats > 1 else ""
    if drop is None:
        return f"with {n} items{times} no drop of the pass rate can be promised to be caught"
    flips = f"if {flip_rate:.0%} of the items flip each way by chance"
    return f"with {n} items{times} drops from {drop:.1%} are caught with 80 % power {flips}"


def _spent(what: str, usage: Usage, cost_usd: float | None) -> str:
    cost = "cost unknown (no price)" if cost_usd is None else f"{cost_usd:.4f} USD"
    return f"{what}: {usage.calls} model calls, {usage.prompt_tokens + usage.completion_tokens} tokens, {cost}"


def _metric_fact(test: MetricTest) -> str:
    p_value = "not estimable" if test.adjusted_p is None else f"{test.adjusted_p:.3g}"
    times = f" (× {test.ratio:.2f})" if test.ratio is not None else ""
    what = f"{metric_name(test.metric)} {number(test.baseline)} → {number(test.candidate)}{times}"
    return f"{what}, n = {test.n}, Holm p = {p_value}{'; worse' if test.shown_worse else ''}"


def _unstable_facts(names: tuple[str, ...]) -> list[str]:
    """Items that both passed and failed."""
    if not names:
        return []
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    said = f"{len(names)} unstable items, passing in one repeat and failing in another"
    return [f"{said}: {', '.join(names[:_NAMED])}{more}"]


def exam_fact(exam: JudgeExam | None) -> str:
    """How the judge's exam ended, and against itself before."""
    if exam is None:
        return "judge: not examined"
    rates = f"sensitivity {share(exam.sensitivity)}; specificity {share(exam.specificity)}"
    why = "" if exam.state is ExamState.UNEXAMINED and not exam.reason else f": {exam.reason}"
    change = exam.change
    before = "" if change is None else f"; {change.worse} worse, {change.better} better than at the baseline"
    return f"judge exam {exam.state.value}{why}; {rates}{before}"


def series_facts(series: Series) -> list[str]:
    """What the weekly series says, a line each."""
    lines = [f"{series.target}, evaluator {series.revision[:12] or 'none'}"]
    if series.too_few is not None or series.limit is None or series.reference_pass_rate is None:
        return [*lines, f"no series yet: {series.too_few}"]
    normal = f"reference pass rate {series.reference_pass_rate:.1%} over {len(series.reference)} runs"
    lines.append(f"{normal}; watched: below {1 - series.limit:.1%}, alarm at e = {series.threshold:g}")
    lines += [
        f"{point.run_id}  pass rate {point.pass_rate:.1%}, n = {point.answers}, e = {point.e_value:.3g}"
        for point in series.points
    ]
    alarm = f"ALARM at run {series.alarm}: the pass rate fell" if series.alarm is not None else "no alarm"
    return [*lines, alarm]
