"""`assay calibrate`: from human labels to a risk that means what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from assay.judges.errors import ConfigurationError
from assay.judges.evaluate import Evaluator
from assay.judges.redaction.policy import Redaction
from assay.judges.rubric import Rubric
from assay.worker.batch.process_pool import cores
from assay.worker.batch.reading import SampleSource, open_samples
from assay.worker.batch.run import choose_rubric
from assay.worker.calibration.calibration_file import calibration_target, write_calibration
from assay.worker.calibration.fitting import CalibrationReport, Comparison, calibrate_rows
from assay.worker.calibration.judged_labels import judge_labels, tier_to_calibrate
from assay.worker.calibration.labels import LabelsFile, check_labels
from assay.worker.cli.context import ConfigOption, JsonOption, console, print_json, settings_and_root
from assay.worker.cli.judge import JudgeConcurrencyOption, JudgeOption, RubricNameOption, WorkersOption
from assay.worker.cli.plan import check_use_case
from assay.worker.cli.progress import leaving_cleanly, progress
from assay.worker.cli.streams import print_error
from assay.worker.config.deployment import Deployment
from assay.worker.config.egress import check_egress
from assay.worker.config.redaction import redaction_of
from assay.worker.config.shown_use_cases import named_use_case
from assay.worker.ports.clock import SystemClock
from assay.worker.statistics.intervals import Estimate
from assay.worker.wiring.judges import build_evaluator


def calibrate(  # noqa: PLR0913, PLR0917  # one parameter for each option
    labels: Annotated[
        Path, typer.Option("--labels", help="JSONL: samples, or verdicts of assay judge, with label 0/1.")
    ],
    judge_name: JudgeOption = None,
    rubric: RubricNameOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to write \\[default: calibration/ in the config root]")
    ] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Write a reliability plot (PNG).")] = None,
    use_case: Annotated[
        str | None,
        typer.Option("--use-case", help="For this use case alone \\[default: for all that have none of their own]"),
    ] = None,
    slices: Annotated[list[str] | None, typer.Option("--slice", help="Also by this field; may be repeated.")] = None,
    concurrency: JudgeConcurrencyOption = 32,
    workers: WorkersOption = None,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fit the risk of one judge and rubric to human labels, and show what it is worth on rows it was not fitted on.

    The curve is logistic below 500 labels and isotonic from there on. Rows with one `source_id` stay together in
    every fold and interval. Workers, `assay judge`, golden runs and the gate use the file from their next start on.
    A curve is right only for the kind of answers that were labelled: with --use-case workers use it for that one alone.
    """
    settings, root = settings_and_root(config)
    chosen = choose_rubric(root, settings.rubric_variables(), rubric=rubric, judge=judge_name)
    _check(chosen, plot)
    tier = tier_to_calibrate(chosen, judge_name)
    redaction = _redaction(root.deployment(), use_case, chosen)
    target = out or calibration_target(root, chosen.name, tier, use_case)
    in_force = build_evaluator(chosen, root, settings, tier=tier)
    evaluator = Evaluator(chosen, in_force.judge)
    file = check_labels(labels, {in_force.revision, evaluator.revision}, lambda bad: print_error(f"assay: {bad}"))
    with leaving_cleanly(again=False), open_samples(file.path) as source, _bar(source, file) as advance:
        rows, without = judge_labels(
            source,
            file,
            evaluator,
            slices or [],
            workers=workers or cores(),
            concurrency=concurrency,
            on_judged=advance,
            redaction=redaction,
        )
    report = calibrate_rows(
        rows,
        evaluator,
        slices=slices or [],
        without=without,
        file=file,
        on=SystemClock().now().date(),
        use_case=use_case,
    )
    write_calibration(report.calibration, target)
    _tell(report, target, plot, as_json=as_json)


def _redaction(deployment: Deployment, use_case: str | None, rubric: Rubric) -> Redaction:
    """What no judge gets to see of the labelled samples: as when they were judged.

    Raises:
        ConfigurationError: there is no such use case, or its text may not go to a judge of the rubric.
    """
    check_use_case(deployment, use_case)
    if use_case is None:
        return Redaction.of(deployment.defaults.redact)
    check_egress(named_use_case(deployment, use_case), rubric)
    return redaction_of(deployment, use_case)


def _tell(report: CalibrationReport, target: Path, plot: Path | None, *, as_json: bool) -> None:
    if plot is not None:
        from assay.worker.calibration.reliability_plot import plot_reliability

        plot_reliability(report, plot)
    if as_json:
        print_json(report)
    else:
        _show(report, target, plot)


def _check(rubric: Rubric, plot: Path | None) -> None:
    """See that the rubric gives a risk and that it can be drawn, before anything is judged.

    Raises:
        ConfigurationError
    """
    if rubric.method != "grounding":
        raise ConfigurationError(
            f"rubric {rubric.name}: method: {rubric.method} gives no hallucination_risk to calibrate; name a rubric of "
            "method grounding"
        )
    if plot is not None:
        from assay.worker.calibration.reliability_plot import check_parts

        check_parts()


@contextmanager
def _bar(source: SampleSource, file: LabelsFile) -> Iterator[Callable[[], None]]:
    """A bar where samples are judged. None where the file holds verdicts already."""
    if file.holds_verdicts:
        yield lambda: None
        return
    with progress(source, beside=True) as (_, advance):
        yield advance


def _show(report: CalibrationReport, target: Path, plot: Path | None) -> None:
    fitted = report.calibration
    for group in report.groups:
        console.print(_table(group))
    without = ", ".join(f"{count} {reason}" for reason, count in sorted(report.without_risk.items()))
    console.print(f"without a risk, not used: {without or 'none'}", highlight=False)
    console.print(
        f"{fitted.rubric}, {fitted.judge} judge: {fitted.curve.kind} curve on {fitted.n} labels, {fitted.positives} "
        f"marked, version {fitted.content_hash()[:12]} → {target}" + (f", {plot}" if plot else ""),
        highlight=False,
        soft_wrap=True,
    )


def _table(group: Comparison) -> Table:
    before, after = group.as_judged, group.calibrated
    about = f"n {before.n}, {before.marked} marked, {before.sources} sources; flagged at risk ≥ {before.cut:g}"
    table = Table("figure", "as judged", "calibrated, out of fold", title=Text(f"{group.group}: {about}"), min_width=72)
    for name in ("sensitivity", "specificity", "balanced_accuracy", "auroc", "kappa", "ece"):
        table.add_row(_NAMES.get(name, name), _shown(getattr(before, name)), _shown(getattr(after, name)))
    table.add_row("  by chance up to", f"{before.ece_by_chance:.3f}", f"{after.ece_by_chance:.3f}")
    return table


_NAMES = {"balanced_accuracy": "balanced accuracy", "auroc": "AUROC", "kappa": "Cohen's kappa", "ece": "ECE, 5 bins"}


def _shown(estimate: Estimate | None) -> str:
    return "–" if estimate is None else f"{estimate.value:.3f} ({estimate.low:.3f}–{estimate.high:.3f})"
