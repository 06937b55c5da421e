"""What a scheduled run is said to have come to: by must-pass items, the judge and the series, not by one test.

A gate of a release is one look at full alpha. The same test every week raises a false alarm in most years, so a
scheduled run's own p-value is told but does not decide: the series does. Until it stands, the k-th look is held against
alpha · 6/(π²k²), which sums to alpha over all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from assay.judges.errors import ConfigurationError, EvaluationError, redacted
from assay.judges.schema import Record
from assay.worker.golden.report.wording.exam import exam_fact
from assay.worker.golden.report.wording.facts import gate_facts, run_facts
from assay.worker.golden.report.wording.findings import NOT_SHOWN, TOO_FEW_TO_TELL
from assay.worker.golden.report.wording.numbers import metric_name, p_value_of
from assay.worker.golden.results.gate_result import GateResult, GateVerdict
from assay.worker.golden.results.run_result import ExamState, GoldenRun, JudgeExam
from assay.worker.golden.runs.series import Series
from assay.worker.golden.scheduling.run_figures import RunFigures
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.statistics.intervals import Estimate

ERROR = "error"
"""Verdict of a run that could not be made."""


class RunOutcome(Record):
    """How a scheduled run ended, in one word and a few lines; `shown` is what became of its experiment.

    `figures` are what it came to; None where it could not be made.
    """

    verdict: str
    lines: tuple[str, ...]
    shown: str = ""
    figures: RunFigures | None = None


def outcome_of(result: GoldenRun | GateResult, golden: GoldenSet, series: Series) -> RunOutcome:
    """What is announced of a finished scheduled run, which is in the series already."""
    outcome = _gate_outcome(result, series) if isinstance(result, GateResult) else _run_outcome(result, golden, series)
    return outcome.model_copy(update={"figures": figures_of(result)})


def figures_of(result: GoldenRun | GateResult) -> RunFigures:
    """The figures of a run that was made."""
    if isinstance(result, GateResult):
        items, pass_rate = result.n, result.candidate_pass_rate
    else:
        items, pass_rate = len({item.id for item in result.items}), result.pass_rate()
    return RunFigures(run_id=result.run_id, items=items, pass_rate=pass_rate, judge=_judge(result.exam))


def _judge(exam: JudgeExam | None) -> Estimate | None:
    """Its informedness with the lower bound of the exam, and the upper one by the same rule (MOVER)."""
    if exam is None or exam.informedness is None or exam.informedness_low is None:
        return None
    sensitivity, specificity = exam.sensitivity, exam.specificity
    if sensitivity is None or specificity is None:
        return None
    above = math.hypot(sensitivity.high - sensitivity.value, specificity.high - specificity.value)
    return Estimate(
        value=exam.informedness,
        low=exam.informedness_low,
        high=min(1.0, exam.informedness + above),
        n=exam.positives + exam.negatives,
    )


def _gate_outcome(result: GateResult, series: Series) -> RunOutcome:
    facts = tuple(gate_facts(result)[:3])
    # These two say what one look could not tell; the series, which sees many, is asked first.
    one_look = bool(result.reasons) and result.reasons[0].startswith((NOT_SHOWN, TOO_FEW_TO_TELL))
    if result.must_pass_failures or (result.verdict is GateVerdict.INCONCLUSIVE and not one_look):
        lines = (*result.reasons, *(f"next: {step}" for step in result.next_steps), series_line(series), *facts)
        return RunOutcome(verdict=result.verdict.value, lines=lines)
    p_value = p_value_of(result.p_value)
    look = f"this run alone: {result.verdict.value}, one-sided p = {p_value}; one look of many, so it does not decide"
    lines = (series_line(series), look, *facts)
    if series.alarm is not None:
        return RunOutcome(verdict=GateVerdict.REGRESSED.value, lines=lines)
    level = result.alpha * 6 / (math.pi * max(series.looks, 1)) ** 2
    if series.too_few is not None and result.p_value is not None and result.p_value <= level:
        name = metric_name(result.primary.metric)
        worse = f"{name} is worse: one-sided p = {p_value} ≤ {level:.2g}, what alpha leaves for look {series.looks}"
        return RunOutcome(verdict=GateVerdict.REGRESSED.value, lines=(worse, series_line(series), *facts))
    if one_look and result.reasons[0].startswith(TOO_FEW_TO_TELL):
        steps = tuple(f"next: {step}" for step in result.next_steps)
        return RunOutcome(verdict=GateVerdict.INCONCLUSIVE.value, lines=(result.reasons[0], *steps, *lines))
    return RunOutcome(verdict=GateVerdict.PASS.value, lines=lines)


def _run_outcome(run: GoldenRun, golden: GoldenSet, series: Series) -> RunOutcome:
    """A run that is compared with nothing but the runs before it."""
    doubtful = run.exam is not None and not (
        run.exam.state is ExamState.PASSED
        or (run.exam.state is ExamState.UNEXAMINED and golden.manifest.gate.allow_unexamined)
    )
    facts = (series_line(series), *run_facts(run))
    if run.missing:
        return RunOutcome(verdict="incomplete", lines=facts)
    if doubtful:
        return RunOutcome(verdict=GateVerdict.INCONCLUSIVE.value, lines=(exam_fact(run.exam), *facts))
    return RunOutcome(verdict="complete" if series.alarm is None else GateVerdict.REGRESSED.value, lines=facts)


def series_line(series: Series) -> str:
    """Where the series stands, in a line."""
    if series.alarm is not None:
        how = f"`assay golden series` shows it, with --acknowledge {series.points[-1].run_id} it starts anew"
        return f"ALARM: the pass rate fell, the series says so since run {series.alarm} ({how})"
    if series.too_few is not None:
        return f"no series yet: {series.too_few}"
    if not series.points:
        return "series: its reference runs are complete, watched from the next run on"
    return f"series: no alarm, e = {series.points[-1].e_value:.3g} of {series.threshold:g}"


def batches_left(batches: Sequence[str]) -> tuple[str, ...]:
    """What is said of a run that is given up while a provider may still answer its batches."""
    named = ", ".join(batches)
    return (f"it waited for {named}; `assay batches cancel` ends what is still under way",) if named else ()


def own_words(exc: EvaluationError) -> str:
    """What may be told of an error: a wrong setting in our own words, of anything else its class.

    What a library or the team's own code said stands behind our words, and may be private.
    """
    if not isinstance(exc, ConfigurationError):
        return f"{type(exc).__name__}; the control worker's log and the run's directory say more"
    foreign = str(exc.__cause__) if exc.__cause__ is not None else ""
    return redacted((str(exc).replace(foreign, "…") if foreign else str(exc)).splitlines()[0])
