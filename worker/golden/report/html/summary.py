"""The upper half of the page: the verdict in words, what was checked, the metrics, and what it all rests on."""

from __future__ import annotations

from assay.worker.golden.report.html.checks import exam_check, gate_checks
from assay.worker.golden.report.html.summary_records import Banner, Figure, MetricRow, Rate, Summary
from assay.worker.golden.report.wording.effects import effect_of, effect_words
from assay.worker.golden.report.wording.exam import anchor_words, exam_advice, fallen_anchors, fallen_words
from assay.worker.golden.report.wording.facts import primary_change
from assay.worker.golden.report.wording.next_steps import shown_fallen
from assay.worker.golden.report.wording.numbers import (
    change_of,
    counted,
    items_words,
    mean_of,
    metric_name,
    n_words,
    p_value_of,
    share,
)
from assay.worker.golden.results.gate_result import GateResult, GateVerdict, MetricTest
from assay.worker.golden.results.run_result import GoldenRun, JudgeExam
from assay.worker.golden.sets.manifest import PASS_RATE
from assay.worker.statistics.intervals import Estimate

_FALLEN_SHOWN = 40
_NO_CHANGE = {"× 1.00", "0.000", "unknown"}
"""How a secondary metric that did not move is worded."""

_HEADLINES = {
    GateVerdict.PASS: "The gate lets this release through.",
    GateVerdict.REGRESSED: "The candidate is worse than the baseline.",
    GateVerdict.INCONCLUSIVE: "This run cannot decide.",
}


def gate_summary(result: GateResult) -> Summary:
    """What a gate found."""
    verdict = result.verdict
    return Summary(
        title=f"Gate of {result.golden_set}",
        subtitle=f"{result.candidate} against {result.baseline}",
        banner=Banner(
            verdict.value,
            f"{verdict.value} · exit {result.exit_code}",
            _HEADLINES[verdict],
            result.reasons,
            result.warnings,
            shown_fallen(result),
            result.next_steps,
        ),
        rates=(
            *_rate(result.baseline, "baseline", result.baseline_pass_rate),
            *_rate(result.candidate, "candidate", result.candidate_pass_rate),
        ),
        figures=_gate_figures(result),
        checks=gate_checks(result),
        metrics=tuple(_metric_row(test, result) for test in (result.primary, *result.secondaries)),
        slices=tuple(
            (s.tag, str(s.n), str(s.baseline_passed), str(s.candidate_passed), str(s.worse), str(s.better))
            for s in result.slices
        ),
        exam=exam_rows(result.exam),
        fallen=fallen_rows(result.exam),
        identity=_gate_identity(result),
    )


def run_summary(run: GoldenRun) -> Summary:
    """What a plain run found; it compares with nothing and so decides nothing."""
    complete = not run.missing and not run.timed_out
    banner = Banner(
        kind="run" if complete else "inconclusive",
        word="complete" if complete else "incomplete",
        headline="Every item was answered and judged." if complete else "Not every item has a result.",
        reasons=("A run compares with nothing; `assay gate` decides.",) if complete else _run_gaps(run),
        warnings=(),
        fallen=fallen_words(run.exam),
        next_steps=exam_advice(run.exam),
    )
    return Summary(
        title=f"Run of {run.golden_set}",
        subtitle=run.target,
        banner=banner,
        rates=_rate(run.target, "pass rate", run.pass_rate()),
        figures=(
            Figure("missing", f"{run.missing} of {len(run.items)}", "answers that never came, or were not judged"),
            Figure("unstable", str(len(run.unstable())), _repeats_words(run.repeats)),
            _cost_figure(run),
        ),
        checks=(exam_check(run.exam),),
        metrics=(),
        slices=(),
        exam=exam_rows(run.exam),
        fallen=fallen_rows(run.exam),
        identity=(
            ("run", run.run_id or "not kept"),
            ("golden set", f"{run.golden_set}, digest {run.set_digest[:12]}"),
            ("rubric", f"{run.rubric}, {run.rubric_hash[:12]}"),
            ("evaluator revision", run.revision),
            ("judge models served", ", ".join(run.models_served) or "none (local judge)"),
            ("ran", f"{run.started:%Y-%m-%d %H:%M:%S} to {run.finished:%H:%M:%S} UTC"),
        ),
    )


def exam_rows(exam: JudgeExam | None) -> tuple[tuple[str, str], ...]:
    """The judge's exam, a row each."""
    if exam is None:
        return ()
    rows = [
        ("state", exam.state.value.replace("_", " ") + (f": {exam.reason}" if exam.reason else "")),
        ("anchors", f"{exam.positives} hallucinated, {exam.negatives} sound, {exam.missing} not judged"),
        ("sensitivity", share(exam.sensitivity)),
        ("specificity", share(exam.specificity)),
    ]
    if exam.informedness is not None and exam.informedness_low is not None:
        words = f"{exam.informedness:.2f}, lower 95 % bound {exam.informedness_low:.2f}; the bar is {exam.bar:g}"
        rows.append(("sensitivity + specificity − 1", words))
    if exam.change is not None:
        change = exam.change
        words = (
            f"{change.worse} anchors worse, {change.better} better of {change.n}; one-sided p = {change.p_value:.3g}"
        )
        rows.append(("against itself at the baseline", f"{words}, alpha {change.alpha:g}"))
    rows.append(("models served", ", ".join(exam.models_served) or "none (local judge)"))
    rows.append(("cost", "unknown (no price)" if exam.cost_usd is None else f"{exam.cost_usd:.4f} USD"))
    return tuple(rows)


def fallen_rows(exam: JudgeExam | None) -> tuple[tuple[str, str], ...]:
    """The anchors on which the judge was wrong, and by which sentence, a row each."""
    fallen = [] if exam is None else fallen_anchors(exam)
    return tuple((anchor.id, anchor_words(anchor).removeprefix(f"{anchor.id} ")) for anchor in fallen[:_FALLEN_SHOWN])


def _run_gaps(run: GoldenRun) -> tuple[str, ...]:
    gaps = [f"{run.missing} of {len(run.items)} answers are missing"]
    return tuple(gaps + (["the time of the whole run was up"] if run.timed_out else []))


def _gate_figures(result: GateResult) -> tuple[Figure, ...]:
    change = primary_change(result)
    return (
        Figure(f"change of {metric_name(result.primary.metric)}", change[0], change[1]),
        Figure("items that changed", f"{result.worse} worse, {result.better} better", _compared_words(result)),
        Figure(
            "smallest drop it can see",
            _smallest_drop(result),
            effect_words(effect_of(result)),
        ),
        _cost_figure(result),
    )


def _compared_words(result: GateResult) -> str:
    """How many items were compared, and how many clusters carry the result."""
    if result.clusters >= result.n:
        return f"of {result.n} compared"
    changed = f"{counted(result.clusters_worse, 'cluster')} worse, {result.clusters_better} better"
    return f"of {items_words(result.n, result.clusters)}; {changed}"


def _smallest_drop(result: GateResult) -> str:
    if result.primary.metric != PASS_RATE:
        return "not known"
    drop = result.minimum_detectable_drop
    return "none" if drop is None else f"{drop:.1%}"


def _rate(name: str, side: str, estimate: Estimate | None) -> tuple[Rate, ...]:
    if estimate is None:
        return ()
    value, _, note = share(estimate).partition(" [")
    ends = (round(100 * end, 2) for end in (estimate.value, estimate.low, estimate.high))
    return (Rate(name, side, value, f"95 % interval [{note}", *ends),)


def _cost_figure(result: GateResult | GoldenRun) -> Figure:
    seconds = (result.finished - result.started).total_seconds() if result.finished and result.started else None
    tokens = result.usage.prompt_tokens + result.usage.completion_tokens
    took = "" if seconds is None else f", {seconds:.1f} s"
    how = ", judged by batch" if result.judged_by == "batch" else ""
    cost = "unknown (no price)" if result.cost_usd is None else f"{result.cost_usd:.4f} USD"
    return Figure("judging cost", cost, f"{result.usage.calls} model calls, {tokens:,} tokens{took}{how}")


def _metric_row(test: MetricTest, result: GateResult) -> MetricRow:
    primary = test is result.primary
    change = primary_change(result)[0] if primary else change_of(test)
    return MetricRow(
        name=metric_name(test.metric),
        role="primary" if primary else "secondary",
        baseline=mean_of(test, test.baseline),
        candidate=mean_of(test, test.candidate),
        change=change,
        n=n_words(test),
        test=test.test,
        p_value=p_value_of(test.p_value),
        adjusted_p="–" if test.adjusted_p is None else f"{test.adjusted_p:.3g}",
        worse=test.shown_worse,
        is_still=not primary and not test.shown_worse and change in _NO_CHANGE,
    )


def _repeats_words(repeats: int) -> str:
    return "one answer an item: nobody can tell" if repeats == 1 else f"items that pass and fail in {repeats} repeats"


def _gate_identity(result: GateResult) -> tuple[tuple[str, str], ...]:
    rows = [
        ("run", result.run_id or "not kept"),
        ("golden set", f"{result.golden_set}, digest {result.set_digest[:12]}"),
        ("evaluator revision", result.revision),
        (
            "mode",
            result.mode.replace("_", " ") + (f", margin {result.margin:.1%}" if result.margin is not None else ""),
        ),
        ("alpha", f"{result.alpha:g}, one-sided"),
        ("repeats", f"{result.repeats} on both sides"),
    ]
    if not result.must_pass:
        rows.append(("must-pass items", "the set names none"))
    if result.baseline_runs:
        rows.append(("baseline outputs", ", ".join(result.baseline_runs)))
    if result.noise is not None:
        rows.append(("noise of repeating alone", f"± {result.noise.run_se:.1%} (standard error)"))
    if result.unstable:
        rows.append(("unstable items", f"{len(result.unstable)}, passing in one repeat and failing in another"))
    if result.started is not None and result.finished is not None:
        rows.append(("ran", f"{result.started:%Y-%m-%d %H:%M:%S} to {result.finished:%Y-%m-%d %H:%M:%S} UTC"))
    return tuple(rows)
